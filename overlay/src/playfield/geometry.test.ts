import { describe, expect, it } from "vitest";
import { ballFraction, fitField, objectRadius, pointAlong, preemptMs } from "./geometry";

describe("fitField", () => {
  it("centres the field in any canvas", () => {
    const wide = fitField(1000, 384, 0);
    expect(wide.scale).toBe(1);
    expect([wide.left_px, wide.top_px]).toEqual([244, 0]);
    const tall = fitField(256, 1000, 0);
    expect(tall.scale).toBe(0.5);
    expect(tall.left_px).toBe(0);
  });
});

describe("difficulty", () => {
  it("follows the game's figures", () => {
    expect([0, 5, 9, 10].map(preemptMs)).toEqual([1800, 1200, 600, 450]);
    expect(objectRadius(4)).toBeCloseTo(36.48);
  });
});

describe("ballFraction", () => {
  it("goes there and back", () => {
    const at = (time_ms: number) => ballFraction(1000, 2000, 2, time_ms);
    expect([900, 1000, 1250, 1500, 1750, 2000, 2100].map(at)).toEqual([0, 0, 0.5, 1, 0.5, 0, 0]);
  });

  it("survives a slider without length", () => {
    expect(ballFraction(5, 5, 1, 5)).toBe(0);
    expect(ballFraction(5, 9, 0, 7)).toBe(0);
  });
});

describe("pointAlong", () => {
  it("measures by length, not by points", () => {
    const path: [number, number][] = [
      [0, 0],
      [1, 0],
      [10, 0],
    ];
    expect(pointAlong(path, 0.5)).toEqual([5, 0]);
    expect(pointAlong(path, 0)).toEqual([0, 0]);
    expect(pointAlong(path, 1)).toEqual([10, 0]);
  });

  it("survives doubled points and empty paths", () => {
    expect(pointAlong([], 0.5)).toBeNull();
    expect(pointAlong([[3, 3]], 0.5)).toEqual([3, 3]);
    expect(
      pointAlong(
        [
          [0, 0],
          [0, 0],
          [4, 0],
        ],
        0.5,
      ),
    ).toEqual([2, 0]);
  });
});
