import { describe, expect, it } from "vitest";
import { circle } from "../testing/fixtures";
import { soundMarks } from "./sounds";

describe("soundMarks", () => {
  it("names the additions of a hit", () => {
    expect(soundMarks(circle(1000, { sounds: [2 + 8] }))).toEqual([
      { time_ms: 1000, letters: "WC" },
    ]);
    expect(soundMarks(circle(1000))).toEqual([]);
  });

  it("puts those of a slider where its head, repeats and tail are", () => {
    const slider = circle(1000, { kind: "slider", end_ms: 2000, slides: 2, sounds: [0, 4, 8] });
    expect(soundMarks(slider)).toEqual([
      { time_ms: 1500, letters: "F" },
      { time_ms: 2000, letters: "C" },
    ]);
  });
});
