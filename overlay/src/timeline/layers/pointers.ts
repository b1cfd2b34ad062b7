import { capsule, FONT } from "../../canvas/shapes";
import type { Draw } from "../../canvas/surface";
import { COLOURS } from "../../theme";
import type { Rows } from "../layout";
import { type TimeSpan, timeToPx, type Viewport } from "../viewport";

export interface PointersScene {
  readonly range: TimeSpan | null;
  /** What the range is worth in words, e.g. its length in beats. */
  readonly rangeLabel: string;
  readonly suggestion: TimeSpan | null;
  readonly cursor_ms: number;
  readonly view: Viewport;
  readonly rows: Rows;
}

/** What lies above everything: the range with its handles, the suggestion's frame, the playhead. */
export function drawPointers(scene: PointersScene): Draw {
  return (context, { height_px }) => {
    if (scene.suggestion !== null) drawSuggestion(context, scene, scene.suggestion);
    if (scene.range !== null) drawRange(context, scene, scene.range);
    drawCursor(context, scene, height_px);
  };
}

function drawSuggestion(
  context: CanvasRenderingContext2D,
  { view, rows }: PointersScene,
  span: TimeSpan,
): void {
  const x_px = timeToPx(view, span.start_ms);
  const width_px = timeToPx(view, span.end_ms) - x_px;
  const top_px = rows.ghosts.top_px + 1;
  context.fillStyle = "rgba(79, 227, 193, 0.07)";
  context.fillRect(x_px, top_px, width_px, rows.ghosts.height_px - 2);
  context.strokeStyle = COLOURS.ghost;
  context.lineWidth = 1;
  context.setLineDash([4, 3]);
  context.strokeRect(x_px, top_px + 0.5, width_px, rows.ghosts.height_px - 3);
  context.setLineDash([]);
}

function drawRange(
  context: CanvasRenderingContext2D,
  { view, rows, rangeLabel }: PointersScene,
  range: TimeSpan,
): void {
  const start_px = timeToPx(view, range.start_ms);
  const end_px = timeToPx(view, range.end_ms);
  const top_px = rows.ruler.top_px;
  const bottom_px = rows.findings.top_px;
  context.fillStyle = "rgba(255, 122, 184, 0.13)";
  context.fillRect(
    start_px,
    rows.objects.top_px,
    end_px - start_px,
    bottom_px - rows.objects.top_px,
  );
  context.fillStyle = COLOURS.range;
  context.fillRect(start_px, top_px, end_px - start_px, rows.ruler.height_px - 2);
  drawLabel(context, rangeLabel, start_px, end_px, view.width_px, top_px + 9);
  for (const x_px of [start_px, end_px]) {
    context.fillStyle = COLOURS.range;
    context.fillRect(x_px - 1, top_px, 2, bottom_px - top_px);
    capsule(context, x_px - 4, rows.objects.top_px + rows.objects.height_px / 2 - 13, 8, 26, 4);
    context.fill();
    context.fillStyle = "rgba(15, 17, 24, 0.75)";
    context.fillRect(x_px - 1, rows.objects.top_px + rows.objects.height_px / 2 - 6, 2, 12);
  }
}

function drawLabel(
  context: CanvasRenderingContext2D,
  text: string,
  start_px: number,
  end_px: number,
  width_px: number,
  y_px: number,
): void {
  const from_px = Math.max(0, start_px);
  const to_px = Math.min(width_px, end_px);
  context.font = FONT;
  if (context.measureText(text).width + 12 > to_px - from_px) return;
  context.fillStyle = "#1b0a14";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, (from_px + to_px) / 2, y_px);
}

function drawCursor(
  context: CanvasRenderingContext2D,
  { view, rows, cursor_ms }: PointersScene,
  height_px: number,
): void {
  const x_px = timeToPx(view, cursor_ms);
  if (x_px < -6 || x_px > view.width_px + 6) return;
  context.fillStyle = COLOURS.cursor;
  context.fillRect(Math.round(x_px), rows.ruler.height_px - 2, 1, height_px - rows.ruler.height_px);
  context.beginPath();
  context.moveTo(x_px - 5, rows.ruler.height_px - 8);
  context.lineTo(x_px + 6, rows.ruler.height_px - 8);
  context.lineTo(x_px + 0.5, rows.ruler.height_px);
  context.fill();
}
