/**
 * A loss over a plane, and the ways of optimizers on it.
 */

import type { Tensor } from "@chainrule/core";
import { ArgumentError, checkInteger, checkOptions, noGrad, quoted, tensor } from "@chainrule/core";
import type { Chart, Line } from "./chart.ts";
import { checkRange, rangeOf } from "./chart.ts";
import { Plot } from "./plot.ts";
import { chartsToSvg } from "./svg.ts";
import { chartsToText } from "./text.ts";

/** Options of {@link plotSurface}. */
export interface SurfacePlotOptions {
  /** From where to where the first coordinate goes. */
  x: readonly [number, number];
  /** From where to where the second coordinate goes. */
  y: readonly [number, number];
  /** The ways of optimizers by name: points [x, y] one after the other. */
  paths?: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  /** Points on each side of the grid; 90 unless given. */
  resolution?: number;
  /** Whether shades are those of log(loss − lowest loss), which shows valleys; true unless given. */
  log?: boolean;
  title?: string;
}

/**
 * A loss of two parameters as shades (dark is high), with the paths of optimizers and their ends.
 *
 * @param loss from a tensor of two numbers to a single one
 * @throws {ArgumentError} for ranges that do not rise, and a loss that is no function.
 * @example
 * import { plotSurface } from "@chainrule/train";
 * const plot = plotSurface((p) => p.square().sum(), {
 *   x: [-1, 1],
 *   y: [-1, 1],
 *   resolution: 10,
 *   paths: { straight: [[0.9, 0.9], [0, 0]] },
 * });
 * plot.svg.includes("straight"); // → true
 */
export function plotSurface(loss: (point: Tensor) => Tensor, options: SurfacePlotOptions): Plot {
  const where = "plotSurface";
  checkOptions(where, options, ["x", "y", "paths", "resolution", "log", "title"]);
  if (typeof loss !== "function") {
    throw new ArgumentError(`${where}: expected a function of a point, not ${quoted(loss)}.`);
  }
  const [x, y] = [
    checkRange(where, "x", options.x ?? [0, 0]),
    checkRange(where, "y", options.y ?? [0, 0]),
  ];
  const resolution = checkInteger(where, "resolution", options.resolution ?? 90, 2);
  const { paths = {}, log = true } = options;
  const heights = new Float64Array(resolution * resolution);
  noGrad(() => {
    for (let i = 0; i < resolution; i++) {
      for (let j = 0; j < resolution; j++) {
        const point = [x, y].map(
          ([low, high], dim) => low + (((dim === 0 ? j : i) + 0.5) * (high - low)) / resolution,
        );
        heights[i * resolution + j] = loss(tensor(point, { dtype: "float64" })).item();
      }
    }
  });
  const [low, high] = rangeOf(heights);
  // The lowest height has no logarithm; what is a thousandth above it looks the same.
  const shade = (height: number): number =>
    log ? Math.log(Math.max(height - low, (high - low) * 1e-3)) : height;
  const values = heights.map(shade);
  const lines = Object.entries(paths).map(
    ([name, path], colour): Line => ({
      kind: "line",
      name,
      x: path.map(([at]) => at),
      y: path.map(([, at]) => at),
      colour,
      arrives: true,
    }),
  );
  const chart: Chart = {
    title: options.title ?? "loss surface",
    x: { label: "first parameter", range: x },
    y: { label: "second parameter", range: y },
    layers: [
      {
        kind: "cells",
        columns: resolution,
        rows: resolution,
        values,
        palette: "shades",
        range: widenedTop(rangeOf(values)),
      },
      ...lines,
    ],
  };
  return new Plot(chartsToSvg([chart]), chartsToText([chart]));
}

/** The darkest shade is left out, so that lines stand out. */
function widenedTop([low, high]: readonly [number, number]): readonly [number, number] {
  return [low, high + (high - low) * 0.25];
}
