import { describe, expect, it } from "vitest";
import { finding, job } from "../testing/fixtures";
import { detectionWords, jobWords, modelWords, placeWords, plural } from "./words";

describe("words", () => {
  it("say how a map was found", () => {
    const found = { client: null, editor_open: null } as const;
    expect(detectionWords({ probe: "given", ...found })).toBe("opened from the command line");
    expect(detectionWords({ probe: "last_saved", ...found })).toBe("last map you saved");
    expect(detectionWords({ probe: "window_title", client: "lazer", editor_open: true })).toBe(
      "open in the osu! (lazer) editor",
    );
  });

  it("say what the model does", () => {
    expect(modelWords(null).tone).toBe("idle");
    const failed = {
      state: "failed",
      name: "m",
      family: null,
      n_parameters: null,
      digest: null,
      error: { code: "checkpoint_mismatch", message: "The file is damaged." },
    } as const;
    expect(modelWords(failed)).toEqual({
      text: "Model failed",
      title: "The file is damaged.",
      tone: "bad",
    });
  });

  it("say how far a job is", () => {
    expect(jobWords(job("1", { done: 3, total: 9 }))).toBe("Scanning 33 %");
    expect(jobWords(job("1", { total: 0, kind: "regenerate" }))).toBe("Generating");
    expect(jobWords(job("1", { state: "queued" }))).toBe("Scanning: waiting");
  });

  it("say where a finding is, unless it is about the whole map", () => {
    expect(placeWords(finding("a", { start_ms: 61_002 }))).toBe("01:01:002 ");
    expect(placeWords(finding("a", { start_ms: 0, editor_link: "" }))).toBe("");
  });

  it("count", () => {
    expect([plural(1, "object"), plural(12_000, "object")]).toEqual(["1 object", "12,000 objects"]);
  });
});
