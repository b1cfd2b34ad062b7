import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { clamp, fitted, songBounds, type TimeSpan, type Viewport } from "../timeline/viewport";
import { type FindingFilter, NO_FILTER } from "./findings";

/** Which objects the playfield and the ghost row show. */
export type Shown = "original" | "suggestion";

/** Which of the generating forms is shown. */
export type Work = "section" | "hitsounds" | "timing" | "difficulty";

/** What only this page knows: where one looks, what is selected. */
export class ViewState {
  /** The span of song time that can be shown; follows the open map. */
  readonly bounds: Signal<TimeSpan> = signal(songBounds({ start_ms: 0, end_ms: 0 }));
  readonly viewport: Signal<Viewport> = signal({ start_ms: 0, end_ms: 10_000, width_px: 800 });
  /** The moment the playfield shows. */
  readonly cursor_ms: Signal<number> = signal(0);
  /** The range to work on; null when none is drawn. */
  readonly range: Signal<TimeSpan | null> = signal(null);
  readonly selectedFinding: Signal<string | null> = signal(null);
  readonly hoveredFinding: Signal<string | null> = signal(null);
  readonly filter: Signal<FindingFilter> = signal(NO_FILTER);
  readonly shown: Signal<Shown> = signal("suggestion");
  readonly variant: Signal<number> = signal(0);
  /** Suggestions that ended by themselves and were put away here; the daemon need not know. */
  readonly discarded: Signal<ReadonlySet<string>> = signal(new Set());
  readonly playing: Signal<boolean> = signal(false);
  readonly work: Signal<Work> = signal("section");
  /** Which panel a narrow page shows. */
  readonly tab: Signal<"findings" | "generate"> = signal("findings");
  readonly px_per_ms: ReadonlySignal<number> = computed(
    () =>
      this.viewport.value.width_px / (this.viewport.value.end_ms - this.viewport.value.start_ms),
  );

  /**
   * Shows another song from its start; forgets what was selected in the one before. How findings
   * are shown stays.
   */
  openSong(content: TimeSpan): void {
    batch(() => {
      this.bounds.value = songBounds(content);
      const first = { start_ms: content.start_ms, end_ms: content.start_ms + FIRST_LOOK_MS };
      this.viewport.value = fitted(this.viewport.peek(), first, this.bounds.peek());
      this.cursor_ms.value = content.start_ms;
      this.range.value = null;
      this.selectedFinding.value = null;
      const { hidden, order } = this.filter.peek();
      this.filter.value = { ...NO_FILTER, hidden, order };
      this.playing.value = false;
    });
  }

  /** The same song has grown or shrunk: keeps the view where it is. */
  resizeSong(content: TimeSpan): void {
    batch(() => {
      this.bounds.value = songBounds(content);
      this.cursor_ms.value = this.clampTime(this.cursor_ms.peek());
    });
  }

  /** Moves the playhead, and the view with it when it would leave the screen. */
  moveCursor(time_ms: number): void {
    const view = this.viewport.peek();
    const target_ms = this.clampTime(Math.round(time_ms));
    batch(() => {
      this.cursor_ms.value = target_ms;
      if (target_ms < view.start_ms || target_ms >= view.end_ms) this.showAround(target_ms);
    });
  }

  /** Moves the view so that a moment stands a third from its left edge. */
  showAround(time_ms: number): void {
    const view = this.viewport.peek();
    const span = view.end_ms - view.start_ms;
    const bounds = this.bounds.peek();
    const start_ms = clamp(time_ms - span / 3, bounds.start_ms, bounds.end_ms - span);
    this.viewport.value = { ...view, start_ms, end_ms: start_ms + span };
  }

  /**
   * Draws the range between two moments, whichever comes first; nothing when they are one. Its ends
   * round inward: the daemon snaps outward, and half a millisecond too many would cost a beat.
   */
  setRange(one_ms: number, other_ms: number): void {
    const start_ms = Math.ceil(this.clampTime(Math.min(one_ms, other_ms)) - 1e-6);
    const end_ms = Math.floor(this.clampTime(Math.max(one_ms, other_ms)) + 1e-6);
    this.range.value = end_ms > start_ms ? { start_ms, end_ms } : null;
  }

  private clampTime(time_ms: number): number {
    const { start_ms, end_ms } = this.bounds.peek();
    return clamp(time_ms, start_ms, end_ms);
  }
}

const FIRST_LOOK_MS = 12_000;
