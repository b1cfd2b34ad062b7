import { type ReadonlySignal, signal } from "@preact/signals";
import type { Scope } from "../lifetime";
import {
  type ClientRequest,
  PROTOCOL_VERSION,
  type Reply,
  type ServerMessage,
  type ServerUpdate,
} from "../protocol";
import { retryDelay } from "./backoff";
import { decodeServer, encodeClient } from "./codec";

/** Where the connection to the daemon stands. */
export type ConnectionState =
  | { readonly phase: "connecting" }
  | { readonly phase: "open"; readonly daemonVersion: string }
  /** The daemon is away; the next attempt is on its way. */
  | { readonly phase: "away"; readonly failures: number }
  /** This page cannot get in, and trying again would not help. */
  | { readonly phase: "refused"; readonly why: "token" | "version" };

/** A request without its id, which the connection chooses. Distributes over the union. */
export type RequestBody = ClientRequest extends infer R
  ? R extends ClientRequest
    ? Omit<R, "request_id">
    : never
  : never;

/** Raised when a request cannot be answered any more because the connection is gone. */
export class ConnectionLost extends Error {}

export interface ConnectionOptions {
  readonly url: string;
  /** Asked again for every attempt, as a newly opened link brings a new token. */
  readonly token: () => string;
  readonly onUpdate: (update: ServerUpdate) => void;
  readonly openSocket?: (url: string) => WebSocket;
  readonly jitter?: () => number;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: ConnectionLost) => void;
}

/** How long a socket may take from opening to `welcome` before it is given up. */
const WELCOME_TIMEOUT_MS = 10_000;

/**
 * The one connection to the daemon: says hello, hands out updates in order, asks for a snapshot
 * after a gap in `seq`, answers requests with replies, and reconnects by itself with a growing
 * delay. It ends with its scope.
 */
export class Connection {
  private readonly current = signal<ConnectionState>({ phase: "connecting" });
  private attempt: Scope | null = null;
  private socket: WebSocket | null = null;
  private welcomed = false;
  private failures = 0;
  private lastSeq: number | null = null;
  private resyncing = false;
  private nextRequest = 1;
  private readonly waiting = new Map<string, Waiting>();

  constructor(
    private readonly scope: Scope,
    private readonly options: ConnectionOptions,
  ) {
    scope.add(() => this.drop());
  }

  get state(): ReadonlySignal<ConnectionState> {
    return this.current;
  }

  /** Connects now, whatever it was waiting for. */
  connect(): void {
    this.drop();
    if (this.scope.disposed) return;
    const attempt = this.scope.child();
    this.attempt = attempt;
    if (this.current.peek().phase !== "away") this.current.value = { phase: "connecting" };
    const open = this.options.openSocket ?? ((url: string) => new WebSocket(url));
    const socket = open(this.options.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    const release = attempt.timeout(() => this.ended(attempt, 0), WELCOME_TIMEOUT_MS);
    socket.onopen = () =>
      this.send({
        type: "hello",
        protocol_version: PROTOCOL_VERSION,
        token: this.options.token(),
      });
    socket.onmessage = (event) => {
      const message = decodeServer(event.data as ArrayBuffer);
      if (message !== null) this.received(message, release);
    };
    socket.onclose = (event) => this.ended(attempt, event.code);
    attempt.add(() => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    });
  }

  /**
   * Sends a request and waits for its reply.
   *
   * Rejects with `ConnectionLost` when there is no connection or it breaks before the reply.
   */
  request(body: RequestBody): Promise<Reply> {
    if (!this.welcomed) {
      return Promise.reject(new ConnectionLost("The companion is not connected."));
    }
    const request_id = `r${this.nextRequest}`;
    this.nextRequest += 1;
    const answer = new Promise<Reply>((resolve, reject) => {
      this.waiting.set(request_id, { resolve, reject });
    });
    this.send({ ...body, request_id } as ClientRequest);
    return answer;
  }

  private received(message: ServerMessage, stopWelcomeTimeout: () => void): void {
    if (message.type === "welcome") {
      stopWelcomeTimeout();
      this.welcomed = true;
      this.failures = 0;
      this.lastSeq = null;
      this.resyncing = false;
      this.current.value = { phase: "open", daemonVersion: message.daemon_version };
      return;
    }
    const gap = this.lastSeq !== null && message.seq !== this.lastSeq + 1;
    this.lastSeq = message.seq;
    if (message.type === "snapshot") this.resyncing = false;
    else if (gap) this.resync();
    // While a snapshot is on its way, updates would be applied to a state they do not fit.
    if (!this.resyncing || message.type === "reply") this.options.onUpdate(message);
    if (message.type === "reply") this.settle(message);
  }

  private resync(): void {
    if (this.resyncing) return;
    this.resyncing = true;
    // A lost connection says hello again, which brings a snapshot anyway.
    this.request({ type: "get_snapshot" }).catch(() => {});
  }

  private settle(reply: Reply): void {
    const waiting = this.waiting.get(reply.request_id);
    this.waiting.delete(reply.request_id);
    waiting?.resolve(reply);
  }

  private ended(attempt: Scope, code: number): void {
    if (attempt !== this.attempt) return;
    this.drop();
    const why = refusal(code);
    if (why !== null) {
      this.current.value = { phase: "refused", why };
      return;
    }
    this.failures += 1;
    this.current.value = { phase: "away", failures: this.failures };
    const jitter = (this.options.jitter ?? Math.random)();
    const pause = this.scope.child();
    this.attempt = pause;
    pause.timeout(() => this.connect(), retryDelay(this.failures, jitter));
  }

  private drop(): void {
    this.welcomed = false;
    this.socket = null;
    this.attempt?.dispose();
    this.attempt = null;
    const lost = new ConnectionLost("The connection to the companion was lost.");
    for (const { reject } of this.waiting.values()) reject(lost);
    this.waiting.clear();
  }

  private send(message: Parameters<typeof encodeClient>[0]): void {
    if (this.socket?.readyState === 1) this.socket.send(encodeClient(message));
  }
}

/** What a close code says about coming back; null for everything worth another attempt. */
function refusal(code: number): "token" | "version" | null {
  if (code === 4401) return "token";
  if (code === 4402) return "version";
  return null;
}
