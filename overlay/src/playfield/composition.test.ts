import { describe, expect, it } from "vitest";
import { circle } from "../testing/fixtures";
import { composed, loopAround } from "./composition";

describe("composed", () => {
  const range = { start_ms: 1000, end_ms: 2000 };
  const times = (objects: { start_ms: number }[]) => objects.map(({ start_ms }) => start_ms);

  it("replaces what lies in the range and nothing else", () => {
    const own = [circle(500), circle(1000), circle(1500), circle(2000)];
    expect(times(composed(own, range, [circle(1250)]))).toEqual([500, 1250, 2000]);
  });

  it("keeps objects that straddle an edge", () => {
    const own = [circle(900, { end_ms: 1100 }), circle(1900, { end_ms: 2100 })];
    expect(times(composed(own, range, []))).toEqual([900, 1900]);
  });
});

describe("loopAround", () => {
  it("gives two beats to get ready", () => {
    expect(loopAround({ start_ms: 2000, end_ms: 4000 }, 500)).toEqual({
      start_ms: 1000,
      end_ms: 4500,
    });
  });
});
