/** What has to be undone when its owner goes away. */
export type Disposer = () => void;

/**
 * Owns everything that must stop with it: listeners, timers, effects, child scopes. `dispose` runs
 * the disposers in reverse order, once. Whatever is added to a disposed scope is disposed at once,
 * so a late answer cannot leak.
 */
export class Scope {
  private readonly disposers = new Set<Disposer>();
  private ended = false;

  get disposed(): boolean {
    return this.ended;
  }

  add(disposer: Disposer): Disposer {
    if (this.ended) {
      disposer();
      return () => {};
    }
    this.disposers.add(disposer);
    return () => {
      if (this.disposers.delete(disposer)) disposer();
    };
  }

  child(): Scope {
    const scope = new Scope();
    const release = this.add(() => scope.dispose());
    scope.add(release);
    return scope;
  }

  listen<K extends keyof WindowEventMap>(
    target: Window,
    type: K,
    handler: (event: WindowEventMap[K]) => void,
    options?: AddEventListenerOptions,
  ): Disposer;
  listen<K extends keyof HTMLElementEventMap>(
    target: HTMLElement,
    type: K,
    handler: (event: HTMLElementEventMap[K]) => void,
    options?: AddEventListenerOptions,
  ): Disposer;
  listen(
    target: EventTarget,
    type: string,
    handler: (event: never) => void,
    options?: AddEventListenerOptions,
  ): Disposer {
    const listener = handler as EventListener;
    target.addEventListener(type, listener, options);
    return this.add(() => target.removeEventListener(type, listener, options));
  }

  timeout(action: () => void, delay_ms: number): Disposer {
    let release = () => {};
    const timer = setTimeout(() => {
      release();
      action();
    }, delay_ms);
    release = this.add(() => clearTimeout(timer));
    return release;
  }

  dispose(): void {
    if (this.ended) return;
    this.ended = true;
    for (const disposer of [...this.disposers].reverse()) disposer();
    this.disposers.clear();
  }
}
