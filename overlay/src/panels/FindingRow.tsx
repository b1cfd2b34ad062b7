import { bits, chance, surpriseWord } from "../format/surprisal";
import { timestamp } from "../format/time";
import { fileWords } from "../format/words";
import type { Finding } from "../protocol";
import { useApp } from "../state/app";
import { isEditorLink, SEVERITY_NAMES } from "../state/findings";

interface RowProps {
  readonly finding: Finding;
  readonly selected: boolean;
  /** Whether it has only just come; it flashes. */
  readonly fresh: boolean;
  /** Whether it is new since the moment that is looked at. */
  readonly isNew: boolean;
  readonly mayApply: boolean;
}

/** One finding: where, what, how surprising, and what can be done about it. */
export function FindingRow(props: RowProps) {
  const { finding, selected, fresh, isNew, mayApply } = props;
  const { actions, view } = useApp();
  const show = () => {
    view.selectedFinding.value = finding.id;
    view.moveCursor(finding.start_ms);
    view.showAround(finding.start_ms);
  };
  const classes = ["finding", `edge-${finding.severity}`];
  if (selected) classes.push("selected");
  if (fresh) classes.push("fresh");
  return (
    <li class={classes.join(" ")} data-finding={finding.id} data-code={finding.code}>
      <div class="finding-head">
        <span class={`dot dot-${finding.severity}`} title={SEVERITY_NAMES[finding.severity]} />
        <Place finding={finding} />
        <span class="faint" title={finding.rule}>
          {finding.category} · {finding.source}
        </span>
        {isNew && <span class="badge-new">new</span>}
        <Surprise surprisal={finding.surprisal_bits} />
      </div>
      <button type="button" class="finding-message" aria-pressed={selected} onClick={show}>
        <span class="visually-hidden">{SEVERITY_NAMES[finding.severity]}: </span>
        {finding.message}
      </button>
      {finding.support.map((surprise) => (
        <p key={surprise.id} class="finding-support" data-support={surprise.id}>
          The model finds this surprising, too: {surprise.message}{" "}
          <Surprise surprisal={surprise.surprisal_bits} />
        </p>
      ))}
      <div class="finding-buttons">
        {finding.fix_label !== null && mayApply && (
          <button
            type="button"
            class="button small"
            title={
              finding.fix_source === "model"
                ? `Apply what the model proposes: ${finding.fix_label}`
                : `Apply: ${finding.fix_label}`
            }
            onClick={() => void actions.applyFix(finding.id)}
          >
            <span class="fix-label">{finding.fix_label}</span>
          </button>
        )}
        <button
          type="button"
          class="icon-button dismiss-rule"
          aria-label={`Dismiss the rule “${finding.rule}”`}
          title={`Dismiss the rule “${finding.rule}” in this mapset`}
          onClick={(event) => {
            focusNext(event.currentTarget, finding.code);
            void actions.dismissRule(finding);
          }}
        >
          ⊘
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Dismiss"
          title="Dismiss: do not show this again unless its objects change"
          onClick={(event) => {
            focusNext(event.currentTarget, null);
            void actions.dismiss(finding.id);
          }}
        >
          ✕
        </button>
      </div>
    </li>
  );
}

/** Where the keyboard goes on when a row goes, and with it all rows of a rule. */
function focusNext(button: HTMLElement, code: string | null): void {
  const row = button.closest("li");
  const stays = (one: Element | null): one is HTMLElement =>
    one instanceof HTMLElement && (code === null || one.dataset.code !== code);
  for (const step of ["nextElementSibling", "previousElementSibling"] as const) {
    let other = row?.[step] ?? null;
    while (other !== null && !stays(other)) other = other[step];
    const target = other?.querySelector<HTMLElement>(".finding-message");
    if (!target) continue;
    target.focus({ preventScroll: true });
    return;
  }
}

/** The file or the time that a finding is about. */
function Place({ finding }: { finding: Finding }) {
  const { file, start_ms, end_ms, editor_link } = finding;
  if (file !== null) {
    return (
      <span class="finding-file" title={file}>
        {fileWords(file)}
      </span>
    );
  }
  if (editor_link === "" && start_ms === 0 && end_ms === 0) {
    return <span class="finding-file">whole map</span>;
  }
  return <TimeLink finding={finding} />;
}

function TimeLink({ finding }: { finding: Finding }) {
  const { toasts } = useApp();
  const text = timestamp(finding.start_ms);
  if (!isEditorLink(finding.editor_link)) return <time class="time">{text}</time>;
  const copy = async () => {
    const selection = decodeURI(finding.editor_link.slice("osu://edit/".length));
    try {
      await navigator.clipboard.writeText(`${selection} - `);
    } catch (error) {
      // The link itself still works; only the spare copy is missing.
      if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
      toasts.bad("The time stamp could not be copied.");
    }
  };
  return (
    <a
      class="time"
      href={finding.editor_link}
      title="Jump there in the editor (also copies the time stamp)"
      onClick={() => void copy()}
    >
      {text}
    </a>
  );
}

function Surprise({ surprisal }: { surprisal: number | null }) {
  if (surprisal === null) return null;
  return (
    <span class="surprise" title={chance(surprisal)}>
      {surpriseWord(surprisal)} <span class="faint">{bits(surprisal)}</span>
    </span>
  );
}
