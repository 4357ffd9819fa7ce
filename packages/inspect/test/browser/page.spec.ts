/**
 * The page in a real browser: from a file, by keyboard, in both languages, to the last bit.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { tensor } from "@chainrule/core";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { capture, compareGradients, numbersOf, type Trace, toHTML } from "../../src/index.ts";
import { programs } from "../programs.ts";

/** CHAINRULE_CHROMIUM, or where Chromium usually is. */
const executable = [
  process.env.CHAINRULE_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path !== undefined && existsSync(path));
if (executable === undefined)
  console.log("No Chromium was found: set CHAINRULE_CHROMIUM to test the pages in one.");

const axe = readFileSync(
  join(import.meta.dirname, "../../node_modules/axe-core/axe.min.js"),
  "utf8",
);

describe.skipIf(executable === undefined)("the page in Chromium", () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "chainrule-page-"));
    const flags = process.env.CHAINRULE_CHROMIUM_FLAGS?.split(" ") ?? [];
    const args = process.getuid?.() === 0 ? ["--no-sandbox", ...flags] : flags;
    browser = await chromium.launch({ executablePath: executable!, args });
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(
    html: string,
    options: Parameters<Browser["newPage"]>[0] = {},
    hash = "",
  ): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
    const file = join(folder, "page.html");
    writeFileSync(file, html);
    const page = await browser.newPage(options);
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    await page.goto(`${pathToFileURL(file).href}${hash}`);
    await page.waitForSelector("#edit[data-ready]", { state: "attached" });
    return { page, requests, complaints };
  }

  const shown = (page: Page): Promise<string> =>
    page.evaluate(
      () =>
        `${document.querySelector("svg")!.outerHTML}${document.getElementById("panel")!.innerHTML}`,
    );

  test("asks nothing of the network, and nothing is blocked or fails", async () => {
    for (const program of Object.values(programs)) {
      const { page, requests, complaints } = await open(toHTML(program()));
      await page.keyboard.press("End");
      expect(requests).toHaveLength(1);
      expect(complaints).toEqual([]);
      await page.close();
    }
  });

  test("steps forward and back are exact, and the address holds the step", async () => {
    const { page } = await open(toHTML(programs.twoLayers()));
    const seen = [await shown(page)];
    const count = Number(await page.getAttribute("#slider", "max"));
    for (let i = 0; i < count; i++) {
      await page.keyboard.press("ArrowRight");
      seen.push(await shown(page));
    }
    expect(new Set(seen).size).toBe(count + 1);
    for (let i = count - 1; i >= 0; i--) {
      await page.keyboard.press("ArrowLeft");
      expect(await shown(page)).toBe(seen[i]);
    }
    await page.evaluate(() => {
      location.hash = "#step=5";
    });
    await page.waitForFunction(() =>
      document.getElementById("count")!.textContent!.startsWith("Step 5"),
    );
    expect(await shown(page)).toBe(seen[4]);
    await page.reload();
    expect(await page.textContent("#count")).toBe(`Step 5 of ${count + 1}`);
    await page.close();
  });

  test("a changed leaf: the engine's recomputation, to the last bit", async () => {
    const program = (a: number): Trace => {
      const x = tensor([a, 0.3, -1.2], { requiresGrad: true, name: "x" });
      const W = tensor(
        [
          [0.1, 0.2, 0.7],
          [-0.4, 0.5, 0.6],
        ],
        { requiresGrad: true, name: "W" },
      );
      return capture(() => W.matmul(x).tanh().exp().softmax(0).log().mul(x.at(0)).sum(), {
        sourceLines: false,
      });
    };
    const { page } = await open(toHTML(program(0.7)));
    const result = await page.evaluate((trace) => {
      const engine = Reflect.get(globalThis, "chainruleEngine");
      return JSON.stringify(engine.replay(trace, { 2: [1.2345678, 0.3, -1.2] }));
    }, program(0.7) as never);
    expect(JSON.parse(result)).toEqual(program(1.2345678));
    const field = page.locator('input[aria-label="x [0]"]');
    await field.fill("1.2345678");
    await field.press("Enter");
    const wanted = numbersOf(program(1.2345678).nodes.at(-1)!.outputs[0]!.value)![0]!;
    const status = await page.textContent('#edit [role="status"]');
    expect(status).toContain(`is now ${String(Number(wanted.toPrecision(6))).replace("-", "−")}`);
    await field.fill("abc");
    await field.press("Enter");
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    await page.close();
  });

  test("an element shows the sum behind it; an edge its rule", async () => {
    const trace = programs.twoLayers();
    const { page } = await open(toHTML(trace));
    const index = trace.backward!.contributions.findIndex(
      ({ node, operand }) => trace.nodes[node - 1]!.op === "matmul" && operand === 0,
    );
    await page.keyboard.press("End");
    for (let i = 0; i < 40; i++) {
      const title = await page.textContent("#step-title");
      if (title === "Backward: matmul gives to W2") break;
      await page.keyboard.press("ArrowLeft");
    }
    expect(index).toBeGreaterThan(0);
    await page.locator("#panel td button").first().click();
    expect(await page.textContent("#panel .terms")).toMatch(/0\.1385 · 0\.5933.*= 0\.08217/);
    await page.locator("path.edge.lit").first().focus();
    expect(await page.textContent("#hint")).toContain("Edge from");
    await page.close();
  });

  test.each(["en", "es"] as const)("axe finds nothing serious (%s)", async (language) => {
    const x = tensor([0, 1, -2], { requiresGrad: true, name: "x" });
    const check = compareGradients(() => x.relu().mul(x).sum(), { edges: true });
    for (const html of [
      toHTML(programs.twoLayers(), { language }),
      toHTML(check.trace, { language, check }),
    ]) {
      for (const colorScheme of ["light", "dark"] as const) {
        const { page } = await open(html, { colorScheme, bypassCSP: true }, "#step=12");
        await page.evaluate(axe);
        const found = await page.evaluate(async () => {
          const { violations } = await Reflect.get(globalThis, "axe").run();
          return violations.map(
            (one: { id: string; impact: string; nodes: { html: string }[] }) =>
              `${one.impact} ${one.id} ${one.nodes[0]?.html.slice(0, 120)}`,
          );
        });
        expect(found.filter((one: string) => /^(serious|critical)/.test(one))).toEqual([]);
        await page.close();
      }
    }
  });

  test("by keyboard alone", async () => {
    const { page } = await open(toHTML(programs.diamond()));
    for (const id of ["next", "last", "back", "first"]) {
      await page.locator(`#${id}`).focus();
      await page.keyboard.press("Enter");
    }
    expect(await page.textContent("#count")).toBe("Step 1 of 8");
    await page.locator("h1").click();
    await page.keyboard.press("Space");
    expect(await page.getAttribute("#play", "aria-label")).toBe("Pause");
    await page.keyboard.press("Space");
    await page.keyboard.press("End");
    expect(await page.textContent("#live")).toContain("Step 8 of 8");
    await page.close();
  });
});
