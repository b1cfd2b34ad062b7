/**
 * What a mapper does on the page, step by step; every step waits for what it brings about.
 *
 * @typedef {import("playwright-core").Page} Page
 */

/**
 * Opens the overlay and waits until it is connected and shows a map.
 *
 * @param {Page} page
 * @param {string} url
 */
export async function openOverlay(page, url) {
  await page.goto(url);
  await page.locator('[data-testid="connection"][data-phase="open"]').waitFor();
  await page.getByTestId("map-title").waitFor();
}

/**
 * Drags a range over the timeline, from one share of its width to another.
 *
 * @param {Page} page
 * @param {number} from
 * @param {number} to
 */
export async function selectRange(page, from, to) {
  const box = await page.getByTestId("timeline").boundingBox();
  if (box === null) throw new Error("the timeline is not in sight");
  const y = box.y + box.height * 0.45;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * ((from + to) / 2), y, { steps: 4 });
  await page.mouse.move(box.x + box.width * to, y, { steps: 4 });
  await page.mouse.up();
  await page.getByTestId("range").waitFor();
}

/**
 * Presses Regenerate, and reads the fair-use notice if it comes.
 *
 * @param {Page} page
 */
export async function regenerate(page) {
  await page.getByTestId("generate").click();
  const notice = page.getByTestId("acknowledge");
  const suggestion = page.getByTestId("suggestion-state");
  await notice.or(suggestion).first().waitFor();
  if (await notice.isVisible()) await notice.click();
  await suggestion.waitFor();
}

/**
 * Shows one of the generating forms.
 *
 * @param {Page} page
 * @param {"Section" | "Hitsounds" | "Timing" | "New difficulty"} form
 */
export async function choose(page, form) {
  const forms = page.locator(".generate .panel-head");
  await forms.getByRole("radio", { name: form, exact: true }).check();
}
