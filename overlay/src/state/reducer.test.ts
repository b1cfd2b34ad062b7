import { describe, expect, it } from "vitest";
import {
  circle,
  comparison,
  finding,
  job,
  mapState,
  review,
  snapshot,
  suggestion,
} from "../testing/fixtures";
import { EMPTY_STATE, reduce } from "./reducer";

const opened = reduce(EMPTY_STATE, snapshot({ findings: [finding("a"), finding("b")] }));

describe("reduce", () => {
  it("takes over a snapshot", () => {
    expect(opened.map?.map_id).toBe("map-1");
    expect([...opened.findings.keys()]).toEqual(["a", "b"]);
    expect(opened.freshFindings.size).toBe(0);
    expect(opened.findingsRevision).toBe(1);
  });

  it("adds, replaces and removes findings, and knows which are new", () => {
    const next = reduce(opened, {
      type: "findings_delta",
      seq: 2,
      map_id: "map-1",
      revision: 2,
      added: [finding("b", { message: "changed" }), finding("c")],
      removed_ids: ["a"],
    });
    expect([...next.findings.keys()]).toEqual(["b", "c"]);
    expect(next.findings.get("b")?.message).toBe("changed");
    expect([...next.freshFindings]).toEqual(["c"]);
    expect(next.findingsRevision).toBe(2);
  });

  it("takes over a review of its map alone, and drops it with the map", () => {
    const changed = review({ since_save: comparison({ new_ids: ["a"] }) });
    const update = { type: "review" as const, seq: 2, map_id: "map-1", review: changed };
    const next = reduce(opened, update);
    expect(next.review).toEqual(changed);
    expect(next.findings).toBe(opened.findings);
    expect(reduce(opened, { ...update, map_id: "other" })).toBe(opened);
    const other = mapState({ map_id: "map-2" });
    expect(reduce(next, { type: "map_revised", seq: 3, map: other }).review).toBeNull();
  });

  it("ignores findings of another map", () => {
    const delta = {
      type: "findings_delta" as const,
      seq: 2,
      map_id: "other",
      revision: 9,
      added: [finding("z")],
      removed_ids: [],
    };
    expect(reduce(opened, delta)).toBe(opened);
  });

  it("keeps findings over a revision and drops them with the map", () => {
    const revised = reduce(opened, {
      type: "map_revised",
      seq: 2,
      map: mapState({ revision: 2 }),
    });
    expect(revised.findings.size).toBe(2);
    const working = reduce(revised, { type: "job", seq: 3, job: job("1", { state: "done" }) });
    const other = reduce(working, {
      type: "map_revised",
      seq: 4,
      map: mapState({ map_id: "map-2" }),
    });
    expect([other.findings.size, other.jobs.size]).toEqual([0, 0]);
    expect(reduce(other, { type: "map_revised", seq: 5, map: null }).map).toBeNull();
  });

  it("remembers only the newest ended job of a kind", () => {
    let state = reduce(opened, { type: "job", seq: 2, job: job("1", { state: "done" }) });
    state = reduce(state, { type: "job", seq: 3, job: job("2") });
    expect([...state.jobs.keys()]).toEqual(["2"]);
    state = reduce(state, { type: "job", seq: 4, job: job("3", { kind: "regenerate" }) });
    expect([...state.jobs.keys()]).toEqual(["2", "3"]);
  });

  it("grows a suggestion's variants passage by passage", () => {
    let state = reduce(opened, { type: "suggestion", seq: 2, suggestion: suggestion("s") });
    const passage = {
      type: "passage" as const,
      suggestion_id: "s",
      start_ms: 1000,
      end_ms: 2000,
      mean_logprob: -1,
      changed: 1,
    };
    state = reduce(state, { ...passage, seq: 3, variant: 1, objects: [circle(1000)] });
    state = reduce(state, { ...passage, seq: 4, variant: 0, objects: [circle(1100)] });
    state = reduce(state, { ...passage, seq: 5, variant: 1, objects: [circle(2000)] });
    const variants = state.suggestions[0]?.variants ?? [];
    expect(variants.map((one) => [one.variant, one.objects.length, one.changed])).toEqual([
      [0, 1, 1],
      [1, 2, 2],
    ]);
    state = reduce(state, {
      type: "suggestion",
      seq: 6,
      suggestion: suggestion("s", { state: "offered" }),
    });
    expect(state.suggestions.map((one) => one.state)).toEqual(["offered"]);
  });

  it("keeps one problem per code until it is cleared", () => {
    const raised = { type: "problem" as const, problem: { code: "audio", message: "one" } };
    let state = reduce(opened, { ...raised, seq: 2 });
    state = reduce(state, { ...raised, seq: 3, problem: { code: "audio", message: "two" } });
    expect(state.problems).toEqual([{ code: "audio", message: "two" }]);
    state = reduce(state, { type: "problem_cleared", seq: 4, code: "audio" });
    expect(state.problems).toEqual([]);
  });

  it("leaves unrelated parts identical, so that nothing redraws for them", () => {
    const next = reduce(opened, { type: "job", seq: 2, job: job("1") });
    expect(next.map).toBe(opened.map);
    expect(next.findings).toBe(opened.findings);
  });
});
