import { useId } from "preact/hooks";
import { randomSeed } from "../state/form";
import { Segments } from "./Segments";

/** Fields that several of the generating forms have. */

interface FieldProps<T> {
  readonly value: T;
  readonly onChange: (value: T) => void;
}

interface TextProps extends FieldProps<string> {
  readonly label: string;
  readonly title?: string;
  readonly placeholder: string;
  readonly wrong: boolean;
  /** For a name or words; otherwise a number is typed. */
  readonly words?: boolean;
}

/** One line of text, mostly a number. */
export function TextField(props: TextProps) {
  const { label, title, value, placeholder, wrong, words, onChange } = props;
  return (
    <label class="field" title={title}>
      <span>{label}</span>
      <input
        type="text"
        inputMode={words ? "text" : "decimal"}
        placeholder={placeholder}
        value={value}
        aria-invalid={wrong}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </label>
  );
}

/** The seed as typed, with a button that rolls one. */
export function SeedField({ value, wrong, onChange }: FieldProps<string> & { wrong: boolean }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>Seed</label>
      <span class="with-button">
        <input
          id={id}
          type="text"
          inputMode="numeric"
          placeholder="random"
          data-testid="seed"
          value={value}
          aria-invalid={wrong}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
        <button
          type="button"
          class="icon-button"
          aria-label="Roll a seed"
          title="Roll a seed"
          onClick={() => onChange(String(randomSeed()))}
        >
          ⚄
        </button>
      </span>
    </div>
  );
}

interface GuidanceProps extends FieldProps<number> {
  /** Why it can do nothing here. */
  readonly without?: string | undefined;
}

export function GuidanceField({ value, without, onChange }: GuidanceProps) {
  return (
    <SliderField
      label="Guidance"
      title={without ?? "How strictly star rating and style are followed; 1 is off and fastest"}
      value={without === undefined ? value : 1}
      disabled={without !== undefined}
      min={1}
      max={4}
      onChange={onChange}
    />
  );
}

export function BoldnessField({ value, onChange }: FieldProps<number>) {
  return (
    <SliderField
      label="Boldness"
      title="Sampling temperature; low is plain, high is surprising"
      value={value}
      min={0}
      max={1.5}
      onChange={onChange}
    />
  );
}

export function VariantsField({ value, onChange }: FieldProps<number>) {
  return (
    <div class="field">
      <span>Variants</span>
      <Segments
        label="Variants"
        value={value}
        options={[1, 2, 3, 4].map((count) => ({ value: count, label: String(count) }))}
        onChange={onChange}
      />
    </div>
  );
}

interface SliderProps extends FieldProps<number> {
  readonly label: string;
  readonly title: string;
  readonly min: number;
  readonly max: number;
  readonly disabled?: boolean;
}

function SliderField({ label, title, value, min, max, disabled, onChange }: SliderProps) {
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
        disabled={disabled ?? false}
        value={value}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
    </label>
  );
}
