import { capsule, disc } from "../canvas/shapes";
import type { Draw, Size } from "../canvas/surface";
import type { MapState, TimelineObject } from "../protocol";
import { COLOURS, columnColour, comboColour } from "../theme";
import { FIELD_WIDTH } from "./geometry";
import type { FieldScene } from "./standard";

/** How much song time is in sight ahead of the judgement line. */
const AHEAD_MS = 1100;
const BEHIND_MS = 150;

/** Keeps objects within a mode's playfield as they move towards their line. */
interface Lane {
  readonly left_px: number;
  readonly width_px: number;
  readonly line_px: number;
  readonly px_per_ms: number;
}

type Mode = Exclude<MapState["mode"], "osu">;

/** The scrolling modes at one moment: columns, falling fruit, or drums from the right. */
export function drawScrolling(mode: Mode, columns: number, scene: FieldScene): Draw {
  return (context, size) => {
    if (mode === "mania") drawColumns(context, size, columns, scene);
    else if (mode === "catch") drawFruit(context, size, scene);
    else drawDrums(context, size, scene);
    context.globalAlpha = 1;
  };
}

function inSight(scene: FieldScene): Iterable<[TimelineObject, number]> {
  return scene.index.touching({
    start_ms: scene.time_ms - BEHIND_MS,
    end_ms: scene.time_ms + AHEAD_MS,
  });
}

function falling(size: Size, width_px: number): Lane {
  const line_px = size.height_px - 26;
  return {
    left_px: (size.width_px - width_px) / 2,
    width_px,
    line_px,
    px_per_ms: line_px / AHEAD_MS,
  };
}

function drawColumns(
  context: CanvasRenderingContext2D,
  size: Size,
  columns: number,
  scene: FieldScene,
): void {
  const lane = falling(size, Math.min(size.width_px - 16, columns * 46));
  const column_px = lane.width_px / columns;
  context.fillStyle = "#11141f";
  context.fillRect(lane.left_px, 0, lane.width_px, size.height_px);
  context.strokeStyle = COLOURS.laneEdge;
  context.lineWidth = 1;
  context.beginPath();
  for (let column = 0; column <= columns; column += 1) {
    const x_px = Math.round(lane.left_px + column * column_px) + 0.5;
    context.moveTo(x_px, 0);
    context.lineTo(x_px, size.height_px);
  }
  context.stroke();
  for (const [object] of inSight(scene)) {
    const column = Math.min(columns - 1, Math.max(0, object.column ?? 0));
    const x_px = lane.left_px + column * column_px + 2;
    const y_px = lane.line_px - (object.start_ms - scene.time_ms) * lane.px_per_ms;
    const end_px = lane.line_px - (object.end_ms - scene.time_ms) * lane.px_per_ms;
    context.fillStyle = columnColour(column, columns);
    if (object.end_ms > object.start_ms) {
      context.globalAlpha = 0.4;
      context.fillRect(x_px + column_px * 0.15, end_px, column_px * 0.7 - 4, y_px - end_px);
      context.globalAlpha = 1;
    }
    capsule(context, x_px, y_px - 11, column_px - 4, 11, 3);
    context.fill();
    if (scene.suggested(object)) {
      context.strokeStyle = COLOURS.ghost;
      context.lineWidth = 2;
      context.stroke();
    }
  }
  line(context, lane.left_px, lane.line_px, lane.width_px);
}

function drawFruit(context: CanvasRenderingContext2D, size: Size, scene: FieldScene): void {
  const lane = falling(size, Math.min(size.width_px - 24, FIELD_WIDTH));
  for (const [object, index] of inSight(scene)) {
    const x_px = lane.left_px + (object.x / FIELD_WIDTH) * lane.width_px;
    const y_px = lane.line_px - (object.start_ms - scene.time_ms) * lane.px_per_ms;
    context.strokeStyle = context.fillStyle = comboColour(scene.combos[index] ?? 0);
    if (object.kind === "slider") drawJuice(context, object, lane, scene.time_ms);
    disc(context, x_px, y_px, 11);
    context.fill();
    rim(context, scene.suggested(object));
  }
  line(context, lane.left_px, lane.line_px, lane.width_px);
}

function drawJuice(
  context: CanvasRenderingContext2D,
  object: TimelineObject,
  lane: Lane,
  time_ms: number,
): void {
  const slides = Math.max(1, object.slides);
  const slide_ms = (object.end_ms - object.start_ms) / slides;
  context.lineWidth = 3;
  context.globalAlpha = 0.5;
  context.beginPath();
  for (let slide = 0; slide < slides; slide += 1) {
    const path = slide % 2 === 0 ? object.path : [...object.path].reverse();
    path.forEach(([x], index) => {
      const at_ms = object.start_ms + slide_ms * (slide + index / Math.max(1, path.length - 1));
      const y_px = lane.line_px - (at_ms - time_ms) * lane.px_per_ms;
      context.lineTo(lane.left_px + (x / FIELD_WIDTH) * lane.width_px, y_px);
    });
  }
  context.stroke();
  context.globalAlpha = 1;
}

function drawDrums(context: CanvasRenderingContext2D, size: Size, scene: FieldScene): void {
  const line_px = 56;
  const y_px = size.height_px / 2;
  const px_per_ms = (size.width_px - line_px) / AHEAD_MS;
  context.fillStyle = "#11141f";
  context.fillRect(0, y_px - 40, size.width_px, 80);
  const shown = [...inSight(scene)].reverse();
  for (const [object, index] of shown) {
    const x_px = line_px + (object.start_ms - scene.time_ms) * px_per_ms;
    const end_px = line_px + (object.end_ms - scene.time_ms) * px_per_ms;
    context.fillStyle = comboColour(scene.combos[index] ?? 0);
    if (end_px > x_px) {
      context.globalAlpha = 0.4;
      capsule(context, x_px - 16, y_px - 16, end_px - x_px + 32, 32, 16);
      context.fill();
      context.globalAlpha = 1;
    }
    disc(context, x_px, y_px, 20);
    context.fill();
    rim(context, scene.suggested(object));
  }
  disc(context, line_px, y_px, 25);
  context.strokeStyle = "rgba(255, 255, 255, 0.6)";
  context.lineWidth = 2;
  context.stroke();
}

function rim(context: CanvasRenderingContext2D, suggested: boolean): void {
  context.strokeStyle = suggested ? COLOURS.ghost : "rgba(255, 255, 255, 0.85)";
  context.lineWidth = 2;
  context.stroke();
}

function line(
  context: CanvasRenderingContext2D,
  left_px: number,
  y_px: number,
  width_px: number,
): void {
  context.fillStyle = "rgba(255, 255, 255, 0.75)";
  context.fillRect(left_px, y_px, width_px, 2);
}
