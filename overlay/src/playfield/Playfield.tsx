import { computed, type ReadonlySignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { type Draw, mountLayer, watchSize } from "../canvas/surface";
import { timestamp } from "../format/time";
import { Scope } from "../lifetime";
import type { TimelineObject } from "../protocol";
import { type App, useApp } from "../state/app";
import { comboIndices } from "../theme";
import { redLineAt } from "../timeline/beats";
import { variantOf } from "../timeline/scene";
import type { TimeSpan } from "../timeline/viewport";
import { SpanIndex } from "../timeline/visible";
import { composed, loopAround } from "./composition";
import { attachPlayer } from "./player";
import { drawScrolling } from "./scrolling";
import { drawStandard } from "./standard";

interface Preview {
  readonly index: SpanIndex<TimelineObject>;
  readonly combos: readonly number[];
  readonly suggested: ReadonlySet<TimelineObject>;
}

/** What the playfield shows: the map, or the map with the chosen variant in it. */
function previewOf({ derived, view }: App): ReadonlySignal<Preview> {
  return computed(() => {
    const suggestion = derived.suggestion.value;
    const live = suggestion !== null && LIVE.has(suggestion.state);
    const variant = variantOf(suggestion, view.variant.value);
    if (!live || variant === null || view.shown.value === "original") {
      return {
        index: derived.objects.value,
        combos: derived.combos.value,
        suggested: new Set<TimelineObject>(),
      };
    }
    const objects = composed(derived.objects.value.items, suggestion, variant.objects);
    return {
      index: new SpanIndex(objects),
      combos: comboIndices(objects),
      suggested: new Set(variant.objects),
    };
  });
}

const LIVE: ReadonlySet<string> = new Set(["generating", "offered", "stale"]);

/** A small playfield at the playhead, with a scrubber and a play loop. */
export function Playfield() {
  const app = useApp();
  const frame = useRef<HTMLDivElement>(null);
  const preview = useMemo(() => previewOf(app), [app]);
  const loop = useMemo(() => computed(() => loopSpan(app)), [app]);
  useEffect(() => {
    const element = frame.current;
    const canvas = element?.querySelector("canvas");
    if (!element || !canvas) return;
    const scope = new Scope();
    mountLayer(scope, canvas, watchSize(scope, element), () => fieldLayer(app, preview.value));
    attachPlayer(scope, app.view, () => loop.peek());
    return () => scope.dispose();
  }, [app, preview, loop]);
  return (
    <section class="playfield" aria-label="Playfield preview">
      <div ref={frame} class="playfield-frame" data-testid="playfield">
        <canvas role="img" aria-label={`Playfield at ${timestamp(app.view.cursor_ms.value)}`} />
      </div>
      <Transport span={loop.value ?? app.view.viewport.value} />
    </section>
  );
}

function Transport({ span }: { span: TimeSpan }) {
  const { view } = useApp();
  const playing = view.playing.value;
  return (
    <div class="transport">
      <button
        type="button"
        class="icon-button"
        aria-pressed={playing}
        aria-label={playing ? "Pause" : "Play"}
        title={playing ? "Pause" : "Play (without sound)"}
        onClick={() => {
          view.playing.value = !playing;
        }}
      >
        {playing ? "❚❚" : "▶"}
      </button>
      <input
        type="range"
        aria-label="Playhead"
        aria-valuetext={timestamp(view.cursor_ms.value)}
        min={Math.round(span.start_ms)}
        max={Math.round(span.end_ms)}
        step={1}
        value={view.cursor_ms.value}
        onInput={(event) => view.moveCursor(Number(event.currentTarget.value))}
      />
      <time class="clock">{timestamp(view.cursor_ms.value)}</time>
    </div>
  );
}

/** What play repeats: the suggestion, else the range, with a run-up; null plays on to the end. */
function loopSpan({ derived, view }: App): TimeSpan | null {
  const suggestion = derived.suggestion.value;
  const range = suggestion !== null && LIVE.has(suggestion.state) ? suggestion : view.range.value;
  if (range === null) return null;
  const beat = redLineAt(derived.redLines.value, range.start_ms);
  return loopAround(range, beat?.beat_length_ms ?? 500);
}

function fieldLayer({ daemon, view }: App, preview: Preview): Draw {
  const map = daemon.map.value;
  if (map === null) return () => {};
  const scene = {
    index: preview.index,
    combos: preview.combos,
    time_ms: view.cursor_ms.value,
    circleSize: map.circle_size,
    approachRate: map.approach_rate,
    suggested: (object: TimelineObject) => preview.suggested.has(object),
  };
  if (map.mode === "osu") return drawStandard(scene);
  return drawScrolling(map.mode, Math.max(1, map.key_count ?? 4), scene);
}
