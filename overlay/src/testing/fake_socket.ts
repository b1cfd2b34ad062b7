import { Decoder, encode } from "@msgpack/msgpack";
import { type ClientMessage, PROTOCOL_VERSION, type Reply, type ServerMessage } from "../protocol";

/** The daemon's end of a WebSocket, as far as the page can see it. */
export class FakeSocket {
  readyState = 0;
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly sent: ClientMessage[] = [];

  asWebSocket(): WebSocket {
    return this as unknown as WebSocket;
  }

  send(frame: Uint8Array): void {
    this.sent.push(new Decoder().decode(frame) as ClientMessage);
  }

  close(): void {
    this.readyState = 3;
  }

  /** Opens without a welcome. */
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  /** Opens and welcomes. */
  accept(): void {
    this.open();
    this.deliver({ type: "welcome", protocol_version: PROTOCOL_VERSION, daemon_version: "0.1.0" });
  }

  deliver(message: ServerMessage): void {
    this.onmessage?.({ data: encode(message).slice().buffer });
  }

  fail(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  /** The last request of a type that the page sent. */
  lastSent<T extends ClientMessage["type"]>(type: T): Extract<ClientMessage, { type: T }> {
    const found = this.sent.findLast((message) => message.type === type);
    if (found === undefined) throw new Error(`no ${type} was sent`);
    return found as Extract<ClientMessage, { type: T }>;
  }
}

/** A reply, good unless `more` says otherwise. */
export function reply(request_id: string, seq: number, more: Partial<Reply> = {}): Reply {
  return {
    type: "reply",
    seq,
    request_id,
    ok: true,
    error: null,
    note: null,
    job_id: null,
    suggestion_id: null,
    ...more,
  };
}
