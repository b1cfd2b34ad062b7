import { type Signal, useSignal } from "@preact/signals";
import { beats } from "../format/time";
import type { RegenerateOptions } from "../protocol";
import { type App, useApp } from "../state/app";
import { DEFAULT_FORM, type RegenerateForm, randomSeed, readForm } from "../state/form";
import { isOver } from "../state/reducer";
import { beatsBetween } from "../timeline/beats";
import { isModdingOnly } from "./FindingsPanel";
import { ModdingOnly } from "./ModdingOnly";
import { RangeFields } from "./RangeFields";
import { Segments } from "./Segments";

/** What to regenerate and how. Hidden while modding-only is on. */
export function RegeneratePanel() {
  const app = useApp();
  const form = useSignal(DEFAULT_FORM);
  return (
    <section class="panel generate" aria-label="Regenerate">
      <header class="panel-head">
        <h2>Regenerate</h2>
      </header>
      {isModdingOnly(app) ? (
        <p class="panel-note" data-testid="modding-only-note">
          Modding-only is on: findings keep coming, and nothing generated is written into a map.
        </p>
      ) : (
        <Form form={form} />
      )}
      <ModdingOnly />
    </section>
  );
}

function Form({ form }: { form: Signal<RegenerateForm> }) {
  const app = useApp();
  const { actions, view } = app;
  const read = readForm(form.value);
  const hindrance = whyNot(app) ?? (read.ok ? null : read.message);
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
      <div class="generate-buttons">
        <button
          type="submit"
          class="button primary wide"
          data-testid="generate"
          disabled={hindrance !== null}
          title={hindrance ?? undefined}
        >
          {generateLabel(app)}
        </button>
        <CancelButton />
      </div>
      {hindrance !== null && view.range.value !== null && !isBusy(app) && (
        <p class="faint">{hindrance}</p>
      )}
    </form>
  );
}

function generateLabel({ derived, view }: App): string {
  const range = view.range.value;
  const counted = range === null ? null : beatsBetween(derived.redLines.value, range);
  return counted === null ? "Regenerate" : `Regenerate ${beats(counted)}`;
}

/** Why generating is not possible right now; null when it is. */
function whyNot(app: App): string | null {
  const { connection, daemon, view } = app;
  if (connection.state.value.phase !== "open") return "The companion is not connected.";
  if (daemon.map.value?.readable === false) return "This map cannot be read.";
  const model = daemon.model.value;
  if (model?.state === "absent") return model.error?.message ?? "There is no model.";
  if (view.range.value === null) return "Choose a range first.";
  return isBusy(app) ? "A passage is being written." : null;
}

function isBusy({ actions, daemon }: App): boolean {
  return actions.starting.value || runningJob(daemon) !== null;
}

function runningJob(daemon: App["daemon"]) {
  for (const job of daemon.jobs.value.values()) {
    if (job.kind === "regenerate" && !isOver(job)) return job;
  }
  return null;
}

function CancelButton() {
  const { actions, daemon } = useApp();
  const job = runningJob(daemon);
  if (job === null) return null;
  return (
    <button
      type="button"
      class="button"
      data-testid="cancel-generate"
      onClick={() => void actions.cancel(job.id)}
    >
      Cancel
    </button>
  );
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
      <label class="field">
        <span>Star rating</span>
        <input
          type="text"
          inputMode="decimal"
          placeholder={stars ? `${stars.toFixed(2)} (map's)` : "the map's"}
          value={form.value.difficulty}
          aria-invalid={wrong === "difficulty"}
          onInput={(event) => set({ difficulty: event.currentTarget.value })}
        />
      </label>
      <div class="field">
        <label for="seed">Seed</label>
        <span class="with-button">
          <input
            id="seed"
            type="text"
            inputMode="numeric"
            placeholder="random"
            value={form.value.seed}
            aria-invalid={wrong === "seed"}
            onInput={(event) => set({ seed: event.currentTarget.value })}
          />
          <button
            type="button"
            class="icon-button"
            aria-label="Roll a seed"
            title="Roll a seed"
            onClick={() => set({ seed: String(randomSeed()) })}
          >
            ⚄
          </button>
        </span>
      </div>
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
        <Slider
          label="Guidance"
          title="How strictly star rating and style are followed; 1 is off and fastest"
          value={guidance}
          min={1}
          max={4}
          onChange={(value) => set({ guidance: value })}
        />
        <Slider
          label="Boldness"
          title="Sampling temperature; low is plain, high is surprising"
          value={temperature}
          min={0}
          max={1.5}
          onChange={(value) => set({ temperature: value })}
        />
      </div>
      <div class="field-row">
        <div class="field">
          <span>Variants</span>
          <Segments
            label="Variants"
            value={variants}
            options={[1, 2, 3, 4].map((value) => ({ value, label: String(value) }))}
            onChange={(value) => set({ variants: value })}
          />
        </div>
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

interface SliderProps {
  readonly label: string;
  readonly title: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}

function Slider({ label, title, value, min, max, onChange }: SliderProps) {
  return (
    <label class="field" title={title}>
      <span>
        {label} <b>{value.toFixed(1)}</b>
      </span>
      <input
        type="range"
        min={min}
        max={max}
        step={0.1}
        value={value}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
    </label>
  );
}
