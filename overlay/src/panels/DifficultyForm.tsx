import type { Signal } from "@preact/signals";
import type { Job, MapState } from "../protocol";
import { type App, useApp } from "../state/app";
import { type DifficultyForm as Form, readDifficultyForm } from "../state/form";
import { BoldnessField, GuidanceField, SeedField, TextField } from "./fields";
import { failureOf, GenerateButtons, whyNot } from "./GenerateButtons";
import { Segments } from "./Segments";

/** A difficulty that becomes a new file of the set: a guest's, or one from the song alone. */
export function DifficultyForm({ form }: { form: Signal<Form> }) {
  const app = useApp();
  const { kind, mode, keys, difficulty, name, descriptors, seed } = form.value;
  const set = (change: Partial<Form>) => {
    form.value = { ...form.peek(), ...change };
  };
  const newMode = (kind === "map" && mode) || (app.daemon.map.value?.mode ?? "osu");
  const read = readDifficultyForm(form.value, newMode);
  const wrong = read.ok || difficulty === "" ? null : read.field;
  const hindrance = whyNot(app) ?? (read.ok ? null : read.message);
  const failure = failureOf(app, kind);
  return (
    <form
      class="generate-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (hindrance === null && read.ok) void app.actions.writeDifficulty(read.options);
      }}
    >
      <div class="field">
        <span>What</span>
        <Segments
          label="What to write"
          value={kind}
          options={KINDS}
          onChange={(value) => set({ kind: value, temperature: BOLDNESS[value] })}
        />
      </div>
      <div class="field-row">
        <TextField
          label="Star rating"
          placeholder={kind === "guest" ? "e.g. 3.5" : "any"}
          value={difficulty}
          wrong={wrong === "difficulty"}
          onChange={(value) => set({ difficulty: value })}
        />
        <TextField
          label="Name"
          placeholder={ownName(kind, difficulty)}
          value={name}
          wrong={false}
          words
          onChange={(value) => set({ name: value })}
        />
      </div>
      {kind === "map" && (
        <div class="field-row">
          <ModeField value={mode} onChange={(value) => set({ mode: value })} />
          {newMode === "mania" && (
            <TextField
              label="Keys"
              placeholder="the map's, or 4"
              value={keys}
              wrong={!read.ok && read.field === "keys"}
              onChange={(value) => set({ keys: value })}
            />
          )}
        </div>
      )}
      <div class="field-row">
        <TextField
          label="Descriptors"
          title="Words for what it should be, with commas; a model that knows none says so"
          placeholder="e.g. streams, tech"
          value={descriptors}
          wrong={false}
          words
          onChange={(value) => set({ descriptors: value })}
        />
        <SeedField
          value={seed}
          wrong={!read.ok && read.field === "seed"}
          onChange={(value) => set({ seed: value })}
        />
      </div>
      <div class="field-row">
        <GuidanceField value={form.value.guidance} onChange={(value) => set({ guidance: value })} />
        <BoldnessField
          value={form.value.temperature}
          onChange={(value) => set({ temperature: value })}
        />
      </div>
      <GenerateButtons label="Write it" testid="write-difficulty" hindrance={hindrance} />
      {failure !== null && <p class="reason">{failure}</p>}
      <Outcome job={newestDifficulty(app)} />
      <p class="faint">{ABOUT[kind]} It becomes a new file in the set; this map stays as it is.</p>
    </form>
  );
}

/** What it is called when no name is typed. */
function ownName(kind: Form["kind"], difficulty: string): string {
  if (difficulty !== "") return `${difficulty} stars`;
  return kind === "map" ? "Generated" : "its stars";
}

const KINDS = [
  { value: "guest", label: "Guest difficulty", title: "With this map's settings and its length" },
  { value: "map", label: "From the song", title: "The whole song, in any mode" },
] as const;

/** The boldness each kind begins with, as on the command line. */
const BOLDNESS: Readonly<Record<Form["kind"], number>> = { guest: 0.8, map: 0.9 };

const ABOUT: Readonly<Record<Form["kind"], string>> = {
  guest: "Timing, settings and length are this map's.",
  map: "The whole song, with this map's timing.",
};

function ModeField({
  value,
  onChange,
}: {
  value: Form["mode"];
  onChange: (mode: Form["mode"]) => void;
}) {
  return (
    <label class="field">
      <span>Mode</span>
      <select
        value={value}
        onChange={(event) => onChange(event.currentTarget.value as Form["mode"])}
      >
        <option value="">the map's</option>
        {MODES.map(([mode, label]) => (
          <option key={mode} value={mode}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

const MODES: readonly (readonly [MapState["mode"], string])[] = [
  ["osu", "osu!"],
  ["taiko", "osu!taiko"],
  ["catch", "osu!catch"],
  ["mania", "osu!mania"],
];

/** What came of the newest of these jobs: its file, or why it was called off. */
function Outcome({ job }: { job: Job | null }) {
  if (job?.state === "cancelled" && job.note !== null) return <p class="faint">{job.note}</p>;
  if (job?.state !== "done" || job.file_name === null) return null;
  return (
    <div class="outcome" role="status" data-testid="written-file">
      <p>
        Written: <b>{job.file_name}</b>
      </p>
      <p class="faint">
        {job.note} It lies in the set's folder; F5 in song select finds it. If you do not want it,
        delete the file: nothing else was changed.
      </p>
    </div>
  );
}

function newestDifficulty({ daemon }: App): Job | null {
  const jobs = [...daemon.jobs.value.values()];
  return jobs.findLast(({ kind }) => kind === "guest" || kind === "map") ?? null;
}
