import { useApp } from "../state/app";
import { ConnectionBanner } from "./ConnectionBanner";
import { EmptyState } from "./EmptyState";
import { FindingsPanel } from "./FindingsPanel";
import { GeneratePanel } from "./GeneratePanel";
import { NoticeDialog } from "./NoticeDialog";
import { PreviewPanel } from "./PreviewPanel";
import { Problems } from "./Problems";
import { StatusBar } from "./StatusBar";
import { TimelinePanel } from "./TimelinePanel";
import { ToastList } from "./ToastList";

/** The whole page. */
export function Page() {
  const { connection, daemon } = useApp();
  const away = connection.state.value.phase !== "open";
  return (
    <div class={away ? "page page-away" : "page"}>
      <StatusBar />
      <ConnectionBanner />
      <Problems />
      {daemon.map.value === null ? <EmptyState /> : <Workspace />}
      <NoticeDialog />
      <ToastList />
    </div>
  );
}

function Workspace() {
  const { view } = useApp();
  const tab = view.tab.value;
  return (
    <main class="workspace">
      <TimelinePanel />
      <nav class="tabs" aria-label="Panels">
        {TABS.map(({ id, label }) => (
          <button
            key={id}
            type="button"
            aria-pressed={tab === id}
            onClick={() => {
              view.tab.value = id;
            }}
          >
            {label}
          </button>
        ))}
      </nav>
      <div class={`columns show-${tab}`}>
        <FindingsPanel />
        <GeneratePanel />
        <PreviewPanel />
      </div>
    </main>
  );
}

const TABS = [
  { id: "findings", label: "Findings" },
  { id: "generate", label: "Generate" },
] as const;
