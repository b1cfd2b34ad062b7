import type { TimelineObject } from "../protocol";

/** A hit with additions, by their first letters. */
export interface SoundMark {
  readonly time_ms: number;
  readonly letters: string;
}

const LETTERS = [
  [2, "W"],
  [4, "F"],
  [8, "C"],
] as const;

/** Where an object sounds of more than a plain hit: whistle, finish and clap as W, F and C. */
export function soundMarks(object: Pick<TimelineObject, "start_ms" | "end_ms" | "sounds">) {
  const { start_ms, end_ms, sounds } = object;
  // One sound belongs to the head; of more, each has its share of the way to the tail.
  const step_ms = (end_ms - start_ms) / Math.max(1, sounds.length - 1);
  return sounds.flatMap((bits, edge): SoundMark[] => {
    const letters = LETTERS.filter(([bit]) => (bits & bit) !== 0).map(([, letter]) => letter);
    if (letters.length === 0) return [];
    return [{ time_ms: start_ms + step_ms * edge, letters: letters.join("") }];
  });
}
