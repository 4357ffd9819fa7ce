/**
 * The page in a real browser: from a file, by keyboard, and to the last bit. These tests are part of `npm test` where
 * there is a Chromium, so they have to be quick.
 */
import { tensor } from "@chainrule/core";
import { SGD } from "@chainrule/optim";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import {
  capture,
  compareGradients,
  numbersOf,
  type Trace,
  toHTML,
  toSVG,
} from "../../src/index.ts";
import { programs } from "../programs.ts";
import { hasChromium, seriousFindings, shown, useBrowser } from "./browser.ts";

/** What can be read; the picture stays laid out as it was when a leaf changes. */
function texts(page: Page): Promise<string[]> {
  return page.evaluate(() => [
    document.getElementById("panel")!.innerHTML,
    ...Array.from(document.querySelectorAll("svg text"), (text) => text.textContent!),
  ]);
}

describe.skipIf(!hasChromium)("the page in Chromium", () => {
  const open = useBrowser();

  test.each(["twoLayers", "cnn", "lstm", "encoder"] as const)(
    "%s: asks nothing of the network, and nothing is blocked or fails",
    async (name) => {
      const { page, requests, complaints } = await open(toHTML(programs[name]()));
      await page.keyboard.press("End");
      expect(requests).toHaveLength(1);
      expect(complaints).toEqual([]);
      expect(await page.locator("#edit fieldset").count()).toBeGreaterThan(0);
    },
  );

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
    await page.waitForSelector("#edit[data-ready]", { state: "attached" });
    expect(await page.textContent("#count")).toBe(`Step 5 of ${count + 1}`);
    expect(await shown(page)).toBe(seen[4]);
  });

  test("a scope opens with Enter as if the page had been made so, and closes by its title", async () => {
    const trace = programs.cells();
    const { page, complaints } = await open(toHTML(trace, { expand: () => false }));
    const before = await shown(page);
    const closed = page.locator("g.box[data-scope]").first();
    const scope = await closed.getAttribute("data-scope");
    const size = Number(/(\d+) ops$/.exec((await closed.getAttribute("aria-label"))!)![1]);
    expect(await closed.getAttribute("aria-expanded")).toBe("false");
    await closed.focus();
    await page.keyboard.press("Enter");
    const boxes = await page.locator("g.box").count();
    expect(boxes).toBeGreaterThan(1);
    expect(boxes).toBe(
      toSVG(trace, { expand: ({ ops }) => ops === size }).match(/<g class="box/g)!.length,
    );
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-scope"))).toBe(
      scope,
    );
    expect(page.url()).toContain("&open=");
    await page.reload();
    await page.waitForSelector("#edit[data-ready]", { state: "attached" });
    expect(await page.locator("g.box").count()).toBe(boxes);
    await page.locator(`g.frame text[data-scope="${scope}"]`).click();
    expect(await shown(page)).toBe(before);
    expect(page.url()).not.toContain("&open=");
    expect(complaints).toEqual([]);
  });

  test("a changed leaf: the engine's recomputation to the last bit, with its update", async () => {
    const program = (a: number): Trace => {
      const x = tensor([a, 0.3, -1.2], { requiresGrad: true, name: "x" });
      const W = tensor(
        [
          [0.1, 0.2, 0.7],
          [-0.4, 0.5, 0.6],
        ],
        { requiresGrad: true, name: "W" },
      );
      const optimizer = new SGD([x, W], { lr: 0.07 });
      return capture(() => W.matmul(x).tanh().exp().softmax(0).log().mul(x.at(0)).sum(), {
        sourceLines: false,
        update: () => optimizer.step(),
      });
    };
    const { page } = await open(toHTML(program(0.7)));
    const replayed = await page.evaluate((trace) => {
      const engine = Reflect.get(globalThis, "chainruleEngine");
      return JSON.stringify(engine.replay(trace, { 2: [1.2345678, 0.3, -1.2] }));
    }, program(0.7) as never);
    expect(JSON.parse(replayed)).toEqual(program(1.2345678));
    const steps = await page.getAttribute("#slider", "max");
    const field = page.locator('input[aria-label="x [0]"]');
    await field.fill("1.2345678");
    await field.press("Enter");
    const wanted = numbersOf(program(1.2345678).nodes.at(-1)!.outputs[0]!.value)![0]!;
    const status = await page.textContent('#edit [role="status"]');
    expect(status).toContain(`is now ${String(Number(wanted.toPrecision(6))).replace("-", "−")}`);
    expect(await page.getAttribute("#slider", "max")).toBe(steps);
    await page.locator("#last").click();
    expect(await page.textContent("#step-title")).toContain("New numbers for");
    const edited = await texts(page);
    const fresh = await open(toHTML(program(1.2345678)), {}, `#step=${Number(steps) + 1}`);
    expect(await texts(fresh.page)).toEqual(edited);
    const other = fresh.page.locator('input[aria-label="x [0]"]');
    await other.fill("abc");
    await other.press("Enter");
    expect(await other.getAttribute("aria-invalid")).toBe("true");
  });

  test("the same bits in products that are large enough for accelerated kernels", async () => {
    const program = (a: number): Trace => {
      const size = 64;
      const at = (i: number): number => Math.sin(i * 12.9898) * 0.7;
      const x = tensor(
        Array.from({ length: size }, (_, i) =>
          Array.from({ length: size }, (_, j) => at(i * size + j)),
        ),
        {
          requiresGrad: true,
          name: "x",
        },
      );
      const s = tensor(a, { requiresGrad: true, name: "s" });
      return capture(() => x.matmul(x.mul(s)).tanh().matmul(x).softmax(1).log().mean(), {
        sourceLines: false,
        maxElements: 4096,
      });
    };
    const before = program(1);
    const { page } = await open(toHTML(before));
    const id = before.nodes.find(({ outputs }) => outputs[0]?.name === "s")!.id;
    const replayed = await page.evaluate(
      ({ trace, node }) => {
        const engine = Reflect.get(globalThis, "chainruleEngine");
        return JSON.stringify(engine.replay(trace, { [node]: [0.9876543] }));
      },
      { trace: before as never, node: id },
    );
    const wanted = JSON.stringify(program(0.9876543));
    expect(replayed === wanted).toBe(true);
  });

  test("an element of a large leaf is changed by its place", async () => {
    const trace = programs.moons();
    const { page } = await open(toHTML(trace));
    const name = "2.weight";
    const leaf = trace.nodes.find(({ outputs }) => outputs[0]!.name === name)!;
    const place = page.locator(`input[aria-label="Place in ${name}"]`);
    const field = page.locator(`input[aria-label="${name}"]`);
    await place.fill("3, 5");
    await place.press("Enter");
    expect(await field.inputValue()).toBe(String(leaf.outputs[0]!.value!.data![3 * 16 + 5]));
    await field.fill("1.5");
    await field.press("Enter");
    expect(await page.textContent('#edit [role="status"]')).toContain(
      "2.weight changed: loss is now",
    );
    await place.fill("3, 16");
    await place.press("Enter");
    expect(await place.getAttribute("aria-invalid")).toBe("true");
    expect(await page.textContent('#edit [role="status"]')).toContain("lies within [16, 16]");
  });

  test("an element shows the sum behind it; an edge its rule", async () => {
    const { page } = await open(toHTML(programs.twoLayers()));
    await page.keyboard.press("End");
    for (let i = 0; i < 40; i++) {
      if ((await page.textContent("#step-title")) === "matmul gives to W2") break;
      await page.keyboard.press("ArrowLeft");
    }
    await page.locator("#panel td button").first().click();
    expect(await page.textContent("#panel .terms")).toMatch(/0\.1385 · 0\.5933.*= 0\.08217/);
    await page.locator("path.edge.lit").first().focus();
    expect(await page.textContent("#hint")).toContain("Edge from");
  });

  test.each([
    ["en", "light"],
    ["es", "dark"],
  ] as const)("axe finds nothing serious (%s, %s)", async (language, colorScheme) => {
    const x = tensor([0, 1, -2], { requiresGrad: true, name: "x" });
    const check = compareGradients(() => x.relu().mul(x).sum(), { edges: true });
    const html = toHTML(check.trace, { language, check });
    const { page } = await open(html, { colorScheme, bypassCSP: true }, "#step=7");
    expect(await seriousFindings(page)).toEqual([]);
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
    expect(await page.textContent("#live")).toBe("Step 8 of 8. Backward: add gives to a");
  });
});
