import { useApp } from "../state/app";
import { Dialog } from "./Dialog";

/** The fair-use notice, once, before the first generating action. */
export function NoticeDialog() {
  const { actions, daemon } = useApp();
  const notice = daemon.fairUse.value?.notice;
  if (actions.held.value === null || notice === undefined) return null;
  return (
    <Dialog title={notice.title} onClose={() => actions.declineNotice()}>
      {notice.paragraphs.map((text) => (
        <p key={text}>{text}</p>
      ))}
      {/^https:\/\//.test(notice.link) && (
        <p>
          <a href={notice.link} target="_blank" rel="noreferrer">
            Read the ranking criteria
          </a>
        </p>
      )}
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={() => actions.declineNotice()}>
          Not now
        </button>
        <button
          type="button"
          class="button primary"
          data-testid="acknowledge"
          onClick={() => void actions.acknowledgeNotice()}
        >
          I understand
        </button>
      </div>
    </Dialog>
  );
}
