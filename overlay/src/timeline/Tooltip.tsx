import { timestamp } from "../format/time";
import type { Finding } from "../protocol";
import { useApp } from "../state/app";
import type { Hover } from "./gestures";

const MOST = 4;

/** What the mark under the pointer stands for. */
export function Tooltip({ hover }: { hover: Hover }) {
  const { daemon, view } = useApp();
  const all = hover.ids
    .map((id) => daemon.findings.value.get(id))
    .filter((finding): finding is Finding => finding !== undefined);
  if (all.length === 0) return null;
  const side = hover.x_px > view.viewport.value.width_px / 2 ? "left" : "right";
  return (
    <div class={`tooltip tooltip-${side}`} role="tooltip" style={{ left: `${hover.x_px}px` }}>
      {all.slice(0, MOST).map((finding) => (
        <p key={finding.id}>
          <span class={`dot dot-${finding.severity}`} />
          <b>{timestamp(finding.start_ms)}</b> {finding.message}
        </p>
      ))}
      {all.length > MOST && <p class="faint">and {all.length - MOST} more</p>}
    </div>
  );
}
