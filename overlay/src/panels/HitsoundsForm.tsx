import type { Signal } from "@preact/signals";
import { useApp } from "../state/app";
import { type HitsoundsForm as Form, readHitsoundsForm } from "../state/form";
import { BoldnessField, SeedField, VariantsField } from "./fields";
import { failureOf, GenerateButtons, whyNot } from "./GenerateButtons";
import { RangeFields } from "./RangeFields";
import { Segments } from "./Segments";

/** Where to choose hitsounds anew, and how. */
export function HitsoundsForm({ form }: { form: Signal<Form> }) {
  const app = useApp();
  const { actions, daemon, view } = app;
  const { where, seed, temperature, variants } = form.value;
  const set = (change: Partial<Form>) => {
    form.value = { ...form.peek(), ...change };
  };
  const read = readHitsoundsForm(form.value);
  const hindrance =
    whyNot(app) ??
    missing(where, view.range.value !== null, daemon.map.value?.timeline.objects.length ?? 0) ??
    (read.ok ? null : read.message);
  const failure = failureOf(app, "hitsounds");
  const start = () => {
    if (!read.ok) return;
    const range = where === "range" ? view.range.peek() : null;
    view.shown.value = "suggestion";
    if (range !== null) view.moveCursor(range.start_ms);
    void actions.chooseHitsounds(range, read.options);
  };
  return (
    <form
      class="generate-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (hindrance === null) start();
      }}
    >
      <div class="field">
        <span>Where</span>
        <Segments
          label="Where to choose hitsounds"
          value={where}
          options={[
            { value: "map", label: "Whole map" },
            { value: "range", label: "Selected range" },
          ]}
          onChange={(value) => set({ where: value })}
        />
      </div>
      {where === "range" && <RangeFields purpose="where to choose hitsounds" />}
      <SeedField
        value={seed}
        wrong={!read.ok && read.field === "seed"}
        onChange={(value) => set({ seed: value })}
      />
      <div class="field-row">
        <BoldnessField value={temperature} onChange={(value) => set({ temperature: value })} />
        <VariantsField value={variants} onChange={(value) => set({ variants: value })} />
      </div>
      <GenerateButtons
        label="Choose hitsounds"
        testid="choose-hitsounds"
        hindrance={hindrance}
        silent={where === "range" && view.range.value === null}
      />
      {failure !== null && <p class="reason">{failure}</p>}
      <p class="faint">
        Only additions and sample sets change. Rhythm, positions, volumes and timing points stay as
        they are. On the timeline W, F and C are whistle, finish and clap.
      </p>
    </form>
  );
}

function missing(where: Form["where"], hasRange: boolean, objects: number): string | null {
  if (objects === 0) return "The map has no objects yet.";
  return where === "range" && !hasRange ? "Choose a range first." : null;
}
