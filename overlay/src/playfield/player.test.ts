import { describe, expect, it } from "vitest";
import { advanced } from "./player";

describe("advanced", () => {
  const loop = { start_ms: 1000, end_ms: 2000 };

  it("goes round a loop", () => {
    expect(advanced(1500, 16, loop, 9000)).toEqual({ time_ms: 1516, ended: false });
    expect(advanced(1990, 16, loop, 9000)).toEqual({ time_ms: 1000, ended: false });
    expect(advanced(5000, 16, loop, 9000)).toEqual({ time_ms: 1000, ended: false });
  });

  it("stops at the end of the song without one", () => {
    expect(advanced(8990, 16, null, 9000)).toEqual({ time_ms: 9000, ended: true });
    expect(advanced(100, 16, null, 9000)).toEqual({ time_ms: 116, ended: false });
  });
});
