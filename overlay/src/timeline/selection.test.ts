import { describe, expect, it } from "vitest";
import { rowsOf } from "./layout";
import { dragged, gripAt } from "./selection";

const view = { start_ms: 0, end_ms: 10_000, width_px: 1000 };
const rows = rowsOf(200, false);
const red = [{ time_ms: 0, beat_length_ms: 500, meter: 4 }];
const range = { start_ms: 2000, end_ms: 4000 };
const body_px = rows.objects.top_px + 5;

describe("gripAt", () => {
  it("takes the nearer handle", () => {
    expect(gripAt(198, body_px, range, view, rows).kind).toBe("start");
    expect(gripAt(404, body_px, range, view, rows).kind).toBe("end");
  });

  it("moves the range by its bar and pans by the ruler beside it", () => {
    expect(gripAt(300, 5, range, view, rows).kind).toBe("move");
    expect(gripAt(600, 5, range, view, rows).kind).toBe("pan");
  });

  it("draws anywhere else", () => {
    expect(gripAt(300, body_px, range, view, rows).kind).toBe("draw");
    expect(gripAt(300, body_px, null, view, rows).kind).toBe("draw");
  });
});

describe("dragged", () => {
  it("draws from beat to beat in either direction", () => {
    const drawn = { start_ms: 1000, end_ms: 3000 };
    expect(dragged({ kind: "draw" }, null, 110, 290, view, red, false)).toEqual(drawn);
    expect(dragged({ kind: "draw" }, null, 290, 110, view, red, false)).toEqual(drawn);
  });

  it("draws freely when asked", () => {
    expect(dragged({ kind: "draw" }, null, 111, 290, view, red, true)).toEqual({
      start_ms: 1110,
      end_ms: 2900,
    });
  });

  it("draws nothing within one beat", () => {
    expect(dragged({ kind: "draw" }, null, 100, 110, view, red, false)).toBeNull();
  });

  it("lets a handle cross the other end", () => {
    expect(dragged({ kind: "start" }, range, 200, 600, view, red, false)).toEqual({
      start_ms: 4000,
      end_ms: 6000,
    });
  });

  it("moves a range without changing its length", () => {
    expect(dragged({ kind: "move" }, range, 300, 352, view, red, false)).toEqual({
      start_ms: 2500,
      end_ms: 4500,
    });
  });
});
