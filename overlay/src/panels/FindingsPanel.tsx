import { computed, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { plural } from "../format/words";
import { type App, useApp } from "../state/app";
import { isOver } from "../state/reducer";
import { DismissedButton } from "./DismissedDialog";
import { FindingFilters, shownFindings } from "./FindingFilters";
import { FindingRow } from "./FindingRow";
import { GoneFindings } from "./GoneFindings";
import { SINCE_WORDS } from "./SinceSegments";

/** Rows in the document at first, and how many more appear when one scrolls to their end. */
const PAGE = 120;

/** The findings, most useful first. However many there are, only a page of them is rendered. */
export function FindingsPanel() {
  const app = useApp();
  const { daemon, derived, view } = app;
  const list = useRef<HTMLUListElement>(null);
  const limit = useSignal(PAGE);
  const shown = useMemo(() => computed(() => shownFindings(app)), [app]);
  const filter = view.filter.value;
  const mapId = daemon.map.value?.map_id;
  useEffect(() => {
    void [filter, mapId];
    limit.value = PAGE;
  }, [filter, mapId, limit]);
  useFollowSelection(
    app,
    list.current,
    shown.value.map(({ id }) => id),
    limit,
  );
  const visible = shown.value.slice(0, limit.value);
  const fresh = daemon.freshFindings.value;
  const isNew = derived.newFindings.value[filter.since ?? "save"];
  const moddingOnly = isModdingOnly(app);
  return (
    <section class="panel findings" aria-label="Findings">
      <header class="panel-head">
        <h2>Findings</h2>
        <span class="faint" data-testid="finding-count">
          {shown.value.length === derived.findingList.value.length
            ? plural(shown.value.length, "finding")
            : `${shown.value.length} of ${plural(derived.findingList.value.length, "finding")}`}
        </span>
        <DismissedButton />
        <RescanButton />
      </header>
      <FindingFilters />
      <GoneFindings />
      <ul
        ref={list}
        class="finding-list"
        data-testid="findings"
        onKeyDown={moveFocus}
        onScroll={(event) => {
          const box = event.currentTarget;
          const left_px = box.scrollHeight - box.scrollTop - box.clientHeight;
          if (left_px < 400 && limit.value < shown.value.length) limit.value += PAGE;
        }}
      >
        {visible.map((finding) => (
          <FindingRow
            key={finding.id}
            finding={finding}
            selected={view.selectedFinding.value === finding.id}
            fresh={fresh.has(finding.id)}
            isNew={isNew.has(finding.id)}
            mayApply={finding.fix_source !== "model" || !moddingOnly}
          />
        ))}
        {visible.length === 0 && <li class="nothing">{nothingWords(app)}</li>}
      </ul>
    </section>
  );
}

export function isModdingOnly({ daemon }: App): boolean {
  const fairUse = daemon.fairUse.value;
  return fairUse !== null && (fairUse.modding_only_global || fairUse.modding_only_mapset);
}

function nothingWords({ daemon, derived, view }: App): string {
  if (daemon.map.value?.readable === false) return "The map cannot be read, so nothing is checked.";
  const { since } = view.filter.value;
  if (since !== null && derived.newFindings.value[since].size === 0) {
    return `Nothing is new ${SINCE_WORDS[since]}.`;
  }
  if (derived.findingList.value.length > 0) return "Nothing passes the filter.";
  const scanning = [...daemon.jobs.value.values()].some(
    (job) => job.kind === "score" && !isOver(job),
  );
  return scanning ? "Nothing so far. The scan is under way." : "Nothing to complain about.";
}

/** Scrolls to a finding that was selected elsewhere, e.g. on the timeline. */
function useFollowSelection(
  { view }: App,
  list: HTMLUListElement | null,
  ids: readonly string[],
  limit: { value: number },
): void {
  const selected = view.selectedFinding.value;
  useEffect(() => {
    if (selected === null || list === null) return;
    const at = ids.indexOf(selected);
    if (at >= limit.value) limit.value = at + PAGE;
    const row = [...list.children].find(
      (child) => child instanceof HTMLElement && child.dataset.finding === selected,
    );
    row?.scrollIntoView({ block: "nearest" });
    // Only a new selection scrolls; a changed list does not pull the mapper away.
  }, [selected]);
}

/** Up and down go from finding to finding. */
function moveFocus(event: KeyboardEvent): void {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const row = (event.target as HTMLElement).closest("li");
  if (by === 0 || row === null) return;
  const next = by > 0 ? row.nextElementSibling : row.previousElementSibling;
  const target = next?.querySelector<HTMLElement>(".finding-message");
  if (!target) return;
  event.preventDefault();
  target.focus();
}

function RescanButton() {
  const { actions, connection, daemon } = useApp();
  const model = daemon.model.value?.state;
  if (model === undefined || model === "absent") return null;
  return (
    <button
      type="button"
      class="button small quiet push"
      title="Let the model look at the whole map again"
      disabled={connection.state.value.phase !== "open"}
      onClick={() => void actions.rescan()}
    >
      Scan again
    </button>
  );
}
