import { useSignal } from "@preact/signals";
import { useApp } from "../state/app";
import { ProvenanceDialog } from "./ProvenanceDialog";

/** The modding-only switches and the way to the disclosure text. */
export function ModdingOnly() {
  const { actions, connection, daemon } = useApp();
  const journalOpen = useSignal(false);
  const fairUse = daemon.fairUse.value;
  if (fairUse === null) return null;
  const away = connection.state.value.phase !== "open";
  const toggle = (scope: "global" | "mapset") => (event: Event) => {
    const box = event.currentTarget as HTMLInputElement;
    const wanted = box.checked;
    // The box shows what the daemon says, which is about to follow.
    box.checked = !wanted;
    void actions.setModdingOnly(scope, wanted);
  };
  return (
    <div class="fair-use">
      <span
        class="fair-use-title"
        title="Hides and refuses everything that writes generated content"
      >
        Modding only
      </span>
      <label class="check">
        <input
          type="checkbox"
          checked={fairUse.modding_only_mapset}
          disabled={away}
          onChange={toggle("mapset")}
        />
        this mapset
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={fairUse.modding_only_global}
          disabled={away}
          onChange={toggle("global")}
        />
        all maps
      </label>
      <button
        type="button"
        class="button small quiet push"
        disabled={away}
        onClick={async () => {
          await actions.loadProvenance();
          journalOpen.value = true;
        }}
      >
        Disclosure…
      </button>
      <ProvenanceDialog open={journalOpen} />
    </div>
  );
}
