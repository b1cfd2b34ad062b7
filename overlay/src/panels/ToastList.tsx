import { useApp } from "../state/app";

/** Short messages in the corner. */
export function ToastList() {
  const { toasts } = useApp();
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.all.value.map(({ id, tone, text }) => (
        <div key={id} class={`toast toast-${tone}`}>
          <span>{text}</span>
          <button
            type="button"
            class="icon-button"
            aria-label="Close message"
            onClick={() => toasts.remove(id)}
          >
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
