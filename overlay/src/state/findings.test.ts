import { describe, expect, it } from "vitest";
import { finding } from "../testing/fixtures";
import { categories, countBySeverity, isEditorLink, listed, NO_FILTER } from "./findings";

const all = [
  finding("mild", { severity: "suggestion", surprisal_bits: 5, start_ms: 10, end_ms: 10 }),
  finding("wild", { severity: "suggestion", surprisal_bits: 12, start_ms: 30, end_ms: 30 }),
  finding("light", { severity: "problem", weight: 1, start_ms: 5, end_ms: 5, category: "Spread" }),
  finding("heavy", { severity: "problem", weight: 9, start_ms: 40, end_ms: 50 }),
];
const NOTHING_NEW = { save: new Set<string>(), opening: new Set<string>() };
const ids = (findings: { id: string }[]) => findings.map(({ id }) => id);

describe("listed", () => {
  it("puts problems first, then the most surprising", () => {
    expect(ids(listed(all, NO_FILTER, NOTHING_NEW))).toEqual(["heavy", "light", "wild", "mild"]);
  });

  it("can follow the song instead", () => {
    expect(ids(listed(all, { ...NO_FILTER, order: "time" }, NOTHING_NEW))).toEqual([
      "light",
      "mild",
      "wild",
      "heavy",
    ]);
  });

  it("filters by severity, category and range", () => {
    expect(ids(listed(all, { ...NO_FILTER, hidden: new Set(["problem"]) }, NOTHING_NEW))).toEqual([
      "wild",
      "mild",
    ]);
    expect(ids(listed(all, { ...NO_FILTER, category: "Spread" }, NOTHING_NEW))).toEqual(["light"]);
    expect(
      ids(listed(all, { ...NO_FILTER, within: { start_ms: 30, end_ms: 45 } }, NOTHING_NEW)),
    ).toEqual(["heavy", "wild"]);
  });
});

describe("listed since a moment", () => {
  const fresh = { save: new Set(["wild"]), opening: new Set(["wild", "light", "gone"]) };
  const since = (moment: "save" | "opening") => ({ ...NO_FILTER, since: moment });

  it("lists what is new since then alone", () => {
    expect(ids(listed(all, since("save"), fresh))).toEqual(["wild"]);
    expect(ids(listed(all, since("opening"), fresh))).toEqual(["light", "wild"]);
    expect(ids(listed(all, since("save"), NOTHING_NEW))).toEqual([]);
  });

  it("leaves the other filters as they are", () => {
    const filter = { ...since("opening"), hidden: new Set(["problem" as const]) };
    expect(ids(listed(all, filter, fresh))).toEqual(["wild"]);
  });
});

describe("the counts", () => {
  it("count by severity and name the categories", () => {
    expect(countBySeverity(all)).toEqual({ problem: 2, warning: 0, minor: 0, suggestion: 2 });
    expect(categories(all)).toEqual(["Spread", "Timing"]);
  });
});

describe("isEditorLink", () => {
  it("lets nothing but the editor through", () => {
    expect(isEditorLink("osu://edit/00:01:000 (1)")).toBe(true);
    expect(isEditorLink("javascript:alert(1)")).toBe(false);
  });
});
