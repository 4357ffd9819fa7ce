/**
 * Pictures: well formed, to scale, and with what was asked for in them.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linspace, tensor } from "@chainrule/core";
import { Linear } from "@chainrule/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { History, Plot } from "../src/index.ts";
import {
  plotConfusion,
  plotDecision,
  plotEmbedding,
  plotHistory,
  plotImages,
  plotLines,
  plotSurface,
} from "../src/index.ts";
import { placeOn, rangeOf, ticksOf, tickText } from "../src/plots/chart.ts";

/** Whether all elements are closed in order, and attributes and texts hold no stray signs. */
function isWellFormed({ svg }: Plot): boolean {
  const open: string[] = [];
  const rest = svg.replaceAll(
    /<(\/?)([a-z]+)((?: [\w:-]+="[^"<>]*")*)(\/?)>/g,
    (_, close: string, name: string, __: string, single: string) => {
      if (close === "/") {
        if (open.pop() !== name) open.push("wrong");
      } else if (single === "") open.push(name);
      return "";
    },
  );
  return (
    open.length === 0 &&
    !/[<>"]/.test(rest) &&
    !/&(?!(amp|lt|gt|quot);)/.test(svg) &&
    !svg.includes("NaN")
  );
}

const run = (loss: number[], more: object = {}): History => ({
  epoch: loss.map((_, i) => i + 1),
  loss,
  lr: loss.map(() => 0.1),
  seconds: loss.map(() => 1),
  ...more,
});

describe("axes", () => {
  test("ticks are round, in order, within the range and few", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.integer({ min: 2, max: 8 }),
        (low, width, about) => {
          const axis = { label: "", range: [low, low + width] as const };
          const ticks = ticksOf(axis, about);
          expect(ticks.length).toBeLessThanOrEqual(about + 2);
          // A tick is rounded to a number, of which there may be few within a narrow range far from 0.
          const rounding = 1e-6 + (2 * Number.EPSILON * (Math.abs(low) + width)) / width;
          for (const [i, tick] of ticks.entries()) {
            expect(placeOn(axis, tick)).toBeGreaterThan(-rounding);
            expect(placeOn(axis, tick)).toBeLessThan(1 + rounding);
            if (i > 0) expect(tick).toBeGreaterThan(ticks[i - 1]!);
          }
        },
      ),
    );
    const log = { label: "", range: [0.02, 300] as const, log: true };
    expect(ticksOf(log, 9)).toEqual([0.1, 1, 10, 100]);
    expect(placeOn(log, 0)).toBeNaN();
    expect(ticksOf({ ...log, range: [0.4, 6] }, 5)).toEqual([0.5, 1, 2, 5]);
    const narrow = ticksOf({ ...log, range: [2, 3] }, 5);
    expect(narrow.map((tick) => tickText(tick, narrow)).join(" ")).toBe("2.0 2.2 2.4 2.6 2.8 3.0");
    expect([0, 0.2, 1e6, 2e-5].map((value) => tickText(value, [0, 0.2]))).toEqual([
      "0",
      "0.2",
      "1e6",
      "2e-5",
    ]);
    expect(rangeOf([])).toEqual([0, 1]);
    expect(rangeOf([3, Number.NaN])).toEqual([2.7, 3.3]);
    expect(rangeOf([0, -1, 5], true)).toEqual([2.5, 10]);
  });
});

describe("plots", () => {
  test("learning curves: a chart for each figure, a line for each run", () => {
    const plot = plotHistory(
      {
        'a<b&"c"': run([3, 2, Number.NaN, 1], {
          accuracy: [0.1, 0.5, 0.6, 0.7],
          valLoss: [3, 2.5, 2, 2],
        }),
        other: run([1, 0.5, 0.2]),
      },
      { log: true },
    );
    expect(isWellFormed(plot)).toBe(true);
    expect(plot.svg.match(/<path/g)?.length).toBe(4);
    // NaN interrupts the line: it begins twice.
    const first = / d="([^"]*)"/.exec(plot.svg)![1]!;
    expect(first.match(/M/g)?.length).toBe(2);
    expect(plot.svg).toContain("a&lt;b&amp;&quot;c&quot; validation");
    expect(String(plot)).toContain('• a<b&"c"   o a<b&"c" validation   + other');
    expect(isWellFormed(plotHistory(run([1])))).toBe(true);
    expect(isWellFormed(plotHistory(run([])))).toBe(true);
    expect(() => plotHistory({})).toThrow(/expected a history/);
    expect(() => plotHistory({ a: 5 as never })).toThrow(/not 5/);
    expect(() => plotHistory(run([1]), { figures: ["f1"] })).toThrow(/no run has a figure "f1"/);
    expect(() => plotHistory(run([1]), { log: ["los"] })).toThrow(/no run has a figure "los"/);
  });

  test("a figure by itself may be logarithmic; long names get a line each, and an end", () => {
    const name = "a name that is far too long for the legend of a picture, whatever it is";
    const both = { accuracy: [0.1, 0.5, 0.9] };
    const { svg } = plotHistory({ [name]: run([1, 0.1, 0.01], both) }, { log: ["loss"] });
    expect(svg).toContain(`<title>${name}</title>`);
    expect(svg).toContain("…</text>");
    const heights = [...svg.matchAll(/ d="([^"]*)"/g)].map(([, path]) =>
      path!.match(/[\d.]+/g)!.map(Number),
    );
    for (const [, y0, , y1, , y2] of heights) expect(y1! - y0!).toBeCloseTo(y2! - y1!, 1);
  });

  test("lines through points, and what is drawn beside the frame is cut off", () => {
    const x = linspace(0, 1, 5);
    const plot = plotLines({ square: { x, y: x.square() }, twice: { x: [0, 1], y: [0, 2] } });
    expect(isWellFormed(plot)).toBe(true);
    expect(plot.svg.match(/<path/g)?.length).toBe(2);
    expect(plot.svg).toMatch(/<svg x="57" y="29" [^>]*viewBox="57 29 [^>]*><path/);
    expect(() => plotLines({})).toThrow(/expected lines by name/);
    expect(() => plotLines({ a: { x: [1], y: [1, 2] } })).toThrow(/"a" has 1 places and 2 heights/);
    // @ts-expect-error no heights
    expect(() => plotLines({ a: { x: [1] } })).toThrow(/needs its points as tensors or arrays/);
  });

  test("classes beyond the list have colours of their own", () => {
    const { svg } = plotEmbedding(
      tensor(Array.from({ length: 30 }, (_, i) => [i, i])),
      tensor(Array.from({ length: 30 }, (_, i) => i)),
    );
    const fills = [...svg.matchAll(/<circle[^>]* r="3" fill="(#[0-9a-f]{6})"/g)];
    expect(new Set(fills.map(([, fill]) => fill)).size).toBe(30);
  });

  test("lines are to scale", () => {
    const { svg } = plotHistory(run([0, 10, 5]));
    const numbers = / d="([^"]*)"/
      .exec(svg)![1]!
      .match(/[\d.]+/g)!
      .map(Number);
    const [x0, y0, x1, y1, x2, y2] = numbers as [number, number, number, number, number, number];
    expect(x1 - x0).toBeCloseTo(x2 - x1, 1);
    expect(y0).toBeGreaterThan(y1);
    expect(y2).toBeCloseTo((y0 + y1) / 2, 1);
  });

  test("decision boundaries: the model's class in every cell", () => {
    const model = new Linear(2, 2);
    const x = tensor([
      [-1, -1],
      [1, 1],
      [1, -1],
    ]);
    const y = tensor([0, 1, 1]);
    for (const scores of [
      model,
      (points: typeof x) => points.at(":", 0),
      (points: typeof x) => points.at(":", ":1"),
    ]) {
      expect(isWellFormed(plotDecision(scores, x, y, { resolution: 9 }))).toBe(true);
    }
    expect(model.training).toBe(true);
    // The class changes in the middle: two rectangles in each of 10 rows, and the frames.
    const split = plotDecision((points) => points.at(":", 0), x, y, { resolution: 10 });
    expect(split.svg.match(/<rect/g)?.length).toBe(2 + 20);
    expect(split.svg.match(/<circle/g)?.length).toBe(3 + 2);
    expect(() => plotDecision(model, y, y)).toThrow(/expected samples of shape \[n, 2\]/);
    expect(() => plotDecision(model, x, y, { resolution: 1 })).toThrow(/resolution/);
  });

  test("confusion, embeddings, images, surfaces", async () => {
    const confusion = plotConfusion(
      tensor([
        [1, 0],
        [2, 3],
      ]),
      { classes: ["<a>", "b"] },
    );
    expect(isWellFormed(confusion)).toBe(true);
    expect(String(confusion).split("\n").at(-2)).toBe("<a> │   1   ·");
    expect(() => plotConfusion(tensor([[1, 2]]))).toThrow(/a square matrix/);
    expect(() => plotConfusion(tensor([[1]]), { classes: [] })).toThrow(/0 names for 1/);

    const points = tensor([
      [0, 0, 1],
      [1, 1, 1],
      [2, 2, 1.5],
      [5, 4, 1],
    ]);
    const embedding = plotEmbedding(points, tensor([0, 1, 1, 0]), {
      labels: ["p", "q", "r", "s"],
      classes: ["no", "yes"],
    });
    expect(isWellFormed(embedding)).toBe(true);
    expect(embedding.svg).toContain("<title>r</title>");
    expect(isWellFormed(plotEmbedding(points))).toBe(true);
    expect(() => plotEmbedding(tensor([1]))).toThrow(/expected points/);
    expect(() => plotEmbedding(points, tensor([1]))).toThrow(/and n classes/);
    expect(() => plotEmbedding(points, undefined, { labels: [] })).toThrow(/0 labels for 4/);

    const images = plotImages(
      tensor([
        [0, 1, 1, 0],
        [Number.NaN, -1, 0, 1],
      ]),
      { captions: ["a", "b"], title: "t" },
    );
    expect(isWellFormed(images)).toBe(true);
    expect(isWellFormed(plotImages(new Linear(6, 2).weight, { shape: [2, 3] }))).toBe(true);
    expect(() => plotImages(tensor([[1, 2, 3]]))).toThrow(/3 numbers a row are no square/);
    expect(() => plotImages(tensor([[1, 2]]), { shape: [2, 2] })).toThrow(/no image of 2 × 2/);
    expect(() => plotImages(tensor([[1]]), { captions: [] })).toThrow(/0 captions/);

    const plane = { x: [-1, 1], y: [-1, 1], resolution: 8 } as const;
    const surface = plotSurface((p) => p.square().sum(), {
      ...plane,
      paths: {
        way: [
          [1, 1],
          [0, 0],
        ],
      },
    });
    expect(isWellFormed(surface)).toBe(true);
    expect(isWellFormed(plotSurface((p) => p.sum().mul(0), plane))).toBe(true);
    expect(() => plotSurface((p) => p.sum(), { x: [1, 1], y: [0, 1] })).toThrow(
      /x \[1, 1\] must rise/,
    );

    const folder = mkdtempSync(join(tmpdir(), "chainrule-plot-"));
    try {
      await surface.save(join(folder, "deep/surface.svg"));
      expect(readFileSync(join(folder, "deep/surface.svg"), "utf8").trim()).toBe(surface.svg);
      await expect(surface.save("surface.png")).rejects.toThrow(/must end in .svg/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
