import type { Signal } from "@preact/signals";
import { beats } from "../format/time";
import type { RegenerateOptions } from "../protocol";
import { type App, useApp } from "../state/app";
import { type RegenerateForm, readForm } from "../state/form";
import { beatsBetween } from "../timeline/beats";
import { BoldnessField, GuidanceField, SeedField, TextField, VariantsField } from "./fields";
import { GenerateButtons, whyNot } from "./GenerateButtons";
import { RangeFields } from "./RangeFields";
import { Segments } from "./Segments";

/** Which section of the map to generate anew, and how. */
export function SectionForm({ form }: { form: Signal<RegenerateForm> }) {
  const app = useApp();
  const { actions, view } = app;
  const read = readForm(form.value);
  const needsRange = view.range.value === null ? "Choose a range first." : null;
  const hindrance = whyNot(app) ?? needsRange ?? (read.ok ? null : read.message);
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
      <ReplaceField form={form} />
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

type Replace = NonNullable<RegenerateOptions["replace"]>;

const REPLACES: readonly { value: Replace; label: string; title: string }[] = [
  { value: "all", label: "Everything", title: "New rhythm, positions and hitsounds" },
  { value: "rhythm", label: "Rhythm", title: "New rhythm; what follows from it moves along" },
  { value: "positions", label: "Positions", title: "Same rhythm, new positions" },
  { value: "hitsounds", label: "Hitsounds", title: "Only hitsounds change" },
];

function ReplaceField({ form }: { form: Signal<RegenerateForm> }) {
  const { actions } = useApp();
  const refused = actions.refusedReplaces.value;
  return (
    <div class="field">
      <span>Replace</span>
      <Segments
        label="What to replace"
        value={form.value.replace}
        options={REPLACES.map((option) => ({
          ...option,
          title: refused.get(option.value) ?? option.title,
          disabled: refused.has(option.value),
        }))}
        onChange={(replace) => {
          form.value = { ...form.peek(), replace };
        }}
      />
    </div>
  );
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
  const { guidance, temperature, changeGreenLines, variants } = form.value;
  return (
    <>
      <div class="field-row">
        <GuidanceField value={guidance} onChange={(value) => set({ guidance: value })} />
        <BoldnessField value={temperature} onChange={(value) => set({ temperature: value })} />
      </div>
      <div class="field-row">
        <VariantsField value={variants} onChange={(value) => set({ variants: value })} />
        <label class="check" title="Red lines never change">
          <input
            type="checkbox"
            checked={changeGreenLines}
            onChange={(event) => set({ changeGreenLines: event.currentTarget.checked })}
          />
          Green lines too
        </label>
      </div>
    </>
  );
}
