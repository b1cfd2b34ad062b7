import type { Detection, Finding, Job, ModelState, Suggestion } from "../protocol";
import { timestamp } from "./time";

/** How the open map was found, for the status line. */
export function detectionWords({ probe, client, editor_open }: Detection): string {
  const editor = client === "lazer" ? "the osu! (lazer) editor" : "the osu! editor";
  switch (probe) {
    case "given":
      return "opened from the command line";
    case "picked":
      return "picked by you";
    case "window_title":
      return editor_open === false ? `was open in ${editor}` : `open in ${editor}`;
    case "last_saved":
      return editor_open === true ? `open in ${editor}` : "last map you saved";
  }
}

export interface ModelWords {
  readonly text: string;
  readonly title: string;
  readonly tone: "good" | "busy" | "idle" | "bad";
}

/** What the model is up to, and a sentence that explains it. */
export function modelWords(model: ModelState | null): ModelWords {
  const name = model?.name ?? "The model";
  switch (model?.state) {
    case "ready":
      return { text: "Model ready", title: `${name} is in memory.`, tone: "good" };
    case "loading":
      return { text: "Loading model", title: `${name} is being loaded.`, tone: "busy" };
    case "unloaded":
      return { text: "Model asleep", title: `${name} is loaded when it is needed.`, tone: "idle" };
    case "failed":
      return {
        text: "Model failed",
        title: model.error?.message ?? `${name} could not be loaded.`,
        tone: "bad",
      };
    case "absent":
      return {
        text: "No model",
        title: model.error?.message ?? "Rule checks work; suggestions need a model.",
        tone: "bad",
      };
    case undefined:
      return { text: "Model unknown", title: "Not connected yet.", tone: "idle" };
  }
}

/** What a job is at. */
export const JOB_WORDS: Readonly<Record<Job["kind"], string>> = {
  score: "Scanning",
  regenerate: "Generating",
  hitsounds: "Choosing hitsounds",
  timing: "Listening",
  guest: "Mapping",
  map: "Mapping",
};

/** A job in two words. */
export function jobWords({ kind, state, done, total }: Job): string {
  const what = JOB_WORDS[kind];
  if (state === "queued") return `${what}: waiting`;
  return total > 0 ? `${what} ${Math.floor((100 * done) / total)} %` : what;
}

const SUGGESTION_WORDS: Readonly<Record<Suggestion["state"], string>> = {
  generating: "being written",
  offered: "ready",
  accepted: "in your map",
  rejected: "rejected",
  stale: "out of date",
  failed: "failed",
  cancelled: "cancelled",
};

export function suggestionWords(state: Suggestion["state"]): string {
  return SUGGESTION_WORDS[state];
}

/** Where a finding is, before what it says; nothing for what is about the whole map. */
export function placeWords({ editor_link, start_ms }: Finding): string {
  return editor_link === "" ? "" : `${timestamp(start_ms)} `;
}

/** A file of the mapset; of a difficulty, only its name. */
export function fileWords(file: string): string {
  const difficulty = / \[(.+)\]\.osu$/i.exec(file)?.[1];
  return difficulty === undefined ? file : `[${difficulty}]`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}
