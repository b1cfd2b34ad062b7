import { describe, expect, it } from "vitest";
import type { Suggestion } from "../protocol";
import { finding, suggestion, variant } from "../testing/fixtures";
import { areApart, isOfSounds, partOf, problemsOf, takesOf, wholesOf } from "./variants";

const BAD = variant(0, { findings: [finding("p"), finding("w", { severity: "warning" })] });
const GOOD = variant(1, { findings: [finding("m", { severity: "minor" })] });
const UNKNOWN = variant(2, { findings: null });

function keeping(...kept: Suggestion["settings"]["kept"]): Suggestion {
  const plain = suggestion("s");
  return { ...plain, settings: { ...plain.settings, kept } };
}

describe("variants", () => {
  it("are told apart by their problems alone", () => {
    expect([BAD, GOOD, UNKNOWN].map(problemsOf)).toEqual([1, 0, 0]);
    expect(areApart(suggestion("s", { variants: [BAD, GOOD] }))).toBe(true);
    expect(areApart(suggestion("s", { variants: [GOOD, UNKNOWN] }))).toBe(false);
    expect(areApart(suggestion("s", { variants: [BAD, BAD] }))).toBe(false);
  });

  it("may be parts of others", () => {
    const part = variant(2, { part_of: 0, part: "positions", findings: [finding("p")] });
    const whole = suggestion("s", { variants: [GOOD, variant(0), part] });
    expect(wholesOf(whole).map((one) => one.variant)).toEqual([1, 0]);
    expect(partOf(whole, 0, "positions")).toBe(part);
    expect(partOf(whole, 1, "positions")).toBeNull();
    expect(areApart(whole)).toBe(false);
  });

  it("can be taken in parts where more than one thing is new", () => {
    expect(takesOf(keeping(), "osu")).toEqual(["rhythm", "positions", "hitsounds"]);
    expect(takesOf(keeping("rhythm"), "catch")).toEqual(["positions", "hitsounds"]);
    expect(takesOf(keeping("rhythm", "hitsounds"), "osu")).toEqual([]);
    expect(takesOf(keeping(), "taiko")).toEqual(["rhythm", "hitsounds"]);
    expect(takesOf(keeping(), "mania")).toEqual(["hitsounds"]);
    expect(takesOf(keeping("rhythm"), "mania")).toEqual(["positions", "hitsounds"]);
  });

  it("may differ in nothing but hitsounds", () => {
    expect(isOfSounds(keeping("rhythm", "positions").settings)).toBe(true);
    expect(isOfSounds(keeping("rhythm", "hitsounds").settings)).toBe(false);
    expect(isOfSounds(keeping("positions").settings)).toBe(false);
  });
});
