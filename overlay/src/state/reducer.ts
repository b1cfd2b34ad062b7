import type {
  FairUse,
  Finding,
  Job,
  MapCandidate,
  MapState,
  ModelState,
  PassageAdded,
  Problem,
  Provenance,
  Review,
  ServerUpdate,
  Suggestion,
  TimingReport,
  UndoState,
  Variant,
} from "../protocol";

/** Everything the daemon has told this page. Immutable; `reduce` makes the next one. */
export interface DaemonState {
  readonly map: MapState | null;
  readonly candidates: readonly MapCandidate[];
  readonly findings: ReadonlyMap<string, Finding>;
  /** The revision the findings belong to; null before the first findings. */
  readonly findingsRevision: number | null;
  /** Ids that the last delta brought in; empty right after a snapshot. */
  readonly freshFindings: ReadonlySet<string>;
  /** What was decided about the findings, and what came and went among them. */
  readonly review: Review | null;
  readonly jobs: ReadonlyMap<string, Job>;
  readonly suggestions: readonly Suggestion[];
  /** The song's timing as it was heard last. */
  readonly timing: TimingReport | null;
  readonly model: ModelState | null;
  readonly undo: UndoState | null;
  readonly fairUse: FairUse | null;
  readonly problems: readonly Problem[];
  readonly provenance: Provenance | null;
}

const NOTHING_FRESH: ReadonlySet<string> = new Set();

export const EMPTY_STATE: DaemonState = {
  map: null,
  candidates: [],
  findings: new Map(),
  findingsRevision: null,
  freshFindings: NOTHING_FRESH,
  review: null,
  jobs: new Map(),
  suggestions: [],
  timing: null,
  model: null,
  undo: null,
  fairUse: null,
  problems: [],
  provenance: null,
};

/** The state after an update. Replies carry no state and leave it as it is. */
export function reduce(state: DaemonState, update: ServerUpdate): DaemonState {
  switch (update.type) {
    case "snapshot":
      return {
        map: update.map,
        candidates: update.candidates,
        findings: byId(update.findings),
        findingsRevision: update.map?.revision ?? null,
        freshFindings: NOTHING_FRESH,
        review: update.review,
        jobs: byId(update.jobs),
        suggestions: update.suggestions,
        timing: update.timing,
        model: update.model,
        undo: update.undo,
        fairUse: update.fair_use,
        problems: update.problems,
        provenance: null,
      };
    case "map_revised":
      return withMap(state, update.map);
    case "candidates":
      return { ...state, candidates: update.candidates };
    case "findings_delta":
      if (update.map_id !== state.map?.map_id) return state;
      return {
        ...state,
        ...findingsAfter(state, update.added, update.removed_ids),
        findingsRevision: update.revision,
      };
    case "review":
      return update.map_id === state.map?.map_id ? { ...state, review: update.review } : state;
    case "job":
      return { ...state, jobs: withJob(state.jobs, update.job) };
    case "suggestion":
      return { ...state, suggestions: withSuggestion(state.suggestions, update.suggestion) };
    case "passage":
      return { ...state, suggestions: withPassage(state.suggestions, update) };
    case "timing":
      return { ...state, timing: update.timing };
    case "model":
      return { ...state, model: update.model };
    case "undo_state":
      return { ...state, undo: update.undo };
    case "fair_use":
      return { ...state, fairUse: update.fair_use };
    case "problem":
      return { ...state, problems: withProblem(state.problems, update.problem) };
    case "problem_cleared":
      return { ...state, problems: state.problems.filter(({ code }) => code !== update.code) };
    case "provenance":
      return { ...state, provenance: update };
    case "reply":
      return state;
  }
}

function withMap(state: DaemonState, map: MapState | null): DaemonState {
  if (map !== null && map.map_id === state.map?.map_id) return { ...state, map };
  // Another map: findings, jobs, suggestions and the journal of the old one are void.
  return {
    ...state,
    map,
    findings: new Map(),
    findingsRevision: null,
    freshFindings: NOTHING_FRESH,
    review: null,
    jobs: new Map(),
    suggestions: [],
    provenance: null,
  };
}

function findingsAfter(
  state: DaemonState,
  added: readonly Finding[],
  removedIds: readonly string[],
): Pick<DaemonState, "findings" | "freshFindings"> {
  const findings = new Map(state.findings);
  const fresh = new Set<string>();
  for (const id of removedIds) findings.delete(id);
  for (const finding of added) {
    if (!state.findings.has(finding.id)) fresh.add(finding.id);
    findings.set(finding.id, finding);
  }
  return { findings, freshFindings: fresh };
}

function withJob(jobs: ReadonlyMap<string, Job>, job: Job): ReadonlyMap<string, Job> {
  const next = new Map(jobs);
  // Of the jobs that ended, only the newest of each kind is worth remembering.
  for (const [id, other] of jobs) {
    if (isOver(other) && other.kind === job.kind) next.delete(id);
  }
  return next.set(job.id, job);
}

export function isOver(job: Job): boolean {
  return job.state === "done" || job.state === "cancelled" || job.state === "failed";
}

function withSuggestion(all: readonly Suggestion[], changed: Suggestion): readonly Suggestion[] {
  const known = all.some(({ id }) => id === changed.id);
  return known ? all.map((old) => (old.id === changed.id ? changed : old)) : [...all, changed];
}

function withPassage(all: readonly Suggestion[], passage: PassageAdded): readonly Suggestion[] {
  return all.map((suggestion) =>
    suggestion.id === passage.suggestion_id
      ? { ...suggestion, variants: variantsAfter(suggestion.variants, passage) }
      : suggestion,
  );
}

function variantsAfter(variants: readonly Variant[], passage: PassageAdded): Variant[] {
  const old = variants.find(({ variant }) => variant === passage.variant);
  const grown: Variant = {
    variant: passage.variant,
    objects: [...(old?.objects ?? []), ...passage.objects],
    mean_logprob: passage.mean_logprob,
    changed: (old?.changed ?? 0) + passage.changed,
    part_of: null,
    part: null,
    findings: null,
  };
  return [...variants.filter(({ variant }) => variant !== passage.variant), grown].sort(
    (a, b) => a.variant - b.variant,
  );
}

function withProblem(all: readonly Problem[], problem: Problem): readonly Problem[] {
  return [...all.filter(({ code }) => code !== problem.code), problem];
}

function byId<T extends { readonly id: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}
