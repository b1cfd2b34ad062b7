import { encode } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Scope } from "../lifetime";
import { PROTOCOL_VERSION, type ServerUpdate } from "../protocol";
import { FakeSocket, reply } from "../testing/fake_socket";
import { snapshot } from "../testing/fixtures";
import { retryDelay } from "./backoff";
import { Connection, ConnectionLost } from "./connection";

let scope: Scope;
let sockets: FakeSocket[];
let updates: ServerUpdate[];
let connection: Connection;
let token: string;

function latest(): FakeSocket {
  const socket = sockets.at(-1);
  if (!socket) throw new Error("no socket was opened");
  return socket;
}

beforeEach(() => {
  vi.useFakeTimers();
  scope = new Scope();
  sockets = [];
  updates = [];
  token = "secret";
  connection = new Connection(scope, {
    url: "ws://127.0.0.1:1/ws",
    token: () => token,
    onUpdate: (update) => updates.push(update),
    jitter: () => 0.5,
    openSocket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket.asWebSocket();
    },
  });
  connection.connect();
});

afterEach(() => {
  scope.dispose();
  vi.useRealTimers();
});

describe("Connection", () => {
  it("says hello with the token and is open after the welcome", () => {
    latest().accept();
    expect(latest().sent).toEqual([
      { type: "hello", protocol_version: PROTOCOL_VERSION, token: "secret" },
    ]);
    expect(connection.state.value).toEqual({ phase: "open", daemonVersion: "0.1.0" });
  });

  it("hands out updates in order", () => {
    latest().accept();
    latest().deliver(snapshot({ seq: 1 }));
    latest().deliver({ type: "problem_cleared", seq: 2, code: "x" });
    expect(updates.map(({ type }) => type)).toEqual(["snapshot", "problem_cleared"]);
  });

  it("asks for a snapshot after a gap and holds updates back until it comes", () => {
    latest().accept();
    latest().deliver(snapshot({ seq: 1 }));
    latest().deliver({ type: "problem_cleared", seq: 3, code: "x" });
    latest().deliver({ type: "problem_cleared", seq: 4, code: "y" });
    expect(updates).toHaveLength(1);
    expect(latest().sent.filter(({ type }) => type === "get_snapshot")).toHaveLength(1);
    latest().deliver(snapshot({ seq: 5 }));
    latest().deliver({ type: "problem_cleared", seq: 6, code: "z" });
    expect(updates.map(({ type }) => type)).toEqual(["snapshot", "snapshot", "problem_cleared"]);
  });

  it("resolves a request with its reply", async () => {
    latest().accept();
    const answer = connection.request({ type: "undo" });
    expect(latest().sent.at(-1)).toEqual({ type: "undo", request_id: "r1" });
    latest().deliver(reply("r1", 1, { note: "press Ctrl+L" }));
    await expect(answer).resolves.toMatchObject({ ok: true, note: "press Ctrl+L" });
  });

  it("refuses requests without a connection and fails those under way when it breaks", async () => {
    await expect(connection.request({ type: "undo" })).rejects.toBeInstanceOf(ConnectionLost);
    latest().accept();
    const answer = connection.request({ type: "undo" });
    latest().fail();
    await expect(answer).rejects.toBeInstanceOf(ConnectionLost);
  });

  it("reconnects by itself, waiting longer each time, and forgets that once welcomed", () => {
    latest().fail();
    expect(connection.state.value).toEqual({ phase: "away", failures: 1 });
    vi.advanceTimersByTime(retryDelay(1, 0.5));
    expect(sockets).toHaveLength(2);
    latest().fail();
    vi.advanceTimersByTime(retryDelay(2, 0.5) - 1);
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(3);
    latest().accept();
    latest().fail();
    expect(connection.state.value).toEqual({ phase: "away", failures: 1 });
  });

  it("gives up on a socket that never says welcome", () => {
    latest().open();
    vi.advanceTimersByTime(10_000);
    expect(connection.state.value.phase).toBe("away");
  });

  it("stops at a refused token until it is told to connect again", () => {
    latest().fail(4401);
    expect(connection.state.value).toEqual({ phase: "refused", why: "token" });
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    token = "newer";
    connection.connect();
    latest().accept();
    expect(latest().sent[0]).toMatchObject({ token: "newer" });
  });

  it("ends with its scope", () => {
    latest().fail();
    scope.dispose();
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
  });

  it("ignores frames that are no messages", () => {
    latest().accept();
    latest().onmessage?.({ data: new Uint8Array([0xc1]).buffer });
    latest().onmessage?.({ data: encode([1, 2]).slice().buffer });
    expect(updates).toEqual([]);
  });
});

describe("retryDelay", () => {
  it("doubles up to ten seconds, give or take a quarter", () => {
    expect([1, 2, 3].map((failures) => retryDelay(failures, 0.5))).toEqual([250, 500, 1000]);
    expect(retryDelay(50, 1)).toBe(12_500);
    expect(retryDelay(50, 0)).toBe(7500);
  });
});
