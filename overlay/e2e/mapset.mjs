import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./daemon.mjs";

/**
 * A private copy of the demo mapset with a data folder beside it; both are gone after `remove`.
 *
 * @typedef {object} Scratch
 * @property {string} map
 * @property {string} data
 * @property {() => Promise<void>} remove
 */

/** @returns {Promise<Scratch>} */
export async function scratchMapset() {
  const folder = await mkdtemp(join(tmpdir(), "companion-e2e-"));
  const songs = join(folder, "mapset");
  await cp(join(ROOT, "companion/demo/mapset"), songs, { recursive: true });
  const name = (await readdir(songs)).find((file) => file.endsWith(".osu"));
  if (name === undefined) throw new Error("the demo mapset has no .osu file");
  return {
    map: join(songs, name),
    data: join(folder, "data"),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
