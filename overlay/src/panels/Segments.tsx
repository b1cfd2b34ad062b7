import { useId } from "preact/hooks";

interface Option<T> {
  readonly value: T;
  readonly label: string;
  readonly title?: string | undefined;
  readonly disabled?: boolean;
}

interface SegmentsProps<T> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly Option<T>[];
  readonly onChange: (value: T) => void;
}

/** One of a few, side by side: radio buttons that look like a switch. */
export function Segments<T extends string | number>(props: SegmentsProps<T>) {
  const { label, value, options, onChange } = props;
  const name = useId();
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">{label}</legend>
      {options.map((option) => (
        <label key={option.value} title={option.title}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            disabled={option.disabled ?? false}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
