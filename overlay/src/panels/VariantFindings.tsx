import { timestamp } from "../format/time";
import { plural } from "../format/words";
import type { Finding, Suggestion } from "../protocol";
import { useApp } from "../state/app";
import { byUsefulness, countBySeverity, SEVERITIES, SEVERITY_NAMES } from "../state/findings";
import { areApart } from "../state/variants";
import { variantOf } from "../timeline/scene";

/** More are counted, but not listed. */
const LISTED = 100;

/** What the rules would find in the map with the chosen variant in it, and do not find now. */
export function VariantFindings({ suggestion }: { suggestion: Suggestion }) {
  const { view } = useApp();
  const findings = variantOf(suggestion, view.variant.value)?.findings;
  if (findings === undefined || (findings === null && suggestion.state !== "offered")) return null;
  if (findings === null) {
    return <p class="variant-findings faint">The rules have not looked at this.</p>;
  }
  const sorted = [...findings].sort(byUsefulness);
  return (
    <section class="variant-findings" aria-label="What it brings" data-testid="variant-findings">
      <Counts findings={findings} />
      {areApart(suggestion) && <p class="faint">Variants that bring problems (!) come last.</p>}
      {sorted.length > 0 && (
        <ul>
          {sorted.slice(0, LISTED).map((finding) => (
            <Row key={finding.id} finding={finding} />
          ))}
          {sorted.length > LISTED && <li class="faint">… and {sorted.length - LISTED} more</li>}
        </ul>
      )}
    </section>
  );
}

function Counts({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return <p class="faint">The rules find nothing new in it.</p>;
  const counts = countBySeverity(findings);
  return (
    <p class={counts.problem > 0 ? "bad" : undefined}>
      It brings{" "}
      {SEVERITIES.filter((severity) => counts[severity] > 0).map((severity) => (
        <span key={severity} class="variant-count">
          <span class={`dot dot-${severity}`} />
          {severity === "minor"
            ? `${counts.minor} minor`
            : plural(counts[severity], SEVERITY_NAMES[severity].toLowerCase())}
        </span>
      ))}
    </p>
  );
}

/** A finding of a map that is not there yet: it can be looked at on the playfield alone. */
function Row({ finding }: { finding: Finding }) {
  const { view } = useApp();
  const show = () => {
    view.shown.value = "suggestion";
    view.playing.value = false;
    view.moveCursor(finding.start_ms);
  };
  return (
    <li data-code={finding.code}>
      <button type="button" title="Show it on the playfield" onClick={show}>
        <span class={`dot dot-${finding.severity}`} title={SEVERITY_NAMES[finding.severity]} />
        <span class="time">{timestamp(finding.start_ms)}</span>
        <span class="visually-hidden">{SEVERITY_NAMES[finding.severity]}: </span>
        <span>{finding.message}</span>
      </button>
    </li>
  );
}
