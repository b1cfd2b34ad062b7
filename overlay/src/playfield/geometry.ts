/** The playfield in osu! pixels. */
export const FIELD_WIDTH = 512;
export const FIELD_HEIGHT = 384;

/** Maps osu! pixels to the canvas: `x * scale + left`, `y * scale + top`. */
export interface Fit {
  readonly scale: number;
  readonly left_px: number;
  readonly top_px: number;
}

/** The largest playfield, with `margin` osu! pixels around it, that fits into a canvas. */
export function fitField(width_px: number, height_px: number, margin: number): Fit {
  const scale = Math.max(
    0.01,
    Math.min(width_px / (FIELD_WIDTH + margin * 2), height_px / (FIELD_HEIGHT + margin * 2)),
  );
  return {
    scale,
    left_px: (width_px - FIELD_WIDTH * scale) / 2,
    top_px: (height_px - FIELD_HEIGHT * scale) / 2,
  };
}

/** How long before its time an object appears: 1800 ms at AR 0, 1200 at 5, 450 at 10. */
export function preemptMs(approachRate: number): number {
  return approachRate < 5
    ? 1200 + (600 * (5 - approachRate)) / 5
    : 1200 - (750 * (approachRate - 5)) / 5;
}

/** Radius of a hit object in osu! pixels: 54.4 at CS 0, 4.48 less for every step. */
export function objectRadius(circleSize: number): number {
  return Math.max(4, 54.4 - 4.48 * circleSize);
}

/** How far along its path a slider's ball is, 0 at the head and 1 at the tail. */
export function ballFraction(
  start_ms: number,
  end_ms: number,
  slides: number,
  time_ms: number,
): number {
  if (end_ms <= start_ms || slides < 1) return 0;
  const travelled = ((time_ms - start_ms) / (end_ms - start_ms)) * slides;
  const clamped = Math.min(Math.max(travelled, 0), slides);
  const slide = Math.min(Math.floor(clamped), slides - 1);
  const fraction = clamped - slide;
  return slide % 2 === 0 ? fraction : 1 - fraction;
}

type Point = readonly [x: number, y: number];

/** The point at a fraction of a polyline's length; null when the polyline is empty. */
export function pointAlong(path: readonly Point[], fraction: number): Point | null {
  const [first] = path;
  if (first === undefined) return null;
  const lengths = path.map((point, index) => {
    const before = path[index - 1] ?? point;
    return Math.hypot(point[0] - before[0], point[1] - before[1]);
  });
  let left = lengths.reduce((a, b) => a + b, 0) * Math.min(Math.max(fraction, 0), 1);
  for (let index = 1; index < path.length; index += 1) {
    const length = lengths[index] ?? 0;
    const from = path[index - 1] ?? first;
    const to = path[index] ?? first;
    if (left <= length && length > 0) {
      const part = left / length;
      return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
    }
    left -= length;
  }
  return path.at(-1) ?? first;
}
