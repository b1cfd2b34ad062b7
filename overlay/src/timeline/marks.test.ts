import { describe, expect, it } from "vitest";
import { finding } from "../testing/fixtures";
import { markAt, marksOf } from "./marks";

const view = { start_ms: 0, end_ms: 1000, width_px: 1000 };
const at = (id: string, start_ms: number, severity: "problem" | "minor" = "minor") =>
  finding(id, { start_ms, end_ms: start_ms, severity });

describe("marksOf", () => {
  it("keeps distant findings apart", () => {
    expect(marksOf([at("a", 100), at("b", 200)], view).map(({ x_px }) => x_px)).toEqual([100, 200]);
  });

  it("joins close ones under the gravest", () => {
    const [mark] = marksOf([at("a", 100), at("b", 103, "problem")], view);
    expect(mark?.finding.id).toBe("b");
    expect(mark?.all.map(({ id }) => id)).toEqual(["b", "a"]);
  });

  it("keeps the mark of a finding that began before the view at the edge", () => {
    const long = finding("long", { start_ms: -500, end_ms: 500 });
    expect(marksOf([long], view)[0]?.x_px).toBe(0);
  });

  it("stays small however many findings there are", () => {
    const many = Array.from({ length: 5000 }, (_, n) => at(String(n), n / 5));
    expect(marksOf(many, view).length).toBeLessThanOrEqual(1000 / 9 + 1);
  });
});

describe("markAt", () => {
  it("finds the nearest within reach", () => {
    const marks = marksOf([at("a", 100), at("b", 112)], view);
    expect(markAt(marks, 107)?.finding.id).toBe("b");
    expect(markAt(marks, 60)).toBeNull();
  });
});
