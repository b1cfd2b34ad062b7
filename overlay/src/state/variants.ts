import type { Accept, GenerationSettings, MapState, Suggestion, Variant } from "../protocol";

/** What of a variant can be accepted by itself. */
export type Take = NonNullable<Accept["take"]>;
export type Aspect = Exclude<Take, "all">;

export const ASPECTS: readonly Aspect[] = ["rhythm", "positions", "hitsounds"];

/** How many problems the rules would find if a variant was accepted; 0 while they have not looked. */
export function problemsOf({ findings }: Variant): number {
  return (findings ?? []).filter(({ severity }) => severity === "problem").length;
}

/** Whether some variants bring problems and others do not, so that the order follows from that. */
export function areApart({ variants }: Suggestion): boolean {
  const bad = variants.filter((variant) => problemsOf(variant) > 0).length;
  return 0 < bad && bad < variants.length;
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
