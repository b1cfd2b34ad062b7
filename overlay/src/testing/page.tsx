import { render } from "preact";
import { vi } from "vitest";
import { Scope } from "../lifetime";
import { Page } from "../panels/Page";
import type { Snapshot } from "../protocol";
import { type App, AppProvider, createApp } from "../state/app";
import { FakeSocket } from "./fake_socket";
import { snapshot } from "./fixtures";

/** Lets renders, replies and effects happen. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/** The whole page in jsdom, with a socket that a test speaks through. */
export class MountedPage {
  readonly scope = new Scope();
  readonly socket = new FakeSocket();
  readonly app: App;
  readonly root: HTMLElement;

  constructor() {
    // jsdom draws nothing and has no modal dialogs.
    vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
    HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement) {
      this.open = true;
    };
    HTMLDialogElement.prototype.close = function (this: HTMLDialogElement) {
      this.open = false;
    };
    Element.prototype.scrollIntoView = () => {};
    this.app = createApp(this.scope, {
      url: "ws://127.0.0.1:1/ws",
      token: () => "secret",
      openSocket: () => this.socket.asWebSocket(),
    });
    this.root = document.body.appendChild(document.createElement("div"));
    render(
      <AppProvider value={this.app}>
        <Page />
      </AppProvider>,
      this.root,
    );
  }

  dispose(): void {
    render(null, this.root);
    this.root.remove();
    this.scope.dispose();
  }

  async opened(more: Partial<Snapshot> = {}): Promise<void> {
    this.socket.accept();
    this.socket.deliver(snapshot(more));
    await settled();
  }

  find<T extends HTMLElement>(selector: string): T {
    const element = this.root.querySelector<T>(selector);
    if (element === null) throw new Error(`nothing matches ${selector}`);
    return element;
  }

  button(text: string): HTMLButtonElement {
    const all = [...this.root.querySelectorAll("button")];
    const found = all.find((one) => one.textContent?.includes(text) || one.title.includes(text));
    if (found === undefined) throw new Error(`there is no button "${text}"`);
    return found;
  }
}
