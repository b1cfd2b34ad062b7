// @vitest-environment jsdom
import { describe, expect, it, vi } from "vitest";
import { Scope } from "./lifetime";

describe("Scope", () => {
  it("disposes in reverse order, once", () => {
    const order: string[] = [];
    const scope = new Scope();
    scope.add(() => order.push("first"));
    scope.add(() => order.push("second"));
    scope.dispose();
    scope.dispose();
    expect(order).toEqual(["second", "first"]);
  });

  it("disposes at once what is added too late", () => {
    const scope = new Scope();
    scope.dispose();
    const late = vi.fn();
    scope.add(late);
    expect(late).toHaveBeenCalledOnce();
  });

  it("starts no timer once disposed", () => {
    vi.useFakeTimers();
    const scope = new Scope();
    scope.dispose();
    const fired = vi.fn();
    scope.timeout(fired, 10);
    vi.advanceTimersByTime(20);
    expect(fired).not.toHaveBeenCalled();
    vi.useRealTimers();
  });

  it("takes its children with it", () => {
    const scope = new Scope();
    const child = scope.child();
    const inner = vi.fn();
    child.add(inner);
    scope.dispose();
    expect(inner).toHaveBeenCalledOnce();
    expect(child.disposed).toBe(true);
  });

  it("removes listeners and timers", () => {
    vi.useFakeTimers();
    const scope = new Scope();
    const clicked = vi.fn();
    const fired = vi.fn();
    const button = document.createElement("button");
    scope.listen(button, "click", clicked);
    scope.timeout(fired, 10);
    scope.dispose();
    button.click();
    vi.advanceTimersByTime(20);
    expect(clicked).not.toHaveBeenCalled();
    expect(fired).not.toHaveBeenCalled();
    vi.useRealTimers();
  });
});
