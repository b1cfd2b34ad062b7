import { FONT, hairline, SMALL_FONT } from "../../canvas/shapes";
import type { Draw } from "../../canvas/surface";
import { axisTime } from "../../format/time";
import type { MapState, TimingLine } from "../../protocol";
import { beatColour, COLOURS } from "../../theme";
import { gridLines, labelStep, type RedLine } from "../beats";
import type { Rows } from "../layout";
import { overlaps, pxPerMs, timeToPx, type Viewport } from "../viewport";

export interface GridScene {
  readonly map: MapState;
  readonly redLines: readonly RedLine[];
  readonly view: Viewport;
  readonly rows: Rows;
}

/** The ground everything stands on: ruler, kiai, breaks, beat grid, red and green lines. */
export function drawGrid(scene: GridScene): Draw {
  return (context, { width_px }) => {
    drawLanes(context, scene.rows, width_px);
    drawSpans(context, scene);
    drawBeats(context, scene);
    drawRuler(context, scene);
    drawTiming(context, scene);
    drawPoints(context, scene);
  };
}

function drawLanes(context: CanvasRenderingContext2D, rows: Rows, width_px: number): void {
  context.fillStyle = COLOURS.lane;
  for (const row of [rows.objects, rows.ghosts]) {
    context.fillRect(0, row.top_px, width_px, row.height_px);
  }
  context.strokeStyle = COLOURS.laneEdge;
  context.lineWidth = 1;
  context.beginPath();
  for (const row of [rows.timing, rows.objects, rows.ghosts, rows.findings]) {
    context.moveTo(0, row.top_px + 0.5);
    context.lineTo(width_px, row.top_px + 0.5);
  }
  context.stroke();
}

function drawSpans(context: CanvasRenderingContext2D, { map, view, rows }: GridScene): void {
  const bottom_px = rows.findings.top_px;
  const fill = (
    start_ms: number,
    end_ms: number,
    colour: string,
    top_px: number,
    down_px: number,
  ) => {
    const x_px = timeToPx(view, start_ms);
    context.fillStyle = colour;
    context.fillRect(x_px, top_px, Math.max(1, timeToPx(view, end_ms) - x_px), down_px - top_px);
  };
  for (const kiai of map.timeline.kiai) {
    if (!overlaps(view, kiai)) continue;
    fill(kiai.start_ms, kiai.end_ms, "rgba(255, 174, 66, 0.09)", rows.objects.top_px, bottom_px);
    fill(kiai.start_ms, kiai.end_ms, COLOURS.kiai, rows.objects.top_px, rows.objects.top_px + 3);
  }
  for (const pause of map.timeline.breaks) {
    if (!overlaps(view, pause)) continue;
    fill(pause.start_ms, pause.end_ms, "rgba(111, 118, 144, 0.20)", rows.objects.top_px, bottom_px);
    label(context, "break", timeToPx(view, (pause.start_ms + pause.end_ms) / 2), bottom_px - 6);
  }
  for (const span of map.changed) {
    if (overlaps(view, span)) {
      fill(span.start_ms, span.end_ms, COLOURS.changed, bottom_px - 2, bottom_px);
    }
  }
}

function label(context: CanvasRenderingContext2D, text: string, x_px: number, y_px: number): void {
  context.font = SMALL_FONT;
  context.fillStyle = COLOURS.faint;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillText(text, x_px, y_px);
}

function drawBeats(context: CanvasRenderingContext2D, { redLines, view, rows }: GridScene): void {
  const bottom_px = rows.findings.top_px;
  const byColour = new Map<string, number[]>();
  for (const line of gridLines(redLines, view, pxPerMs(view))) {
    const colour = beatColour(line.divisor);
    const times = byColour.get(colour);
    if (times === undefined) byColour.set(colour, [line.time_ms]);
    else times.push(line.time_ms);
  }
  context.lineWidth = 1;
  for (const [colour, times] of byColour) {
    context.strokeStyle = colour;
    context.beginPath();
    const inset = colour === COLOURS.bar ? 0 : rows.objects.height_px * 0.12;
    for (const time_ms of times) {
      hairline(context, timeToPx(view, time_ms), rows.objects.top_px + inset, bottom_px - inset);
    }
    context.stroke();
  }
}

function drawRuler(context: CanvasRenderingContext2D, { view, rows }: GridScene): void {
  const step_ms = labelStep(pxPerMs(view), 64);
  const base_px = rows.ruler.top_px + rows.ruler.height_px;
  context.font = FONT;
  context.fillStyle = COLOURS.faint;
  context.strokeStyle = COLOURS.laneEdge;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.beginPath();
  for (
    let time_ms = Math.floor(view.start_ms / step_ms) * step_ms;
    time_ms < view.end_ms;
    time_ms += step_ms
  ) {
    const x_px = timeToPx(view, time_ms);
    hairline(context, x_px, base_px - 7, base_px);
    if (time_ms >= 0) context.fillText(axisTime(time_ms, step_ms), x_px + 4, base_px - 9);
  }
  context.stroke();
}

function drawTiming(context: CanvasRenderingContext2D, { map, view, rows }: GridScene): void {
  const { top_px, height_px } = rows.timing;
  context.font = SMALL_FONT;
  context.textAlign = "left";
  context.textBaseline = "middle";
  let free_px = Number.NEGATIVE_INFINITY;
  let drawn_px = Number.NEGATIVE_INFINITY;
  for (const line of map.timeline.timing_points) {
    if (line.time_ms < view.start_ms || line.time_ms > view.end_ms) continue;
    const x_px = timeToPx(view, line.time_ms);
    const red = line.kind === "red";
    // A hundred green lines in one pixel are one stroke.
    if (!red && x_px - drawn_px < 1) continue;
    drawn_px = x_px;
    context.strokeStyle = red ? COLOURS.red : COLOURS.green;
    context.globalAlpha = red ? 1 : 0.75;
    context.lineWidth = red ? 2 : 1;
    context.beginPath();
    hairline(context, x_px, top_px + 2, red ? rows.findings.top_px : top_px + height_px);
    context.stroke();
    context.globalAlpha = 1;
    if (x_px < free_px) continue;
    const text = timingText(line);
    context.fillStyle = red ? COLOURS.red : COLOURS.green;
    context.fillText(text, x_px + 4, top_px + height_px / 2 + 1);
    free_px = x_px + context.measureText(text).width + 12;
  }
}

function timingText(line: TimingLine): string {
  if (line.kind === "red") return line.bpm === null ? "" : `${round(line.bpm)} BPM`;
  return line.velocity === null ? "" : `${round(line.velocity)}x`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function drawPoints(context: CanvasRenderingContext2D, { map, view, rows }: GridScene): void {
  const flag = (time_ms: number, colour: string) => {
    const x_px = timeToPx(view, time_ms);
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(x_px - 4, rows.ruler.top_px);
    context.lineTo(x_px + 4, rows.ruler.top_px);
    context.lineTo(x_px, rows.ruler.top_px + 6);
    context.fill();
  };
  for (const time_ms of map.timeline.bookmarks_ms) flag(time_ms, COLOURS.bookmark);
  if (map.timeline.preview_ms !== null) flag(map.timeline.preview_ms, COLOURS.preview);
}
