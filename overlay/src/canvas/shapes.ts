/** Traces a rectangle with round corners that never exceed its size. */
export function capsule(
  context: CanvasRenderingContext2D,
  x_px: number,
  y_px: number,
  width_px: number,
  height_px: number,
  radius_px: number,
): void {
  const radius = Math.max(0, Math.min(radius_px, width_px / 2, height_px / 2));
  context.beginPath();
  context.roundRect(x_px, y_px, width_px, height_px, radius);
}

export function disc(
  context: CanvasRenderingContext2D,
  x_px: number,
  y_px: number,
  radius_px: number,
): void {
  context.beginPath();
  context.arc(x_px, y_px, Math.max(0, radius_px), 0, Math.PI * 2);
}

/** Traces a vertical hairline that falls on whole device pixels at ratio 1. */
export function hairline(
  context: CanvasRenderingContext2D,
  x_px: number,
  top_px: number,
  bottom_px: number,
): void {
  const x = Math.round(x_px) + 0.5;
  context.moveTo(x, top_px);
  context.lineTo(x, bottom_px);
}

export const FONT = '11px "Inter", "Segoe UI", system-ui, sans-serif';
export const SMALL_FONT = '10px "Inter", "Segoe UI", system-ui, sans-serif';
