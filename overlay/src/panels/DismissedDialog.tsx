import { type Signal, useSignal } from "@preact/signals";
import { placeWords, plural } from "../format/words";
import type { Dismissed } from "../protocol";
import { useApp } from "../state/app";
import { SEVERITY_NAMES } from "../state/findings";
import { Dialog } from "./Dialog";

/** Opens the list of what is dismissed; always there, so that nothing moves when it fills. */
export function DismissedButton() {
  const { daemon } = useApp();
  const open = useSignal(false);
  const dismissed = daemon.review.value?.dismissed;
  const count = dismissed === undefined ? 0 : countOf(dismissed);
  return (
    <>
      <button
        type="button"
        class="button small quiet"
        title="What you do not want to see: look at it, and bring it back"
        data-testid="dismissed"
        disabled={count === 0}
        onClick={() => {
          open.value = true;
        }}
      >
        Dismissed {count}
      </button>
      <DismissedDialog open={open} />
    </>
  );
}

/** Rules and findings that are hidden, each with a way back. */
function DismissedDialog({ open }: { open: Signal<boolean> }) {
  const { actions, daemon } = useApp();
  const dismissed = daemon.review.value?.dismissed;
  if (!open.value || dismissed === undefined) return null;
  const { findings, rules, absent_count } = dismissed;
  const close = () => {
    open.value = false;
  };
  return (
    <Dialog title="Dismissed" onClose={close}>
      {rules.length > 0 && (
        <section>
          <h3>Rules that are silent in this mapset</h3>
          <ul class="dismissed">
            {rules.map(({ code, title, count }) => (
              <li key={code} data-rule={code}>
                <p>
                  {title} <span class="faint">{plural(count, "finding")} here</span>
                </p>
                <RestoreButton what={title} onClick={() => void actions.restoreRule(code)} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {findings.length > 0 && (
        <section>
          <h3>Findings of this difficulty</h3>
          <ul class="dismissed">
            {findings.map((finding) => (
              <li key={finding.id} data-dismissed={finding.id}>
                <p>
                  <span
                    class={`dot dot-${finding.severity}`}
                    title={SEVERITY_NAMES[finding.severity]}
                  />{" "}
                  <span class="faint">{placeWords(finding)}</span>
                  {finding.message}
                </p>
                <RestoreButton
                  what={finding.message}
                  onClick={() => void actions.restore(finding.id)}
                />
              </li>
            ))}
          </ul>
        </section>
      )}
      {absent_count > 0 && (
        <p class="faint">
          {plural(absent_count, "more finding")} that you dismissed{" "}
          {absent_count === 1 ? "does" : "do"} not occur in the map as it is now.
        </p>
      )}
      {countOf(dismissed) === 0 && <p>Nothing is dismissed.</p>}
      <div class="dialog-buttons">
        <button
          type="button"
          class="button"
          disabled={countOf(dismissed) === 0}
          onClick={() => void actions.restoreDismissed()}
        >
          Restore everything
        </button>
        <button type="button" class="button primary" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

function RestoreButton({ what, onClick }: { what: string; onClick: () => void }) {
  return (
    <button type="button" class="button small" aria-label={`Restore: ${what}`} onClick={onClick}>
      Restore
    </button>
  );
}

function countOf({ findings, rules, absent_count }: Dismissed): number {
  return findings.length + rules.length + absent_count;
}
