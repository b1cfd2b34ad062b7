import type {
  GuestOptions,
  HitsoundOptions,
  MapOptions,
  RegenerateOptions,
  TimingOptions,
} from "../protocol";
import { ASPECTS, type Aspect } from "./variants";

/** What the regenerate panel asks for, as typed: empty text means "let the companion choose". */
export interface RegenerateForm {
  readonly difficulty: string;
  readonly seed: string;
  readonly guidance: number;
  readonly temperature: number;
  /** What stays of the objects in the range. */
  readonly keep: readonly Aspect[];
  readonly changeGreenLines: boolean;
  readonly variants: number;
}

export const DEFAULT_FORM: RegenerateForm = {
  difficulty: "",
  seed: "",
  guidance: 1,
  temperature: 0.8,
  keep: [],
  changeGreenLines: false,
  variants: 2,
};

/** What the hitsounds panel asks for, as typed. */
export interface HitsoundsForm {
  readonly where: "map" | "range";
  readonly seed: string;
  readonly temperature: number;
  readonly variants: number;
}

export const DEFAULT_HITSOUNDS: HitsoundsForm = {
  where: "map",
  seed: "",
  temperature: 0.8,
  variants: 1,
};

/** What the timing panel asks for, as typed. */
export interface TimingForm {
  readonly how: "plain" | "super";
  /** Hearings of super timing. */
  readonly iterations: string;
  readonly leniency: string;
  readonly seed: string;
}

export const DEFAULT_TIMING: TimingForm = {
  how: "plain",
  iterations: "20",
  leniency: "10",
  seed: "",
};

/** What the panel for new difficulties asks for, as typed. */
export interface DifficultyForm {
  readonly kind: "guest" | "map";
  readonly difficulty: string;
  readonly name: string;
  /** Empty for the open map's. */
  readonly mode: "" | NonNullable<MapOptions["mode"]>;
  /** Columns in osu!mania. */
  readonly keys: string;
  /** Words with commas between them. */
  readonly descriptors: string;
  readonly seed: string;
  readonly guidance: number;
  readonly temperature: number;
}

export const DEFAULT_DIFFICULTY: DifficultyForm = {
  kind: "guest",
  difficulty: "",
  name: "",
  mode: "",
  keys: "",
  descriptors: "",
  seed: "",
  guidance: 1,
  temperature: 0.8,
};

const LARGEST_SEED = 2 ** 31 - 1;

/** A request's options, or what is wrong with the form in plain words. */
export type FormResult<Options, Field extends string> =
  | { readonly ok: true; readonly options: Options }
  | { readonly ok: false; readonly field: Field; readonly message: string };

/** What the section panel asks for. */
export function readForm(
  form: RegenerateForm,
): FormResult<RegenerateOptions, "difficulty" | "seed" | "keep"> {
  const difficulty = numberOrNull(form.difficulty);
  if (difficulty !== null && !(difficulty >= 0 && difficulty <= 12)) {
    return { ok: false, field: "difficulty", message: "Stars go from 0 to 12." };
  }
  const seed = numberOrNull(form.seed);
  if (!isSeed(seed)) return WRONG_SEED;
  const { temperature, keep, variants } = form;
  if (keep.length === ASPECTS.length) {
    return { ok: false, field: "keep", message: "With everything kept, nothing is left to write." };
  }
  // Where the rhythm stays, guidance can do nothing, and green lines belong to it.
  const newRhythm = !keep.includes("rhythm");
  return {
    ok: true,
    options: {
      difficulty,
      seed,
      guidance: newRhythm ? form.guidance : 1,
      temperature,
      keep: [...keep],
      variants,
      change_green_lines: newRhythm && form.changeGreenLines,
    },
  };
}

/** What is kept, as one word, whatever order it was chosen in. */
export function keepKey(keep: readonly Aspect[]): string {
  return ASPECTS.filter((aspect) => keep.includes(aspect)).join(" ");
}

/** What the hitsounds panel asks for. */
export function readHitsoundsForm(form: HitsoundsForm): FormResult<HitsoundOptions, "seed"> {
  const seed = numberOrNull(form.seed);
  if (!isSeed(seed)) return WRONG_SEED;
  const { temperature, variants } = form;
  return { ok: true, options: { seed, temperature, variants } };
}

/** What the timing panel asks for. */
export function readTimingForm(
  form: TimingForm,
): FormResult<TimingOptions, "iterations" | "leniency" | "seed"> {
  const iterations = form.how === "super" ? Number(form.iterations.trim() || "20") : null;
  if (
    iterations !== null &&
    !(Number.isInteger(iterations) && 1 <= iterations && iterations <= 1000)
  ) {
    return { ok: false, field: "iterations", message: "Super timing takes 1 to 1000 hearings." };
  }
  const leniency_ms = numberOrNull(form.leniency) ?? 10;
  if (!(leniency_ms > 0 && leniency_ms <= 100)) {
    return { ok: false, field: "leniency", message: "The leniency goes up to 100 ms, above 0." };
  }
  const seed = numberOrNull(form.seed);
  if (!isSeed(seed)) return WRONG_SEED;
  return { ok: true, options: { iterations, seed, leniency_ms } };
}

export type DifficultyRequest =
  | { readonly kind: "guest"; readonly options: GuestOptions }
  | { readonly kind: "map"; readonly options: MapOptions };

/** What the panel for new difficulties asks for; `mode` is what the new map will be. */
export function readDifficultyForm(
  form: DifficultyForm,
  mode: NonNullable<MapOptions["mode"]>,
): FormResult<DifficultyRequest, "difficulty" | "keys" | "seed"> {
  const difficulty = numberOrNull(form.difficulty);
  if (difficulty !== null && !(difficulty >= 0 && difficulty <= 12)) {
    return { ok: false, field: "difficulty", message: "Stars go from 0 to 12." };
  }
  const seed = numberOrNull(form.seed);
  if (!isSeed(seed)) return WRONG_SEED;
  const { guidance, temperature } = form;
  const name = form.name.trim() || null;
  const descriptors = form.descriptors.split(",").flatMap((word) => word.trim() || []);
  const shared = { name, descriptors, seed, guidance, temperature };
  if (form.kind === "guest") {
    if (difficulty === null) {
      return { ok: false, field: "difficulty", message: "Say how many stars it should have." };
    }
    return { ok: true, options: { kind: "guest", options: { ...shared, difficulty } } };
  }
  const keys = mode === "mania" ? numberOrNull(form.keys) : null;
  if (keys !== null && !(Number.isInteger(keys) && keys >= 1 && keys <= 18)) {
    return { ok: false, field: "keys", message: "There are 1 to 18 keys." };
  }
  const options = { ...shared, difficulty, mode: form.mode || null, key_count: keys };
  return { ok: true, options: { kind: "map", options } };
}

const WRONG_SEED = {
  ok: false,
  field: "seed",
  message: "A seed is a whole number below 2,147,483,648.",
} as const;

function isSeed(seed: number | null): boolean {
  return seed === null || (Number.isInteger(seed) && seed >= 0 && seed <= LARGEST_SEED);
}

/** A seed to try next. */
export function randomSeed(random: () => number = Math.random): number {
  return Math.floor(random() * 1_000_000);
}

/** Null for empty text, NaN for text that is no number. */
function numberOrNull(text: string): number | null {
  const trimmed = text.trim().replace(",", ".");
  return trimmed === "" ? null : Number(trimmed);
}
