/**
 * Proves that the committed bundle is what the sources build to, byte for byte.
 *
 *   npm run build:check
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const overlay = fileURLToPath(new URL("../", import.meta.url));
const committed = fileURLToPath(new URL("../../companion/bridge/static/", import.meta.url));

/**
 * All files under a folder, by path within it.
 *
 * @param {string} folder
 * @returns {Promise<Map<string, Buffer>>}
 */
async function contents(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return /** @type {const} */ ([relative(folder, path), await readFile(path)]);
  });
  return new Map(await Promise.all(read));
}

const fresh = await mkdtemp(join(tmpdir(), "overlay-bundle-"));
try {
  await build({ root: overlay, logLevel: "warn", build: { outDir: fresh } });
  const [built, kept] = await Promise.all([contents(fresh), contents(committed)]);
  const names = new Set([...built.keys(), ...kept.keys()]);
  const stale = [...names].filter((name) => {
    const ours = built.get(name);
    const theirs = kept.get(name);
    return ours === undefined || theirs === undefined || !ours.equals(theirs);
  });
  if (stale.length > 0) {
    console.error(`The bundle is not current: ${stale.sort().join(", ")}. Run npm run build.`);
    process.exitCode = 1;
  } else {
    console.log(`The bundle is current (${names.size} files).`);
  }
} finally {
  await rm(fresh, { recursive: true, force: true });
}
