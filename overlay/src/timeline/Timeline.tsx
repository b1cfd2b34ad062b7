import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { mountLayer, watchSize } from "../canvas/surface";
import { beats, duration, timestamp } from "../format/time";
import { Scope } from "../lifetime";
import { type App, useApp } from "../state/app";
import { isOfSounds } from "../state/variants";
import { COLOURS } from "../theme";
import { beatsBetween } from "./beats";
import { attachPointer, type Hover, timelineKey } from "./gestures";
import { drawFindings } from "./layers/findings";
import { drawGrid } from "./layers/grid";
import { drawObjects } from "./layers/objects";
import { drawPointers } from "./layers/pointers";
import { createScene, type TimelineScene } from "./scene";
import { Tooltip } from "./Tooltip";

/** The zoomable timeline: one canvas per concern, one element that takes the pointer and keys. */
export function Timeline() {
  const app = useApp();
  const stage = useRef<HTMLDivElement>(null);
  const hover = useSignal<Hover | null>(null);
  useEffect(() => {
    const element = stage.current;
    if (element === null) return;
    const scope = new Scope();
    const size = watchSize(scope, element);
    const scene = createScene(app, size);
    const [grid, objects, findings, pointers] = element.querySelectorAll("canvas");
    if (grid && objects && findings && pointers) {
      mountLayer(scope, grid, size, () => gridLayer(app, scene));
      mountLayer(scope, objects, size, () => objectsLayer(app, scene));
      mountLayer(scope, findings, size, () => findingsLayer(app, scene));
      mountLayer(scope, pointers, size, () => pointersLayer(app, scene));
    }
    attachPointer(scope, element, app, scene, (next) => {
      hover.value = next;
    });
    scope.listen(element, "keydown", (event) => {
      if (timelineKey(event, app, scene)) event.preventDefault();
    });
    // The width is the view's too: other panels jump and fit by it.
    const follow = size.subscribe(({ width_px }) => {
      if (width_px > 0) app.view.viewport.value = { ...app.view.viewport.peek(), width_px };
    });
    scope.add(follow);
    return () => scope.dispose();
  }, [app, hover]);
  const cursor_ms = app.view.cursor_ms.value;
  const bounds = app.view.bounds.value;
  return (
    <Stage hover={hover.value}>
      <div
        ref={stage}
        class="timeline-stage"
        data-testid="timeline"
        tabIndex={0}
        role="slider"
        aria-label="Timeline playhead"
        aria-describedby="timeline-keys"
        aria-valuemin={Math.round(bounds.start_ms)}
        aria-valuemax={Math.round(bounds.end_ms)}
        aria-valuenow={cursor_ms}
        aria-valuetext={timestamp(cursor_ms)}
      >
        <canvas />
        <canvas />
        <canvas />
        <canvas />
      </div>
    </Stage>
  );
}

function Stage({ hover, children }: { hover: Hover | null; children: ComponentChildren }) {
  return (
    <div class="timeline-frame">
      {children}
      {hover !== null && <Tooltip hover={hover} />}
      <p id="timeline-keys" class="visually-hidden">
        Arrow keys move the playhead by a quarter beat, with Shift by a beat. Plus and minus zoom.
        Left and right bracket set the start and end of the range, Escape clears it, F shows all of
        it.
      </p>
    </div>
  );
}

const NOTHING = () => {};

function gridLayer({ derived }: App, scene: TimelineScene) {
  const map = scene.map.value;
  if (map === null) return NOTHING;
  return drawGrid({
    map,
    redLines: derived.redLines.value,
    view: scene.view.value,
    rows: scene.rows.value,
  });
}

function objectsLayer({ derived, view: page }: App, scene: TimelineScene) {
  const map = scene.map.value;
  if (map === null) return NOTHING;
  const columns = map.mode === "mania" ? Math.max(1, map.key_count ?? 4) : null;
  const view = scene.view.value;
  const rows = scene.rows.value;
  const ghost = scene.ghost.value;
  const withSounds =
    page.work.value === "hitsounds" || (ghost !== null && isOfSounds(ghost.settings));
  const own = drawObjects({
    withSounds,
    index: derived.objects.value,
    combos: derived.combos.value,
    columns,
    view,
    row: rows.objects,
    alpha: (object) =>
      ghost !== null && object.start_ms >= ghost.start_ms && object.end_ms <= ghost.end_ms
        ? 0.45
        : 1,
  });
  if (ghost === null) return own;
  const index = scene.ghostObjects.value;
  const look = { combos: [], colour: COLOURS.ghost, columns, withSounds };
  const suggested = drawObjects({ index, ...look, view, row: rows.ghosts });
  return (...drawing: Parameters<typeof own>) => {
    own(...drawing);
    suggested(...drawing);
  };
}

function findingsLayer({ view }: App, scene: TimelineScene) {
  return drawFindings({
    marks: scene.marks.value,
    selected: scene.focus(view.selectedFinding.value),
    hovered: scene.focus(view.hoveredFinding.value),
    view: scene.view.value,
    rows: scene.rows.value,
  });
}

function pointersLayer({ view, derived }: App, scene: TimelineScene) {
  const range = view.range.value;
  const counted = range === null ? null : beatsBetween(derived.redLines.value, range);
  return drawPointers({
    range,
    rangeLabel:
      range === null
        ? ""
        : counted === null
          ? duration(range.end_ms - range.start_ms)
          : beats(counted),
    suggestion: scene.ghost.value,
    cursor_ms: view.cursor_ms.value,
    view: scene.view.value,
    rows: scene.rows.value,
  });
}
