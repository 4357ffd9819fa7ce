/**
 * All pages in a real browser, in both languages, light and dark; and Mermaid's own parser. Slow: `npm run test:browser`.
 */
import { existsSync } from "node:fs";
import { manualSeed, randn, tensor } from "@chainrule/core";
import { Linear, ReLU, Sequential } from "@chainrule/nn";
import { SGD } from "@chainrule/optim";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import {
  capture,
  display,
  exercise,
  explain,
  mistakenGradients,
  toHTML,
  toMermaid,
  watch,
} from "../../src/index.ts";
import { programs } from "../programs.ts";
import { hasChromium, seriousFindings, shown, useBrowser } from "./browser.ts";

/** A page of each kind. */
const pages = {
  steps: (language: "en" | "es") => toHTML(programs.twoLayers(), { language }),
  exercise: (language: "en" | "es") => exercise(programs.twoLayers(), { language }).toHTML(),
  explain: (language: "en" | "es") => explain(programs.twoLayers(), { language, format: "html" }),
  mistakes: (language: "en" | "es") => mistakenPage(language),
  watch: (language: "en" | "es") => watched().toHTML({ language }),
} as const;

function mistakenPage(language: "en" | "es"): string {
  const a = tensor([0.5, 1], { requiresGrad: true, name: "a" });
  const b = a.add(a);
  return mistakenGradients(b.mul(b).sum(), { language }).toHTML();
}

function watched(): ReturnType<typeof watch> {
  manualSeed(6);
  const net = new Sequential(new Linear(2, 8), new ReLU(), new Linear(8, 1));
  const optimizer = new SGD(net.parameters(), { lr: 0.1 });
  const watcher = watch(net);
  for (let i = 0; i < 6; i++) {
    optimizer.zeroGrad();
    net
      .forward(randn([16, 2]))
      .square()
      .mean()
      .backward();
    watcher.update(() => optimizer.step());
  }
  return watcher;
}

describe.skipIf(!hasChromium)("all pages in Chromium", () => {
  const open = useBrowser();

  test.each(Object.entries(programs))(
    "%s: nothing fails on the way to the end",
    async (_name, program) => {
      const { page, complaints } = await open(toHTML(program()));
      const count = Number(await page.getAttribute("#slider", "max"));
      for (let i = 0; i < count; i++) await page.keyboard.press("ArrowRight");
      expect(await page.textContent("#count")).toBe(`Step ${count + 1} of ${count + 1}`);
      expect(complaints).toEqual([]);
    },
  );

  describe.each(Object.entries(pages))("%s", (_name, page) => {
    test("asks nothing of the network, and nothing is blocked or fails", async () => {
      const { requests, complaints } = await open(page("en"));
      expect(requests).toHaveLength(1);
      expect(complaints).toEqual([]);
    });

    test.each([
      ["en", "light"],
      ["en", "dark"],
      ["es", "light"],
      ["es", "dark"],
    ] as const)("axe finds nothing serious (%s, %s)", async (language, colorScheme) => {
      const opened = await open(page(language), { colorScheme, bypassCSP: true }, "#step=12");
      expect(await seriousFindings(opened.page)).toEqual([]);
    });

    test.each([
      [390, 844],
      [1280, 800],
      [1920, 1080],
    ])("nothing is wider than the window (%d × %d)", async (width, height) => {
      const opened = await open(page("es"), { viewport: { width, height } });
      const overflow = await opened.page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBeLessThanOrEqual(0);
    });
  });

  test("each step is said, with its phase, in both languages", async () => {
    for (const language of ["en", "es"] as const) {
      const { page } = await open(toHTML(programs.twoLayers(), { language }));
      const count = Number(await page.getAttribute("#slider", "max"));
      const said = new Set<string>();
      for (let i = 1; i <= count; i++) {
        await page.keyboard.press("ArrowRight");
        const text = (await page.textContent("#live"))!;
        expect(text).toMatch(
          language === "en"
            ? new RegExp(`^Step ${i + 1} of ${count + 1}. (Forward|Seed|Backward|Update): .`)
            : new RegExp(
                `^Paso ${i + 1} de ${count + 1}. (Hacia delante|Semilla|Hacia atrás|Actualización): .`,
              ),
        );
        expect(await page.getAttribute("#slider", "aria-valuetext")).toBe(text.replace(". ", ": "));
        said.add(text);
      }
      expect(said.size).toBe(count);
    }
  });

  test("who wants less motion gets none", async () => {
    const moving = (page: Page): Promise<number> =>
      page.evaluate(() => document.getAnimations().length);
    const lively = await open(toHTML(programs.diamond()), {}, "#step=5");
    expect(await moving(lively.page)).toBeGreaterThan(0);
    const calm = await open(toHTML(programs.diamond()), { reducedMotion: "reduce" }, "#step=5");
    expect(await moving(calm.page)).toBe(0);
  });

  test("everything can be reached with Tab, in the order of the page", async () => {
    const { page } = await open(toHTML(programs.cells()), {}, "#step=3");
    const seen: string[] = [];
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press("Tab");
      const what = await page.evaluate(() => {
        const element = document.activeElement;
        return element === null || element === document.body
          ? "end"
          : element.id || element.getAttribute("data-scope") || element.tagName;
      });
      if (what === "end") break;
      seen.push(what);
    }
    expect(seen[0]).toBe("A");
    for (const id of ["first", "back", "play", "next", "last", "slider"])
      expect(seen).toContain(id);
    expect(seen.some((what) => /^\d+$/.test(what))).toBe(true);
  });

  test("the exercise by keyboard: a mistake is named, the right answer counts", async () => {
    const a = tensor(1, { requiresGrad: true, name: "a" });
    const task = exercise(
      capture(() => {
        const b = a.add(a).named("b");
        return b.add(b).named("c");
      }),
    );
    const { page, complaints } = await open(task.toHTML());
    const field = page.locator('form:has(legend:text-is("∂/∂a")) input');
    await field.fill("2");
    await field.press("Enter");
    const verdict = page.locator('form:has(legend:text-is("∂/∂a")) .verdict');
    expect(await verdict.textContent()).toMatch(/path|add/i);
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    await field.fill("4");
    await field.press("Enter");
    expect(await verdict.textContent()).toContain("✓");
    expect(await page.textContent("#progress")).toMatch(/^1 of/);
    expect(complaints).toEqual([]);
  });

  test("the watched run: arrow keys travel through its steps", async () => {
    const { page } = await open(watched().toHTML());
    await page.locator("input[type=radio]:checked").focus();
    const before = await page.locator("figure:visible").textContent();
    await page.keyboard.press("ArrowLeft");
    expect(await page.locator("figure:visible").count()).toBe(1);
    expect(await page.locator("figure:visible").textContent()).not.toBe(before);
  });

  let large = "";

  test("10⁵ nodes: a small page, in seconds", { timeout: 20_000 }, () => {
    let x = tensor(1, { requiresGrad: true, name: "x" });
    for (let i = 0; i < 33_333; i++) x = x.mul(1.0001).sin();
    const trace = capture(x);
    expect(trace.nodes.length).toBe(100_000);
    large = toHTML(trace);
    expect(large.length).toBeLessThan(1_500_000);
  });

  test("10⁵ nodes: scopes open as far as they are kept", async () => {
    const { page, complaints } = await open(large);
    expect(await page.textContent("#panel")).toMatch(/\d+ ops are left out/);
    const boxes = await page.locator("g.box").count();
    await page.locator("g.box[data-scope]").first().focus();
    await page.keyboard.press("Enter");
    expect(await page.locator("g.box").count()).toBeGreaterThan(boxes);
    await page.locator("g.box[data-scope]").last().focus();
    await page.keyboard.press("Enter");
    expect(await page.textContent("#hint")).toContain("not in this page");
    expect(complaints).toEqual([]);
  });

  test("within a notebook: the page in a frame of its own, with its steps and its engine", async () => {
    const shownThere: unknown = Reflect.get(
      display(programs.diamond()),
      Symbol.for("Jupyter.display"),
    );
    const mime: Readonly<Record<string, string>> = (shownThere as () => Record<string, string>)();
    const { page, complaints } = await open(
      `<!doctype html><title>Notebook</title><body>${mime["text/html"]}`,
    );
    const frame = page.frameLocator("iframe");
    await frame.locator("#edit fieldset").first().waitFor();
    await frame.locator("#last").click();
    expect(await frame.locator("#count").textContent()).toBe("Step 8 of 8");
    await frame.locator('input[aria-label="a"]').fill("2");
    await frame.locator('input[aria-label="a"]').press("Enter");
    expect(await frame.locator('#edit [role="status"]').textContent()).toContain("c is now 8");
    expect(complaints).toEqual([]);
  });

  test("a name with markup stays text, also where the page draws anew", async () => {
    const evil = '</script><img src=x onerror="document.title=1"><svg onload=alert(1)>';
    const a = tensor([1, 2], { requiresGrad: true, name: evil });
    const trace = capture(() => a.mul(a).sum().named(evil), { title: evil });
    const nodes = trace.nodes.map((node) => ({
      ...node,
      scope: node.kind === "op" ? "<b>s</b>" : "",
    }));
    const html = toHTML({ ...trace, nodes }, { expand: () => false });
    const { page, complaints } = await open(html);
    await page.locator("g.box[data-scope]").first().focus();
    await page.keyboard.press("Enter");
    const count = Number(await page.getAttribute("#slider", "max"));
    for (let i = 0; i < count; i++) await page.keyboard.press("ArrowRight");
    expect(await page.locator("img, b, svg svg").count()).toBe(0);
    expect(complaints).toEqual([]);
    expect(await shown(page)).toContain("&lt;/script");
  });

  const mermaid = process.env.CHAINRULE_MERMAID ?? "";
  test.skipIf(!existsSync(mermaid))("Mermaid itself reads and draws every graph", async () => {
    const { page } = await open("<!doctype html><title>Mermaid</title><body>");
    await page.addScriptTag({ path: mermaid });
    for (const program of Object.values(programs)) {
      for (const expand of [undefined, () => true, () => false]) {
        const text = toMermaid(program(), expand === undefined ? {} : { expand });
        const drawn: string = await page.evaluate(async (source) => {
          const api = Reflect.get(globalThis, "mermaid");
          api.initialize({ startOnLoad: false, maxEdges: 5000 });
          await api.parse(source);
          const { svg } = await api.render("graph", source);
          return svg;
        }, text);
        expect(drawn).toContain("</svg>");
        expect(drawn).not.toContain("Syntax error");
      }
    }
  });
});
