import { describe, expect, it } from "vitest";
import { ViewState } from "./view";

function opened(): ViewState {
  const view = new ViewState();
  view.openSong({ start_ms: 500, end_ms: 60_000 });
  return view;
}

describe("ViewState", () => {
  it("opens a song at its first object, with nothing selected", () => {
    const view = opened();
    expect(view.cursor_ms.value).toBe(500);
    expect(view.viewport.value.start_ms).toBeLessThanOrEqual(500);
    expect(view.range.value).toBeNull();
  });

  it("rounds a range inward", () => {
    const view = opened();
    view.setRange(10_437.9, 4618.6);
    expect(view.range.value).toEqual({ start_ms: 4619, end_ms: 10_437 });
    view.setRange(1000, 2000.0000001);
    expect(view.range.value).toEqual({ start_ms: 1000, end_ms: 2000 });
  });

  it("draws no range of no length", () => {
    const view = opened();
    view.setRange(1000, 1000);
    expect(view.range.value).toBeNull();
  });

  it("keeps the playhead in the song and in sight", () => {
    const view = opened();
    view.moveCursor(1e9);
    const { start_ms, end_ms } = view.viewport.value;
    expect(view.cursor_ms.value).toBe(view.bounds.value.end_ms);
    expect(view.cursor_ms.value).toBeGreaterThan(start_ms);
    expect(view.cursor_ms.value).toBeLessThanOrEqual(end_ms);
  });

  it("stays where it is when the same song grows", () => {
    const view = opened();
    view.moveCursor(30_000);
    const before = view.viewport.value;
    view.resizeSong({ start_ms: 500, end_ms: 90_000 });
    expect(view.viewport.value).toEqual(before);
    expect(view.cursor_ms.value).toBe(30_000);
  });
});
