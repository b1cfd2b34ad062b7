/**
 * Takes the picture for the README: the demo map with a suggestion on offer.
 *
 *   npm run screenshot -- [--out FILE] [--engine fake|bundled] [--size 1280x800]
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
  await regenerate(page);
  await page.locator('[data-testid="suggestion-state"][data-state="offered"]').waitFor({
    timeout: 240_000,
  });
  await page.locator('[data-job="score"]').waitFor({ state: "detached", timeout: 240_000 });
  await page.locator(".finding .finding-message").first().click();
  await page.locator('.transport input[type="range"]').evaluate((input) => {
    const slider = /** @type {HTMLInputElement} */ (input);
    slider.value = String((Number(slider.min) + Number(slider.max)) / 2);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await page.screenshot({ path: values.out });
  console.log(values.out);
} finally {
  await browser.close();
  await daemon.stop();
  await scratch.remove();
}
