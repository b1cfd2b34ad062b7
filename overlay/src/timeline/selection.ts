import { nearestBeat, type RedLine } from "./beats";
import { contains, type Rows } from "./layout";
import { pxToTime, type TimeSpan, timeToPx, type Viewport } from "./viewport";

/** What a press on the timeline takes hold of. */
export type Grip =
  | { readonly kind: "start" }
  | { readonly kind: "end" }
  /** The bar above the range: moves it whole. */
  | { readonly kind: "move" }
  | { readonly kind: "pan" }
  /** Empty time: draws a new range, or sets the playhead when it was only a click. */
  | { readonly kind: "draw" };

const HANDLE_PX = 7;
/** A press that moves less than this is a click. */
export const CLICK_PX = 4;

/** What a press at a point would take hold of. */
export function gripAt(
  x_px: number,
  y_px: number,
  range: TimeSpan | null,
  view: Viewport,
  rows: Rows,
): Grip {
  if (range !== null) {
    const start_px = timeToPx(view, range.start_ms);
    const end_px = timeToPx(view, range.end_ms);
    const toStart = Math.abs(x_px - start_px);
    const toEnd = Math.abs(x_px - end_px);
    if (Math.min(toStart, toEnd) <= HANDLE_PX) return { kind: toStart < toEnd ? "start" : "end" };
    if (contains(rows.ruler, y_px) && x_px > start_px && x_px < end_px) return { kind: "move" };
  }
  return contains(rows.ruler, y_px) ? { kind: "pan" } : { kind: "draw" };
}

/**
 * The range while a grip is dragged from one point to another. Ends snap to beats unless `free`;
 * a range that is moved keeps its length.
 */
export function dragged(
  grip: Grip,
  before: TimeSpan | null,
  from_px: number,
  to_px: number,
  view: Viewport,
  redLines: readonly RedLine[],
  free: boolean,
): TimeSpan | null {
  const snap = (time_ms: number) => (free ? Math.round(time_ms) : nearestBeat(redLines, time_ms));
  const to_ms = pxToTime(view, to_px);
  if (grip.kind === "draw") return ordered(snap(pxToTime(view, from_px)), snap(to_ms));
  if (before === null || grip.kind === "pan") return before;
  if (grip.kind === "start") return ordered(snap(to_ms), before.end_ms);
  if (grip.kind === "end") return ordered(before.start_ms, snap(to_ms));
  const start_ms = snap(before.start_ms + to_ms - pxToTime(view, from_px));
  return { start_ms, end_ms: start_ms + (before.end_ms - before.start_ms) };
}

function ordered(one_ms: number, other_ms: number): TimeSpan | null {
  if (one_ms === other_ms) return null;
  return { start_ms: Math.min(one_ms, other_ms), end_ms: Math.max(one_ms, other_ms) };
}
