import type { GenerationSettings, MapState, Suggestion, TakePart, Variant } from "../protocol";

/** What of objects can be told apart. */
export type Aspect = TakePart["take"];

export const ASPECTS: readonly Aspect[] = ["rhythm", "positions", "hitsounds"];

/** How many problems the rules would find if a variant was accepted; 0 while they have not looked. */
export function problemsOf({ findings }: Variant): number {
  return (findings ?? []).filter(({ severity }) => severity === "problem").length;
}

/** The variants that were generated, without those that are parts of others. */
export function wholesOf({ variants }: Suggestion): readonly Variant[] {
  return variants.filter(({ part_of }) => part_of === null);
}

/** The variant that is a part of another; null before it is made. */
export function partOf({ variants }: Suggestion, whole: number, part: Aspect): Variant | null {
  return variants.find((one) => one.part_of === whole && one.part === part) ?? null;
}

/** Whether some variants bring problems and others do not, so that the order follows from that. */
export function areApart(suggestion: Suggestion): boolean {
  const wholes = wholesOf(suggestion);
  const bad = wholes.filter((variant) => problemsOf(variant) > 0).length;
  return 0 < bad && bad < wholes.length;
}

/** Whether nothing but hitsounds is new. */
export function isOfSounds({ kept }: GenerationSettings): boolean {
  return kept.length === ASPECTS.length - 1 && !kept.includes("hitsounds");
}

/** The parts of a suggestion that can be taken by themselves; none where only one thing is new. */
export function takesOf({ settings }: Suggestion, mode: MapState["mode"]): readonly Aspect[] {
  const fresh = ASPECTS.filter((aspect) => !settings.kept.includes(aspect));
  if (fresh.length < 2) return [];
  if (mode === "taiko") return fresh.filter((aspect) => aspect !== "positions");
  // In mania other notes are other columns, so that rhythm and columns go together.
  const together = mode === "mania" && fresh.includes("rhythm");
  return together ? fresh.filter((aspect) => aspect === "hitsounds") : fresh;
}
