import { useSignal } from "@preact/signals";
import { beats, duration, parseTimestamp, timestamp } from "../format/time";
import { useApp } from "../state/app";
import { beatsBetween, nearestBeat } from "../timeline/beats";

const FIRST_RANGE_MS = 8000;

/** The range in numbers: for the keyboard, and for pasting a time stamp from the editor. */
export function RangeFields({ purpose = "what to regenerate" }: { purpose?: string }) {
  const { derived, view } = useApp();
  const range = view.range.value;
  const red = derived.redLines.value;
  if (range === null) {
    return (
      <div class="range-empty">
        <p>Drag over the timeline to choose {purpose}.</p>
        <button
          type="button"
          class="button small"
          onClick={() => {
            const from_ms = nearestBeat(red, view.cursor_ms.peek());
            view.setRange(from_ms, nearestBeat(red, from_ms + FIRST_RANGE_MS));
          }}
        >
          Take 8 s from the playhead
        </button>
      </div>
    );
  }
  const counted = beatsBetween(red, range);
  return (
    <div class="range-fields">
      <TimeField
        label="From"
        value_ms={range.start_ms}
        onChange={(time_ms) => view.setRange(time_ms, range.end_ms)}
      />
      <TimeField
        label="To"
        value_ms={range.end_ms}
        onChange={(time_ms) => view.setRange(range.start_ms, time_ms)}
      />
      <span class="faint range-length" data-testid="range-length">
        {counted !== null && `${beats(counted)} · `}
        {duration(range.end_ms - range.start_ms)}
      </span>
      <button
        type="button"
        class="icon-button"
        aria-label="Clear the range"
        title="Clear the range (Esc)"
        onClick={() => {
          view.range.value = null;
        }}
      >
        ✕
      </button>
    </div>
  );
}

interface TimeFieldProps {
  readonly label: string;
  readonly value_ms: number;
  readonly onChange: (time_ms: number) => void;
}

function TimeField({ label, value_ms, onChange }: TimeFieldProps) {
  const wrong = useSignal(false);
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        class="time-input"
        spellcheck={false}
        value={timestamp(value_ms)}
        aria-invalid={wrong.value}
        onChange={(event) => {
          const parsed = parseTimestamp(event.currentTarget.value);
          wrong.value = parsed === null;
          if (parsed !== null) onChange(parsed);
          else event.currentTarget.value = timestamp(value_ms);
        }}
      />
    </label>
  );
}
