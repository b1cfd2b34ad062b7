/** A horizontal strip of the timeline. */
export interface Row {
  readonly top_px: number;
  readonly height_px: number;
}

/** The rows of the timeline from top to bottom. */
export interface Rows {
  readonly ruler: Row;
  readonly timing: Row;
  readonly objects: Row;
  /** Suggested objects; without height when there are none. */
  readonly ghosts: Row;
  readonly findings: Row;
}

const RULER_PX = 20;
const TIMING_PX = 18;
const FINDINGS_PX = 28;
const GHOSTS_SHARE = 0.42;

/** Divides the height among the rows; suggested objects get room only while there are any. */
export function rowsOf(height_px: number, withGhosts: boolean): Rows {
  const body_px = Math.max(40, height_px - RULER_PX - TIMING_PX - FINDINGS_PX);
  const ghosts_px = withGhosts ? Math.round(body_px * GHOSTS_SHARE) : 0;
  const heights = [RULER_PX, TIMING_PX, body_px - ghosts_px, ghosts_px, FINDINGS_PX];
  const tops = heights.map((_, index) => heights.slice(0, index).reduce((a, b) => a + b, 0));
  const row = (index: number): Row => ({
    top_px: tops[index] ?? 0,
    height_px: heights[index] ?? 0,
  });
  return { ruler: row(0), timing: row(1), objects: row(2), ghosts: row(3), findings: row(4) };
}

export function middle(row: Row): number {
  return row.top_px + row.height_px / 2;
}

export function contains(row: Row, y_px: number): boolean {
  return y_px >= row.top_px && y_px < row.top_px + row.height_px;
}
