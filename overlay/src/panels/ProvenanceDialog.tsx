import { type Signal, useSignal } from "@preact/signals";
import { timestamp } from "../format/time";
import { plural } from "../format/words";
import { useApp } from "../state/app";
import { Dialog } from "./Dialog";

/** What was generated in this map, with a text to disclose it. */
export function ProvenanceDialog({ open }: { open: Signal<boolean> }) {
  const { daemon, toasts } = useApp();
  const copied = useSignal(false);
  const journal = daemon.provenance.value;
  if (!open.value || journal === null) return null;
  const close = () => {
    open.value = false;
    copied.value = false;
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(journal.disclosure);
      copied.value = true;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      toasts.bad("The browser did not let this page copy. Select the text and press Ctrl+C.");
    }
  };
  return (
    <Dialog title="Disclosure" onClose={close}>
      <p>
        {journal.entries.length === 0
          ? "Nothing generated was written into this map."
          : `${plural(journal.entries.length, "entry", "entries")} in this map's journal.`}
      </p>
      <textarea readOnly rows={7} aria-label="Disclosure text" value={journal.disclosure} />
      {journal.entries.length > 0 && (
        <ul class="journal">
          {journal.entries.map((entry) => (
            <li key={`${entry.date} ${entry.action} ${entry.start_ms}`}>
              {entry.date.slice(0, 16).replace("T", " ")} · {entry.action} ·{" "}
              {timestamp(entry.start_ms)} to {timestamp(entry.end_ms)}
            </li>
          ))}
        </ul>
      )}
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={close}>
          Close
        </button>
        <button type="button" class="button primary" onClick={() => void copy()}>
          {copied.value ? "Copied" : "Copy text"}
        </button>
      </div>
    </Dialog>
  );
}
