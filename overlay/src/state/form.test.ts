import { describe, expect, it } from "vitest";
import {
  DEFAULT_DIFFICULTY,
  DEFAULT_FORM,
  DEFAULT_TIMING,
  randomSeed,
  readDifficultyForm,
  readForm,
  readTimingForm,
} from "./form";

describe("readForm", () => {
  it("leaves empty fields to the companion", () => {
    expect(readForm(DEFAULT_FORM)).toEqual({
      ok: true,
      options: {
        difficulty: null,
        seed: null,
        guidance: 1,
        temperature: 0.8,
        keep: [],
        variants: 2,
        change_green_lines: false,
      },
    });
  });

  it("leaves guidance and green lines alone where the rhythm stays", () => {
    const eager = { ...DEFAULT_FORM, guidance: 2, changeGreenLines: true };
    const options = { guidance: 2, change_green_lines: true, keep: ["hitsounds"] };
    expect(readForm({ ...eager, keep: ["hitsounds"] })).toMatchObject({ options });
    expect(readForm({ ...eager, keep: ["rhythm"] })).toMatchObject({
      options: { guidance: 1, change_green_lines: false, keep: ["rhythm"] },
    });
    const all = readForm({ ...eager, keep: ["rhythm", "positions", "hitsounds"] });
    expect(all).toMatchObject({ ok: false, field: "keep" });
  });

  it("takes zero as a value, and a comma as a point", () => {
    const read = readForm({ ...DEFAULT_FORM, seed: "0", difficulty: "4,5" });
    expect(read).toMatchObject({ ok: true, options: { seed: 0, difficulty: 4.5 } });
  });

  it("explains what it cannot take", () => {
    const field = (change: object) => {
      const read = readForm({ ...DEFAULT_FORM, ...change });
      return read.ok ? null : read.field;
    };
    expect(field({ difficulty: "13" })).toBe("difficulty");
    expect(field({ difficulty: "hard" })).toBe("difficulty");
    expect(field({ seed: "-1" })).toBe("seed");
    expect(field({ seed: "1.5" })).toBe("seed");
    expect(field({ seed: "4294967296" })).toBe("seed");
  });
});

describe("readTimingForm", () => {
  it("asks for one hearing, or for as many as are typed", () => {
    expect(readTimingForm(DEFAULT_TIMING)).toEqual({
      ok: true,
      options: { iterations: null, seed: null, leniency_ms: 10 },
    });
    const many = readTimingForm({ ...DEFAULT_TIMING, how: "super", iterations: "5" });
    expect(many).toMatchObject({ ok: true, options: { iterations: 5 } });
  });

  it("explains what it cannot take", () => {
    const field = (change: object) => {
      const read = readTimingForm({ ...DEFAULT_TIMING, how: "super", ...change });
      return read.ok ? null : read.field;
    };
    expect(field({ iterations: "0" })).toBe("iterations");
    expect(field({ leniency: "0" })).toBe("leniency");
    expect(field({ leniency: "wide" })).toBe("leniency");
    expect(field({ seed: "x" })).toBe("seed");
  });
});

describe("readDifficultyForm", () => {
  const field = (change: object, mode: "osu" | "mania" = "osu") => {
    const read = readDifficultyForm({ ...DEFAULT_DIFFICULTY, kind: "map", ...change }, mode);
    return read.ok ? null : read.field;
  };

  it("explains what it cannot take", () => {
    expect(field({ kind: "guest" })).toBe("difficulty");
    expect(field({ difficulty: "13" })).toBe("difficulty");
    expect(field({ seed: "-1" })).toBe("seed");
    expect(field({ keys: "19" }, "mania")).toBe("keys");
  });

  it("asks for keys in osu!mania alone", () => {
    expect(field({ keys: "19" })).toBeNull();
    const read = readDifficultyForm(
      { ...DEFAULT_DIFFICULTY, kind: "map", mode: "mania", keys: "7", name: " Mine " },
      "mania",
    );
    expect(read).toMatchObject({
      ok: true,
      options: { kind: "map", options: { mode: "mania", key_count: 7, name: "Mine" } },
    });
  });
});

describe("randomSeed", () => {
  it("is a seed", () => {
    expect(randomSeed(() => 0.5)).toBe(500_000);
  });
});
