// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Finding, Review } from "../protocol";
import { reply } from "../testing/fake_socket";
import { comparison, dismissed, fairUse, finding, mapState, review } from "../testing/fixtures";
import { MountedPage, settled } from "../testing/page";

let page: MountedPage;

beforeEach(() => {
  window.localStorage.clear();
  page = new MountedPage();
});

afterEach(() => page.dispose());

/** The ids of the listed findings, from top to bottom. */
function listed(): (string | undefined)[] {
  return [...page.root.querySelectorAll<HTMLElement>("[data-finding]")].map(
    (row) => row.dataset.finding,
  );
}

async function findingsChange(added: Finding[], removed_ids: string[] = []): Promise<void> {
  const revision = 2;
  page.socket.deliver({
    type: "findings_delta",
    seq: 2,
    map_id: "map-1",
    revision,
    added,
    removed_ids,
  });
  await settled();
}

async function reviewed(more: Partial<Review>, seq = 2): Promise<void> {
  page.socket.deliver({ type: "review", seq, map_id: "map-1", review: review(more) });
  await settled();
}

async function since(moment: "all" | "save" | "opening"): Promise<void> {
  page.find(`.filters input[value=${moment}]`).click();
  await settled();
}

describe("the findings", () => {
  it("are listed most useful first, with a link, a fix and a surprise", async () => {
    await page.opened({
      findings: [
        finding("s", {
          severity: "suggestion",
          source: "model",
          surprisal_bits: 9.1,
          fix_label: "Move it",
          fix_source: "model",
        }),
        finding("p"),
      ],
    });
    expect(listed()).toEqual(["p", "s"]);
    expect(page.find("[data-finding=p] a").getAttribute("href")).toBe("osu://edit/00:01:000 (1)");
    expect(page.find("[data-finding=s]").textContent).toContain("very surprising 9.1 bits");
    page.button("Move it").click();
    expect(page.socket.lastSent("apply_fix")).toMatchObject({ finding_id: "s", base_revision: 1 });
  });

  it("never link anywhere but into the editor", async () => {
    await page.opened({ findings: [finding("p", { editor_link: "javascript:alert(1)" })] });
    expect(page.root.querySelector("[data-finding] a")).toBeNull();
  });

  it("are rendered a page at a time, however many there are", async () => {
    const many = Array.from({ length: 5000 }, (_, n) => finding(String(n), { start_ms: n }));
    await page.opened({ findings: many });
    expect(listed().length).toBe(120);
    expect(page.find("[data-testid=finding-count]").textContent).toBe("5,000 findings");
  });

  it("say who found them, and of a rule's what the model says to it", async () => {
    const surprise = {
      id: "m",
      category: "Rhythm",
      message: "Expected later.",
      surprisal_bits: 9.1,
    };
    const unsnapped = finding("p", { support: [surprise], fix_label: "Move", fix_source: "model" });
    await page.opened({ findings: [unsnapped, finding("s", { source: "model" })] });
    expect(page.find("[data-finding=p] .finding-head").textContent).toContain("Timing · rule");
    expect(page.find("[data-finding=s] .finding-head").textContent).toContain("Timing · model");
    expect(page.find("[data-support=m]").textContent).toBe(
      "The model finds this surprising, too: Expected later. very surprising 9.1 bits",
    );
    // What the model proposes is generated content, whoever found the fault.
    page.socket.deliver({
      type: "fair_use",
      seq: 2,
      fair_use: fairUse({ modding_only_mapset: true, can_generate: false }),
    });
    await settled();
    expect(page.root.querySelector("[data-finding=p] .fix-label")).toBeNull();
  });

  it("name the file or the difficulty that they are about", async () => {
    const none = { start_ms: 0, end_ms: 0, editor_link: "" };
    await page.opened({
      findings: [
        finding("f", { ...none, file: "sb/left over.png" }),
        finding("d", { ...none, file: "Artist - Title (Mapper) [Hard [x]].osu" }),
        finding("w", none),
      ],
    });
    const place = (id: string) => page.find(`[data-finding=${id}] .finding-file`).textContent;
    expect([place("f"), place("d"), place("w")]).toEqual([
      "sb/left over.png",
      "[Hard [x]]",
      "whole map",
    ]);
    expect(page.find("[data-finding=d] .finding-file").title).toBe(
      "Artist - Title (Mapper) [Hard [x]].osu",
    );
  });

  it("flash when they are new", async () => {
    await page.opened({ findings: [finding("old")] });
    await findingsChange([finding("new")]);
    expect(page.find("[data-finding=new]").classList).toContain("fresh");
    expect(page.find("[data-finding=old]").classList).not.toContain("fresh");
  });
});

describe("the severity filter", () => {
  const findings = [
    finding("p", { severity: "problem" }),
    finding("m", { severity: "minor", category: "Spread" }),
    finding("n", { severity: "minor" }),
  ];
  const severity = (name: string) => page.button(name).textContent;

  it("counts what each severity would show, given the other filters", async () => {
    await page.opened({ findings });
    expect([severity("Problem"), severity("Warning"), severity("Minor")]).toEqual([
      "Problem1",
      "Warning0",
      "Minor2",
    ]);
    page.button("Minor").click();
    await settled();
    expect(listed()).toEqual(["p"]);
    expect(page.button("Minor").getAttribute("aria-pressed")).toBe("false");
    expect(severity("Minor")).toBe("Minor2");
    page.app.view.filter.value = { ...page.app.view.filter.peek(), category: "Spread" };
    await settled();
    expect([severity("Problem"), severity("Minor")]).toEqual(["Problem0", "Minor1"]);
  });

  it("stays with another map, and with the next visit", async () => {
    await page.opened({ findings });
    page.button("Minor").click();
    page.app.view.filter.value = { ...page.app.view.filter.peek(), order: "time", category: "X" };
    page.socket.deliver({ type: "map_revised", seq: 2, map: mapState({ map_id: "map-2" }) });
    await settled();
    const kept = { hidden: new Set(["minor"]), order: "time", category: null };
    expect(page.app.view.filter.value).toMatchObject(kept);
    page.dispose();
    page = new MountedPage();
    expect(page.app.view.filter.value).toMatchObject(kept);
  });

  it("survives a storage that holds something else", () => {
    for (const stored of ["{", "3", "null", '{"hidden": "minor", "order": [1]}']) {
      page.dispose();
      window.localStorage.setItem("companion.findings", stored);
      page = new MountedPage();
      expect(page.app.view.filter.value).toMatchObject({ hidden: new Set(), order: "useful" });
    }
  });
});

describe("what changed", () => {
  const findings = [finding("old"), finding("fresh"), finding("newest")];
  const changes = {
    since_save: comparison({
      new_ids: ["newest"],
      gone: [finding("g", { message: "It was <b>bold</b>", start_ms: 61_000 })],
      gone_count: 1,
    }),
    since_opening: comparison({ new_ids: ["fresh", "newest"] }),
  };

  it("is seen at a glance: marks on new findings, and how many came and went", async () => {
    await page.opened({ findings, review: review(changes) });
    expect(page.find(".filters .segments").textContent).toContain("Last save +1 −1");
    expect(page.find(".filters .segments").textContent).toContain("Opened +2");
    expect(page.find("[data-finding=newest]").textContent).toContain("new");
    expect(page.root.querySelector("[data-finding=fresh] .badge-new")).toBeNull();
    expect(page.root.querySelector("[data-testid=gone]")).toBeNull();
  });

  it("can be listed alone, since the last save or since the map was opened", async () => {
    await page.opened({ findings, review: review(changes) });
    await since("save");
    expect(listed()).toEqual(["newest"]);
    const gone = page.find("[data-testid=gone]");
    expect(gone.querySelector("summary")?.textContent).toBe(
      "1 finding is gone since your last save",
    );
    expect(gone.textContent).toContain("01:01:000 It was <b>bold</b>");
    await since("opening");
    expect(listed()).toEqual(["fresh", "newest"]);
    expect(page.root.querySelector("[data-testid=gone]")).toBeNull();
    await since("all");
    expect(listed().length).toBe(3);
  });

  it("says when nothing is new, and counts what it does not list", async () => {
    await page.opened({ findings });
    await since("save");
    expect(page.find("[data-testid=findings]").textContent).toBe(
      "Nothing is new since your last save.",
    );
    await reviewed({ since_save: comparison({ gone: [finding("g")], gone_count: 71 }) });
    expect(page.find("[data-testid=gone]").textContent).toContain("and 70 more");
  });

  it("of another map is ignored", async () => {
    await page.opened({ findings });
    page.socket.deliver({
      type: "review",
      seq: 2,
      map_id: "other",
      review: review({ since_save: comparison({ new_ids: ["old"] }) }),
    });
    await settled();
    expect(page.root.querySelector(".badge-new")).toBeNull();
  });
});

describe("dismissing", () => {
  const rows = [
    finding("a", { start_ms: 1 }),
    finding("b", { start_ms: 2 }),
    finding("c", { start_ms: 3, code: "other", rule: "Other rule" }),
  ];
  const focused = () => document.activeElement?.closest<HTMLElement>("li")?.dataset.finding;

  it("hides one finding, and the keyboard goes on with the next", async () => {
    await page.opened({ findings: rows });
    page.find("[data-finding=a] [aria-label=Dismiss]").click();
    expect(page.socket.lastSent("dismiss").finding_id).toBe("a");
    expect(focused()).toBe("b");
  });

  it("silences a rule, says so, and the keyboard goes on behind its findings", async () => {
    await page.opened({ findings: rows });
    page.find('[data-finding=a] [aria-label="Dismiss the rule “Unsnapped objects”"]').click();
    const { code, request_id } = page.socket.lastSent("dismiss_rule");
    expect(code).toBe("unsnapped");
    expect(focused()).toBe("c");
    page.socket.deliver(reply(request_id, 2));
    await settled();
    expect(page.find(".toasts").textContent).toContain("“Unsnapped objects” is silent");
  });

  it("is listed, and taken back one by one or all at once", async () => {
    await page.opened({ findings: rows });
    expect(page.find<HTMLButtonElement>("[data-testid=dismissed]").disabled).toBe(true);
    const hidden = dismissed({
      findings: [finding("x", { message: "Too <i>far</i>" })],
      rules: [{ code: "spread", title: "Lowest difficulty", count: 3 }],
      absent_count: 2,
    });
    await reviewed({ dismissed: hidden });
    page.button("Dismissed 4").click();
    await settled();
    const dialog = page.find("dialog");
    expect(dialog.textContent).toContain("Lowest difficulty 3 findings here");
    expect(dialog.textContent).toContain("00:01:000 Too <i>far</i>");
    expect(dialog.textContent).toContain("2 more findings that you dismissed do not occur");
    page.find('[aria-label="Restore: Lowest difficulty"]').click();
    expect(page.socket.lastSent("restore_rule").code).toBe("spread");
    page.find("[data-dismissed=x] button").click();
    expect(page.socket.lastSent("restore").finding_id).toBe("x");
    page.button("Restore everything").click();
    expect(page.socket.lastSent("restore_dismissed")).toBeDefined();
    await reviewed({}, 3);
    expect(page.find("dialog").textContent).toContain("Nothing is dismissed.");
    page.button("Close").click();
    await settled();
    expect(page.root.querySelector("dialog")).toBeNull();
  });
});

describe("the level", () => {
  const level = () => page.find<HTMLSelectElement>("[data-testid=level]");
  const choose = (value: string) => {
    level().value = value;
    level().dispatchEvent(new Event("change", { bubbles: true }));
  };

  it("is the interpreted one until the mapper chooses another", async () => {
    await page.opened();
    expect(level().selectedOptions[0]?.textContent).toBe("As Insane (guessed)");
    expect([...level().options].at(-1)?.textContent).toBe("As Expert or harder");
    choose("hard");
    expect(page.socket.lastSent("set_level").level).toBe("hard");
    const names = ["Cup", "Salad", "Platter", "Rain", "Overdose"];
    await reviewed({ level: { interpreted: "insane", stated: "hard", names } });
    expect(level().selectedOptions[0]?.textContent).toBe("As Platter");
    choose("");
    expect(page.socket.lastSent("set_level").level).toBeNull();
  });

  it("is not asked for of a map that cannot be read", async () => {
    await page.opened({ map: mapState({ readable: false }), review: review({ level: null }) });
    expect(page.root.querySelector("[data-testid=level]")).toBeNull();
  });
});
