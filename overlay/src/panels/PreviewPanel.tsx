import { duration, timestamp } from "../format/time";
import { plural, suggestionWords } from "../format/words";
import { Playfield } from "../playfield/Playfield";
import type { Suggestion, Variant } from "../protocol";
import { useApp } from "../state/app";
import {
  type Aspect,
  areApart,
  isOfSounds,
  partOf,
  problemsOf,
  takesOf,
  wholesOf,
} from "../state/variants";
import { variantOf } from "../timeline/scene";
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
  const { ranking } = suggestion;
  const wholes = wholesOf(suggestion);
  const chosen = variantOf(suggestion, view.variant.value);
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
      {wholes.length > 1 && (
        <Segments
          label="Variant"
          value={chosen?.part_of ?? view.variant.value}
          options={wholes.map((one) => variantOption(one, ranking[0], areApart(suggestion)))}
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

const TAKEN: Readonly<Record<Aspect | "all", string>> = {
  all: "everything",
  rhythm: "only the rhythm",
  positions: "only the positions",
  hitsounds: "only the hitsounds",
};

function acceptWords(suggestion: Suggestion, variant: Variant | null): string {
  if (variant === null) return "Accept";
  const several = wholesOf(suggestion).length > 1;
  const which = several ? ` variant ${(variant.part_of ?? variant.variant) + 1}` : "";
  if (variant.part === null) return `Accept${which}`;
  return `Accept ${TAKEN[variant.part]}${several ? ` of${which}` : ""}`;
}

/** What of the variant is shown and accepted, where that can be told apart. */
function TakeField({ suggestion }: { suggestion: Suggestion }) {
  const { actions, daemon, view } = useApp();
  const takes = takesOf(suggestion, daemon.map.value?.mode ?? "osu");
  const chosen = variantOf(suggestion, view.variant.value);
  if (takes.length === 0 || chosen === null) return null;
  const whole = chosen.part_of ?? chosen.variant;
  const show = async (part: Aspect | undefined) => {
    view.shown.value = "suggestion";
    if (part === undefined) {
      view.variant.value = whole;
      return;
    }
    if (partOf(suggestion, whole, part) === null) {
      await actions.takePart(suggestion.id, whole, part);
    }
    const now = daemon.suggestions.peek().find(({ id }) => id === suggestion.id);
    view.variant.value = (now && partOf(now, whole, part))?.variant ?? whole;
  };
  return (
    <label class="take" title="The rest of the objects stays as it is in the map">
      Take{" "}
      <select
        data-testid="take"
        value={chosen.part ?? "all"}
        onChange={(event) => {
          const wanted = event.currentTarget.value;
          void show(takes.find((take) => take === wanted));
        }}
      >
        {(["all", ...takes] as const).map((take) => (
          <option key={take} value={take}>
            {TAKEN[take]}
          </option>
        ))}
      </select>
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
          onClick={() => void actions.accept(id, view.variant.peek())}
        >
          {acceptWords(suggestion, variantOf(suggestion, view.variant.value))}
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
