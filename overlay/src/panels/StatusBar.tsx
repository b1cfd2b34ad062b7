import { detectionWords, modelWords } from "../format/words";
import type { MapState } from "../protocol";
import { useApp } from "../state/app";
import { JobChips } from "./JobChips";

/** One line about everything: map, how it was found, jobs, model, connection. */
export function StatusBar() {
  const { daemon } = useApp();
  const map = daemon.map.value;
  return (
    <header class="status">
      <div class="status-map">
        <span class="logo" aria-hidden="true" />
        {map === null ? <span class="faint">No map open</span> : <MapTitle map={map} />}
      </div>
      <div class="status-chips">
        <JobChips />
        <UndoButton />
        <ModelChip />
        <ConnectionChip />
      </div>
    </header>
  );
}

function MapTitle({ map }: { map: MapState }) {
  return (
    <div class="map-title" title={map.file_name}>
      <h1 data-testid="map-title">
        {map.readable ? (
          <>
            {map.artist} - {map.title} <span class="difficulty">[{map.difficulty_name}]</span>
          </>
        ) : (
          map.file_name
        )}
      </h1>
      <p class="faint">
        {[...(map.readable ? facts(map) : []), detectionWords(map.detection)].join(" · ")}
        <MapPicker />
      </p>
    </div>
  );
}

function facts(map: MapState): string[] {
  const stars = map.star_rating === null ? [] : [`${map.star_rating.toFixed(2)}★`];
  const keys = map.mode === "mania" && map.key_count !== null ? [`${map.key_count}K`] : [];
  return [...stars, MODES[map.mode], ...keys, `by ${map.creator}`];
}

const MODES: Readonly<Record<MapState["mode"], string>> = {
  osu: "osu!",
  taiko: "osu!taiko",
  catch: "osu!catch",
  mania: "osu!mania",
};

/** Lets the mapper choose when there is a choice. */
function MapPicker() {
  const { actions, daemon } = useApp();
  const candidates = daemon.candidates.value;
  const map = daemon.map.value;
  const picked = map?.detection.probe === "picked";
  if (candidates.length < 2 && !picked) return null;
  return (
    <>
      {" · "}
      <select
        class="map-picker"
        aria-label="Open another map"
        value={map?.map_id ?? ""}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          void (chosen === FOLLOW ? actions.followEditor() : actions.selectMap(chosen));
        }}
      >
        {picked && <option value={FOLLOW}>Follow the editor again</option>}
        {candidates.map(({ map_id, label }) => (
          <option key={map_id} value={map_id}>
            {label}
          </option>
        ))}
      </select>
    </>
  );
}

const FOLLOW = "\u0000follow";

function UndoButton() {
  const { actions, daemon } = useApp();
  const undo = daemon.undo.value;
  if (!undo?.available) return null;
  return (
    <button
      type="button"
      class="button small"
      title={undo.description === null ? "Undo" : `Undo: ${undo.description}`}
      data-testid="undo"
      onClick={() => void actions.undo()}
    >
      ↶ Undo
    </button>
  );
}

function ModelChip() {
  const { daemon } = useApp();
  const { text, title, tone } = modelWords(daemon.model.value);
  return (
    <span class={`chip tone-${tone}`} title={title} data-testid="model">
      {text}
    </span>
  );
}

function ConnectionChip() {
  const { connection } = useApp();
  const state = connection.state.value;
  const [text, tone] = CONNECTION[state.phase];
  const title = state.phase === "open" ? `Companion ${state.daemonVersion}` : text;
  return (
    <span
      class={`chip tone-${tone}`}
      title={title}
      data-testid="connection"
      data-phase={state.phase}
    >
      {text}
    </span>
  );
}

const CONNECTION = {
  connecting: ["Connecting", "busy"],
  open: ["Connected", "good"],
  away: ["Reconnecting", "busy"],
  refused: ["Not connected", "bad"],
} as const;
