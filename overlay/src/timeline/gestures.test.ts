// @vitest-environment jsdom
import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Scope } from "../lifetime";
import { type App, createApp } from "../state/app";
import { FakeSocket } from "../testing/fake_socket";
import { finding, snapshot } from "../testing/fixtures";
import { attachPointer, type Hover, timelineKey } from "./gestures";
import { createScene, type TimelineScene } from "./scene";
import { pxToTime, timeToPx } from "./viewport";

let scope: Scope;
let app: App;
let scene: TimelineScene;
let element: HTMLElement;
let hover: Hover | null;

beforeEach(() => {
  scope = new Scope();
  const socket = new FakeSocket();
  app = createApp(scope, {
    url: "ws://127.0.0.1:1/ws",
    token: () => "secret",
    openSocket: () => socket.asWebSocket(),
  });
  socket.accept();
  socket.deliver(snapshot({ findings: [finding("f", { start_ms: 5000, end_ms: 5000 })] }));
  const size = signal({ width_px: 1000, height_px: 200, ratio: 1 });
  scene = createScene(app, size);
  app.view.viewport.value = { start_ms: 0, end_ms: 10_000, width_px: 1000 };
  element = document.createElement("div");
  // jsdom has no layout and no pointer capture.
  element.setPointerCapture = () => {};
  hover = null;
  attachPointer(scope, element, app, scene, (next) => {
    hover = next;
  });
});

afterEach(() => scope.dispose());

function pointer(type: string, x_px: number, y_px: number, more: PointerEventInit = {}): void {
  const place = { clientX: x_px, clientY: y_px, pointerId: 1, bubbles: true, ...more };
  element.dispatchEvent(new PointerEvent(type, place));
}

function drag(from_px: number, to_px: number, y_px: number, more: PointerEventInit = {}): void {
  pointer("pointerdown", from_px, y_px, more);
  pointer("pointermove", to_px, y_px, more);
  pointer("pointerup", to_px, y_px, more);
}

const BODY_PX = 80;
const FINDINGS_PX = 190;

describe("the pointer", () => {
  it("draws a range from beat to beat", () => {
    drag(110, 290, BODY_PX);
    expect(app.view.range.value).toEqual({ start_ms: 1000, end_ms: 3000 });
  });

  it("pulls a range by its handles", () => {
    app.view.setRange(1000, 3000);
    drag(300, 452, BODY_PX);
    expect(app.view.range.value).toEqual({ start_ms: 1000, end_ms: 4500 });
  });

  it("sets the playhead with a click, and keeps the range", () => {
    app.view.setRange(1000, 3000);
    drag(700, 701, BODY_PX);
    expect(app.view.cursor_ms.value).toBe(7000);
    expect(app.view.range.value).not.toBeNull();
  });

  it("selects the finding under a click, and tells what it hovers over", () => {
    pointer("pointermove", 503, FINDINGS_PX);
    expect(hover?.ids).toEqual(["f"]);
    drag(503, 503, FINDINGS_PX);
    expect(app.view.selectedFinding.value).toBe("f");
  });

  it("pans with the middle button", () => {
    app.view.viewport.value = { start_ms: 2000, end_ms: 4000, width_px: 1000 };
    drag(500, 400, BODY_PX, { button: 1 });
    expect(app.view.viewport.value.start_ms).toBeCloseTo(2200);
    expect(app.view.range.value).toBeNull();
  });

  it("zooms around itself with the wheel", () => {
    const before_ms = pxToTime(scene.view.value, 600);
    const wheel = { clientX: 600, clientY: BODY_PX, deltaY: -200, cancelable: true };
    element.dispatchEvent(new WheelEvent("wheel", wheel));
    expect(scene.view.value.end_ms - scene.view.value.start_ms).toBeLessThan(10_000);
    expect(timeToPx(scene.view.value, before_ms)).toBeCloseTo(600);
  });
});

describe("the keyboard", () => {
  const press = (key: string, more: KeyboardEventInit = {}) =>
    timelineKey(new KeyboardEvent("keydown", { key, ...more }), app, scene);

  it("steps by quarter beats, by beats with Shift", () => {
    app.view.moveCursor(1000);
    press("ArrowRight");
    expect(app.view.cursor_ms.value).toBe(1125);
    press("ArrowRight", { shiftKey: true });
    expect(app.view.cursor_ms.value).toBe(1500);
    press("ArrowLeft", { shiftKey: true });
    expect(app.view.cursor_ms.value).toBe(1000);
  });

  it("marks a range and clears it", () => {
    app.view.moveCursor(1000);
    press("[");
    app.view.moveCursor(2000);
    press("]");
    expect(app.view.range.value).toEqual({ start_ms: 1000, end_ms: 2000 });
    press("Escape");
    expect(app.view.range.value).toBeNull();
  });

  it("zooms around the playhead and leaves other keys alone", () => {
    app.view.moveCursor(5000);
    expect(press("+")).toBe(true);
    expect(timeToPx(scene.view.value, 5000)).toBeCloseTo(500);
    expect(press("q")).toBe(false);
    expect(press("f", { ctrlKey: true })).toBe(false);
  });
});
