import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startBrowser } from "./browser.mjs";
import { type RunningDaemon, startDaemon } from "./daemon.mjs";
import { type Scratch, scratchMapset } from "./mapset.mjs";
import { choose, openOverlay, regenerate, selectRange } from "./steps.mjs";

const engine = process.env.E2E_ENGINE === "bundled" ? "bundled" : "fake";

let browser: Browser;
let scratch: Scratch;
let daemon: RunningDaemon;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
});

beforeEach(async () => {
  scratch = await scratchMapset();
  daemon = await startDaemon({ ...scratch, engine, pace_s: 0.1 });
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(60_000);
  complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
});

afterEach(async () => {
  await page.close();
  await daemon.stop();
  await scratch.remove();
});

/** Moves the n-th hit object by so many milliseconds, as an editor's save would. */
async function saveWithObjectMoved(index: number, by_ms: number): Promise<number> {
  const lines = (await readFile(scratch.map, "utf8")).split("\r\n");
  const head = lines.indexOf("[HitObjects]") + 1 + index;
  const fields = (lines[head] ?? "").split(",");
  const moved_ms = Number(fields[2]) + by_ms;
  fields[2] = String(moved_ms);
  lines[head] = fields.join(",");
  await writeFile(scratch.map, lines.join("\r\n"));
  return moved_ms;
}

/** A map's lines, of its objects only where and when they are. */
function timesAndPlaces(map: string): string[] {
  const [head = "", objects = ""] = map.split("[HitObjects]");
  return [head, ...objects.split("\r\n").map((line) => line.split(",").slice(0, 4).join())];
}

/** A map's lines, of its objects all but where they are and how their curves run. */
function timesAndSounds(map: string): string[] {
  const [head = "", objects = ""] = map.split("[HitObjects]");
  const without = ([, , ...fields]: string[]) =>
    fields.filter((field) => !/^[BCLP]\|/.test(field)).join();
  return [head, ...objects.split("\r\n").map((line) => without(line.split(",")))];
}

function stamp(time_ms: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const rest = String(time_ms % 1000).padStart(3, "0");
  return `${two(time_ms / 60_000)}:${two((time_ms / 1000) % 60)}:${rest}`;
}

describe("a mapper's round", () => {
  it("goes from a save to findings, a regenerated range, and back byte for byte", async () => {
    await openOverlay(page, daemon.url);

    // Save with an edit: a finding at the moved object appears.
    const moved_ms = await saveWithObjectMoved(12, 17);
    const link = page.locator(`[data-testid="findings"] a.time:text-is("${stamp(moved_ms)}")`);
    await link.first().waitFor();
    expect(await link.first().getAttribute("href")).toMatch(/^osu:\/\/edit\//);
    const before = await readFile(scratch.map);

    // Drag a range; the first generating action shows the notice; passages appear.
    await selectRange(page, 0.3, 0.7);
    await page.getByTestId("generate").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("ranking criteria").first().waitFor();
    await page.getByTestId("acknowledge").click();
    await page.locator('[data-testid="suggestion-state"]').waitFor();
    await page.locator('[data-testid="suggestion-state"][data-state="offered"]').waitFor({
      timeout: 100_000,
    });
    await page
      .locator(".choices")
      .getByText(/[1-9]\d* objects? · seed/)
      .waitFor();
    expect(await readFile(scratch.map)).toEqual(before);

    // Accept writes, undo brings every byte back.
    await page.getByTestId("accept").click();
    await page.getByTestId("accepted-note").waitFor();
    expect(await readFile(scratch.map)).not.toEqual(before);
    await page.getByTestId("undo").click();
    await page.getByTestId("undo").waitFor({ state: "detached" });
    await page.getByTestId("accepted-note").waitFor({ state: "detached" });
    expect(await readFile(scratch.map)).toEqual(before);
    expect(complaints).toEqual([]);
  });

  it.skipIf(engine === "bundled")(
    "shows what a variant would bring, and takes only the positions of the better one",
    async () => {
      await openOverlay(page, daemon.url);
      const before = await readFile(scratch.map, "utf8");
      // What the model says of an object that a rule objects to stands with the rule's finding.
      const unsnapped = page.locator('[data-code="unsnapped_object"]').first();
      await unsnapped.getByText("The model finds this surprising, too").waitFor();
      expect(await page.locator('[data-code="maimod.snap"]').count()).toBe(0);
      await unsnapped.getByRole("button", { name: "Dismiss", exact: true }).click();
      await page.locator('[data-code="maimod.snap"]').first().waitFor();

      await selectRange(page, 0.3, 0.7);
      await page.getByRole("checkbox", { name: "Hitsounds" }).check();
      await page.getByTestId("what-is-new").getByText("New rhythm and positions").waitFor();
      await regenerate(page);
      await page.locator('[data-testid="suggestion-state"][data-state="offered"]').waitFor();
      // The fake prefers its first variant; the rules do not.
      const variants = page.locator(".choices .segments").last();
      await variants.getByText("★ 2").waitFor();
      const brought = page.getByTestId("variant-findings");
      await brought.getByText("come last").waitFor();
      expect(await brought.locator('[data-code="unsnapped_object"]').count()).toBe(0);
      await variants.getByRole("radio", { name: "1 !" }).check();
      const row = brought.locator('[data-code="unsnapped_object"]');
      await row.getByRole("button").click();
      const at = await row.locator(".time").textContent();
      expect(await page.getByTestId("cursor").textContent()).toBe(at);

      await variants.getByRole("radio", { name: "★ 2" }).check();
      await page.getByTestId("take").selectOption("positions");
      await brought.getByText(/It brings|nothing new/).waitFor();
      await page.getByRole("button", { name: "Accept only the positions of variant 2" }).click();
      await page.getByTestId("accepted-note").waitFor();
      const after = await readFile(scratch.map, "utf8");
      expect(after).not.toBe(before);
      expect(timesAndSounds(after)).toEqual(timesAndSounds(before));
      await page.getByTestId("undo").click();
      await page.getByTestId("undo").waitFor({ state: "detached" });
      expect(await readFile(scratch.map, "utf8")).toBe(before);
      expect(complaints).toEqual([]);
    },
  );

  it("chooses hitsounds for the whole map, which change nothing else, and takes them back", async () => {
    await openOverlay(page, daemon.url);
    const before = await readFile(scratch.map, "utf8");
    await choose(page, "Hitsounds");
    await page.getByTestId("choose-hitsounds").click();
    await page.getByTestId("acknowledge").click();
    await page.getByTestId("job-progress").waitFor();
    await page.locator('[data-testid="suggestion-state"][data-state="offered"]').waitFor({
      timeout: 100_000,
    });
    await page
      .locator(".choices")
      .getByText(/[1-9]\d* of \d+ objects sound different/)
      .waitFor();
    await page.getByTestId("accept").click();
    await page.getByTestId("accepted-note").waitFor();
    const after = await readFile(scratch.map, "utf8");
    expect(after).not.toEqual(before);
    expect(timesAndPlaces(after)).toEqual(timesAndPlaces(before));
    await page.getByTestId("undo").click();
    await page.getByTestId("undo").waitFor({ state: "detached" });
    expect(await readFile(scratch.map, "utf8")).toEqual(before);
    expect(complaints).toEqual([]);
  });

  it.skipIf(engine === "bundled")(
    "times the song, takes the red lines over, and back",
    async () => {
      await openOverlay(page, daemon.url);
      const before = await readFile(scratch.map);
      // The forms can be reached with the keyboard alone.
      await page.getByRole("radio", { name: "Section", exact: true }).focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      await page.getByTestId("hear-timing").focus();
      await page.keyboard.press("Enter");
      await page.getByTestId("timing-report").getByText("120 BPM").waitFor();
      await page.getByTestId("timing-agreement").waitFor();
      expect(await readFile(scratch.map)).toEqual(before);

      await page.getByTestId("apply-timing").click();
      await page.getByTestId("acknowledge").click();
      await page.getByTestId("timing-applied").waitFor();
      expect(await readFile(scratch.map)).not.toEqual(before);
      await page.getByTestId("undo").click();
      await page.getByTestId("apply-timing").waitFor();
      expect(await readFile(scratch.map)).toEqual(before);
      expect(complaints).toEqual([]);
    },
  );

  it("writes a new difficulty beside the map, and names its file", async () => {
    await openOverlay(page, daemon.url);
    const before = await readFile(scratch.map);
    const folder = dirname(scratch.map);
    const files = await readdir(folder);
    await choose(page, "New difficulty");
    await page.getByLabel("Star rating").fill("2.5");
    await page.getByTestId("write-difficulty").click();
    await page.getByTestId("acknowledge").click();
    const written = page.getByTestId("written-file");
    await written.waitFor({ timeout: 400_000 });
    const added = (await readdir(folder)).filter((name) => !files.includes(name));
    expect(added).toEqual([expect.stringContaining("[2.5 stars].osu")]);
    expect(await written.textContent()).toContain(added[0]);
    expect(await readFile(scratch.map)).toEqual(before);
    expect(complaints).toEqual([]);
  });

  it("rejects a suggestion without touching the map", async () => {
    await openOverlay(page, daemon.url);
    const before = await readFile(scratch.map);
    await selectRange(page, 0.1, 0.9);
    await regenerate(page);
    await page.locator('[data-testid="suggestion-state"][data-state="offered"]').waitFor({
      timeout: 100_000,
    });
    await page.getByTestId("reject").click();
    await page.getByTestId("suggestion-state").waitFor({ state: "detached" });
    expect(await readFile(scratch.map)).toEqual(before);
  });

  it.skipIf(engine === "bundled")("shows passages as they come, and cancels at once", async () => {
    await daemon.stop();
    daemon = await startDaemon({ ...scratch, engine, pace_s: 5 });
    await openOverlay(page, daemon.url);
    const before = await readFile(scratch.map);
    await selectRange(page, 0.1, 0.9);
    await regenerate(page);
    await page.waitForFunction(() => {
      const state = document.querySelector<HTMLElement>("[data-testid=suggestion-state]");
      const contents = document.querySelector(".choices")?.textContent ?? "";
      return state?.dataset.state === "generating" && /[1-9]\d* objects? · seed/.test(contents);
    });
    await page.getByTestId("cancel-generate").click();
    await page.getByTestId("cancel-generate").waitFor({ state: "detached" });
    await page.getByTestId("suggestion-state").waitFor({ state: "detached" });
    expect(await readFile(scratch.map)).toEqual(before);
  });

  it("applies a rule's fix and takes it back, dismisses a finding and restores it", async () => {
    await openOverlay(page, daemon.url);
    const before = await readFile(scratch.map);
    const unsnapped = page.locator('[data-finding]:has-text("tick of the beat grid")').first();
    await unsnapped.getByRole("button", { name: /^Snap to/ }).click();
    await unsnapped.waitFor({ state: "detached" });
    expect(await readFile(scratch.map)).not.toEqual(before);
    await page.getByTestId("undo").click();
    await unsnapped.waitFor();
    expect(await readFile(scratch.map)).toEqual(before);

    const id = await unsnapped.getAttribute("data-finding");
    const row = page.locator(`[data-finding="${id}"]`);
    await row.getByRole("button", { name: "Dismiss", exact: true }).click();
    await row.waitFor({ state: "detached" });
    await page.getByTestId("dismissed").click();
    await page.locator(`[data-dismissed="${id}"]`).getByRole("button").click();
    await page.keyboard.press("Escape");
    await row.waitFor();
    expect(await readFile(scratch.map)).toEqual(before);
  });

  it("tells what a save brought and took, and remembers what the mapper decides", async () => {
    await openOverlay(page, daemon.url);
    const before = await readFile(scratch.map);
    const scan = page.locator('[data-job="score"]');
    await scan.waitFor({ state: "detached" });

    // What is new is marked and can be listed alone; what is gone is listed with it.
    const moved_ms = await saveWithObjectMoved(12, 17);
    const moved = page.locator(`[data-finding]:has(a.time:text-is("${stamp(moved_ms)}"))`);
    await moved.locator(".badge-new").first().waitFor();
    await page.getByRole("radio", { name: /^Last save \+/ }).check();
    const rows = page.locator("[data-finding]");
    await expect.poll(() => rows.count()).toBe(await page.locator(".badge-new").count());
    await scan.waitFor({ state: "detached" });
    await writeFile(scratch.map, before);
    await page.getByTestId("gone").locator("summary").press("Enter");
    await page.getByTestId("gone").getByText(stamp(moved_ms)).first().waitFor();
    await page.getByText("Nothing is new since your last save.").waitFor();
    await page.getByRole("radio", { name: "All", exact: true }).check();

    // Another level judges otherwise at once; a rule is silenced; a severity is hidden.
    const forEasy = page.locator('[data-finding]:has-text("recommended for Easy")');
    expect(await forEasy.count()).toBe(0);
    await page.getByTestId("level").selectOption("easy");
    await forEasy.first().waitFor();
    // What a set lacks is judged anew at the other level, so its rules come and go.
    const stays = page.locator('[data-finding]:not([data-code="lowest_difficulty"])', {
      hasNotText: "recommended for Easy",
    });
    const code = await stays.first().getAttribute("data-code");
    const ofRule = page.locator(`[data-code="${code}"]`);
    await ofRule
      .first()
      .getByRole("button", { name: /^Dismiss the rule/ })
      .focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => ofRule.count()).toBe(0);
    await page.getByRole("button", { name: /^Warning \d/ }).click();

    // All of it survives a restart of companion and page, and can be taken back.
    await daemon.stop();
    daemon = await startDaemon({ ...scratch, engine, port: daemon.port });
    await openOverlay(page, daemon.url);
    await page.reload();
    await forEasy.first().waitFor();
    expect(await page.getByTestId("level").inputValue()).toBe("easy");
    expect(await ofRule.count()).toBe(0);
    const warnings = page.getByRole("button", { name: /^Warning \d/ });
    expect(await warnings.getAttribute("aria-pressed")).toBe("false");
    await page.getByTestId("dismissed").click();
    await page.locator(`[data-rule="${code}"]`).getByRole("button").click();
    await page.getByRole("dialog").getByText("Nothing is dismissed.").waitFor();
    await page.keyboard.press("Escape");
    await ofRule.first().waitFor();
    await page.getByTestId("level").selectOption("");
    await forEasy.first().waitFor({ state: "detached" });
    expect(await readFile(scratch.map)).toEqual(before);
  });

  it("hides what generates while modding-only is on", async () => {
    await openOverlay(page, daemon.url);
    await page.getByLabel("this mapset").click();
    await page.getByTestId("modding-only-note").waitFor();
    expect(await page.getByTestId("generate").count()).toBe(0);
    await page.getByLabel("this mapset").click();
    await page.getByTestId("generate").waitFor();
  });
});

describe("a daemon that goes away", () => {
  it("is waited for, and its successor's key is asked for", async () => {
    await openOverlay(page, daemon.url);
    await daemon.stop();
    const banner = page.getByTestId("connection-banner");
    await banner.getByText("connects again by itself").waitFor();

    daemon = await startDaemon({ ...scratch, engine, port: daemon.port });
    await banner.getByText("Open the overlay again").waitFor({ timeout: 30_000 });

    // The new address differs only in its fragment, so the page stays and connects.
    await openOverlay(page, daemon.url);
    await banner.waitFor({ state: "detached" });
  });
});
