/**
 * Where Chromium is, for the tests of pages.
 */
import { existsSync } from "node:fs";
import process from "node:process";

/** CHAINRULE_CHROMIUM, or where Chromium usually is; `undefined` where there is none. */
export function findChromium() {
  return [
    process.env.CHAINRULE_CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ].find((path) => path !== undefined && path !== "" && existsSync(path));
}
