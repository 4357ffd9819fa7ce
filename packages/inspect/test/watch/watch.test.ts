/**
 * Watching training: what is told of each step, within its memory, and the pictures of it.
 */
import { manualSeed, randn, tensor } from "@chainrule/core";
import { Linear, Module, parameter, ReLU, Sequential } from "@chainrule/nn";
import { SGD } from "@chainrule/optim";
import { describe, expect, test } from "vitest";
import { watch } from "../../src/index.ts";
import { binCount, deadShare, statisticsOf } from "../../src/watch/statistics.ts";

function setting(hidden = 4) {
  manualSeed(2);
  const model = new Sequential(new Linear(3, hidden), new ReLU(), new Linear(hidden, 1));
  const optimizer = new SGD(model.parameters(), { lr: 0.1 });
  const x = randn([8, 3]);
  const step = (): void => {
    optimizer.zeroGrad();
    model.forward(x).square().mean().backward();
  };
  return { model, optimizer, step, x };
}

test("numbers summed up", () => {
  const found = statisticsOf([3, -4, 0, Number.NaN, 1e-20, 1e20]);
  expect(found.norm).toBeCloseTo(1e20, -5);
  expect(found.zero).toBeCloseTo(1 / 6, 15);
  expect(found.notFinite).toBeCloseTo(1 / 6, 15);
  expect(found.histogram).toHaveLength(binCount);
  expect(found.histogram.reduce((sum, count) => sum + count, 0)).toBe(4);
  // 10^0 … 10^0.5 and 10^0.5 … 10^1, of 2 bins a decade from 10^-12; what lies outside is at the ends.
  expect(found.histogram[24]).toBe(1);
  expect(found.histogram[25]).toBe(1);
  expect([found.histogram[0], found.histogram.at(-1)]).toEqual([1, 1]);
  expect(statisticsOf([3, 4]).rms).toBeCloseTo(Math.sqrt(12.5), 15);
  expect(statisticsOf([]).rms).toBe(0);
  expect(deadShare([0, 1, 0, 0, 2, 0], 2)).toBeCloseTo(2 / 3, 15);
  expect(deadShare([], 0)).toBe(0);
});

describe("a watcher", () => {
  test("looks at every k-th update: gradients, weights, how far they moved, dead units", () => {
    const { model, optimizer, step } = setting();
    const watcher = watch(model, { every: 3 });
    const weight = model.parameters()[0]!;
    let expected = Number.NaN;
    for (let i = 1; i <= 7; i++) {
      step();
      if (i === 6) {
        const norm = (t: { toTypedArray(): ArrayLike<number> }): number =>
          Math.hypot(...Array.from(t.toTypedArray()));
        expected = (0.1 * norm(weight.grad!)) / norm(weight);
      }
      watcher.update(() => optimizer.step());
    }
    expect(watcher.records.map((record) => record.step)).toEqual([3, 6]);
    const [first] = watcher.records[1]!.parameters;
    expect(first!.name).toBe("0.weight");
    expect(first!.updateRatio).toBeCloseTo(expected, 6);
    expect(first!.gradient!.histogram.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    expect(Object.keys(watcher.records[0]!.deadUnits)).toEqual(["1"]);
  });

  test("in two halves, as a callback, sees the same; an update that fails is none", () => {
    const [whole, halves] = [setting(), setting()];
    const [a, b] = [watch(whole.model, { every: 2 }), watch(halves.model, { every: 2 })];
    for (let i = 0; i < 5; i++) {
      whole.step();
      a.update(() => whole.optimizer.step());
      halves.step();
      b.onGradients();
      halves.optimizer.step();
      b.onBatchEnd();
      if (i !== 2) continue;
      const fail = (): never => {
        throw new Error("no step");
      };
      expect(() => a.update(fail)).toThrow("no step");
    }
    expect(a.records.map((record) => record.step)).toEqual([2, 4]);
    expect(b.records).toEqual(a.records);
  });

  test("sees dead units, and gradients that are missing or not finite", () => {
    const { model, optimizer, step } = setting();
    const [weight, bias] = model.parameters();
    weight!.requiresGrad = false;
    bias!.storage.data.fill(-100);
    const watcher = watch(model);
    step();
    bias!.grad!.storage.data[0] = Number.NaN;
    watcher.update(() => optimizer.step());
    const [record] = watcher.records;
    expect(record!.deadUnits).toEqual({ "1": 1 });
    expect(record!.parameters[0]!.gradient).toBeNull();
    expect(record!.parameters[1]!.gradient).toMatchObject({ notFinite: 0.25, zero: 0.75 });
    expect(watcher.toSVG()).toMatch(/NaN, ∞ 25 %/);
    expect(watcher.toSVG({ language: "es" })).toMatch(/unidades ReLU muertas: 1: 100 %/);
  });

  test("keeps to its memory and still shows the whole run", () => {
    const { model, optimizer, step } = setting();
    const perRecord = 4 * (binCount + 8) * 8;
    const watcher = watch(model, { maxBytes: 10 * perRecord });
    for (let i = 0; i < 100; i++) {
      step();
      watcher.update(() => optimizer.step());
    }
    expect(watcher.records.length).toBeLessThanOrEqual(10);
    expect(watcher.every).toBe(16);
    expect(watcher.records.map((record) => record.step)).toEqual([16, 32, 48, 64, 80, 96]);
  });

  test("changes nothing, and stops when told", () => {
    const run = (isWatched: boolean): number[] => {
      const { model, optimizer, step } = setting();
      const watcher = watch(model);
      for (let i = 0; i < 5; i++) {
        step();
        if (isWatched) watcher.update(() => optimizer.step());
        else optimizer.step();
      }
      watcher.stop();
      return model.parameters().flatMap((parameter) => Array.from(parameter.toTypedArray()));
    };
    expect(run(true)).toEqual(run(false));
  });

  test("draws one chart of all layers, and a page to travel through the steps without scripts", () => {
    const { model, optimizer, step } = setting();
    const watcher = watch(model);
    for (let i = 0; i < 80; i++) {
      step();
      watcher.update(() => optimizer.step());
    }
    const svg = watcher.toSVG({ step: 40 });
    expect(svg).toContain("Gradient flow, step 40");
    expect(svg.match(/<circle/g)).toHaveLength(4);
    expect(svg).not.toMatch(/NaN|undefined/);
    const page = watcher.toHTML({ language: "es" });
    expect(page).toContain('<html lang="es">');
    expect(page).not.toContain("<script");
    expect(page.match(/type="radio"/g)).toHaveLength(40);
    expect(page).toMatch(/aria-label="paso 80"/);
    expect(page).toContain("#s39:checked ~ .frames > #f39");
  });

  test("names in the model are never markup", () => {
    class Strange extends Module {
      readonly "<img src=x>" = parameter(tensor([1]));

      forward(x: unknown): unknown {
        return x;
      }
    }
    const model = new Strange();
    const watcher = watch(model);
    watcher.update(() => {});
    expect(watcher.toSVG()).not.toContain("<img");
    expect(watcher.toHTML()).not.toContain("<img");
  });

  test("refuses what makes no sense", () => {
    const { model } = setting();
    expect(() => watch(model, { every: 0 })).toThrow(/every/);
    expect(() => watch(model, { maxBytes: 100 })).toThrow(/do not hold two records/);
    expect(() => watch(model, { often: 1 } as never)).toThrow(/unknown option "often"/);
    expect(() => watch(model).toSVG()).toThrow(/nothing was recorded yet/);
    const watcher = watch(model);
    watcher.update(() => {});
    expect(() => watcher.toSVG({ step: 7 })).toThrow(/step 7 was not recorded. Recorded: 1 to 1/);
    expect(() => watcher.toHTML({ language: "fr" as never })).toThrow(/"en" or "es"/);
  });
});
