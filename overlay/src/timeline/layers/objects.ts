import { capsule, disc, SMALL_FONT } from "../../canvas/shapes";
import type { Draw } from "../../canvas/surface";
import type { TimelineObject } from "../../protocol";
import { columnColour, comboColour } from "../../theme";
import { middle, type Row } from "../layout";
import { soundMarks } from "../sounds";
import { pxPerMs, timeToPx, type Viewport } from "../viewport";
import type { SpanIndex } from "../visible";

export interface ObjectsScene {
  readonly index: SpanIndex<TimelineObject>;
  readonly combos: readonly number[];
  /** One colour for all; without it each combo has its own. */
  readonly colour?: string;
  /** Columns of osu!mania; null draws one lane. */
  readonly columns: number | null;
  readonly view: Viewport;
  readonly row: Row;
  /** Whether to write down which hits have additions. */
  readonly withSounds: boolean;
  /** Below 1 the objects step back, as what a suggestion would replace does. */
  readonly alpha?: (object: TimelineObject) => number;
}

const SOUND_FONT = '600 9px "Inter", "Segoe UI", system-ui, sans-serif';

/** Below this radius an object is a bar, and one per pixel is enough. */
const BAR_RADIUS_PX = 5;

/** The hit objects of one row: what is in sight, later objects below earlier ones. */
export function drawObjects(scene: ObjectsScene): Draw {
  return (context) => {
    if (scene.row.height_px < 8) return;
    if (scene.columns !== null) drawLanes(context, scene, scene.columns);
    else if (radiusOf(scene) < BAR_RADIUS_PX) drawBars(context, scene);
    else drawDiscs(context, scene);
    context.globalAlpha = 1;
  };
}

/** How large an object is drawn: larger as one zooms in, within what the row has room for. */
export function radiusOf({ view, row }: Pick<ObjectsScene, "view" | "row">): number {
  return Math.min(pxPerMs(view) * 95, row.height_px * 0.34, 24);
}

function* inSight(scene: ObjectsScene, room_px: number): Generator<[TimelineObject, number]> {
  const room_ms = room_px / pxPerMs(scene.view);
  yield* scene.index.touching({
    start_ms: scene.view.start_ms - room_ms,
    end_ms: scene.view.end_ms + room_ms,
  });
}

function drawBars(context: CanvasRenderingContext2D, scene: ObjectsScene): void {
  const { view, row } = scene;
  const width_px = Math.max(1.5, radiusOf(scene) * 1.1);
  const top_px = row.top_px + row.height_px * 0.2;
  const height_px = row.height_px * 0.6;
  let last_px = Number.NEGATIVE_INFINITY;
  for (const [object, index] of inSight(scene, 4)) {
    const x_px = timeToPx(view, object.start_ms);
    const length_px = timeToPx(view, object.end_ms) - x_px;
    if (length_px < width_px && x_px - last_px < 1.5) continue;
    last_px = x_px;
    context.globalAlpha = scene.alpha?.(object) ?? 1;
    context.fillStyle = scene.colour ?? comboColour(scene.combos[index] ?? 0);
    if (length_px > width_px) {
      const alpha = context.globalAlpha;
      context.globalAlpha = alpha * 0.45;
      context.fillRect(x_px, top_px + height_px * 0.25, length_px, height_px * 0.5);
      context.globalAlpha = alpha;
    }
    context.fillRect(x_px - width_px / 2, top_px, width_px, height_px);
  }
}

function drawDiscs(context: CanvasRenderingContext2D, scene: ObjectsScene): void {
  const radius = radiusOf(scene);
  const shown = [...inSight(scene, radius * 2)].reverse();
  context.font =
    radius > 15 ? `600 ${Math.round(radius * 0.8)}px system-ui, sans-serif` : SMALL_FONT;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const [object, index] of shown) {
    const colour = scene.colour ?? comboColour(scene.combos[index] ?? 0);
    context.globalAlpha = scene.alpha?.(object) ?? 1;
    drawDisc(context, scene, object, colour, radius);
  }
  if (scene.withSounds) drawSounds(context, scene, shown);
}

/** Letters above the hits that have additions. */
function drawSounds(
  context: CanvasRenderingContext2D,
  scene: ObjectsScene,
  shown: readonly (readonly [TimelineObject, number])[],
): void {
  const y_px = scene.row.top_px + 7;
  context.font = SOUND_FONT;
  context.fillStyle = scene.colour ?? "#ffffff";
  for (const [object] of shown) {
    context.globalAlpha = scene.alpha?.(object) ?? 1;
    for (const { time_ms, letters } of soundMarks(object)) {
      context.fillText(letters, timeToPx(scene.view, time_ms), y_px);
    }
  }
}

function drawDisc(
  context: CanvasRenderingContext2D,
  { view, row }: ObjectsScene,
  object: TimelineObject,
  colour: string,
  radius: number,
): void {
  const x_px = timeToPx(view, object.start_ms);
  const y_px = middle(row);
  const end_px = timeToPx(view, object.end_ms);
  const alpha = context.globalAlpha;
  if (end_px - x_px > 1) {
    const half = object.kind === "spinner" ? radius * 0.55 : radius * 0.86;
    capsule(context, x_px - half, y_px - half, end_px - x_px + half * 2, half * 2, half);
    context.fillStyle = colour;
    context.globalAlpha = alpha * (object.kind === "spinner" ? 0.22 : 0.38);
    context.fill();
    context.globalAlpha = alpha;
    context.lineWidth = 1.5;
    context.strokeStyle = colour;
    context.stroke();
    for (let slide = 1; slide < object.slides; slide += 1) {
      const turn_px = x_px + ((end_px - x_px) * slide) / object.slides;
      disc(context, turn_px, y_px, Math.max(2, radius * 0.18));
      context.fillStyle = "#ffffff";
      context.fill();
    }
  }
  disc(context, x_px, y_px, radius);
  context.fillStyle = colour;
  context.fill();
  context.lineWidth = Math.max(1.5, radius * 0.14);
  context.strokeStyle = "rgba(255, 255, 255, 0.92)";
  context.stroke();
  if (radius < 9) return;
  context.fillStyle = "rgba(12, 13, 20, 0.9)";
  context.fillText(object.kind === "spinner" ? "S" : String(object.combo_number), x_px, y_px + 0.5);
}

function drawLanes(context: CanvasRenderingContext2D, scene: ObjectsScene, columns: number): void {
  const { view, row } = scene;
  const lane_px = row.height_px / Math.max(1, columns);
  const note_px = Math.min(Math.max(2.5, pxPerMs(view) * 26), 12);
  const last_px = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY);
  for (const [object] of inSight(scene, note_px)) {
    const column = Math.min(columns - 1, Math.max(0, object.column ?? 0));
    const x_px = timeToPx(view, object.start_ms);
    const length_px = timeToPx(view, object.end_ms) - x_px;
    if (length_px < 2 && x_px - (last_px[column] ?? 0) < 1) continue;
    last_px[column] = x_px;
    const top_px = row.top_px + column * lane_px + Math.min(1.5, lane_px * 0.15);
    const height_px = Math.max(1, lane_px - Math.min(3, lane_px * 0.3));
    const alpha = scene.alpha?.(object) ?? 1;
    context.fillStyle = scene.colour ?? columnColour(column, columns);
    if (length_px > note_px) {
      context.globalAlpha = alpha * 0.42;
      context.fillRect(x_px, top_px + height_px * 0.15, length_px, height_px * 0.7);
    }
    context.globalAlpha = alpha;
    context.fillRect(x_px, top_px, note_px, height_px);
  }
}
