import { render } from "preact";
import { daemonAddress } from "./address";
import { Scope } from "./lifetime";
import { Page } from "./panels/Page";
import { AppProvider, createApp } from "./state/app";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/findings.css";
import "./styles/layout.css";
import "./styles/panels.css";

const root = document.getElementById("app");
if (root !== null) {
  const scope = new Scope();
  const app = createApp(scope, {
    url: daemonAddress(window.location).url,
    token: () => daemonAddress(window.location).token,
  });
  // A link with a new token that is opened in this tab changes only the fragment.
  scope.listen(window, "hashchange", () => app.connection.connect());
  scope.listen(window, "pagehide", () => scope.dispose());
  scope.listen(window, "pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
  render(
    <AppProvider value={app}>
      <Page />
    </AppProvider>,
    root,
  );
}
