import { detectionWords } from "../format/words";
import { useApp } from "../state/app";

/** What to do while no map is open. */
export function EmptyState() {
  const { actions, connection, daemon } = useApp();
  const candidates = daemon.candidates.value;
  if (connection.state.value.phase !== "open") {
    return (
      <main class="empty">
        <h2>Waiting for the companion</h2>
        <p>This page fills as soon as it is connected.</p>
      </main>
    );
  }
  return (
    <main class="empty">
      <h2>No map is open</h2>
      <p>Open a map in the osu! editor and save it once (Ctrl+S). It will appear here.</p>
      {candidates.length > 0 && (
        <>
          <p>Or pick one:</p>
          <ul class="candidates">
            {candidates.map(({ map_id, label, detection }) => (
              <li key={map_id}>
                <button type="button" class="button" onClick={() => void actions.selectMap(map_id)}>
                  {label} <span class="faint">{detectionWords(detection)}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </main>
  );
}
