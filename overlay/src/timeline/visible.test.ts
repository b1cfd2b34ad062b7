import { describe, expect, it } from "vitest";
import { lowerBound, SpanIndex } from "./visible";

const items = [
  { start_ms: 0, end_ms: 100 },
  { start_ms: 10, end_ms: 5000 },
  { start_ms: 200, end_ms: 200 },
  { start_ms: 300, end_ms: 400 },
  { start_ms: 900, end_ms: 900 },
];

function touching(start_ms: number, end_ms: number): number[] {
  return [...new SpanIndex(items).touching({ start_ms, end_ms })].map(([, index]) => index);
}

describe("SpanIndex", () => {
  it("finds what touches a span", () => {
    expect(touching(0, 1000)).toEqual([0, 1, 2, 3, 4]);
    expect(touching(250, 350)).toEqual([1, 3]);
  });

  it("finds a long item that began far before the span", () => {
    expect(touching(4000, 4500)).toEqual([1]);
  });

  it("leaves out what starts at the end and keeps what ends at the start", () => {
    expect(touching(150, 200)).toEqual([1]);
    expect(touching(400, 900)).toEqual([1, 3]);
  });

  it("agrees with looking at everything", () => {
    for (let start_ms = -50; start_ms < 1000; start_ms += 37) {
      const span = { start_ms, end_ms: start_ms + 90 };
      const all = items.flatMap((item, index) =>
        item.end_ms >= span.start_ms && item.start_ms < span.end_ms ? [index] : [],
      );
      expect(touching(span.start_ms, span.end_ms)).toEqual(all);
    }
  });

  it("is empty without items", () => {
    expect([...new SpanIndex([]).touching({ start_ms: 0, end_ms: 1 })]).toEqual([]);
  });
});

describe("lowerBound", () => {
  it("finds the first index that holds", () => {
    expect(lowerBound(10, (i) => i >= 7)).toBe(7);
    expect(lowerBound(10, () => false)).toBe(10);
    expect(lowerBound(0, () => true)).toBe(0);
  });
});
