import { disc } from "../canvas/shapes";
import type { Draw } from "../canvas/surface";
import type { TimelineObject } from "../protocol";
import { COLOURS, comboColour } from "../theme";
import type { SpanIndex } from "../timeline/visible";
import {
  ballFraction,
  FIELD_HEIGHT,
  FIELD_WIDTH,
  type Fit,
  fitField,
  objectRadius,
  pointAlong,
  preemptMs,
} from "./geometry";

export interface FieldScene {
  readonly index: SpanIndex<TimelineObject>;
  readonly combos: readonly number[];
  readonly time_ms: number;
  readonly circleSize: number;
  readonly approachRate: number;
  /** Objects for which this holds wear the suggestion's rim. */
  readonly suggested: (object: TimelineObject) => boolean;
}

/** How long an object lingers after its end. */
const FADE_MS = 220;

/** An osu! playfield at one moment: bodies, circles, numbers, approach circles, slider balls. */
export function drawStandard(scene: FieldScene): Draw {
  const radius = objectRadius(scene.circleSize);
  const preempt_ms = preemptMs(scene.approachRate);
  return (context, { width_px, height_px }) => {
    const fit = fitField(width_px, height_px, radius * 0.75);
    drawBounds(context, fit);
    const span = { start_ms: scene.time_ms - FADE_MS, end_ms: scene.time_ms + preempt_ms };
    const shown = [...scene.index.touching(span)].reverse();
    context.save();
    context.translate(fit.left_px, fit.top_px);
    context.scale(fit.scale, fit.scale);
    for (const [object, index] of shown) {
      context.globalAlpha = opacity(object, scene.time_ms, preempt_ms);
      const colour = comboColour(scene.combos[index] ?? 0);
      const rim = scene.suggested(object) ? COLOURS.ghost : "rgba(255, 255, 255, 0.95)";
      if (object.kind === "spinner") drawSpinner(context, object, scene.time_ms, colour);
      else drawHit(context, object, scene.time_ms, radius, preempt_ms, colour, rim);
    }
    context.restore();
    context.globalAlpha = 1;
  };
}

function drawBounds(context: CanvasRenderingContext2D, fit: Fit): void {
  context.strokeStyle = "rgba(139, 145, 168, 0.28)";
  context.lineWidth = 1;
  const { left_px, top_px, scale } = fit;
  context.strokeRect(left_px, top_px, FIELD_WIDTH * scale, FIELD_HEIGHT * scale);
  context.strokeStyle = "rgba(139, 145, 168, 0.08)";
  context.beginPath();
  for (let x = 64; x < FIELD_WIDTH; x += 64) {
    context.moveTo(left_px + x * scale, top_px);
    context.lineTo(left_px + x * scale, top_px + FIELD_HEIGHT * scale);
  }
  for (let y = 64; y < FIELD_HEIGHT; y += 64) {
    context.moveTo(left_px, top_px + y * scale);
    context.lineTo(left_px + FIELD_WIDTH * scale, top_px + y * scale);
  }
  context.stroke();
}

function opacity(object: TimelineObject, time_ms: number, preempt_ms: number): number {
  if (time_ms > object.end_ms) return Math.max(0, 1 - (time_ms - object.end_ms) / FADE_MS);
  const shown = (time_ms - (object.start_ms - preempt_ms)) / (preempt_ms * 0.66);
  return Math.min(1, Math.max(0.05, shown));
}

function drawHit(
  context: CanvasRenderingContext2D,
  object: TimelineObject,
  time_ms: number,
  radius: number,
  preempt_ms: number,
  colour: string,
  rim: string,
): void {
  if (object.kind === "slider") drawBody(context, object, radius, colour, rim);
  const alpha = context.globalAlpha;
  disc(context, object.x, object.y, radius * 0.92);
  context.fillStyle = colour;
  context.globalAlpha = alpha * 0.82;
  context.fill();
  context.globalAlpha = alpha;
  context.lineWidth = radius * 0.13;
  context.strokeStyle = rim;
  context.stroke();
  context.fillStyle = "#ffffff";
  context.font = `700 ${radius * 0.85}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(String(object.combo_number), object.x, object.y + radius * 0.05);
  if (time_ms < object.start_ms) {
    const left = (object.start_ms - time_ms) / preempt_ms;
    disc(context, object.x, object.y, radius * (1 + 3 * left));
    context.lineWidth = radius * 0.09;
    context.strokeStyle = colour;
    context.stroke();
  } else if (object.kind === "slider" && time_ms <= object.end_ms) {
    drawBall(context, object, time_ms, radius);
  }
}

function drawBody(
  context: CanvasRenderingContext2D,
  object: TimelineObject,
  radius: number,
  colour: string,
  rim: string,
): void {
  const [first, ...rest] = object.path;
  if (first === undefined) return;
  context.beginPath();
  context.moveTo(first[0], first[1]);
  for (const [x, y] of rest) context.lineTo(x, y);
  context.lineCap = "round";
  context.lineJoin = "round";
  const alpha = context.globalAlpha;
  context.strokeStyle = rim;
  context.lineWidth = radius * 1.96;
  context.globalAlpha = alpha * 0.75;
  context.stroke();
  context.globalAlpha = alpha;
  context.strokeStyle = "#161a28";
  context.lineWidth = radius * 1.72;
  context.stroke();
  context.strokeStyle = colour;
  context.globalAlpha = alpha * 0.22;
  context.stroke();
  context.globalAlpha = alpha;
  if (object.slides > 1) drawReverse(context, object, radius);
}

/** A chevron at the far end says that the slider comes back. */
function drawReverse(
  context: CanvasRenderingContext2D,
  object: TimelineObject,
  radius: number,
): void {
  const end = object.path.at(-1);
  const before = pointAlong(object.path, 0.96);
  if (end === undefined || before === null) return;
  const angle = Math.atan2(before[1] - end[1], before[0] - end[0]);
  const reach = radius * 0.4;
  context.beginPath();
  for (const turn of [2.3, 0, -2.3]) {
    context.lineTo(
      end[0] + Math.cos(angle + turn) * reach,
      end[1] + Math.sin(angle + turn) * reach,
    );
  }
  context.lineWidth = radius * 0.16;
  context.strokeStyle = "#ffffff";
  context.stroke();
}

function drawBall(
  context: CanvasRenderingContext2D,
  object: TimelineObject,
  time_ms: number,
  radius: number,
): void {
  const fraction = ballFraction(object.start_ms, object.end_ms, object.slides, time_ms);
  const at = pointAlong(object.path, fraction);
  if (at === null) return;
  disc(context, at[0], at[1], radius * 0.72);
  context.fillStyle = "rgba(255, 255, 255, 0.9)";
  context.fill();
  disc(context, at[0], at[1], radius * 1.5);
  context.strokeStyle = "rgba(255, 200, 97, 0.8)";
  context.lineWidth = 3;
  context.stroke();
}

function drawSpinner(
  context: CanvasRenderingContext2D,
  object: TimelineObject,
  time_ms: number,
  colour: string,
): void {
  const length_ms = Math.max(1, object.end_ms - object.start_ms);
  const left = Math.min(1, Math.max(0, (object.end_ms - time_ms) / length_ms));
  const x = FIELD_WIDTH / 2;
  const y = FIELD_HEIGHT / 2;
  context.lineWidth = 5;
  context.strokeStyle = colour;
  disc(context, x, y, 20 + 140 * left);
  context.stroke();
  disc(context, x, y, 8);
  context.fillStyle = "#ffffff";
  context.fill();
}
