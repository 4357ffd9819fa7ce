/**
 * Learning curves.
 */
import { ArgumentError, checkOptions, quoted, Tensor } from "@chainrule/core";
import type { History } from "../loop/history.ts";
import { historyNames, validationName } from "../loop/history.ts";
import type { Chart, Line } from "./chart.ts";
import { rangeOf, widened } from "./chart.ts";
import { Plot } from "./plot.ts";
import { chartsToSvg } from "./svg.ts";
import { chartsToText } from "./text.ts";

/** Options of {@link plotHistory}. */
export interface HistoryPlotOptions {
  /** The figures to be shown, each in a chart of its own; the loss and all metrics unless given. */
  figures?: readonly string[];
  /** Whether the figures are on a logarithmic axis, or which of them are; false unless given. */
  log?: boolean | readonly string[];
}

/**
 * Learning curves of one or several runs, side by side: a chart for each figure, a line for each run, dashed for the
 * validation data.
 *
 * @throws {ArgumentError} for no runs, and for a figure that no run has.
 * @example
 * import { plotHistory } from "@chainrule/train";
 * const run = { epoch: [1, 2, 3], loss: [3, 1, 0.5], lr: [1, 1, 1], seconds: [1, 1, 1] };
 * plotHistory({ run }).svg.startsWith("<svg"); // → true
 */
export function plotHistory(
  runs: History | Readonly<Record<string, History>>,
  options: HistoryPlotOptions = {},
): Plot {
  const where = "plotHistory";
  checkOptions(where, options, ["figures", "log"]);
  const named: (readonly [name: string, history: History])[] = isHistory(runs)
    ? [["", runs]]
    : Object.entries(runs);
  const odd = named.find(([, history]) => !isHistory(history));
  if (named.length === 0 || odd !== undefined) {
    throw new ArgumentError(
      `${where}: expected a history, or histories by name, not ${quoted(odd?.[1] ?? runs)}.`,
    );
  }
  const all = new Set(named.flatMap(([, history]) => Object.keys(history)));
  const besides = new Set<string>(historyNames);
  const figures =
    options.figures ??
    [...all].filter((name) => name === "loss" || !(besides.has(name) || isValidation(name, all)));
  const { log: given = false } = options;
  const logarithmic = new Set(given === true ? figures : given === false ? [] : given);
  for (const figure of [...figures, ...logarithmic]) {
    if (all.has(figure)) continue;
    throw new ArgumentError(
      `${where}: no run has a figure ${quoted(figure)}. There are: ${[...all].join(", ")}.`,
      { figure },
    );
  }
  const charts = figures.map((figure): Chart => {
    const lines = named.flatMap(([name, history], colour): Line[] =>
      [figure, validationName(figure)].flatMap((key): Line[] => {
        const y = history[key];
        if (y === undefined) return [];
        const dashed = key !== figure;
        const title = [name, dashed ? "validation" : name === "" ? "training" : ""];
        return [
          {
            kind: "line",
            name: title.filter((part) => part !== "").join(" "),
            x: history.epoch,
            y,
            colour,
            dashed,
          },
        ];
      }),
    );
    const heights = lines.flatMap(({ y }) => y);
    const log = logarithmic.has(figure);
    return {
      title: figure,
      x: { label: "epoch", range: rangeOf(lines.flatMap(({ x }) => x)) },
      y: {
        label: figure,
        range: heightsOf(heights, log),
        log,
      },
      layers: lines,
    };
  });
  return new Plot(chartsToSvg(charts), chartsToText(charts));
}

/** The range of an axis upwards: with some air, which on a logarithmic axis could end below 0. */
function heightsOf(heights: readonly number[], log: boolean): [number, number] {
  return log ? rangeOf(heights, log) : widened(rangeOf(heights), 0.03);
}

/** Options of {@link plotLines}. */
export interface LinesPlotOptions {
  title?: string;
  /** What the numbers to the right and upwards are; "x" and "y" unless given. */
  xLabel?: string;
  yLabel?: string;
  /** Whether heights are on a logarithmic axis; false unless given. */
  log?: boolean;
}

/** The points of a line, from one to the next. */
export interface LinePoints {
  readonly x: Tensor | readonly number[];
  readonly y: Tensor | readonly number[];
  /** Whether the line has gaps, through which one below it shows; false unless given. */
  readonly dashed?: boolean;
}

/**
 * Lines through points, by name: functions, predictions over time, anything along an axis.
 *
 * @throws {ArgumentError} for no lines, and for a line that has not as many heights as places.
 * @example
 * import { linspace } from "@chainrule/core";
 * import { plotLines } from "@chainrule/train";
 * const x = linspace(0, 6, 50);
 * plotLines({ sine: { x, y: x.sin() }, cosine: { x, y: x.cos() } }, { title: "waves" }).svg.includes("cosine"); // → true
 */
export function plotLines(
  lines: Readonly<Record<string, LinePoints>>,
  options: LinesPlotOptions = {},
): Plot {
  const where = "plotLines";
  checkOptions(where, options, ["title", "xLabel", "yLabel", "log"]);
  if (lines === null || typeof lines !== "object" || Object.keys(lines).length === 0) {
    throw new ArgumentError(
      `${where}: expected lines by name, { name: { x, y } }, not ${quoted(lines)}.`,
    );
  }
  const { title = "lines", xLabel = "x", yLabel = "y", log = false } = options;
  const layers = Object.entries(lines).map(([name, points], colour): Line => {
    const [x, y] = [numbersOf(where, name, points?.x), numbersOf(where, name, points?.y)];
    if (x.length !== y.length) {
      throw new ArgumentError(
        `${where}: ${quoted(name)} has ${x.length} places and ${y.length} heights.`,
        {
          name,
          places: x.length,
          heights: y.length,
        },
      );
    }
    return { kind: "line", name, x, y, colour, dashed: points.dashed === true };
  });
  const chart: Chart = {
    title,
    x: { label: xLabel, range: rangeOf(layers.flatMap(({ x }) => x)) },
    y: {
      label: yLabel,
      range: heightsOf(
        layers.flatMap(({ y }) => y),
        log,
      ),
      log,
    },
    layers,
  };
  return new Plot(chartsToSvg([chart]), chartsToText([chart]));
}

function numbersOf(where: string, name: string, values: unknown): readonly number[] {
  if (values instanceof Tensor) return Array.from(values.detach().toTypedArray());
  if (Array.isArray(values) && values.every((value) => typeof value === "number")) return values;
  throw new ArgumentError(
    `${where}: ${quoted(name)} needs its points as tensors or arrays of numbers, { x, y }, not ${quoted(values)}.`,
    { name },
  );
}

function isHistory(value: unknown): value is History {
  return (
    value !== null &&
    typeof value === "object" &&
    "epoch" in value &&
    "loss" in value &&
    Array.isArray(value.epoch)
  );
}

/** Whether a figure is that of the validation data for another one. */
function isValidation(name: string, all: ReadonlySet<string>): boolean {
  return [...all].some((other) => validationName(other) === name);
}
