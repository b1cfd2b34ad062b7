import { computed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { mountLayer, watchSize } from "../canvas/surface";
import { Scope } from "../lifetime";
import { type App, useApp } from "../state/app";
import { drawGround, drawWindow } from "./layers/overview";
import { centred, panned, pxToTime, type Viewport } from "./viewport";

/** The whole song as a strip that is the timeline's scroll bar. */
export function Overview() {
  const app = useApp();
  const strip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = strip.current;
    if (element === null) return;
    const scope = new Scope();
    const size = watchSize(scope, element);
    const [ground, front] = element.querySelectorAll("canvas");
    const { daemon, derived, view } = app;
    if (ground && front) {
      mountLayer(scope, ground, size, () => {
        const map = daemon.map.value;
        const findings = derived.findingList.value;
        return map === null ? () => {} : drawGround({ map, bounds: view.bounds.value, findings });
      });
      mountLayer(scope, front, size, () =>
        drawWindow({
          bounds: view.bounds.value,
          view: view.viewport.value,
          range: view.range.value,
          cursor_ms: view.cursor_ms.value,
        }),
      );
    }
    attachScroll(scope, element, app);
    return () => scope.dispose();
  }, [app]);
  const position = computed(() => {
    const { start_ms, end_ms } = app.view.viewport.value;
    const bounds = app.view.bounds.value;
    const room_ms = bounds.end_ms - bounds.start_ms - (end_ms - start_ms);
    return room_ms <= 0 ? 0 : Math.round(((start_ms - bounds.start_ms) / room_ms) * 100);
  });
  return (
    <div
      ref={strip}
      class="overview"
      role="scrollbar"
      aria-label="Song overview"
      aria-orientation="horizontal"
      aria-controls="timeline"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={position.value}
      tabIndex={0}
    >
      <canvas />
      <canvas />
    </div>
  );
}

/** Pressing jumps there, dragging scrolls, arrow keys and the wheel scroll too. */
function attachScroll(scope: Scope, element: HTMLElement, { view }: App): void {
  let held = false;
  const timeAt = (event: MouseEvent): number => {
    const box = element.getBoundingClientRect();
    const song: Viewport = { ...view.bounds.peek(), width_px: Math.max(1, box.width) };
    return pxToTime(song, event.clientX - box.left);
  };
  const showAt = (time_ms: number) => {
    view.viewport.value = centred(view.viewport.peek(), time_ms, view.bounds.peek());
  };
  const scroll = (share: number) => {
    const now = view.viewport.peek();
    const by_ms = (now.end_ms - now.start_ms) * share;
    view.viewport.value = panned(now, by_ms, view.bounds.peek());
  };
  scope.listen(element, "pointerdown", (event) => {
    if (event.button !== 0) return;
    held = true;
    element.setPointerCapture(event.pointerId);
    showAt(timeAt(event));
  });
  scope.listen(element, "pointermove", (event) => {
    if (held) showAt(timeAt(event));
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    scope.listen(element, end, () => {
      held = false;
    });
  }
  scope.listen(
    element,
    "wheel",
    (event) => {
      event.preventDefault();
      scroll(Math.sign(event.deltaY || event.deltaX) * 0.2);
    },
    { passive: false },
  );
  scope.listen(element, "keydown", (event) => {
    if (event.key === "ArrowLeft") scroll(-0.2);
    else if (event.key === "ArrowRight") scroll(0.2);
    else return;
    event.preventDefault();
  });
}
