import { describe, expect, it } from "vitest";
import { bits, chance, surpriseWord } from "./surprisal";

describe("surprisal", () => {
  it("becomes a word", () => {
    expect([1, 4, 7, 12].map(surpriseWord)).toEqual([
      "expected",
      "unusual",
      "surprising",
      "very surprising",
    ]);
  });

  it("keeps its bits", () => {
    expect(bits(9.14)).toBe("9.1 bits");
  });

  it("is explained as a chance", () => {
    expect(chance(0)).toBe("The model expected this.");
    expect(chance(9.1)).toBe("The model gave this about a 1 in 550 chance.");
    expect(chance(14)).toBe("The model gave this about a 1 in 16,000 chance.");
    expect(chance(40)).toContain("million");
  });
});
