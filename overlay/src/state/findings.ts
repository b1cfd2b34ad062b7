import type { Finding } from "../protocol";
import { overlaps, type TimeSpan } from "../timeline/viewport";

export type Severity = Finding["severity"];

/** Gravest first. */
export const SEVERITIES: readonly Severity[] = ["problem", "warning", "minor", "suggestion"];

export const SEVERITY_NAMES: Readonly<Record<Severity, string>> = {
  problem: "Problem",
  warning: "Warning",
  minor: "Minor",
  suggestion: "Suggestion",
};

export type FindingOrder = "useful" | "time";

/** The moments that findings are compared with. */
export type Since = "save" | "opening";

/** Ids of what is new since each of them. */
export type NewFindings = Readonly<Record<Since, ReadonlySet<string>>>;

export interface FindingFilter {
  /** Only what is new since then; null shows all. */
  readonly since: Since | null;
  readonly hidden: ReadonlySet<Severity>;
  /** Null shows every category. */
  readonly category: string | null;
  /** Only findings that touch this span; null shows all. */
  readonly within: TimeSpan | null;
  readonly order: FindingOrder;
}

export const NO_FILTER: FindingFilter = {
  since: null,
  hidden: new Set(),
  category: null,
  within: null,
  order: "useful",
};

/** The findings a filter lets through, in its order. */
export function listed(
  findings: Iterable<Finding>,
  filter: FindingFilter,
  fresh: NewFindings,
): Finding[] {
  const shown: Finding[] = [];
  for (const finding of findings) if (passes(finding, filter, fresh)) shown.push(finding);
  return shown.sort(filter.order === "time" ? byTime : byUsefulness);
}

function passes(finding: Finding, filter: FindingFilter, fresh: NewFindings): boolean {
  if (filter.since !== null && !fresh[filter.since].has(finding.id)) return false;
  if (filter.hidden.has(finding.severity)) return false;
  if (filter.category !== null && finding.category !== filter.category) return false;
  return filter.within === null || overlaps(filter.within, finding);
}

/** Problems first; within a severity the most surprising, then the weightiest, then the first. */
export function byUsefulness(a: Finding, b: Finding): number {
  return (
    gravity(a.severity) - gravity(b.severity) ||
    (b.surprisal_bits ?? 0) - (a.surprisal_bits ?? 0) ||
    b.weight - a.weight ||
    byTime(a, b)
  );
}

export function byTime(a: Finding, b: Finding): number {
  return a.start_ms - b.start_ms || gravity(a.severity) - gravity(b.severity) || order(a.id, b.id);
}

/** 0 for the gravest severity. */
export function gravity(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/** How many findings there are of each severity. */
export function countBySeverity(findings: Iterable<Finding>): Readonly<Record<Severity, number>> {
  const counts = { problem: 0, warning: 0, minor: 0, suggestion: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
}

/** All categories that occur, in alphabetical order. */
export function categories(findings: Iterable<Finding>): string[] {
  const names = new Set<string>();
  for (const { category } of findings) names.add(category);
  return [...names].sort();
}

/** Only real editor links become links: the address is foreign text. */
export function isEditorLink(link: string): boolean {
  return link.startsWith("osu://edit/");
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
