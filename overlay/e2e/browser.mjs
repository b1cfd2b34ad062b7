import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The system's Chromium, or null where there is none. */
export function chromiumPath() {
  const named = process.env.CHROMIUM_PATH;
  return [...(named === undefined ? [] : [named]), ...PLACES].find(existsSync) ?? null;
}

/** Starts the system's Chromium without a window. */
export async function startBrowser() {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error("there is no Chromium on this machine");
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--force-color-profile=srgb",
    ],
  });
}
