import { computed, type ReadonlySignal } from "@preact/signals";
import type { Size } from "../canvas/surface";
import type { Finding, MapState, Suggestion, TimelineObject, Variant } from "../protocol";
import type { App } from "../state/app";
import { byTime, listed } from "../state/findings";
import { type Rows, rowsOf } from "./layout";
import { type Mark, marksOf } from "./marks";
import { resized, type TimeSpan, type Viewport } from "./viewport";
import { SpanIndex } from "./visible";

/** What the timeline's layers and gestures have in common, computed once for all of them. */
export interface TimelineScene {
  readonly map: ReadonlySignal<MapState | null>;
  readonly view: ReadonlySignal<Viewport>;
  readonly rows: ReadonlySignal<Rows>;
  readonly marks: ReadonlySignal<readonly Mark[]>;
  /** The suggestion whose objects are shown below the map's own; null when there is none. */
  readonly ghost: ReadonlySignal<Suggestion | null>;
  readonly ghostObjects: ReadonlySignal<SpanIndex<TimelineObject>>;
  readonly focus: (id: string | null) => Finding | null;
}

/** Suggestions in these states still show their objects. */
const SHOWN_STATES: ReadonlySet<Suggestion["state"]> = new Set(["generating", "offered", "stale"]);

export function createScene(app: App, size: ReadonlySignal<Size>): TimelineScene {
  const { daemon, derived, view } = app;
  const viewport = computed(() => resized(view.viewport.value, size.value.width_px));
  const ghost = computed(() => {
    const suggestion = derived.suggestion.value;
    return suggestion !== null && SHOWN_STATES.has(suggestion.state) ? suggestion : null;
  });
  const findings = computed(() => {
    const filter = { ...view.filter.value, within: null };
    const shown = listed(derived.findingList.value, filter, derived.newFindings.value);
    return new SpanIndex(shown.sort(byTime));
  });
  return {
    map: daemon.map,
    view: viewport,
    rows: computed(() => rowsOf(size.value.height_px, ghost.value !== null)),
    marks: computed(() => marksOf(onlyItems(findings.value, viewport.value), viewport.value)),
    ghost,
    ghostObjects: computed(() => {
      const variant = variantOf(ghost.value, view.variant.value);
      return new SpanIndex(variant?.objects ?? []);
    }),
    focus: (id) => (id === null ? null : (daemon.findings.value.get(id) ?? null)),
  };
}

/** The chosen variant of a suggestion, or its first while the chosen one has nothing yet. */
export function variantOf(suggestion: Suggestion | null, variant: number): Variant | null {
  if (suggestion === null) return null;
  const chosen = suggestion.variants.find((one) => one.variant === variant);
  return chosen ?? suggestion.variants[0] ?? null;
}

function* onlyItems<T extends TimeSpan>(index: SpanIndex<T>, span: TimeSpan): Generator<T> {
  for (const [item] of index.touching(span)) yield item;
}
