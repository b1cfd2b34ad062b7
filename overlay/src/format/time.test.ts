import { describe, expect, it } from "vitest";
import { axisTime, beats, duration, parseTimestamp, timestamp } from "./time";

describe("timestamp", () => {
  it("writes the editor's form", () => {
    expect(timestamp(0)).toBe("00:00:000");
    expect(timestamp(83_456)).toBe("01:23:456");
    expect(timestamp(83_456.6)).toBe("01:23:457");
    expect(timestamp(-1500)).toBe("-00:01:500");
    expect(timestamp(6_000_000)).toBe("100:00:000");
  });
});

describe("parseTimestamp", () => {
  it("reads what timestamp writes", () => {
    for (const time_ms of [0, 1, 999, 83_456, -1500, 6_000_000]) {
      expect(parseTimestamp(timestamp(time_ms))).toBe(time_ms);
    }
  });

  it("reads a pasted editor selection", () => {
    expect(parseTimestamp("01:23:456 (1,2,3) - ")).toBe(83_456);
  });

  it("reads short forms", () => {
    expect(parseTimestamp("1:23")).toBe(83_000);
    expect(parseTimestamp("1:23.5")).toBe(83_500);
    expect(parseTimestamp("83.4")).toBe(83_400);
  });

  it("refuses anything else", () => {
    for (const text of ["", "soon", "1:99", "1:2:3:4"]) expect(parseTimestamp(text)).toBeNull();
  });
});

describe("lengths", () => {
  it("chooses a readable unit", () => {
    expect(duration(850)).toBe("850 ms");
    expect(duration(12_400)).toBe("12.4 s");
    expect(duration(125_000)).toBe("2 min 5 s");
  });

  it("counts beats", () => {
    expect(beats(1)).toBe("1 beat");
    expect(beats(7.5)).toBe("7.5 beats");
  });

  it("writes tenths on a fine axis", () => {
    expect(axisTime(83_400, 200)).toBe("1:23.4");
    expect(axisTime(83_400, 5000)).toBe("1:23");
  });
});
