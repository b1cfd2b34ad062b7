import type { TimeSpan } from "./viewport";

/** Anything with an extent in song time. */
interface Extent {
  readonly start_ms: number;
  readonly end_ms: number;
}

/**
 * Answers "which of these touch this span" for items in order of their start, without looking at
 * all of them: `reach[i]` is the latest end among the items up to `i`.
 */
export class SpanIndex<T extends Extent> {
  private readonly reach: Float64Array;

  constructor(readonly items: readonly T[]) {
    this.reach = new Float64Array(items.length);
    let latest = Number.NEGATIVE_INFINITY;
    items.forEach((item, index) => {
      latest = Math.max(latest, item.end_ms);
      this.reach[index] = latest;
    });
  }

  /** First and one past the last index whose items may touch the span. */
  bounds(span: TimeSpan): [first: number, end: number] {
    const first = lowerBound(this.items.length, (i) => (this.reach[i] ?? 0) >= span.start_ms);
    const end = lowerBound(this.items.length, (i) => (this.items[i]?.start_ms ?? 0) >= span.end_ms);
    return [first, Math.max(first, end)];
  }

  /** The items that touch the span, with their indices, in order of their start. */
  *touching(span: TimeSpan): Generator<[item: T, index: number]> {
    const [first, end] = this.bounds(span);
    for (let index = first; index < end; index += 1) {
      const item = this.items[index];
      if (item !== undefined && item.end_ms >= span.start_ms) yield [item, index];
    }
  }
}

/** The smallest index in [0, length] for which the predicate holds; it must be monotonic. */
export function lowerBound(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const half = (low + high) >>> 1;
    if (holds(half)) high = half;
    else low = half + 1;
  }
  return low;
}
