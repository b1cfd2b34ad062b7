import type { TimelineObject } from "../protocol";
import type { TimeSpan } from "../timeline/viewport";

/**
 * The map as it would be with a suggestion: objects that lie wholly in its range give way to the
 * suggested ones, everything else stays. In time order.
 */
export function composed(
  objects: readonly TimelineObject[],
  range: TimeSpan,
  suggested: readonly TimelineObject[],
): TimelineObject[] {
  const kept = objects.filter(
    ({ start_ms, end_ms }) =>
      start_ms < range.start_ms || end_ms > range.end_ms || start_ms >= range.end_ms,
  );
  return [...kept, ...suggested].sort((a, b) => a.start_ms - b.start_ms);
}

/** The stretch that the play loop repeats: the range with a little run-up and a little after. */
export function loopAround(range: TimeSpan, beat_ms: number): TimeSpan {
  return { start_ms: range.start_ms - beat_ms * 2, end_ms: range.end_ms + beat_ms };
}
