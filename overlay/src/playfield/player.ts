import { effect } from "@preact/signals";
import type { Scope } from "../lifetime";
import type { ViewState } from "../state/view";
import type { TimeSpan } from "../timeline/viewport";

/**
 * Moves the playhead in real time while `view.playing` is on, round and round through what `loop`
 * names; without a loop it stops at the end of the song.
 */
export function attachPlayer(scope: Scope, view: ViewState, loop: () => TimeSpan | null): void {
  let frame: number | null = null;
  let last_ms: number | null = null;
  let exact_ms = 0;
  const tick = (now_ms: number) => {
    const passed_ms = last_ms === null ? 0 : Math.min(100, now_ms - last_ms);
    last_ms = now_ms;
    // Somebody else moved the playhead: go on from there.
    if (Math.round(exact_ms) !== view.cursor_ms.peek()) exact_ms = view.cursor_ms.peek();
    const next = advanced(exact_ms, passed_ms, loop(), view.bounds.peek().end_ms);
    exact_ms = next.time_ms;
    view.moveCursor(exact_ms);
    if (next.ended) view.playing.value = false;
    else frame = requestAnimationFrame(tick);
  };
  const stop = () => {
    if (frame !== null) cancelAnimationFrame(frame);
    frame = null;
    last_ms = null;
  };
  const follow = effect(() => {
    stop();
    if (!view.playing.value) return;
    exact_ms = view.cursor_ms.peek();
    frame = requestAnimationFrame(tick);
  });
  scope.add(follow);
  scope.add(stop);
}

/** Where the playhead is after some time, and whether it has come to the end. */
export function advanced(
  time_ms: number,
  passed_ms: number,
  loop: TimeSpan | null,
  last_ms: number,
): { time_ms: number; ended: boolean } {
  const next_ms = time_ms + passed_ms;
  if (loop === null) {
    return next_ms >= last_ms
      ? { time_ms: last_ms, ended: true }
      : { time_ms: next_ms, ended: false };
  }
  const outside = next_ms >= loop.end_ms || next_ms < loop.start_ms;
  return { time_ms: outside ? loop.start_ms : next_ms, ended: false };
}
