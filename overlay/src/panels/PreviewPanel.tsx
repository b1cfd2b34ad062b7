import { duration, timestamp } from "../format/time";
import { plural, suggestionWords } from "../format/words";
import { Playfield } from "../playfield/Playfield";
import type { Suggestion } from "../protocol";
import { useApp } from "../state/app";
import { isModdingOnly } from "./FindingsPanel";
import { Segments } from "./Segments";

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
          options={variants.map(({ variant }) => ({
            value: variant,
            label: `${ranking[0] === variant ? "★ " : ""}${variant + 1}`,
            title: ranking[0] === variant ? "Suits what follows best" : undefined,
          }))}
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

const DECIDABLE: ReadonlySet<Suggestion["state"]> = new Set(["generating", "offered", "stale"]);

/** These ended by themselves: the daemon has nothing more to decide about them. */
const ENDED: ReadonlySet<Suggestion["state"]> = new Set(["stale", "failed"]);

function contents({ variants, settings }: Suggestion, chosen: number): string {
  const variant = variants.find((one) => one.variant === chosen) ?? variants[0];
  const count = variant?.objects.length ?? 0;
  const what =
    settings.replace === "hitsounds"
      ? `${variant?.changed ?? 0} of ${plural(count, "object")} sound different`
      : plural(count, "object");
  return `${what} · seed ${settings.seed}`;
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
      {(state === "generating" || state === "offered") && (
        <button
          type="button"
          class="button primary"
          data-testid="accept"
          disabled={!offered}
          onClick={() => void actions.accept(id, view.variant.peek())}
        >
          {suggestion.variants.length > 1 ? `Accept variant ${view.variant.value + 1}` : "Accept"}
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
