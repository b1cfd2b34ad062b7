import { effect, untracked } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Scope } from "../lifetime";
import type { MapState } from "../protocol";
import type { TimeSpan } from "../timeline/viewport";
import { Connection } from "../wire/connection";
import { Actions } from "./actions";
import { DaemonSignals } from "./daemon";
import { isOver } from "./reducer";
import { rememberFilter } from "./remembered";
import { Toasts } from "./toasts";
import { ViewState } from "./view";

/** The parts of the page, made once and handed down by context. */
export interface App {
  readonly connection: Connection;
  readonly daemon: DaemonSignals["slices"];
  readonly derived: Omit<DaemonSignals, "slices" | "apply">;
  readonly view: ViewState;
  readonly actions: Actions;
  readonly toasts: Toasts;
}

export interface AppOptions {
  readonly url: string;
  readonly token: () => string;
  readonly openSocket?: (url: string) => WebSocket;
}

/** Builds the parts and starts connecting. Everything ends with the scope. */
export function createApp(scope: Scope, options: AppOptions): App {
  const view = new ViewState();
  const signals = new DaemonSignals(view.discarded);
  const toasts = new Toasts(scope);
  const connection = new Connection(scope, {
    ...options,
    onUpdate: (update) => signals.apply(update),
  });
  const actions = new Actions(connection, signals, toasts);
  rememberFilter(scope, view);
  followMap(scope, signals, view);
  followSuggestion(scope, signals, view);
  followJobs(scope, signals, toasts);
  connection.connect();
  return { connection, daemon: signals.slices, derived: signals, view, actions, toasts };
}

/** Keeps the view inside the open song, and starts afresh with another one. */
function followMap(scope: Scope, signals: DaemonSignals, view: ViewState): void {
  let shown: string | null = null;
  const follow = effect(() => {
    const map = signals.slices.map.value;
    if (map === null) return;
    if (map.map_id === shown) view.resizeSong(contentOf(map));
    else view.openSong(contentOf(map));
    shown = map.map_id;
  });
  scope.add(follow);
}

/** Shows a new suggestion's first variant, and its best one once the variants are ranked. */
function followSuggestion(scope: Scope, signals: DaemonSignals, view: ViewState): void {
  let known = "";
  const follow = effect(() => {
    const suggestion = signals.suggestion.value;
    if (suggestion === null) return;
    const best = suggestion.accepted_variant ?? suggestion.ranking[0];
    const step = `${suggestion.id} ${best ?? "unranked"}`;
    if (step === known) return;
    known = step;
    view.variant.value = best ?? 0;
    view.shown.value = "suggestion";
  });
  scope.add(follow);
}

/** Says when a job has written a file, whichever form is shown; not of those before this page. */
function followJobs(scope: Scope, signals: DaemonSignals, toasts: Toasts): void {
  const running = new Set<string>();
  const follow = effect(() => {
    for (const job of signals.slices.jobs.value.values()) {
      if (!isOver(job)) running.add(job.id);
      else if (running.delete(job.id) && job.file_name !== null) {
        const { file_name } = job;
        untracked(() => toasts.good(`Written: ${file_name}`));
      }
    }
  });
  scope.add(follow);
}

function contentOf(map: MapState): TimeSpan {
  const objects = map.timeline.objects;
  const last_ms = objects.reduce((latest, { end_ms }) => Math.max(latest, end_ms), 0);
  return {
    start_ms: Math.min(objects[0]?.start_ms ?? 0, last_ms),
    end_ms: Math.max(map.timeline.length_ms, last_ms),
  };
}

const AppContext = createContext<App | null>(null);

export const AppProvider = AppContext.Provider;

/** The parts of the page, for components. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error("a component was rendered outside of the page");
  return app;
}
