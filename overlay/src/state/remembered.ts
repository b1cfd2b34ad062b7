import { effect } from "@preact/signals";
import type { Scope } from "../lifetime";
import { type FindingFilter, SEVERITIES } from "./findings";
import type { ViewState } from "./view";

const KEY = "companion.findings";

type Remembered = Pick<FindingFilter, "hidden" | "order">;

/** Keeps in the browser which severities are shown and in which order, from one visit to the next. */
export function rememberFilter(scope: Scope, view: ViewState, storage = browserStorage()): void {
  if (storage === null) return;
  view.filter.value = { ...view.filter.peek(), ...remembered(storage) };
  const keep = effect(() => {
    const { hidden, order } = view.filter.value;
    try {
      storage.setItem(KEY, JSON.stringify({ hidden: [...hidden], order }));
    } catch (error) {
      // A browser may be full or refuse; the filter works all the same.
      if (!(error instanceof DOMException)) throw error;
    }
  });
  scope.add(keep);
}

/** What was stored, as far as it can be understood. */
function remembered(storage: Storage): Partial<Remembered> {
  let stored: unknown;
  try {
    stored = JSON.parse(storage.getItem(KEY) ?? "null");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
  if (typeof stored !== "object" || stored === null) return {};
  const { hidden, order } = stored as Record<string, unknown>;
  return {
    hidden: new Set(SEVERITIES.filter((one) => Array.isArray(hidden) && hidden.includes(one))),
    order: order === "time" ? "time" : "useful",
  };
}

/** The browser's storage; null where it keeps none. */
function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return null;
  }
}
