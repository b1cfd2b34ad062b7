import { type ReadonlySignal, signal } from "@preact/signals";
import type { Scope } from "../lifetime";

/** A short message that goes away by itself. */
export interface Toast {
  readonly id: number;
  readonly tone: "good" | "bad";
  readonly text: string;
}

const GOOD_MS = 7000;
const BAD_MS = 14_000;
const MOST_AT_ONCE = 4;

/** The messages in the corner of the page; newest last. */
export class Toasts {
  private readonly shown = signal<readonly Toast[]>([]);
  private next = 1;

  constructor(private readonly scope: Scope) {}

  get all(): ReadonlySignal<readonly Toast[]> {
    return this.shown;
  }

  good(text: string): void {
    this.show("good", text, GOOD_MS);
  }

  bad(text: string): void {
    this.show("bad", text, BAD_MS);
  }

  remove(id: number): void {
    this.shown.value = this.shown.peek().filter((toast) => toast.id !== id);
  }

  private show(tone: Toast["tone"], text: string, for_ms: number): void {
    const id = this.next;
    this.next += 1;
    const others = this.shown.peek().filter((toast) => toast.text !== text);
    this.shown.value = [...others, { id, tone, text }].slice(-MOST_AT_ONCE);
    this.scope.timeout(() => this.remove(id), for_ms);
  }
}
