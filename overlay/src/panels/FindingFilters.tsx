import { plural } from "../format/words";
import { type App, useApp } from "../state/app";
import {
  categories,
  countBySeverity,
  type FindingFilter,
  listed,
  SEVERITIES,
  SEVERITY_NAMES,
  type Severity,
} from "../state/findings";
import { LevelField } from "./LevelField";
import { SinceSegments } from "./SinceSegments";

/** Which findings the list and the timeline show. */
export function FindingFilters() {
  const { derived, view } = useApp();
  const filter = view.filter.value;
  const range = view.range.value;
  const change = (part: Partial<FindingFilter>) => {
    view.filter.value = { ...filter, ...part };
  };
  return (
    <div class="filters">
      <SinceSegments />
      <Severities />
      <LevelField />
      <select
        aria-label="Category"
        value={filter.category ?? ""}
        onChange={(event) => change({ category: event.currentTarget.value || null })}
      >
        <option value="">All categories</option>
        {categories(derived.findingList.value).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label="Order"
        value={filter.order}
        onChange={(event) => {
          change({ order: event.currentTarget.value === "time" ? "time" : "useful" });
        }}
      >
        <option value="useful">Most useful first</option>
        <option value="time">By time</option>
      </select>
      {range !== null && (
        <label class="check">
          <input
            type="checkbox"
            checked={filter.within !== null}
            onChange={(event) => change({ within: event.currentTarget.checked ? range : null })}
          />
          in range
        </label>
      )}
    </div>
  );
}

/** The findings that the filter lets through; "in range" follows the range as it is dragged. */
export function shownFindings({ derived, view }: App, part: Partial<FindingFilter> = {}) {
  const filter = view.filter.value;
  const within = filter.within === null ? null : view.range.value;
  const all = derived.findingList.value;
  return listed(all, { ...filter, within, ...part }, derived.newFindings.value);
}

/** A switch for each severity, with the number of findings that it shows or hides. */
function Severities() {
  const app = useApp();
  const { view } = app;
  const { hidden } = view.filter.value;
  const counts = countBySeverity(shownFindings(app, { hidden: new Set() }));
  const toggle = (severity: Severity) => {
    const others = new Set(hidden);
    if (!others.delete(severity)) others.add(severity);
    view.filter.value = { ...view.filter.peek(), hidden: others };
  };
  return (
    <fieldset class="severities" aria-label="Severities">
      {SEVERITIES.map((severity) => (
        <button
          key={severity}
          type="button"
          class="severity"
          aria-pressed={!hidden.has(severity)}
          title={`${plural(counts[severity], SEVERITY_NAMES[severity].toLowerCase())}; press to ${
            hidden.has(severity) ? "show" : "hide"
          }`}
          onClick={() => toggle(severity)}
        >
          <span class={`dot dot-${severity}`} />
          <span class="severity-name">{SEVERITY_NAMES[severity]}</span>
          <b>{counts[severity]}</b>
        </button>
      ))}
    </fieldset>
  );
}
