import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Scope } from "../lifetime";

/** How large a canvas is on screen, and how many device pixels one of its pixels has. */
export interface Size {
  readonly width_px: number;
  readonly height_px: number;
  readonly ratio: number;
}

/** Draws one concern. The context is cleared and scaled to CSS pixels beforehand. */
export type Draw = (context: CanvasRenderingContext2D, size: Size) => void;

/** Follows the size of an element and the screen's pixel ratio. */
export function watchSize(scope: Scope, element: HTMLElement): ReadonlySignal<Size> {
  const size = signal(measure(element));
  const update = () => {
    const next = measure(element);
    const old = size.peek();
    const same =
      next.width_px === old.width_px &&
      next.height_px === old.height_px &&
      next.ratio === old.ratio;
    if (!same) size.value = next;
  };
  if (typeof ResizeObserver !== "undefined") {
    const observer = new ResizeObserver(update);
    observer.observe(element);
    scope.add(() => observer.disconnect());
  }
  // Moving the page to another screen changes the ratio and fires `resize`.
  scope.listen(window, "resize", update);
  return size;
}

function measure(element: HTMLElement): Size {
  return {
    width_px: element.clientWidth,
    height_px: element.clientHeight,
    ratio: window.devicePixelRatio || 1,
  };
}

/**
 * Redraws a canvas whenever a signal that `prepare` reads changes, at most once per frame.
 * `prepare` runs at once and returns what to draw in the next frame.
 */
export function mountLayer(
  scope: Scope,
  canvas: HTMLCanvasElement,
  size: ReadonlySignal<Size>,
  prepare: () => Draw,
): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  let frame: number | null = null;
  let pending: Draw = () => {};
  const paint = () => {
    frame = null;
    const { width_px, height_px, ratio } = size.peek();
    const width = Math.round(width_px * ratio);
    const height = Math.round(height_px * ratio);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width_px, height_px);
    pending(context, size.peek());
  };
  const stop = effect(() => {
    void size.value;
    pending = prepare();
    frame ??= requestAnimationFrame(paint);
  });
  scope.add(stop);
  scope.add(() => {
    if (frame !== null) cancelAnimationFrame(frame);
  });
}
