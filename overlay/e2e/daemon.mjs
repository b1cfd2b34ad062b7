import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The checkout this overlay lies in. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * A running daemon, and how to end it.
 *
 * @typedef {object} RunningDaemon
 * @property {number} port
 * @property {string} url
 * @property {() => Promise<void>} stop
 */

/**
 * @typedef {object} DaemonOptions
 * @property {string} map
 * @property {string} data
 * @property {number} [port] 0 takes a free one.
 * @property {number} [pace_s] Seconds the fake engine takes over each passage.
 * @property {"fake" | "bundled"} [engine] The fake engine, or the model that comes with the companion.
 */

/** The interpreter that has the companion installed. */
export function pythonPath() {
  return process.env.COMPANION_PYTHON ?? `${ROOT}.venv/bin/python`;
}

/**
 * Starts the real daemon on a map and waits until it says that it is ready.
 *
 * @param {DaemonOptions} options
 * @returns {Promise<RunningDaemon>}
 */
export async function startDaemon(options) {
  const child = spawn(pythonPath(), argumentsOf(options), {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, OMP_NUM_THREADS: "1", PYTHONUNBUFFERED: "1" },
  });
  /** @type {string[]} */
  const said = [];
  child.stderr.on("data", (chunk) => said.push(String(chunk)));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    const patience = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(patience);
  };
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    const { port, url } = JSON.parse(line);
    // Nobody reads on; a full pipe must not hold the daemon up.
    child.stdout.resume();
    return { port, url, stop };
  }
  await ended;
  throw new Error(`the daemon ended before it was ready:\n${said.join("")}`);
}

/** @param {DaemonOptions} options */
function argumentsOf({ engine, map, data, port = 0, pace_s = 0 }) {
  const common = ["--map", map, "--data", data, "--port", String(port)];
  if (engine === "bundled") {
    return ["-m", "companion", "run", ...common, "--no-browser", "--json-ready"];
  }
  return ["tests/e2e/fake_daemon.py", ...common, "--pace-s", String(pace_s)];
}
