import type { Signal } from "@preact/signals";
import { beats } from "../format/time";
import { type App, useApp } from "../state/app";
import { keepKey, type RegenerateForm, readForm } from "../state/form";
import { ASPECTS, type Aspect } from "../state/variants";
import { beatsBetween } from "../timeline/beats";
import { BoldnessField, GuidanceField, SeedField, TextField, VariantsField } from "./fields";
import { GenerateButtons, whyNot } from "./GenerateButtons";
import { RangeFields } from "./RangeFields";

/** Which section of the map to generate anew, and how. */
export function SectionForm({ form }: { form: Signal<RegenerateForm> }) {
  const app = useApp();
  const { actions, view } = app;
  const read = readForm(form.value);
  const needsRange = view.range.value === null ? "Choose a range first." : null;
  const refused = actions.refusedKeeps.value.get(keepKey(form.value.keep)) ?? null;
  const hindrance = whyNot(app) ?? needsRange ?? (read.ok ? refused : read.message);
  const start = () => {
    const range = view.range.peek();
    if (range === null || !read.ok) return;
    view.shown.value = "suggestion";
    view.moveCursor(range.start_ms);
    void actions.regenerate(range, read.options);
  };
  return (
    <form
      class="generate-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (hindrance === null) start();
      }}
    >
      <RangeFields />
      <KeepField form={form} />
      <Numbers form={form} wrong={read.ok ? null : read.field} />
      <MoreFields form={form} />
      <GenerateButtons
        label={generateLabel(app)}
        testid="generate"
        hindrance={hindrance}
        silent={view.range.value === null}
      />
    </form>
  );
}

function generateLabel({ derived, view }: App): string {
  const range = view.range.value;
  const counted = range === null ? null : beatsBetween(derived.redLines.value, range);
  return counted === null ? "Regenerate" : `Regenerate ${beats(counted)}`;
}

const KEPT: Readonly<Record<Aspect, { label: string; title: string }>> = {
  rhythm: { label: "Rhythm", title: "The objects stay the same, at their times" },
  positions: {
    label: "Positions",
    title: "Where the cursor goes stays; new objects lie on its way",
  },
  hitsounds: { label: "Hitsounds", title: "What sounds at each moment stays" },
};

/** What stays of the objects in the range; the rest is written anew. */
function KeepField({ form }: { form: Signal<RegenerateForm> }) {
  const { keep } = form.value;
  return (
    <div class="field">
      <span>Keep</span>
      <fieldset class="segments">
        <legend class="visually-hidden">What to keep</legend>
        {ASPECTS.map((aspect) => (
          <label key={aspect} title={KEPT[aspect].title}>
            <input
              type="checkbox"
              name={`keep-${aspect}`}
              checked={keep.includes(aspect)}
              onChange={(event) => {
                const before = form.peek();
                const others = before.keep.filter((one) => one !== aspect);
                const kept = event.currentTarget.checked ? [...others, aspect] : others;
                form.value = { ...before, keep: kept };
              }}
            />
            <span>{KEPT[aspect].label}</span>
          </label>
        ))}
      </fieldset>
      <span class="faint" data-testid="what-is-new">
        {newWords(keep)}
      </span>
    </div>
  );
}

/** What will be new when some things are kept. */
function newWords(keep: readonly Aspect[]): string {
  const fresh = ASPECTS.filter((aspect) => !keep.includes(aspect));
  if (keep.length === 0) return "Everything is new";
  return fresh.length === 0 ? "Nothing is new" : `New ${fresh.join(" and ")}`;
}

function Numbers({ form, wrong }: { form: Signal<RegenerateForm>; wrong: string | null }) {
  const { daemon } = useApp();
  const stars = daemon.map.value?.star_rating;
  const set = (change: Partial<RegenerateForm>) => {
    form.value = { ...form.peek(), ...change };
  };
  return (
    <div class="field-row">
      <TextField
        label="Star rating"
        placeholder={stars ? `${stars.toFixed(2)} (map's)` : "the map's"}
        value={form.value.difficulty}
        wrong={wrong === "difficulty"}
        onChange={(difficulty) => set({ difficulty })}
      />
      <SeedField
        value={form.value.seed}
        wrong={wrong === "seed"}
        onChange={(seed) => set({ seed })}
      />
    </div>
  );
}

function MoreFields({ form }: { form: Signal<RegenerateForm> }) {
  const set = (change: Partial<RegenerateForm>) => {
    form.value = { ...form.peek(), ...change };
  };
  const { guidance, temperature, changeGreenLines, keep, variants } = form.value;
  const sameRhythm = keep.includes("rhythm");
  return (
    <>
      <div class="field-row">
        <GuidanceField
          value={guidance}
          without={sameRhythm ? "Guidance works only where the rhythm is new" : undefined}
          onChange={(value) => set({ guidance: value })}
        />
        <BoldnessField value={temperature} onChange={(value) => set({ temperature: value })} />
      </div>
      <div class="field-row">
        <VariantsField value={variants} onChange={(value) => set({ variants: value })} />
        <label
          class="check"
          title={sameRhythm ? "Objects that stay keep their green lines" : "Red lines never change"}
        >
          <input
            type="checkbox"
            checked={changeGreenLines && !sameRhythm}
            disabled={sameRhythm}
            onChange={(event) => set({ changeGreenLines: event.currentTarget.checked })}
          />
          Green lines too
        </label>
      </div>
    </>
  );
}
