import { Decoder, Encoder } from "@msgpack/msgpack";
import type { ClientMessage, ServerMessage } from "../protocol";

const encoder = new Encoder();
const decoder = new Decoder();

/** The frame for a message. */
export function encodeClient(message: ClientMessage): Uint8Array<ArrayBuffer> {
  return encoder.encode(message);
}

/**
 * The message in a frame, or null when it is none. Only the tag is checked: daemon and page are
 * built from one source, and `hello` compares their protocol versions.
 */
export function decodeServer(frame: ArrayBuffer): ServerMessage | null {
  let value: unknown;
  try {
    value = decoder.decode(new Uint8Array(frame));
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("type" in value)) return null;
  return typeof value.type === "string" ? (value as ServerMessage) : null;
}
