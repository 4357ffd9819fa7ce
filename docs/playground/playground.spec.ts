/** The playground in a real browser: from a file, by mouse and by keyboard. */
import { describe, expect, test } from "vitest";
import {
  hasChromium,
  seriousFindings,
  useBrowser,
} from "../../packages/inspect/test/browser/browser.ts";
import { playground } from "../../scripts/playground.mjs";

describe.skipIf(!hasChromium)("the playground in Chromium", async () => {
  const open = useBrowser();
  const html = hasChromium ? await playground() : "";

  test("learns, asks nothing of the network, and nothing is blocked", async () => {
    const { page, requests, complaints } = await open(html, {}, "#problem=clouds&hidden=2");
    expect(await page.textContent("#status")).toMatch(/^Epoch 0: loss 0\.\d+/);
    const answer = (): Promise<string> =>
      page.evaluate(() => (document.getElementById("answer") as HTMLCanvasElement).toDataURL());
    const before = await answer();
    for (let i = 0; i < 5; i++) await page.click("#step");
    expect(await page.textContent("#status")).toMatch(
      /^Epoch 5: loss 0\.0\d+, .* 100 % are right$/,
    );
    expect(await answer()).not.toBe(before);
    await page.click("#play");
    await page.waitForFunction(
      () => !document.getElementById("status")!.textContent!.startsWith("Epoch 5:"),
    );
    await page.click("#play");
    expect(await page.textContent("#play")).toBe("Play");
    expect(requests).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  test("the same epochs as in Node", async () => {
    const { Experiment, firstSettings } = await import("./experiment.ts");
    const experiment = new Experiment({ ...firstSettings, problem: "moons" });
    for (let i = 0; i < 3; i++) experiment.runEpoch();
    const { loss } = experiment.history.training.at(-1)!;
    const { page } = await open(html, {}, "#problem=moons");
    for (let i = 0; i < 3; i++) await page.keyboard.press("s");
    expect(await page.textContent("#status")).toContain(`Epoch 3: loss ${loss.toFixed(3)},`);
  });

  test("layers and neurons by keyboard; the address holds them", async () => {
    const { page } = await open(html);
    await page.focus('[aria-label="One neuron more in layer 2"]');
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    expect(page.url()).toContain("hidden=4%2C4");
    expect(await page.locator("#columns > div:nth-child(3) .neuron").count()).toBe(4);
    await page.focus("#columns > div:nth-child(3) .neuron");
    expect(await page.textContent("#caption")).toMatch(
      /^Neuron 1 of layer 2: -?\d\.\d\d · neuron 1 of layer 1 \+ .* \+ -?\d\.\d\d\.$/,
    );
    await page.selectOption("[name=problem]", "spiral");
    await page.check("[value='x₁²']");
    await page.reload();
    expect(await page.inputValue("[name=problem]")).toBe("spiral");
    expect(await page.isChecked("[value='x₁²']")).toBe(true);
    expect(await page.locator("#columns > div:nth-child(1) .neuron").count()).toBe(3);
  });

  test.each(["light", "dark"] as const)("axe finds nothing serious, %s", async (colorScheme) => {
    const { page } = await open(html, { colorScheme, bypassCSP: true });
    expect(await seriousFindings(page)).toEqual([]);
  });
});
