import type { TimeSpan } from "./viewport";

/** An uninherited timing point: what the beat grid needs of it. */
export interface RedLine {
  readonly time_ms: number;
  readonly beat_length_ms: number;
  readonly meter: number;
}

/** One line of the beat grid. `divisor` 0 is a bar line, 1 a beat, 2 a half beat, and so on. */
export interface GridLine {
  readonly time_ms: number;
  readonly divisor: number;
}

/** Below this the lines of a level would run into each other. */
const MIN_GAP_PX = 9;
/** Fractions of a beat need more room: they are many, and matter less. */
const MIN_FRACTION_GAP_PX = 14;
/** A grid is never denser than this, whatever a map's timing claims. */
const MAX_LINES = 2000;
const DIVISORS = [1, 2, 4, 8] as const;
/** Beat lengths outside of these are tricks (1e100, 0.001), not a beat that anybody counts. */
const SHORTEST_BEAT_MS = 20;
const LONGEST_BEAT_MS = 60_000;

function usable(lines: readonly RedLine[]): RedLine[] {
  return lines.filter(
    (line) =>
      Number.isFinite(line.time_ms) &&
      line.beat_length_ms >= SHORTEST_BEAT_MS &&
      line.beat_length_ms <= LONGEST_BEAT_MS,
  );
}

/** The red line that governs a moment; the first one also governs what comes before it. */
export function redLineAt(lines: readonly RedLine[], time_ms: number): RedLine | null {
  let found: RedLine | null = null;
  for (const line of usable(lines)) {
    if (found !== null && line.time_ms > time_ms) break;
    found = line;
  }
  return found;
}

/**
 * The beat grid of a span at a zoom: bars only from far away, then beats, halves, quarters and
 * eighths as room allows. Times rise; each red line starts its own grid.
 */
export function gridLines(
  lines: readonly RedLine[],
  span: TimeSpan,
  px_per_ms: number,
): GridLine[] {
  const reds = usable(lines);
  const result: GridLine[] = [];
  reds.forEach((red, index) => {
    const next_ms = reds[index + 1]?.time_ms ?? Number.POSITIVE_INFINITY;
    const from_ms = Math.max(span.start_ms, index === 0 ? Number.NEGATIVE_INFINITY : red.time_ms);
    const to_ms = Math.min(span.end_ms, next_ms);
    if (from_ms < to_ms) addSection(result, red, from_ms, to_ms, px_per_ms);
  });
  return result;
}

function addSection(
  result: GridLine[],
  red: RedLine,
  from_ms: number,
  to_ms: number,
  px_per_ms: number,
): void {
  const meter = Math.max(1, Math.round(red.meter));
  const beat_px = red.beat_length_ms * px_per_ms;
  const divisor = [...DIVISORS]
    .reverse()
    .find((d) => beat_px / d >= (d === 1 ? MIN_GAP_PX : MIN_FRACTION_GAP_PX));
  let barStep = 1;
  while (beat_px * meter * barStep < MIN_GAP_PX) barStep *= 2;
  // Steps are counted in fractions of a beat, so that every line is an exact multiple.
  const perBeat = divisor ?? 1;
  const stride = divisor === undefined ? meter * barStep : 1;
  const step_ms = (red.beat_length_ms / perBeat) * stride;
  const first = Math.ceil((from_ms - red.time_ms) / step_ms - 1e-6);
  for (let n = first; result.length < MAX_LINES; n += 1) {
    const time_ms = red.time_ms + n * step_ms;
    if (time_ms >= to_ms) break;
    const index = n * stride;
    result.push({ time_ms, divisor: divisorOf(index, perBeat, meter) });
  }
}

function divisorOf(index: number, perBeat: number, meter: number): number {
  if (mod(index, perBeat * meter) === 0) return 0;
  for (const divisor of DIVISORS) {
    if (perBeat % divisor === 0 && mod(index, perBeat / divisor) === 0) return divisor;
  }
  return perBeat;
}

/**
 * The exact time of the nearest line of a 1/`divisor` grid, or the time itself without timing. Not
 * rounded: a range's ends round inward, so that they stay between the beats they were snapped to.
 */
export function nearestBeat(lines: readonly RedLine[], time_ms: number, divisor = 1): number {
  const red = redLineAt(lines, time_ms);
  if (red === null) return time_ms;
  const step_ms = red.beat_length_ms / divisor;
  return red.time_ms + Math.round((time_ms - red.time_ms) / step_ms) * step_ms;
}

/** How many beats a span lasts, counted across tempo changes; null without timing. */
export function beatsBetween(lines: readonly RedLine[], span: TimeSpan): number | null {
  const reds = usable(lines);
  if (reds.length === 0) return null;
  let count = 0;
  reds.forEach((red, index) => {
    const next_ms = reds[index + 1]?.time_ms ?? Number.POSITIVE_INFINITY;
    const from_ms = index === 0 ? span.start_ms : Math.max(span.start_ms, red.time_ms);
    const to_ms = Math.min(span.end_ms, next_ms);
    if (from_ms < to_ms) count += (to_ms - from_ms) / red.beat_length_ms;
  });
  return count;
}

/** A round step for time labels that are at least `gap_px` apart. */
export function labelStep(px_per_ms: number, gap_px: number): number {
  const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000];
  return steps.find((step) => step * px_per_ms >= gap_px) ?? 600_000;
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by;
}
