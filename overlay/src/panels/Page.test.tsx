// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Snapshot } from "../protocol";
import type { App } from "../state/app";
import { type FakeSocket, reply } from "../testing/fake_socket";
import {
  circle,
  fairUse,
  finding,
  job,
  mapState,
  snapshot,
  suggestion,
  timing,
  variant,
} from "../testing/fixtures";
import { MountedPage, settled } from "../testing/page";

let page: MountedPage;
let socket: FakeSocket;
let app: App;
let root: HTMLElement;

beforeEach(() => {
  window.localStorage.clear();
  page = new MountedPage();
  ({ socket, app, root } = page);
});

afterEach(() => page.dispose());

const opened = (more: Partial<Snapshot> = {}) => page.opened(more);
const find = <T extends HTMLElement>(selector: string) => page.find<T>(selector);

describe("the page", () => {
  it("names the map, how it was found, and the model", async () => {
    await opened();
    expect(find("[data-testid=map-title]").textContent).toBe("Artist - Title [Insane]");
    expect(root.textContent).toContain("opened from the command line");
    expect(find("[data-testid=model]").textContent).toBe("Model asleep");
  });

  it("says what to do without a map", async () => {
    await opened({ map: null });
    expect(root.textContent).toContain("No map is open");
  });

  it("says when the companion is away, and keeps what it knew", async () => {
    await opened();
    socket.fail();
    await settled();
    expect(find("[data-testid=connection-banner]").textContent).toContain("by itself");
    expect(find("[data-testid=map-title]").textContent).toContain("Title");
  });

  it("asks for a new link when its key is refused", async () => {
    socket.fail(4401);
    await settled();
    expect(root.textContent).toContain("Open the overlay again");
  });

  it("repeats the daemon's problems in its words", async () => {
    await opened({ problems: [{ code: "audio_missing", message: "There is no song." }] });
    expect(find("[data-problem=audio_missing]").textContent).toBe("There is no song.");
  });

  it("shows a job's progress and cancels it", async () => {
    await opened({ jobs: [job("j7", { done: 3, total: 9 })] });
    expect(find("[data-job=score]").textContent).toContain("Scanning 33 %");
    find("[data-job=score] button").click();
    expect(socket.lastSent("cancel").job_id).toBe("j7");
  });

  it("treats names from the map as text, never as markup", async () => {
    await opened({ findings: [finding("x", { message: "<img src=x onerror=alert(1)>" })] });
    expect(root.querySelector("img")).toBeNull();
    expect(root.textContent).toContain("<img src=x");
  });
});

describe("regenerating", () => {
  it("waits for a range", async () => {
    await opened();
    expect(find<HTMLButtonElement>("[data-testid=generate]").disabled).toBe(true);
    app.view.setRange(1000, 3000);
    await settled();
    expect(find("[data-testid=generate]").textContent).toBe("Regenerate 4 beats");
    find("[data-testid=generate]").click();
    await settled();
    expect(socket.lastSent("regenerate")).toMatchObject({
      base_revision: 1,
      start_ms: 1000,
      end_ms: 3000,
      options: { keep: [], seed: null },
    });
  });

  it("shows the notice first, once, and goes on after it", async () => {
    await opened({ fair_use: fairUse({ notice_acknowledged: false, can_generate: false }) });
    app.view.setRange(1000, 3000);
    await settled();
    find("[data-testid=generate]").click();
    await settled();
    expect(find("dialog").textContent).toContain("Be fair.");
    expect(socket.sent.some(({ type }) => type === "regenerate")).toBe(false);
    find("[data-testid=acknowledge]").click();
    const { request_id } = socket.lastSent("acknowledge_notice");
    socket.deliver({ type: "fair_use", seq: 2, fair_use: fairUse() });
    socket.deliver(reply(request_id, 3));
    await settled();
    expect(socket.lastSent("regenerate").start_ms).toBe(1000);
    expect(root.querySelector("dialog")).toBeNull();
  });

  it("is nowhere to be seen while modding-only is on", async () => {
    await opened({
      fair_use: fairUse({ modding_only_mapset: true, can_generate: false }),
      findings: [finding("m", { source: "model", fix_label: "Model's fix", fix_source: "model" })],
    });
    expect(root.querySelector("[data-testid=generate]")).toBeNull();
    expect(root.textContent).not.toContain("Model's fix");
  });

  it("keeps what it is told to keep", async () => {
    await opened();
    app.view.setRange(1000, 3000);
    app.view.work.value = "section";
    await settled();
    expect(find("[data-testid=what-is-new]").textContent).toBe("Everything is new");
    find<HTMLInputElement>("input[name=keep-hitsounds]").click();
    find<HTMLInputElement>("input[name=keep-rhythm]").click();
    await settled();
    expect(find("[data-testid=what-is-new]").textContent).toBe("New positions");
    expect(find<HTMLInputElement>(".generate-form input[type=range]").disabled).toBe(true);
    find("[data-testid=generate]").click();
    await settled();
    expect(socket.lastSent("regenerate").options).toMatchObject({
      keep: ["hitsounds", "rhythm"],
      guidance: 1,
      change_green_lines: false,
    });
    socket.deliver(reply(socket.lastSent("regenerate").request_id, 2));
    find<HTMLInputElement>("input[name=keep-positions]").click();
    await settled();
    expect(find<HTMLButtonElement>("[data-testid=generate]").title).toContain("nothing is left");
  });

  it("does not ask again for what the model cannot do, and says why", async () => {
    await opened();
    app.view.setRange(1000, 3000);
    await settled();
    find<HTMLInputElement>("input[name=keep-rhythm]").click();
    await settled();
    find("[data-testid=generate]").click();
    await settled();
    const { request_id } = socket.lastSent("regenerate");
    const error = { code: "option_refused", message: "This model cannot choose positions." };
    socket.deliver(reply(request_id, 2, { ok: false, error }));
    await settled();
    expect(find(".toast").textContent).toContain(error.message);
    const generate = () => find<HTMLButtonElement>("[data-testid=generate]");
    expect([generate().disabled, generate().title]).toEqual([true, error.message]);
    find<HTMLInputElement>("input[name=keep-rhythm]").click();
    await settled();
    expect(generate().disabled).toBe(false);
  });

  it("shows what a variant would bring, and where", async () => {
    const problem = finding("p", { start_ms: 1560, editor_link: "" });
    const warning = finding("w", { severity: "warning", start_ms: 1100, editor_link: "" });
    const offered = suggestion("s", {
      state: "offered",
      ranking: [1, 0],
      variants: [variant(0, { findings: [warning, problem] }), variant(1)],
    });
    await opened({ suggestions: [offered] });
    const brought = () => find("[data-testid=variant-findings]");
    expect(brought().textContent).toContain("The rules find nothing new in it.");
    expect(brought().textContent).toContain("Variants that bring problems (!) come last.");
    const labels = [...root.querySelectorAll(".choices .segments:last-of-type label")];
    expect(labels.map((label) => label.textContent)).toEqual(["1 !", "★ 2"]);
    expect(labels[0]?.getAttribute("title")).toBe("Brings 1 problem.");
    app.view.variant.value = 0;
    app.view.shown.value = "original";
    await settled();
    expect(brought().querySelector(".bad")?.textContent).toBe("It brings 1 problem1 warning");
    const rows = [...brought().querySelectorAll<HTMLElement>("li")];
    expect(rows.map((row) => row.textContent)).toEqual([
      "00:01:560Problem: finding p",
      "00:01:100Warning: finding w",
    ]);
    rows[0]?.querySelector("button")?.click();
    expect([app.view.cursor_ms.value, app.view.shown.value]).toEqual([1560, "suggestion"]);
  });

  it("says when the rules have not looked at a variant, and nothing while it is written", async () => {
    const unseen = [variant(0, { findings: null })];
    await opened({ suggestions: [suggestion("s", { variants: unseen })] });
    expect(root.querySelector(".variant-findings")).toBeNull();
    const offered = suggestion("s", { state: "offered", variants: unseen });
    socket.deliver({ type: "suggestion", seq: 2, suggestion: offered });
    await settled();
    expect(find(".variant-findings").textContent).toBe("The rules have not looked at this.");
  });

  it("takes only a part of a variant, and everything of the next", async () => {
    const offered = suggestion("s", { state: "offered", variants: [variant(0)] });
    await opened({ suggestions: [offered] });
    const take = find<HTMLSelectElement>("[data-testid=take]");
    expect([...take.options].map(({ value }) => value)).toEqual([
      "all",
      "rhythm",
      "positions",
      "hitsounds",
    ]);
    const choose = async (part: string) => {
      take.value = part;
      take.dispatchEvent(new Event("change", { bubbles: true }));
      await settled();
    };
    await choose("positions");
    const asked = socket.lastSent("take_part");
    expect(asked).toMatchObject({ suggestion_id: "s", variant: 0, take: "positions" });
    const part = variant(1, { part_of: 0, part: "positions", findings: [finding("p")] });
    const parted = { ...offered, variants: [variant(0), part] };
    socket.deliver({ type: "suggestion", seq: 2, suggestion: parted });
    socket.deliver(reply(asked.request_id, 3));
    await settled();
    expect(find("[data-testid=accept]").textContent).toBe("Accept only the positions");
    expect(find("[data-testid=variant-findings]").textContent).toContain("1 problem");
    expect(root.querySelectorAll(".choices .segments").length).toBe(1);
    find("[data-testid=accept]").click();
    expect(socket.lastSent("accept")).toMatchObject({ suggestion_id: "s", variant: 1 });
    await choose("all");
    expect(find("[data-testid=accept]").textContent).toBe("Accept");
    const before = socket.sent.length;
    await choose("positions");
    expect(socket.sent.length).toBe(before);
    socket.deliver({ type: "suggestion", seq: 4, suggestion: { ...offered, id: "next" } });
    await settled();
    expect(find("[data-testid=accept]").textContent).toBe("Accept");
  });

  it("accepts the chosen variant and points to Ctrl+L", async () => {
    const offered = suggestion("s", {
      state: "offered",
      ranking: [1, 0],
      variants: [variant(0), variant(1, { objects: [circle(1000), circle(1500)], changed: 2 })],
    });
    await opened({ suggestions: [offered] });
    expect(find("[data-testid=accept]").textContent).toBe("Accept variant 2");
    find("[data-testid=accept]").click();
    expect(socket.lastSent("accept")).toMatchObject({ suggestion_id: "s", variant: 1 });
    socket.deliver({
      type: "suggestion",
      seq: 2,
      suggestion: { ...offered, state: "accepted", accepted_variant: 1 },
    });
    await settled();
    expect(find("[data-testid=accepted-note]").textContent).toContain("Ctrl+L");
  });

  it("says nothing more about an accepted suggestion once the map has moved on", async () => {
    const accepted = suggestion("s", { state: "accepted", accepted_variant: 0 });
    await opened({ suggestions: [accepted], map: mapState({ revision: 2 }) });
    expect(root.querySelector("[data-testid=accepted-note]")).not.toBeNull();
    socket.deliver({ type: "map_revised", seq: 2, map: mapState({ revision: 3 }) });
    await settled();
    expect(root.querySelector("[data-testid=accepted-note]")).toBeNull();
  });

  it("lets a stale suggestion be put away", async () => {
    await opened({ suggestions: [suggestion("s", { state: "stale", reason: "It moved." })] });
    expect(root.textContent).toContain("It moved.");
    find("[data-testid=discard]").click();
    await settled();
    expect(root.querySelector("[data-testid=suggestion-state]")).toBeNull();
  });
});

describe("hitsounds", () => {
  it("are asked for the whole map, or for the selected range", async () => {
    await opened();
    find<HTMLInputElement>("input[value=hitsounds]").click();
    await settled();
    find("[data-testid=choose-hitsounds]").click();
    await settled();
    const whole = socket.lastSent("choose_hitsounds");
    expect(whole).toMatchObject({ base_revision: 1, start_ms: null, end_ms: null });
    socket.deliver(reply(whole.request_id, 2));
    await settled();
    find<HTMLInputElement>("input[value=range]").click();
    await settled();
    expect(find<HTMLButtonElement>("[data-testid=choose-hitsounds]").disabled).toBe(true);
    app.view.setRange(1000, 3000);
    await settled();
    find("[data-testid=choose-hitsounds]").click();
    await settled();
    expect(socket.lastSent("choose_hitsounds")).toMatchObject({
      start_ms: 1000,
      end_ms: 3000,
      options: { seed: null, variants: 1 },
    });
  });

  it("show how far they are, can be called off, and hold back everything else", async () => {
    await opened({ jobs: [job("j3", { kind: "hitsounds", done: 1, total: 4 })] });
    find<HTMLInputElement>("input[value=hitsounds]").click();
    await settled();
    expect(find("[data-testid=job-progress]").textContent).toContain("Choosing hitsounds 25 %");
    expect(find<HTMLButtonElement>("[data-testid=choose-hitsounds]").disabled).toBe(true);
    find("[data-testid=cancel-generate]").click();
    expect(socket.lastSent("cancel").job_id).toBe("j3");
  });

  it("say why they could not be chosen", async () => {
    const error = { code: "option_refused", message: "This model knows no hitsounds." };
    await opened({ jobs: [job("j3", { kind: "hitsounds", state: "failed", error })] });
    find<HTMLInputElement>("input[value=hitsounds]").click();
    await settled();
    expect(find(".generate .reason").textContent).toBe(error.message);
  });

  it("say how many objects sound different", async () => {
    const kept = ["positions", "rhythm"] as const;
    const settings = { ...suggestion("s").settings, kept: [...kept] };
    const variants = [variant(0, { objects: [circle(1000), circle(1500)] })];
    await opened({ suggestions: [suggestion("s", { state: "offered", settings, variants })] });
    expect(find(".choices").textContent).toContain("1 of 2 objects sound different");
  });
});

describe("timing", () => {
  async function shown(more: Partial<Snapshot>): Promise<void> {
    await opened(more);
    find<HTMLInputElement>("input[value=timing]").click();
    await settled();
  }

  it("is heard once, or many times, without the notice: nothing is written", async () => {
    await shown({ fair_use: fairUse({ notice_acknowledged: false, can_generate: false }) });
    find("[data-testid=hear-timing]").click();
    await settled();
    const once = socket.lastSent("hear_timing");
    expect(once.options).toEqual({ iterations: null, seed: null, leniency_ms: 10 });
    socket.deliver(reply(once.request_id, 2));
    await settled();
    find<HTMLInputElement>("input[value=super]").click();
    await settled();
    find("[data-testid=hear-timing]").click();
    await settled();
    expect(socket.lastSent("hear_timing").options?.iterations).toBe(20);
    expect(root.querySelector("dialog")).toBeNull();
  });

  it("is shown beside the map's red lines, and put in their place only on a second wish", async () => {
    await shown({ timing: timing() });
    const report = find("[data-testid=timing-report]").textContent;
    expect(report).toContain("174 BPM, offset 1234 ms · 321 beats heard");
    expect(report).toContain("01:00:000 180.5 BPM, 3/4");
    expect(report).toContain("75 % of 320 beats within 10 ms");
    expect(report).toContain("heard 3.3 ms before the map's");
    expect(socket.sent.some(({ type }) => type === "apply_timing")).toBe(false);
    find("[data-testid=apply-timing]").click();
    expect(socket.lastSent("apply_timing").timing_id).toBe("t1");
    socket.deliver({ type: "timing", seq: 2, timing: timing({ applied: true }) });
    await settled();
    expect(root.querySelector("[data-testid=apply-timing]")).toBeNull();
    expect(find("[data-testid=timing-applied]")).not.toBeNull();
  });

  it("can be looked at while modding-only is on, and not written", async () => {
    const modding = fairUse({ modding_only_mapset: true, can_generate: false });
    await shown({ timing: timing(), fair_use: modding });
    expect(find("[data-testid=timing-report]").textContent).toContain("are not written");
    expect(root.querySelector("[data-testid=apply-timing]")).toBeNull();
    expect(root.querySelector("[data-testid=hear-timing]")).not.toBeNull();
  });

  it("says which model cannot hear it, in the daemon's words", async () => {
    const error = { code: "option_refused", message: "This model cannot hear timing." };
    await shown({ jobs: [job("j", { kind: "timing", state: "failed", error })] });
    expect(find(".generate .reason").textContent).toBe(error.message);
  });
});

describe("a new difficulty", () => {
  async function shown(more: Partial<Snapshot> = {}): Promise<void> {
    await opened(more);
    find<HTMLInputElement>("input[value=difficulty]").click();
    await settled();
  }

  function type(label: string, text: string): void {
    const labels = [...root.querySelectorAll<HTMLLabelElement>(".generate-form label.field")];
    const field = labels.find((one) => one.querySelector("span")?.textContent === label);
    const input = field?.querySelector("input");
    if (!input) throw new Error(`there is no field "${label}"`);
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  it("needs stars when a guest writes it", async () => {
    await shown();
    expect(find<HTMLButtonElement>("[data-testid=write-difficulty]").disabled).toBe(true);
    type("Star rating", "3,5");
    type("Descriptors", "streams, tech,");
    await settled();
    find("[data-testid=write-difficulty]").click();
    await settled();
    expect(socket.lastSent("write_guest")).toMatchObject({
      base_revision: 1,
      options: { difficulty: 3.5, name: null, descriptors: ["streams", "tech"], guidance: 1 },
    });
  });

  it("needs nothing when it is written from the song", async () => {
    await shown();
    find<HTMLInputElement>("input[value=map]").click();
    await settled();
    find("[data-testid=write-difficulty]").click();
    await settled();
    expect(socket.lastSent("write_map").options).toMatchObject({
      difficulty: null,
      mode: null,
      key_count: null,
      seed: null,
    });
  });

  it("is told by its file's name, with how to be rid of it", async () => {
    const written = job("j", {
      kind: "guest",
      state: "done",
      file_name: "a [3 stars].osu",
      note: "120 objects, 2.90 stars.",
    });
    await shown({ jobs: [written] });
    const outcome = find("[data-testid=written-file]").textContent;
    expect(outcome).toContain("Written: a [3 stars].osu");
    expect(outcome).toContain("120 objects, 2.90 stars.");
    expect(outcome).toContain("delete the file");
  });

  it("is told on any form, once, when it was waited for", async () => {
    const running = job("j", { kind: "map" });
    await opened({ jobs: [running] });
    const done = { ...running, state: "done" as const, file_name: "a [Mine].osu" };
    socket.deliver({ type: "job", seq: 2, job: done });
    await settled();
    expect(find(".toast").textContent).toContain("Written: a [Mine].osu");
    find(".toast button").click();
    socket.deliver(snapshot({ seq: 3, jobs: [done] }));
    await settled();
    expect(root.querySelector(".toast")).toBeNull();
  });

  it("says at which step the model is", async () => {
    const note = "The model places kiai.";
    await shown({ jobs: [job("j", { kind: "map", done: 1, total: 4, note })] });
    expect(find("[data-testid=job-progress]").textContent).toContain("Mapping 25 %");
    expect(find("[data-testid=job-progress]").textContent).toContain(note);
  });
});
