import { disc } from "../../canvas/shapes";
import type { Draw } from "../../canvas/surface";
import type { Finding } from "../../protocol";
import { SEVERITY_COLOURS } from "../../theme";
import { middle, type Rows } from "../layout";
import type { Mark } from "../marks";
import { timeToPx, type Viewport } from "../viewport";
import { radiusOf } from "./objects";

export interface FindingsScene {
  readonly marks: readonly Mark[];
  readonly selected: Finding | null;
  readonly hovered: Finding | null;
  readonly view: Viewport;
  readonly rows: Rows;
}

/** The findings' marks: shape and colour both say how grave. */
export function drawFindings(scene: FindingsScene): Draw {
  return (context) => {
    const y_px = middle(scene.rows.findings);
    for (const { finding } of scene.marks) drawExtent(context, scene, finding, y_px);
    for (const { x_px, finding, all } of scene.marks) {
      drawMark(context, finding.severity, x_px, y_px, all.length > 1 ? 5.5 : 4.5);
    }
    if (scene.hovered !== null) drawFocus(context, scene, scene.hovered, 0.55);
    if (scene.selected !== null) drawFocus(context, scene, scene.selected, 1);
  };
}

function drawExtent(
  context: CanvasRenderingContext2D,
  { view }: FindingsScene,
  finding: Finding,
  y_px: number,
): void {
  const start_px = timeToPx(view, finding.start_ms);
  const length_px = timeToPx(view, finding.end_ms) - start_px;
  if (length_px < 6) return;
  context.globalAlpha = 0.35;
  context.fillStyle = SEVERITY_COLOURS[finding.severity];
  context.fillRect(start_px, y_px - 1.5, length_px, 3);
  context.globalAlpha = 1;
}

function drawMark(
  context: CanvasRenderingContext2D,
  severity: Finding["severity"],
  x_px: number,
  y_px: number,
  size_px: number,
): void {
  context.fillStyle = SEVERITY_COLOURS[severity];
  if (severity === "minor") disc(context, x_px, y_px, size_px * 0.8);
  else {
    context.beginPath();
    const corners = CORNERS[severity];
    for (const [dx, dy] of corners) context.lineTo(x_px + dx * size_px, y_px + dy * size_px);
    context.closePath();
  }
  context.fill();
}

type Corners = readonly (readonly [number, number])[];

/** Problems point up, warnings are diamonds, suggestions point down. */
const CORNERS: Readonly<Record<"problem" | "warning" | "suggestion", Corners>> = {
  problem: [
    [0, -1.25],
    [1.2, 1],
    [-1.2, 1],
  ],
  warning: [
    [0, -1.25],
    [1.15, 0],
    [0, 1.25],
    [-1.15, 0],
  ],
  suggestion: [
    [-1.1, -0.9],
    [1.1, -0.9],
    [0, 1.1],
  ],
};

function drawFocus(
  context: CanvasRenderingContext2D,
  { view, rows }: FindingsScene,
  finding: Finding,
  alpha: number,
): void {
  const colour = SEVERITY_COLOURS[finding.severity];
  context.globalAlpha = alpha;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  const x_px = timeToPx(view, finding.start_ms);
  context.beginPath();
  context.moveTo(x_px, rows.objects.top_px);
  context.lineTo(x_px, rows.findings.top_px + 6);
  context.stroke();
  context.lineWidth = 2;
  const radius = Math.max(8, radiusOf({ view, row: rows.objects }) + 4);
  for (const time_ms of finding.objects_ms) {
    disc(context, timeToPx(view, time_ms), middle(rows.objects), radius);
    context.stroke();
  }
  disc(context, x_px, middle(rows.findings), 9);
  context.stroke();
  context.globalAlpha = 1;
}
