import type { Draw } from "../../canvas/surface";
import type { Finding, MapState } from "../../protocol";
import { gravity } from "../../state/findings";
import { COLOURS, SEVERITY_COLOURS } from "../../theme";
import { type TimeSpan, timeToPx, type Viewport } from "../viewport";

export interface GroundScene {
  readonly map: MapState;
  readonly bounds: TimeSpan;
  readonly findings: readonly Finding[];
}

export interface WindowScene {
  readonly bounds: TimeSpan;
  readonly view: Viewport;
  readonly range: TimeSpan | null;
  readonly cursor_ms: number;
}

const STEP_PX = 3;

/** The whole song at a glance: how dense it is, kiai, breaks, and where findings are. */
export function drawGround(scene: GroundScene): Draw {
  return (context, { width_px, height_px }) => {
    const song: Viewport = { ...scene.bounds, width_px };
    for (const kiai of scene.map.timeline.kiai) {
      fillSpan(context, song, kiai, "rgba(255, 174, 66, 0.25)", height_px);
    }
    for (const pause of scene.map.timeline.breaks) {
      fillSpan(context, song, pause, "rgba(111, 118, 144, 0.25)", height_px);
    }
    drawDensity(context, scene, song, height_px);
    drawFindingTicks(context, scene, song, height_px);
  };
}

/** What part of the song is in sight, the range and the playhead. */
export function drawWindow(scene: WindowScene): Draw {
  return (context, { width_px, height_px }) => {
    const song: Viewport = { ...scene.bounds, width_px };
    if (scene.range !== null) fillSpan(context, song, scene.range, COLOURS.range, 4);
    context.fillStyle = COLOURS.cursor;
    context.fillRect(Math.round(timeToPx(song, scene.cursor_ms)), 0, 1, height_px);
    drawFrame(context, scene.view, song, height_px);
  };
}

function fillSpan(
  context: CanvasRenderingContext2D,
  song: Viewport,
  span: TimeSpan,
  colour: string,
  tall_px: number,
): void {
  const x_px = timeToPx(song, span.start_ms);
  context.fillStyle = colour;
  context.fillRect(x_px, 0, Math.max(1.5, timeToPx(song, span.end_ms) - x_px), tall_px);
}

/** Counts objects per bucket of the song; pure, so that it can be tested without a canvas. */
export function density(
  starts_ms: Iterable<number>,
  bounds: TimeSpan,
  buckets: number,
): Float32Array {
  const counts = new Float32Array(Math.max(1, buckets));
  const per_ms = counts.length / Math.max(1, bounds.end_ms - bounds.start_ms);
  for (const start_ms of starts_ms) {
    const bucket = Math.floor((start_ms - bounds.start_ms) * per_ms);
    if (bucket >= 0 && bucket < counts.length) counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

function drawDensity(
  context: CanvasRenderingContext2D,
  { map, bounds }: GroundScene,
  song: Viewport,
  height_px: number,
): void {
  const starts = map.timeline.objects.map(({ start_ms }) => start_ms);
  const counts = density(starts, bounds, Math.floor(song.width_px / STEP_PX));
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  context.fillStyle = "rgba(143, 150, 190, 0.55)";
  counts.forEach((count, bucket) => {
    if (count === 0) return;
    const tall_px = 2 + (height_px - 10) * Math.sqrt(count / most);
    context.fillRect(bucket * STEP_PX, height_px - tall_px, STEP_PX - 1, tall_px);
  });
}

function drawFindingTicks(
  context: CanvasRenderingContext2D,
  { findings }: GroundScene,
  song: Viewport,
  height_px: number,
): void {
  // The gravest are drawn last, so that nothing hides them.
  for (const finding of [...findings].sort((a, b) => gravity(b.severity) - gravity(a.severity))) {
    context.fillStyle = SEVERITY_COLOURS[finding.severity];
    context.fillRect(timeToPx(song, finding.start_ms) - 1, height_px - 9, 3, 9);
  }
}

function drawFrame(
  context: CanvasRenderingContext2D,
  view: Viewport,
  song: Viewport,
  height_px: number,
): void {
  const left_px = timeToPx(song, view.start_ms);
  const right_px = timeToPx(song, view.end_ms);
  context.fillStyle = "rgba(10, 11, 17, 0.5)";
  context.fillRect(0, 0, left_px, height_px);
  context.fillRect(right_px, 0, song.width_px - right_px, height_px);
  context.strokeStyle = "rgba(233, 235, 245, 0.65)";
  context.lineWidth = 1;
  const wide_px = Math.max(4, right_px - left_px);
  context.strokeRect(left_px + 0.5, 0.5, wide_px - 1, height_px - 1);
}
