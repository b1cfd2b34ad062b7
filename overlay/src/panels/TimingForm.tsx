import type { Signal } from "@preact/signals";
import { timestamp } from "../format/time";
import { plural } from "../format/words";
import type { TimingAgreement, TimingReport } from "../protocol";
import { useApp } from "../state/app";
import { type TimingForm as Form, readTimingForm } from "../state/form";
import { isModdingOnly } from "./FindingsPanel";
import { SeedField, TextField } from "./fields";
import { failureOf, GenerateButtons, whyNot } from "./GenerateButtons";
import { Segments } from "./Segments";

/** How to time the song by ear, and what was heard. */
export function TimingForm({ form }: { form: Signal<Form> }) {
  const app = useApp();
  const { how, iterations, leniency, seed } = form.value;
  const set = (change: Partial<Form>) => {
    form.value = { ...form.peek(), ...change };
  };
  const read = readTimingForm(form.value);
  const wrong = read.ok ? null : read.field;
  const hindrance = whyNot(app) ?? (read.ok ? null : read.message);
  const failure = failureOf(app, "timing");
  const timing = app.daemon.timing.value;
  return (
    <form
      class="generate-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (hindrance === null && read.ok) void app.actions.hearTiming(read.options);
      }}
    >
      <div class="field">
        <span>How</span>
        <Segments
          label="How to listen"
          value={how}
          options={[
            { value: "plain", label: "Once", title: "One hearing of the song" },
            { value: "super", label: "Many times", title: "Super timing: slow, and finer" },
          ]}
          onChange={(value) => set({ how: value })}
        />
      </div>
      <div class="field-row">
        {how === "super" && (
          <TextField
            label="Hearings"
            value={iterations}
            placeholder="20"
            wrong={wrong === "iterations"}
            onChange={(value) => set({ iterations: value })}
          />
        )}
        <TextField
          label="Leniency (ms)"
          title="How far a beat may lie from its red line; less gives more red lines"
          value={leniency}
          placeholder="10"
          wrong={wrong === "leniency"}
          onChange={(value) => set({ leniency: value })}
        />
        <SeedField
          value={seed}
          wrong={wrong === "seed"}
          onChange={(value) => set({ seed: value })}
        />
      </div>
      <GenerateButtons label="Listen to the song" testid="hear-timing" hindrance={hindrance} />
      {failure !== null && <p class="reason">{failure}</p>}
      {timing === null ? (
        <p class="faint">
          Tells BPM, offset and how far the map's red lines are from the beats. Nothing is written.
        </p>
      ) : (
        <Report timing={timing} />
      )}
    </form>
  );
}

function Report({ timing }: { timing: TimingReport }) {
  const app = useApp();
  const away = app.connection.state.value.phase !== "open";
  return (
    <div class="timing-report" data-testid="timing-report">
      <p>
        <b>{timing.bpm} BPM</b>, offset <b>{Math.round(timing.offset_ms)} ms</b>
        {" · "}
        {plural(timing.n_beats, "beat")} heard
      </p>
      {timing.sections.length > 1 && (
        <ul class="tempo-sections">
          {timing.sections.map((section) => (
            <li key={section.start_ms}>
              {timestamp(Math.round(section.start_ms))}{" "}
              <span class="faint">
                {section.bpm} BPM, {section.meter}/4
              </span>
            </li>
          ))}
        </ul>
      )}
      <Agreement agreement={timing.agreement} />
      {timing.applied ? (
        <p data-testid="timing-applied">These are the map's red lines.</p>
      ) : isModdingOnly(app) ? (
        <p class="faint">Modding-only is on, so red lines that were heard are not written.</p>
      ) : (
        <button
          type="button"
          class="button"
          data-testid="apply-timing"
          disabled={away}
          title="With a backup; Undo takes it back. Objects and green lines stay where they are."
          onClick={() => void app.actions.applyTiming(timing.id)}
        >
          Replace the map's red lines
        </button>
      )}
    </div>
  );
}

function Agreement({ agreement }: { agreement: TimingAgreement | null }) {
  if (agreement === null) return <p class="faint">The map has no red lines to compare with.</p>;
  const { close_share, same_tempo_share, shift_ms, mean_error_ms, worst_error_ms } = agreement;
  const side = shift_ms >= 0 ? "after" : "before";
  return (
    <p data-testid="timing-agreement">
      The map's red lines: {percent(close_share)} of {plural(agreement.n_beats, "beat")} within 10
      ms, same tempo at {percent(same_tempo_share)}. Error {mean_error_ms.toFixed(1)} ms on average,{" "}
      {worst_error_ms.toFixed(1)} ms at most; heard {Math.abs(shift_ms).toFixed(1)} ms {side} the
      map's.
    </p>
  );
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
