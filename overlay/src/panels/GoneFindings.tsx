import { placeWords, plural } from "../format/words";
import { useApp } from "../state/app";
import { SEVERITY_NAMES } from "../state/findings";
import { SINCE_WORDS } from "./SinceSegments";

/** What is not found any more, above the list of what is new since the same moment. */
export function GoneFindings() {
  const { daemon, view } = useApp();
  const { since } = view.filter.value;
  const review = daemon.review.value;
  if (since === null || review === null) return null;
  const { gone, gone_count } = since === "save" ? review.since_save : review.since_opening;
  if (gone_count === 0) return null;
  return (
    <details class="gone" data-testid="gone">
      <summary>
        {plural(gone_count, "finding is", "findings are")} gone {SINCE_WORDS[since]}
      </summary>
      <ul>
        {gone.map((finding) => (
          <li key={finding.id}>
            <span class={`dot dot-${finding.severity}`} title={SEVERITY_NAMES[finding.severity]} />
            <span class="visually-hidden">{SEVERITY_NAMES[finding.severity]}: </span>
            {placeWords(finding)}
            {finding.message}
          </li>
        ))}
        {gone_count > gone.length && <li>and {gone_count - gone.length} more</li>}
      </ul>
    </details>
  );
}
