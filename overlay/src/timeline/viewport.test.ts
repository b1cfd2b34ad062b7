import { describe, expect, it } from "vitest";
import {
  centred,
  fitted,
  MIN_SPAN_MS,
  overlaps,
  panned,
  pxToTime,
  songBounds,
  timeToPx,
  type Viewport,
  zoomed,
} from "./viewport";

const bounds = songBounds({ start_ms: 1000, end_ms: 90_000 });
const view: Viewport = { start_ms: 10_000, end_ms: 20_000, width_px: 1000 };

describe("viewport", () => {
  it("maps time to pixels and back", () => {
    expect(timeToPx(view, 15_000)).toBe(500);
    expect(pxToTime(view, timeToPx(view, 12_345))).toBeCloseTo(12_345);
  });

  it("keeps the time under the cursor while zooming", () => {
    const anchor_px = 250;
    const before = pxToTime(view, anchor_px);
    for (const factor of [0.5, 1.2, 3]) {
      expect(pxToTime(zoomed(view, factor, anchor_px, bounds), anchor_px)).toBeCloseTo(before);
    }
  });

  it("stops zooming at the closest look and at the whole song", () => {
    const close = zoomed(view, 1e9, 500, bounds);
    expect(close.end_ms - close.start_ms).toBeCloseTo(MIN_SPAN_MS);
    const far = zoomed(view, 1e-9, 500, bounds);
    expect([far.start_ms, far.end_ms]).toEqual([bounds.start_ms, bounds.end_ms]);
  });

  it("does not pan past the song", () => {
    expect(panned(view, -1e9, bounds).start_ms).toBe(bounds.start_ms);
    expect(panned(view, 1e9, bounds).end_ms).toBe(bounds.end_ms);
    expect(panned(view, 1e9, bounds).end_ms - panned(view, 1e9, bounds).start_ms).toBe(10_000);
  });

  it("centres and fits", () => {
    expect(centred(view, 40_000, bounds)).toMatchObject({ start_ms: 35_000, end_ms: 45_000 });
    const fit = fitted(view, { start_ms: 30_000, end_ms: 40_000 }, bounds);
    expect(fit.start_ms).toBeLessThan(30_000);
    expect(fit.end_ms).toBeGreaterThan(40_000);
  });

  it("gives room to a song without objects", () => {
    const empty = songBounds({ start_ms: 0, end_ms: 0 });
    expect(empty.end_ms).toBeGreaterThan(empty.start_ms + MIN_SPAN_MS);
  });
});

describe("overlaps", () => {
  it("is half open and counts points", () => {
    const span = { start_ms: 10, end_ms: 20 };
    expect(overlaps(span, { start_ms: 20, end_ms: 30 })).toBe(false);
    expect(overlaps(span, { start_ms: 10, end_ms: 10 })).toBe(true);
    expect(overlaps(span, { start_ms: 5, end_ms: 10 })).toBe(false);
    expect(overlaps(span, { start_ms: 5, end_ms: 11 })).toBe(true);
  });
});
