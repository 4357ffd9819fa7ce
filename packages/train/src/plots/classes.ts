/**
 * Pictures of classifiers.
 */
import { ArgumentError, checkInteger, checkOptions, quoted, Tensor, tensor } from "@chainrule/core";
import { Module } from "@chainrule/nn";
import { used } from "../loop/evaluate.ts";
import type { Chart, Points } from "./chart.ts";
import { rangeOf, widened } from "./chart.ts";
import { Plot } from "./plot.ts";
import { chartsToSvg } from "./svg.ts";
import { chartsToText } from "./text.ts";

/** Options of {@link plotConfusion}. */
export interface ConfusionPlotOptions {
  /** The names of the classes; their numbers unless given. */
  classes?: readonly string[];
  title?: string;
}

/**
 * A confusion matrix, as `confusionMatrix` counts it: rows are the true classes, columns what they were taken for.
 *
 * @throws {ArgumentError} for anything but a square matrix, and for names of another number.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { plotConfusion } from "@chainrule/train";
 * plotConfusion(tensor([[8, 2], [1, 9]]), { classes: ["cat", "dog"] });
 * // →
 * // confusion (rows: actual, columns: predicted)
 * //       cat dog
 * // ────┼─────────
 * // cat │   8   2
 * // dog │   1   9
 */
export function plotConfusion(matrix: Tensor, options: ConfusionPlotOptions = {}): Plot {
  const where = "plotConfusion";
  checkOptions(where, options, ["classes", "title"]);
  if (!(matrix instanceof Tensor) || matrix.ndim !== 2 || matrix.size(0) !== matrix.size(1)) {
    throw new ArgumentError(`${where}: expected a square matrix, not ${quoted(matrix)}.`);
  }
  const count = matrix.size(0);
  const names = options.classes ?? Array.from({ length: count }, (_, i) => String(i));
  if (names.length !== count) {
    throw new ArgumentError(`${where}: ${names.length} names for ${count} classes.`, { names });
  }
  // Rows are drawn from the bottom.
  const values = Array.from(matrix.flip([0]).toTypedArray());
  const chart: Chart = {
    title: options.title ?? "confusion",
    x: { label: "predicted", range: [0, count], names },
    y: { label: "actual", range: [0, count], names: names.toReversed() },
    layers: [
      {
        kind: "cells",
        columns: count,
        rows: count,
        values,
        palette: "shades",
        range: [0, rangeOf(values)[1]],
        texts: values.map((value) => (value === 0 ? "·" : String(value))),
      },
    ],
    square: true,
  };
  return new Plot(chartsToSvg([chart]), chartsToText([chart]));
}

/** Options of {@link plotDecision}. */
export interface DecisionPlotOptions {
  /** Points on each side of the grid; 80 unless given. */
  resolution?: number;
  /** From where on one output counts as class 1; 0 (for logits) unless given. */
  threshold?: number;
  title?: string;
}

/**
 * Which class a model decides for, over a plane, and the samples on it.
 *
 * @param model a module, or a function from points [n, 2] to scores [n, classes] or [n] or [n, 1]
 * @param x the samples, shape [n, 2]
 * @param y their classes, shape [n]
 * @throws {ArgumentError} for samples that are not in a plane.
 */
export function plotDecision(
  model: Module | ((x: Tensor) => Tensor),
  x: Tensor,
  y: Tensor,
  options: DecisionPlotOptions = {},
): Plot {
  const where = "plotDecision";
  checkOptions(where, options, ["resolution", "threshold", "title"]);
  checkPlane(where, x, y);
  const resolution = checkInteger(where, "resolution", options.resolution ?? 80, 2);
  const points = x.toTypedArray();
  const axes = [0, 1].map((dim) =>
    widened(rangeOf(points.filter((_, i) => i % 2 === dim)), 0.08),
  ) as [[number, number], [number, number]];
  const place = ([low, high]: readonly [number, number], k: number): number =>
    low + ((k + 0.5) * (high - low)) / resolution;
  const grid = new Float64Array(2 * resolution * resolution);
  for (let i = 0; i < resolution; i++) {
    for (let j = 0; j < resolution; j++) {
      grid[2 * (i * resolution + j)] = place(axes[0], j);
      grid[2 * (i * resolution + j) + 1] = place(axes[1], i);
    }
  }
  const inputs = tensor(grid, { dtype: x.dtype === "float64" ? "float64" : "float32" });
  const scores = outputOf(model, inputs.reshape([resolution * resolution, 2]));
  const classes =
    scores.ndim === 2 && scores.size(1) > 1
      ? scores.argmax(1)
      : scores.ge(options.threshold ?? 0).reshape([resolution * resolution]);
  const chart: Chart = {
    title: options.title ?? "decision boundary",
    x: { label: "x₁", range: axes[0] },
    y: { label: "x₂", range: axes[1] },
    layers: [
      {
        kind: "cells",
        columns: resolution,
        rows: resolution,
        values: classes.toTypedArray(),
        palette: "classes",
        range: [0, 1],
      },
      ...pointsByClass(points, y, (label) => `class ${label}`),
    ],
    square: true,
  };
  return new Plot(chartsToSvg([chart]), chartsToText([chart]));
}

/** Options of {@link plotEmbedding}. */
export interface EmbeddingPlotOptions {
  /** What each point is called; shown when the pointer rests on it. */
  labels?: readonly string[];
  /** The names of the classes; their numbers unless given. */
  classes?: readonly string[];
  /** Whether the picture is a square; false unless given. */
  square?: boolean;
  title?: string;
}

/**
 * Points of a plane, coloured by class. Points of more dimensions are projected on the two directions of largest variance
 * (principal components).
 *
 * @throws {ArgumentError} for anything but points [n, dimensions] and as many classes.
 */
export function plotEmbedding(x: Tensor, y?: Tensor, options: EmbeddingPlotOptions = {}): Plot {
  const where = "plotEmbedding";
  checkOptions(where, options, ["labels", "classes", "square", "title"]);
  if (!(x instanceof Tensor) || x.ndim !== 2 || x.size(1) < 2 || x.size(0) === 0) {
    throw new ArgumentError(
      `${where}: expected points of shape [n, dimensions], not ${quoted(x)}.`,
    );
  }
  const { labels, classes } = options;
  const count = x.size(0);
  if (labels !== undefined && labels.length !== count) {
    throw new ArgumentError(`${where}: ${labels.length} labels for ${count} points.`);
  }
  const plane = x.size(1) === 2 ? x.detach() : principal(x.detach());
  if (y !== undefined) checkPlane(where, plane, y);
  const points = plane.toTypedArray();
  const [across, up] = [0, 1].map((dim) =>
    widened(rangeOf(points.filter((_, i) => i % 2 === dim)), 0.05),
  ) as [[number, number], [number, number]];
  const isProjected = x.size(1) > 2;
  const chart: Chart = {
    title: options.title ?? "embedding",
    x: { label: isProjected ? "first component" : "x₁", range: across },
    y: { label: isProjected ? "second component" : "x₂", range: up },
    layers:
      y === undefined
        ? [{ kind: "points", name: "", colour: 0, ...coordinates(points, labels) }]
        : pointsByClass(points, y, (label) => classes?.[label] ?? String(label), labels),
    square: options.square ?? false,
  };
  return new Plot(chartsToSvg([chart]), chartsToText([chart]));
}

/** The coordinates along the two directions of largest variance. */
function principal(x: Tensor): Tensor {
  const centred = x.sub(x.mean(0));
  return centred.matmul(centred.svd({ fullMatrices: false }).Vh.at(":2").T);
}

function coordinates(
  points: ArrayLike<number>,
  labels?: readonly string[],
): Pick<Points, "x" | "y" | "labels"> {
  const count = points.length / 2;
  const along = (dim: number): number[] =>
    Array.from({ length: count }, (_, i) => points[2 * i + dim]!);
  return { x: along(0), y: along(1), ...(labels === undefined ? {} : { labels }) };
}

function pointsByClass(
  points: ArrayLike<number>,
  y: Tensor,
  nameOf: (label: number) => string,
  labels?: readonly string[],
): Points[] {
  const actual = Array.from(y.toTypedArray());
  return [...new Set(actual)]
    .sort((a, b) => a - b)
    .map((label) => {
      const places = actual.flatMap((one, i) => (one === label ? [i] : []));
      const own = places.flatMap((i) => [points[2 * i]!, points[2 * i + 1]!]);
      return {
        kind: "points",
        name: nameOf(label),
        colour: label,
        ...coordinates(own, labels === undefined ? undefined : places.map((i) => labels[i]!)),
      };
    });
}

function checkPlane(where: string, x: Tensor, y: Tensor): void {
  const fits =
    x instanceof Tensor &&
    y instanceof Tensor &&
    x.ndim === 2 &&
    x.size(1) === 2 &&
    x.size(0) > 0 &&
    y.numel() === x.size(0);
  if (!fits) {
    throw new ArgumentError(
      `${where}: expected samples of shape [n, 2] and n classes, not ${quoted(x?.shape)} and ${quoted(y?.shape)}.`,
    );
  }
}

function outputOf(model: Module | ((x: Tensor) => Tensor), x: Tensor): Tensor {
  if (!(model instanceof Module)) return model(x).detach();
  const forward = model.forward as (x: Tensor) => Tensor;
  return used(model, () => forward(x));
}
