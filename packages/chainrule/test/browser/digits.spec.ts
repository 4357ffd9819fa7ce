/**
 * Training in a real browser: with threads where the page is isolated, without them where it is not, where text may not
 * become code, and where no worker may start. All get Node's numbers.
 */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Outcome, train } from "./digits.ts";

/** CHAINRULE_CHROMIUM, or where Chromium usually is. */
const executable = [
  process.env.CHAINRULE_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path !== undefined && existsSync(path));
if (executable === undefined)
  console.log("No Chromium was found: set CHAINRULE_CHROMIUM to test training in one.");

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const policy = (text: string) => ({ "Content-Security-Policy": text });

/** The headers of each page. */
const pages: Readonly<Record<string, Record<string, string>>> = {
  isolated: isolation,
  plain: {},
  withoutEval: policy("default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"),
  withoutWorkers: {
    ...isolation,
    ...policy("script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'"),
  },
  withoutWebAssembly: policy("default-src 'self'; script-src 'self'"),
};

const csv = readFileSync(join(import.meta.dirname, "../../../../docs/data/digits.csv"), "utf8");

describe.skipIf(executable === undefined)("digits, learned in Chromium", () => {
  let browser: Browser;
  let server: Server;
  let address: string;
  let wanted: Outcome;

  beforeAll(async () => {
    const program = await build({
      stdin: {
        contents: `import { train } from "./digits.ts";
          const csv = await (await fetch("/digits.csv")).text();
          globalThis.outcome = await train(csv, 2);`,
        resolveDir: import.meta.dirname,
      },
      bundle: true,
      format: "esm",
      platform: "browser",
      conditions: ["chainrule-source"],
      write: false,
      logLevel: "warning",
    });
    server = createServer(({ url = "" }, response) => {
      const name = url.slice(1);
      if (name === "digits.csv") {
        response.end(csv);
        return;
      }
      if (name === "program.js") {
        const type = { "Content-Type": "text/javascript" };
        response.writeHead(200, { ...type, "Cross-Origin-Resource-Policy": "same-origin" });
        response.end(program.outputFiles[0]!.text);
        return;
      }
      response.writeHead(name in pages ? 200 : 404, {
        "Content-Type": "text/html",
        ...pages[name],
      });
      response.end(`<!doctype html><script type="module" src="/program.js"></script>`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const flags = process.env.CHAINRULE_CHROMIUM_FLAGS?.split(" ") ?? [];
    const args = process.getuid?.() === 0 ? ["--no-sandbox", ...flags] : flags;
    browser = await chromium.launch({ executablePath: executable!, args });
    wanted = await train(csv, 1);
    expect(wanted.accuracy).toBeGreaterThan(0.85);
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  async function trainOn(name: string): Promise<Outcome> {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`${address}/${name}`);
    // The page starts the program itself: what a debugger evaluates is not held to the policy.
    const outcome = await page.waitForFunction(() => Reflect.get(globalThis, "outcome") as Outcome);
    const value = await outcome.jsonValue();
    await page.close();
    expect(errors).toEqual([]);
    return value;
  }

  test("Node with two threads: the bits of one", async () => {
    const given = await train(csv, 2);
    expect(given.losses).toEqual(wanted.losses);
    expect(given.bits).toBe(wanted.bits);
    expect(given.backend).toMatchObject({ threads: 2, workers: 1 });
  });

  test("an isolated page: two threads", async () => {
    const given = await trainOn("isolated");
    expect(given.backend).toMatchObject({ inUse: "wasm", threads: 2, workers: 1 });
    expect(given.losses).toEqual(wanted.losses);
    expect(given.bits).toBe(wanted.bits);
  });

  test("a plain page: one thread, and the reason", async () => {
    const given = await trainOn("plain");
    expect(given.backend).toMatchObject({ inUse: "wasm", threads: 1, workers: 0 });
    expect(given.backend.reason).toMatch(/One thread: .*cross-origin isolated/);
    expect(given.losses).toEqual(wanted.losses);
    expect(given.bits).toBe(wanted.bits);
  });

  test("a page whose policy forbids eval", async () => {
    const given = await trainOn("withoutEval");
    expect(given.backend).toMatchObject({ inUse: "wasm", threads: 1 });
    expect(given.losses).toEqual(wanted.losses);
    expect(given.bits).toBe(wanted.bits);
  });

  test("an isolated page whose policy forbids workers", async () => {
    const given = await trainOn("withoutWorkers");
    expect(given.backend).toMatchObject({ inUse: "wasm", threads: 1, workers: 0 });
    expect(given.backend.reason).toMatch(/One thread: .*worker/i);
    expect(given.losses).toEqual(wanted.losses);
    expect(given.bits).toBe(wanted.bits);
  });

  test("a page whose policy forbids WebAssembly: the same but for roundings", async () => {
    const given = await trainOn("withoutWebAssembly");
    expect(given.backend).toMatchObject({ inUse: "reference", threads: 1 });
    for (const [i, loss] of given.losses.entries()) expect(loss).toBeCloseTo(wanted.losses[i]!, 4);
    expect(given.accuracy).toBeCloseTo(wanted.accuracy, 1);
  });
});
