/**
 * Learning curves.
 */
import { ArgumentError, checkOptions, quoted } from "@chainrule/core";
import type { History } from "../loop/history.ts";
import { historyNames, validationName } from "../loop/history.ts";
import type { Chart, Line } from "./chart.ts";
import { rangeOf } from "./chart.ts";
import { Plot } from "./plot.ts";
import { chartsToSvg } from "./svg.ts";
import { chartsToText } from "./text.ts";

/** Options of {@link plotHistory}. */
export interface HistoryPlotOptions {
  /** The figures to be shown, each in a chart of its own; the loss and all metrics unless given. */
  figures?: readonly string[];
  /** Whether the figures are on a logarithmic axis; false unless given. */
  log?: boolean;
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
  const { log = false } = options;
  const charts = figures.map((figure): Chart => {
    if (!all.has(figure)) {
      throw new ArgumentError(
        `${where}: no run has a figure ${quoted(figure)}. There are: ${[...all].join(", ")}.`,
        { figure },
      );
    }
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
    return {
      title: figure,
      x: { label: "epoch", range: rangeOf(lines.flatMap(({ x }) => x)) },
      y: {
        label: figure,
        range: rangeOf(
          lines.flatMap(({ y }) => y),
          log,
        ),
        log,
      },
      layers: lines,
    };
  });
  return new Plot(chartsToSvg(charts), chartsToText(charts));
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
