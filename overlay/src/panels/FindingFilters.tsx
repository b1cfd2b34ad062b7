import { plural } from "../format/words";
import { useApp } from "../state/app";
import {
  categories,
  countBySeverity,
  SEVERITIES,
  SEVERITY_NAMES,
  type Severity,
} from "../state/findings";

/** Which findings the list and the timeline show. */
export function FindingFilters() {
  const { actions, daemon, derived, view } = useApp();
  const filter = view.filter.value;
  const all = derived.findingList.value;
  const counts = countBySeverity(all);
  const range = view.range.value;
  const toggle = (severity: Severity) => {
    const hidden = new Set(filter.hidden);
    if (!hidden.delete(severity)) hidden.add(severity);
    view.filter.value = { ...filter, hidden };
  };
  return (
    <div class="filters">
      <fieldset class="severities" aria-label="Severities">
        {SEVERITIES.map((severity) => (
          <button
            key={severity}
            type="button"
            class="severity"
            aria-pressed={!filter.hidden.has(severity)}
            title={`${plural(counts[severity], SEVERITY_NAMES[severity].toLowerCase())}; press to ${
              filter.hidden.has(severity) ? "show" : "hide"
            }`}
            onClick={() => toggle(severity)}
          >
            <span class={`dot dot-${severity}`} />
            <span class="severity-name">{SEVERITY_NAMES[severity]}</span>
            <b>{counts[severity]}</b>
          </button>
        ))}
      </fieldset>
      <select
        aria-label="Category"
        value={filter.category ?? ""}
        onChange={(event) => {
          view.filter.value = { ...filter, category: event.currentTarget.value || null };
        }}
      >
        <option value="">All categories</option>
        {categories(all).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label="Order"
        value={filter.order}
        onChange={(event) => {
          view.filter.value = {
            ...filter,
            order: event.currentTarget.value === "time" ? "time" : "useful",
          };
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
            onChange={(event) => {
              view.filter.value = { ...filter, within: event.currentTarget.checked ? range : null };
            }}
          />
          in range
        </label>
      )}
      {daemon.dismissedCount.value > 0 && (
        <button
          type="button"
          class="button small quiet"
          onClick={() => void actions.restoreDismissed()}
        >
          Restore {daemon.dismissedCount.value} dismissed
        </button>
      )}
    </div>
  );
}
