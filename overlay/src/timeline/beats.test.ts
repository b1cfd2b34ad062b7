import { describe, expect, it } from "vitest";
import { beatsBetween, gridLines, labelStep, nearestBeat, type RedLine, redLineAt } from "./beats";

const steady: RedLine[] = [{ time_ms: 1000, beat_length_ms: 500, meter: 4 }];
const changing: RedLine[] = [...steady, { time_ms: 5200, beat_length_ms: 300, meter: 3 }];

describe("gridLines", () => {
  it("marks bars and beats", () => {
    const lines = gridLines(steady, { start_ms: 1000, end_ms: 3001 }, 20 / 500);
    const strong = lines.filter((line) => line.divisor <= 1);
    expect(strong.map((line) => line.time_ms)).toEqual([1000, 1500, 2000, 2500, 3000]);
    expect(strong.map((line) => line.divisor)).toEqual([0, 1, 1, 1, 0]);
  });

  it("refines as one zooms in", () => {
    const span = { start_ms: 1000, end_ms: 2000 };
    const count = (px_per_beat: number) => gridLines(steady, span, px_per_beat / 500).length;
    expect([10, 30, 60, 120].map(count)).toEqual([2, 4, 8, 16]);
  });

  it("shows only bars, then every other bar, from far away", () => {
    const span = { start_ms: 1000, end_ms: 17_000 };
    expect(gridLines(steady, span, 3 / 500)).toHaveLength(8);
    expect(gridLines(steady, span, 2 / 500)).toHaveLength(4);
  });

  it("restarts at each red line", () => {
    const lines = gridLines(changing, { start_ms: 4900, end_ms: 6000 }, 10 / 300);
    expect(lines.filter((line) => line.divisor <= 1).map((line) => line.time_ms)).toEqual([
      5000, 5200, 5500, 5800,
    ]);
    expect(lines.find((line) => line.time_ms === 5200)?.divisor).toBe(0);
  });

  it("extends the first red line to the left", () => {
    const lines = gridLines(steady, { start_ms: 0, end_ms: 1000 }, 10 / 500);
    expect(lines.map((line) => line.time_ms)).toEqual([0, 500]);
  });

  it("survives absurd timing", () => {
    const absurd = [
      { time_ms: 0, beat_length_ms: 1e-9, meter: 4 },
      { time_ms: 10, beat_length_ms: Number.NaN, meter: 0 },
    ];
    expect(gridLines(absurd, { start_ms: 0, end_ms: 1e6 }, 1)).toEqual([]);
    expect(gridLines(steady, { start_ms: 0, end_ms: 1e12 }, 1).length).toBeLessThanOrEqual(2000);
  });
});

describe("counting", () => {
  it("finds the governing red line", () => {
    expect(redLineAt(changing, 0)?.time_ms).toBe(1000);
    expect(redLineAt(changing, 5200)?.time_ms).toBe(5200);
    expect(redLineAt([], 0)).toBeNull();
  });

  it("snaps to the nearest beat", () => {
    expect(nearestBeat(steady, 1740)).toBe(1500);
    expect(nearestBeat(steady, 1760)).toBe(2000);
    expect(nearestBeat(steady, 1760, 4)).toBe(1750);
    expect(nearestBeat([], 1760.4)).toBe(1760.4);
  });

  it("counts beats across a tempo change", () => {
    expect(beatsBetween(steady, { start_ms: 1000, end_ms: 3000 })).toBe(4);
    expect(beatsBetween(changing, { start_ms: 4200, end_ms: 5800 })).toBe(4);
    expect(beatsBetween([], { start_ms: 0, end_ms: 1 })).toBeNull();
  });

  it("keeps labels apart", () => {
    expect(labelStep(0.1, 60)).toBe(1000);
    expect(labelStep(1e-9, 60)).toBe(600_000);
  });
});
