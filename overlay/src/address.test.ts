import { describe, expect, it } from "vitest";
import { daemonAddress } from "./address";

describe("daemonAddress", () => {
  it("finds the socket beside the page and the token in the fragment", () => {
    expect(daemonAddress({ host: "127.0.0.1:24727", hash: "#token=abc-_1" })).toEqual({
      url: "ws://127.0.0.1:24727/ws",
      token: "abc-_1",
    });
  });

  it("has an empty token without one", () => {
    expect(daemonAddress({ host: "localhost:1", hash: "" }).token).toBe("");
  });
});
