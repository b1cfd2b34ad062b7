/** Where the daemon is and what lets this page in, read from the page's own address. */
export interface DaemonAddress {
  readonly url: string;
  readonly token: string;
}

/** The page is served by the daemon, so the socket is at the same place; the key is a fragment. */
export function daemonAddress(page: Pick<Location, "host" | "hash">): DaemonAddress {
  return {
    url: `ws://${page.host}/ws`,
    token: new URLSearchParams(page.hash.replace(/^#/, "")).get("token") ?? "",
  };
}
