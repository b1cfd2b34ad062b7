import type { Scope } from "../lifetime";
import type { App } from "../state/app";
import { nearestBeat, redLineAt } from "./beats";
import { contains } from "./layout";
import { markAt } from "./marks";
import type { TimelineScene } from "./scene";
import { CLICK_PX, dragged, type Grip, gripAt } from "./selection";
import { centred, fitted, panned, pxToTime, type TimeSpan, timeToPx, zoomed } from "./viewport";

/** Something under the pointer, for the tooltip. */
export interface Hover {
  readonly x_px: number;
  readonly ids: readonly string[];
}

interface Press {
  readonly grip: Grip;
  readonly pointer: number;
  readonly x_px: number;
  readonly y_px: number;
  last_px: number;
  moved: boolean;
  readonly range: TimeSpan | null;
}

/** Turns pointer and wheel on the timeline into changes of the view. */
export function attachPointer(
  scope: Scope,
  element: HTMLElement,
  app: App,
  scene: TimelineScene,
  onHover: (hover: Hover | null) => void,
): void {
  const { view } = app;
  let press: Press | null = null;
  let spaceHeld = false;

  const point = (event: MouseEvent): [number, number] => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const panBy = (by_px: number) => {
    const now = scene.view.peek();
    const by_ms = (by_px * (now.end_ms - now.start_ms)) / now.width_px;
    view.viewport.value = panned(now, by_ms, view.bounds.peek());
  };
  const gripFor = (event: PointerEvent, x_px: number, y_px: number): Grip => {
    if (event.button === 1 || spaceHeld) return { kind: "pan" };
    return gripAt(x_px, y_px, view.range.peek(), scene.view.peek(), scene.rows.peek());
  };
  const hover = (x_px: number, y_px: number) => {
    const rows = scene.rows.peek();
    const mark = contains(rows.findings, y_px) ? markAt(scene.marks.peek(), x_px) : null;
    view.hoveredFinding.value = mark?.finding.id ?? null;
    onHover(mark === null ? null : { x_px: mark.x_px, ids: mark.all.map(({ id }) => id) });
    const grip = gripAt(x_px, y_px, view.range.peek(), scene.view.peek(), rows);
    element.style.cursor = mark !== null ? "pointer" : spaceHeld ? "grab" : CURSORS[grip.kind];
  };
  const click = ({ x_px, y_px }: Press) => {
    const mark = contains(scene.rows.peek().findings, y_px)
      ? markAt(scene.marks.peek(), x_px)
      : null;
    if (mark !== null) {
      view.selectedFinding.value = mark.finding.id;
      view.tab.value = "findings";
    }
    view.moveCursor(mark?.finding.start_ms ?? pxToTime(scene.view.peek(), x_px));
  };

  scope.listen(element, "pointerdown", (event) => {
    if (event.button > 1 || press !== null) return;
    const [x_px, y_px] = point(event);
    const grip = gripFor(event, x_px, y_px);
    const range = view.range.peek();
    press = { grip, pointer: event.pointerId, x_px, y_px, last_px: x_px, moved: false, range };
    element.setPointerCapture(event.pointerId);
    element.focus({ preventScroll: true });
    event.preventDefault();
  });
  scope.listen(element, "pointermove", (event) => {
    const [x_px, y_px] = point(event);
    if (press === null || press.pointer !== event.pointerId) {
      hover(x_px, y_px);
      return;
    }
    press.moved ||= Math.abs(x_px - press.x_px) > CLICK_PX;
    if (press.grip.kind === "pan") panBy(press.last_px - x_px);
    else if (press.moved) {
      const red = app.derived.redLines.peek();
      const now = scene.view.peek();
      const range = dragged(press.grip, press.range, press.x_px, x_px, now, red, event.altKey);
      if (range === null) view.range.value = null;
      else view.setRange(range.start_ms, range.end_ms);
    }
    press.last_px = x_px;
  });
  const release = (event: PointerEvent) => {
    if (press === null || press.pointer !== event.pointerId) return;
    if (!press.moved && event.type === "pointerup") click(press);
    press = null;
  };
  scope.listen(element, "pointerup", release);
  scope.listen(element, "pointercancel", release);
  scope.listen(element, "pointerleave", () => {
    view.hoveredFinding.value = null;
    onHover(null);
  });
  scope.listen(element, "dblclick", (event) => {
    const range = view.range.peek();
    const time_ms = pxToTime(scene.view.peek(), point(event)[0]);
    if (range !== null && time_ms >= range.start_ms && time_ms < range.end_ms) {
      view.viewport.value = fitted(scene.view.peek(), range, view.bounds.peek());
    }
  });
  scope.listen(
    element,
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        panBy(sideways * lines);
        return;
      }
      const factor = 1.0016 ** (-event.deltaY * lines);
      view.viewport.value = zoomed(scene.view.peek(), factor, point(event)[0], view.bounds.peek());
    },
    { passive: false },
  );
  scope.listen(element, "keydown", (event) => {
    if (event.code === "Space") spaceHeld = true;
  });
  scope.listen(element, "keyup", (event) => {
    if (event.code === "Space") spaceHeld = false;
  });
  scope.listen(element, "blur", () => {
    spaceHeld = false;
  });
}

const CURSORS: Readonly<Record<Grip["kind"], string>> = {
  start: "ew-resize",
  end: "ew-resize",
  move: "move",
  pan: "grab",
  draw: "crosshair",
};

/** What keys do while the timeline has the focus; true when the key meant something. */
export function timelineKey(event: KeyboardEvent, app: App, scene: TimelineScene): boolean {
  const { view, derived } = app;
  if (event.ctrlKey || event.metaKey) return false;
  const red = derived.redLines.peek();
  const now_ms = view.cursor_ms.peek();
  const step = (direction: 1 | -1) => {
    const divisor = event.shiftKey ? 1 : event.altKey ? 16 : 4;
    const beat_ms = redLineAt(red, now_ms)?.beat_length_ms ?? 250;
    view.moveCursor(nearestBeat(red, now_ms + (direction * beat_ms) / divisor, divisor));
  };
  const zoom = (factor: number) => {
    const at = scene.view.peek();
    view.viewport.value = zoomed(at, factor, timeToPx(at, now_ms), view.bounds.peek());
  };
  const range = view.range.peek();
  switch (event.key) {
    case "ArrowLeft":
      step(-1);
      return true;
    case "ArrowRight":
      step(1);
      return true;
    case "PageUp":
      view.moveCursor(now_ms - 10_000);
      return true;
    case "PageDown":
      view.moveCursor(now_ms + 10_000);
      return true;
    case "Home":
      view.moveCursor(app.daemon.map.peek()?.timeline.objects[0]?.start_ms ?? 0);
      return true;
    case "End":
      view.moveCursor(app.daemon.map.peek()?.timeline.objects.at(-1)?.end_ms ?? 0);
      return true;
    case "+":
    case "=":
      zoom(1.4);
      return true;
    case "-":
      zoom(1 / 1.4);
      return true;
    case "[":
      view.setRange(nearestBeat(red, now_ms), range?.end_ms ?? now_ms + 4000);
      return true;
    case "]":
      view.setRange(range?.start_ms ?? Math.max(0, now_ms - 4000), nearestBeat(red, now_ms));
      return true;
    case "Escape":
      view.range.value = null;
      return true;
    case "f":
      view.viewport.value =
        range === null
          ? { ...scene.view.peek(), ...view.bounds.peek() }
          : fitted(scene.view.peek(), range, view.bounds.peek());
      return true;
    case "c":
      view.viewport.value = centred(scene.view.peek(), now_ms, view.bounds.peek());
      return true;
    case " ":
      // Space is held to pan; it must not scroll the page.
      return true;
    default:
      return false;
  }
}
