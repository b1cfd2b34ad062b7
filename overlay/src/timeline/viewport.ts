/** A half-open span of song time. */
export interface TimeSpan {
  readonly start_ms: number;
  readonly end_ms: number;
}

/** What part of the song the timeline shows, and how wide it is on screen. */
export interface Viewport extends TimeSpan {
  readonly width_px: number;
}

/** The closest look: this much song over the full width. */
export const MIN_SPAN_MS = 400;

/** Empty room shown before the first and after the last object. */
const MARGIN_MS = 1500;

/** The span of song time that can be shown at all. */
export function songBounds(content: TimeSpan): TimeSpan {
  return {
    start_ms: Math.min(0, content.start_ms) - MARGIN_MS,
    end_ms: Math.max(content.end_ms, content.start_ms + MIN_SPAN_MS) + MARGIN_MS,
  };
}

export function pxPerMs(view: Viewport): number {
  return view.width_px / Math.max(1e-6, view.end_ms - view.start_ms);
}

export function timeToPx(view: Viewport, time_ms: number): number {
  return (time_ms - view.start_ms) * pxPerMs(view);
}

export function pxToTime(view: Viewport, x_px: number): number {
  return view.start_ms + x_px / pxPerMs(view);
}

/** Shows the same span on another width. */
export function resized(view: Viewport, width_px: number): Viewport {
  return { ...view, width_px: Math.max(1, width_px) };
}

/**
 * Zooms by `factor` (above 1 = closer) so that the song time under `anchor_px` stays under it,
 * as far as the bounds of the song allow.
 */
export function zoomed(
  view: Viewport,
  factor: number,
  anchor_px: number,
  bounds: TimeSpan,
): Viewport {
  const anchor_ms = pxToTime(view, anchor_px);
  const widest = bounds.end_ms - bounds.start_ms;
  const span = clamp((view.end_ms - view.start_ms) / factor, MIN_SPAN_MS, widest);
  const start_ms = anchor_ms - (anchor_px / view.width_px) * span;
  return within({ ...view, start_ms, end_ms: start_ms + span }, bounds);
}

/** Moves the view by a time, stopping at the bounds. */
export function panned(view: Viewport, by_ms: number, bounds: TimeSpan): Viewport {
  return within({ ...view, start_ms: view.start_ms + by_ms, end_ms: view.end_ms + by_ms }, bounds);
}

/** Moves the view, without zooming, so that `time_ms` is in its middle. */
export function centred(view: Viewport, time_ms: number, bounds: TimeSpan): Viewport {
  return panned(view, time_ms - (view.start_ms + view.end_ms) / 2, bounds);
}

/** Shows the whole of `span` with a little room on both sides. */
export function fitted(view: Viewport, span: TimeSpan, bounds: TimeSpan): Viewport {
  const length = Math.max(MIN_SPAN_MS, span.end_ms - span.start_ms);
  const room = length * 0.08;
  return within({ ...view, start_ms: span.start_ms - room, end_ms: span.end_ms + room }, bounds);
}

/** True when the two spans share a moment. A point counts as inside where it starts. */
export function overlaps(a: TimeSpan, b: TimeSpan): boolean {
  return a.start_ms < Math.max(b.end_ms, b.start_ms + 1) && b.start_ms < a.end_ms;
}

function within(view: Viewport, bounds: TimeSpan): Viewport {
  const span = Math.min(view.end_ms - view.start_ms, bounds.end_ms - bounds.start_ms);
  const start_ms = clamp(view.start_ms, bounds.start_ms, bounds.end_ms - span);
  return { ...view, start_ms, end_ms: start_ms + span };
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}
