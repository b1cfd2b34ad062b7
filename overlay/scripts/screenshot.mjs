/**
 * Takes the picture for the README: the demo map with a suggestion on offer.
 *
 *   npm run screenshot -- [--out FILE] [--engine fake|bundled] [--size 1280x800]
 *     [--seed 7] [--moment 0.62]
 *
 * Only the project's own demo map is shown.
 */
import { parseArgs } from "node:util";
import { startBrowser } from "../e2e/browser.mjs";
import { ROOT, startDaemon } from "../e2e/daemon.mjs";
import { scratchMapset } from "../e2e/mapset.mjs";
import { openOverlay, regenerate, selectRange } from "../e2e/steps.mjs";

const { values } = parseArgs({
  options: {
    out: { type: "string", default: `${ROOT}docs/overlay.png` },
    engine: { type: "string", default: "bundled" },
    size: { type: "string", default: "1280x800" },
    seed: { type: "string", default: "7" },
    moment: { type: "string", default: "0.62" },
  },
});
const [width = 1280, height = 800] = values.size.split("x").map(Number);
const engine = values.engine === "fake" ? "fake" : "bundled";

const scratch = await scratchMapset();
const daemon = await startDaemon({ map: scratch.map, data: scratch.data, engine });
const browser = await startBrowser();
try {
  const page = await browser.newPage({ viewport: { width, height }, reducedMotion: "reduce" });
  await openOverlay(page, daemon.url);
  await selectRange(page, 0.3, 0.72);
  // A fixed seed: the same picture from the same model.
  await page.getByTestId("seed").fill(values.seed);
  await regenerate(page);
  await page.locator('[data-testid="suggestion-state"][data-state="offered"]').waitFor({
    timeout: 240_000,
  });
  await page.locator('[data-job="score"]').waitFor({ state: "detached", timeout: 240_000 });
  await page.locator('.transport input[type="range"]').evaluate((input, share) => {
    const slider = /** @type {HTMLInputElement} */ (input);
    const room = Number(slider.max) - Number(slider.min);
    slider.value = String(Math.round(Number(slider.min) + room * share));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }, Number(values.moment));
  await page.screenshot({ path: values.out });
  console.log(values.out);
} finally {
  await browser.close();
  await daemon.stop();
  await scratch.remove();
}
