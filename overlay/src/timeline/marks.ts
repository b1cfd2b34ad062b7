import type { Finding } from "../protocol";
import { gravity } from "../state/findings";
import { timeToPx, type Viewport } from "./viewport";

/** One mark on the findings row: the gravest finding of a few pixels, and all it stands for. */
export interface Mark {
  readonly x_px: number;
  readonly finding: Finding;
  /** All findings under this mark, gravest first. */
  readonly all: readonly Finding[];
}

/** Marks closer than this become one. */
const CELL_PX = 9;

/**
 * Groups findings (in order of their start) into marks that do not overlap. A finding's mark stands
 * at its start, or at the left edge while only its end is in sight.
 */
export function marksOf(findings: Iterable<Finding>, view: Viewport): Mark[] {
  const cells = new Map<number, Finding[]>();
  for (const finding of findings) {
    const x_px = Math.max(0, timeToPx(view, finding.start_ms));
    const cell = Math.floor(x_px / CELL_PX);
    const members = cells.get(cell);
    if (members === undefined) cells.set(cell, [finding]);
    else members.push(finding);
  }
  const marks: Mark[] = [];
  for (const all of cells.values()) {
    all.sort((a, b) => gravity(a.severity) - gravity(b.severity) || b.weight - a.weight);
    const [finding] = all;
    if (finding === undefined) continue;
    marks.push({ x_px: Math.max(0, timeToPx(view, finding.start_ms)), finding, all });
  }
  return marks;
}

/** The mark under the pointer, if any. */
export function markAt(marks: readonly Mark[], x_px: number, reach_px = 8): Mark | null {
  let best: Mark | null = null;
  for (const mark of marks) {
    const distance = Math.abs(mark.x_px - x_px);
    if (distance <= reach_px && (best === null || distance < Math.abs(best.x_px - x_px))) {
      best = mark;
    }
  }
  return best;
}
