import { timestamp } from "../format/time";
import { plural } from "../format/words";
import { useApp } from "../state/app";
import { Overview } from "../timeline/Overview";
import { Timeline } from "../timeline/Timeline";
import { fitted, timeToPx, zoomed } from "../timeline/viewport";

/** The timeline with its readout and zoom buttons. */
export function TimelinePanel() {
  const { daemon, view } = useApp();
  const zoom = (factor: number) => {
    const now = view.viewport.peek();
    const cursor_px = timeToPx(now, view.cursor_ms.peek());
    const inSight = cursor_px >= 0 && cursor_px <= now.width_px;
    const anchor_px = inSight ? cursor_px : now.width_px / 2;
    view.viewport.value = zoomed(now, factor, anchor_px, view.bounds.peek());
  };
  const range = view.range.value;
  return (
    <section class="panel timeline" id="timeline" aria-label="Timeline">
      <header class="timeline-head">
        <time class="clock" data-testid="cursor">
          {timestamp(view.cursor_ms.value)}
        </time>
        <span class="faint object-count">
          {plural(daemon.map.value?.timeline.objects.length ?? 0, "object")}
        </span>
        {range !== null && (
          <span class="range-readout" data-testid="range">
            {timestamp(range.start_ms)} – {timestamp(range.end_ms)}
          </span>
        )}
        <span class="zoom push">
          <button
            type="button"
            class="icon-button"
            aria-label="Zoom out"
            title="Zoom out (wheel)"
            onClick={() => zoom(1 / 1.6)}
          >
            −
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Zoom in"
            title="Zoom in (wheel)"
            onClick={() => zoom(1.6)}
          >
            +
          </button>
          <button
            type="button"
            class="button small quiet"
            title="Show all of it (F on the timeline)"
            onClick={() => {
              const bounds = view.bounds.peek();
              view.viewport.value = fitted(view.viewport.peek(), range ?? bounds, bounds);
            }}
          >
            {range === null ? "Whole song" : "Fit range"}
          </button>
        </span>
      </header>
      <Timeline />
      <Overview />
    </section>
  );
}
