import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Finding, ServerUpdate, Suggestion, TimelineObject } from "../protocol";
import { comboIndices } from "../theme";
import type { RedLine } from "../timeline/beats";
import { SpanIndex } from "../timeline/visible";
import type { NewFindings } from "./findings";
import { type DaemonState, EMPTY_STATE, reduce } from "./reducer";

type Slices = { readonly [K in keyof DaemonState]: ReadonlySignal<DaemonState[K]> };

/**
 * What the daemon told this page, as read-only signals. `apply` is the only way in. A slice changes
 * only when its part of the state does, so what reads it redraws for nothing else.
 */
export class DaemonSignals {
  private readonly whole = signal<DaemonState>(EMPTY_STATE);
  readonly slices: Slices;
  /** The red lines as the beat grid needs them. */
  readonly redLines: ReadonlySignal<readonly RedLine[]>;
  readonly findingList: ReadonlySignal<readonly Finding[]>;
  /** What is new among them. */
  readonly newFindings: ReadonlySignal<NewFindings>;
  /** The map's objects, ready for questions about a span. */
  readonly objects: ReadonlySignal<SpanIndex<TimelineObject>>;
  readonly combos: ReadonlySignal<readonly number[]>;
  /** The newest suggestion that is still of interest. */
  readonly suggestion: ReadonlySignal<Suggestion | null>;

  /** `discarded` names suggestions that the mapper has put away on this page. */
  constructor(discarded: ReadonlySignal<ReadonlySet<string>>) {
    const keys = Object.keys(EMPTY_STATE) as (keyof DaemonState)[];
    this.slices = Object.fromEntries(
      keys.map((key) => [key, computed(() => this.whole.value[key])]),
    ) as Slices;
    this.redLines = computed(() => redLinesOf(this.slices.map.value?.timeline.timing_points ?? []));
    this.findingList = computed(() => [...this.slices.findings.value.values()]);
    this.newFindings = computed(() => {
      const review = this.slices.review.value;
      return {
        save: new Set(review?.since_save.new_ids),
        opening: new Set(review?.since_opening.new_ids),
      };
    });
    this.objects = computed(() => new SpanIndex(this.slices.map.value?.timeline.objects ?? []));
    this.combos = computed(() => comboIndices(this.objects.value.items));
    this.suggestion = computed(() => {
      const revision = this.slices.map.value?.revision ?? 0;
      const shown = this.slices.suggestions.value.findLast(
        (one) => isOfInterest(one, revision) && !discarded.value.has(one.id),
      );
      return shown ?? null;
    });
  }

  apply(update: ServerUpdate): void {
    this.whole.value = reduce(this.whole.peek(), update);
  }
}

/**
 * An accepted suggestion is the revision after its base. Once the map has moved on from there, by
 * undo or by a save in the editor, there is nothing left to say about it.
 */
function isOfInterest({ state, base_revision }: Suggestion, revision: number): boolean {
  if (state === "accepted") return revision <= base_revision + 1;
  return state !== "rejected" && state !== "cancelled";
}

function redLinesOf(
  points: readonly { kind: string; time_ms: number; bpm: number | null; meter: number }[],
): RedLine[] {
  return points.flatMap(({ kind, time_ms, bpm, meter }) =>
    kind === "red" && bpm !== null && bpm > 0
      ? [{ time_ms, beat_length_ms: 60_000 / bpm, meter }]
      : [],
  );
}
