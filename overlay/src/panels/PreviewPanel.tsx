import { duration, timestamp } from "../format/time";
import { plural, suggestionWords } from "../format/words";
import { Playfield } from "../playfield/Playfield";
import type { Suggestion, Variant } from "../protocol";
import { useApp } from "../state/app";
import { areApart, isOfSounds, problemsOf, type Take, takesOf } from "../state/variants";
import type { ViewState } from "../state/view";
import { isModdingOnly } from "./FindingsPanel";
import { Segments } from "./Segments";
import { VariantFindings } from "./VariantFindings";

/** The playfield, and what to do with the suggestion that it shows. */
export function PreviewPanel() {
  const app = useApp();
  const suggestion = app.derived.suggestion.value;
  return (
    <section class="panel preview" aria-label="Preview">
      <header class="panel-head">
        <h2>Preview</h2>
        {suggestion !== null && <SuggestionHead suggestion={suggestion} />}
      </header>
      {suggestion !== null && <Choices suggestion={suggestion} />}
      {suggestion !== null && DECIDABLE.has(suggestion.state) && (
        <VariantFindings suggestion={suggestion} />
      )}
      <Playfield />
      {suggestion !== null && <Decision suggestion={suggestion} />}
    </section>
  );
}

function SuggestionHead({ suggestion }: { suggestion: Suggestion }) {
  return (
    <span
      class={`chip suggestion-chip suggestion-${suggestion.state}`}
      data-testid="suggestion-state"
      data-state={suggestion.state}
    >
      {timestamp(suggestion.start_ms)} · {duration(suggestion.end_ms - suggestion.start_ms)} ·{" "}
      {suggestionWords(suggestion.state)}
    </span>
  );
}

function Choices({ suggestion }: { suggestion: Suggestion }) {
  const { view } = useApp();
  if (!DECIDABLE.has(suggestion.state)) return null;
  const { variants, ranking } = suggestion;
  return (
    <div class="choices">
      <Segments
        label="What the preview shows"
        value={view.shown.value}
        options={[
          { value: "original", label: "Original" },
          { value: "suggestion", label: "Suggestion" },
        ]}
        onChange={(shown) => {
          view.shown.value = shown;
        }}
      />
      {variants.length > 1 && (
        <Segments
          label="Variant"
          value={view.variant.value}
          options={variants.map((one) => variantOption(one, ranking[0], areApart(suggestion)))}
          onChange={(variant) => {
            view.variant.value = variant;
            view.shown.value = "suggestion";
          }}
        />
      )}
      <span class="faint">{contents(suggestion, view.variant.value)}</span>
    </div>
  );
}

function variantOption(variant: Variant, best: number | undefined, apart: boolean) {
  const number = variant.variant;
  const n_problems = problemsOf(variant);
  const suits = apart
    ? "Of those without problems, suits what follows best."
    : "Suits what follows best.";
  const words = [
    ...(number === best ? [suits] : []),
    ...(n_problems > 0 ? [`Brings ${plural(n_problems, "problem")}.`] : []),
  ];
  return {
    value: number,
    label: `${number === best ? "★ " : ""}${number + 1}${n_problems > 0 ? " !" : ""}`,
    title: words.join(" ") || undefined,
  };
}

const DECIDABLE: ReadonlySet<Suggestion["state"]> = new Set(["generating", "offered", "stale"]);

/** These ended by themselves: the daemon has nothing more to decide about them. */
const ENDED: ReadonlySet<Suggestion["state"]> = new Set(["stale", "failed"]);

function contents({ variants, settings }: Suggestion, chosen: number): string {
  const variant = variants.find((one) => one.variant === chosen) ?? variants[0];
  const count = variant?.objects.length ?? 0;
  const what = isOfSounds(settings)
    ? `${variant?.changed ?? 0} of ${plural(count, "object")} sound different`
    : plural(count, "object");
  return `${what} · seed ${settings.seed}`;
}

const TAKEN: Readonly<Record<Take, string>> = {
  all: "everything",
  rhythm: "only the rhythm",
  positions: "only the positions",
  hitsounds: "only the hitsounds",
};

function acceptWords({ variants }: Suggestion, { take, variant }: ViewState): string {
  const what = take.value === "all" ? "" : ` ${TAKEN[take.value]}`;
  const which = variants.length > 1 ? `variant ${variant.value + 1}` : "";
  if (what === "") return `Accept ${which}`.trimEnd();
  return which === "" ? `Accept${what}` : `Accept${what} of ${which}`;
}

/** What of the variant is accepted, where that can be told apart. */
function TakeField({ suggestion }: { suggestion: Suggestion }) {
  const { daemon, view } = useApp();
  const takes = takesOf(suggestion, daemon.map.value?.mode ?? "osu");
  if (takes.length === 0) return null;
  return (
    <label class="take" title="The rest of the objects stays as it is in the map">
      Take{" "}
      <select
        data-testid="take"
        value={view.take.value}
        onChange={(event) => {
          const wanted = event.currentTarget.value;
          view.take.value = takes.find((take) => take === wanted) ?? "all";
        }}
      >
        {(["all", ...takes] as const).map((take) => (
          <option key={take} value={take}>
            {TAKEN[take]}
          </option>
        ))}
      </select>
      {view.take.value !== "all" && (
        <span class="faint"> The preview shows everything; the rules looked at everything.</span>
      )}
    </label>
  );
}

function Decision({ suggestion }: { suggestion: Suggestion }) {
  const app = useApp();
  const { actions, daemon, view } = app;
  const { id, state, reason } = suggestion;
  if (state === "accepted") {
    return (
      <div class="decision">
        <p data-testid="accepted-note">
          Written into the map. Press <kbd>Ctrl</kbd>+<kbd>L</kbd> in the editor to load it.
        </p>
        {daemon.undo.value?.available && (
          <button type="button" class="button" onClick={() => void actions.undo()}>
            Undo
          </button>
        )}
      </div>
    );
  }
  const offered = state === "offered" && !isModdingOnly(app);
  return (
    <div class="decision">
      {reason !== null && <p class="reason">{reason}</p>}
      {offered && <TakeField suggestion={suggestion} />}
      {(state === "generating" || state === "offered") && (
        <button
          type="button"
          class="button primary"
          data-testid="accept"
          disabled={!offered}
          onClick={() => void actions.accept(id, view.variant.peek(), view.take.peek())}
        >
          {acceptWords(suggestion, view)}
        </button>
      )}
      {state === "offered" && (
        <button
          type="button"
          class="button"
          data-testid="reject"
          onClick={() => void actions.reject(id)}
        >
          Reject
        </button>
      )}
      {ENDED.has(state) && (
        <button
          type="button"
          class="button"
          data-testid="discard"
          onClick={() => {
            view.discarded.value = new Set([...view.discarded.peek(), id]);
          }}
        >
          Discard
        </button>
      )}
    </div>
  );
}
