/**
 * A Chromium for the tests of pages.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";

/** Set by the configuration; empty where there is no Chromium. */
const executable = process.env.CHAINRULE_CHROMIUM ?? "";
export const hasChromium: boolean = executable !== "";

const axe = readFileSync(
  join(import.meta.dirname, "../../node_modules/axe-core/axe.min.js"),
  "utf8",
);

export interface Opened {
  readonly page: Page;
  /** The addresses that were asked for, the page's own among them. */
  readonly requests: readonly string[];
  /** Errors, warnings, and what the security policy blocked. */
  readonly complaints: readonly string[];
}

export type PageOptions = NonNullable<Parameters<Browser["newPage"]>[0]>;

/** Starts the browser for the tests of a file; gives a function that opens a page from a file on disk. */
export function useBrowser(): (
  html: string,
  options?: PageOptions,
  hash?: string,
) => Promise<Opened> {
  let browser: Browser;
  let folder: string;
  let opened: Page | null = null;

  beforeAll(async () => {
    if (!hasChromium) return;
    folder = mkdtempSync(join(tmpdir(), "chainrule-page-"));
    const flags = process.env.CHAINRULE_CHROMIUM_FLAGS?.split(" ") ?? [];
    const args = process.getuid?.() === 0 ? ["--no-sandbox", ...flags] : flags;
    browser = await chromium.launch({ executablePath: executable, args });
  });

  afterAll(async () => {
    if (!hasChromium) return;
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  return async (html, options = {}, hash = "") => {
    const file = join(folder, "page.html");
    writeFileSync(file, html);
    await opened?.close();
    const page = await browser.newPage(options);
    opened = page;
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    await page.goto(`${pathToFileURL(file).href}${hash}`);
    if (html.includes('id="edit"'))
      await page.waitForSelector("#edit[data-ready]", { state: "attached" });
    return { page, requests, complaints };
  };
}

/** What axe-core calls serious or critical. The page must have been opened with `bypassCSP`. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found: string[] = await page.evaluate(async () => {
    const { violations } = await Reflect.get(globalThis, "axe").run();
    return violations.map(
      (one: { id: string; impact: string; nodes: { html: string }[] }) =>
        `${one.impact} ${one.id} ${one.nodes[0]?.html.slice(0, 160)}`,
    );
  });
  return found.filter((one) => /^(serious|critical)/.test(one));
}

/** Picture and panel as they are. */
export function shown(page: Page): Promise<string> {
  return page.evaluate(
    () =>
      `${document.querySelector("svg")!.outerHTML}${document.getElementById("panel")!.innerHTML}`,
  );
}
