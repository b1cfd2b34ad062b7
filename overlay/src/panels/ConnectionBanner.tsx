import type { ComponentChildren } from "preact";
import { useApp } from "../state/app";

/** Says what is wrong between this page and the companion, and what to do; nothing when all is well. */
export function ConnectionBanner() {
  const { connection } = useApp();
  const state = connection.state.value;
  if (state.phase === "away") {
    return (
      <Banner>
        <b>The companion is away.</b> It is not running, or it is just starting. This page connects
        again by itself.
        <button type="button" class="button small" onClick={() => connection.connect()}>
          Try now
        </button>
      </Banner>
    );
  }
  if (state.phase === "refused" && state.why === "token") {
    return (
      <Banner>
        <b>The companion was started anew, and this page has an old key.</b> Open the overlay again
        from the companion: use the address that it shows when it starts.
      </Banner>
    );
  }
  if (state.phase === "refused") {
    return (
      <Banner>
        <b>This page belongs to another version of the companion.</b> Reload it.
        <button type="button" class="button small" onClick={() => window.location.reload()}>
          Reload
        </button>
      </Banner>
    );
  }
  return null;
}

function Banner({ children }: { children: ComponentChildren }) {
  return (
    <div class="banner banner-connection" role="alert" data-testid="connection-banner">
      <p>{children}</p>
    </div>
  );
}
