/**
 * Metrics of classifiers.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, checkInteger, newTensor, quoted } from "@chainrule/core";
import type { ThresholdOptions } from "./classes.ts";
import { checkClasses, classPairs, isBinary, unlike } from "./classes.ts";
import type { Metric, MetricState } from "./metric.ts";
import { defineMetric } from "./metric.ts";

/** Adds to a state how many samples are classified rightly, and how many there are. */
function countRight(
  where: string,
  state: MetricState,
  output: Tensor,
  target: Tensor,
  options: ThresholdOptions,
): void {
  const { predicted, actual } = classPairs(where, output, target, options);
  let right = 0;
  for (let i = 0; i < actual.length; i++) if (predicted[i] === actual[i]) right++;
  state[0] = (state[0] ?? 0) + right;
  state[1] = (state[1] ?? 0) + actual.length;
}

/**
 * The share of samples whose class was found: with the largest score, or on the right side of `threshold` where there is
 * one output a sample.
 *
 * @throws {ArgumentError} for one output a sample without `threshold`, and unknown options.
 * @throws {ShapeError} when outputs and targets do not belong together; {@link IndexError} for a target that is no class.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { accuracy } from "@chainrule/train";
 * accuracy(tensor([[2, 1], [0, 3], [5, 4]]), tensor([0, 1, 1])); // → 0.6666666666666666
 * accuracy(tensor([-1, 2]), tensor([0, 1]), { threshold: 0 }); // → 1
 */
export const accuracy: Metric<ThresholdOptions> = defineMetric({
  name: "accuracy",
  defaults: { threshold: null as number | null },
  update: (state, output, target, options) =>
    countRight("accuracy", state, output, target, options),
  value: ([right = 0, all = 0]) => right / all,
});

/**
 * The share of samples whose class was not found, the 0/1 loss: 1 − {@link accuracy}.
 *
 * @throws As {@link accuracy}.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { zeroOneLoss } from "@chainrule/train";
 * zeroOneLoss(tensor([[2, 1], [0, 3], [5, 4], [3, 1]]), tensor([0, 1, 1, 0])); // → 0.25
 */
export const zeroOneLoss: Metric<ThresholdOptions> = defineMetric({
  name: "zeroOneLoss",
  defaults: { threshold: null as number | null },
  update: (state, output, target, options) =>
    countRight("zeroOneLoss", state, output, target, options),
  value: ([right = 0, all = 0]) => (all - right) / all,
});

/** Options of {@link topKAccuracy}. */
export interface TopKOptions {
  /** How many classes are looked at; 5 unless given. */
  k: number;
}

/**
 * The share of samples whose class is among the k with the largest scores, of outputs [samples, classes]. Where scores are
 * equal, the true class counts as the later one.
 *
 * @throws {ArgumentError} for a k below 1. @throws {ShapeError} for outputs that are no scores of classes.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { topKAccuracy } from "@chainrule/train";
 * topKAccuracy(tensor([[3, 2, 1], [3, 2, 1]]), tensor([1, 2]), { k: 2 }); // → 0.5
 */
export const topKAccuracy: Metric<TopKOptions> = defineMetric({
  name: "topKAccuracy",
  defaults: { k: 5 },
  check: ({ k }) => void checkInteger("topKAccuracy", "k", k, 1),
  update: (state, output, target, { k }) => {
    if (output.ndim !== 2 || target.ndim !== 1 || output.size(0) !== target.size(0)) {
      throw unlike("topKAccuracy", output, target);
    }
    const classes = output.size(1);
    const scores = output.toTypedArray();
    const actual = target.toTypedArray();
    checkClasses("topKAccuracy", actual, classes, "target");
    let right = 0;
    for (let i = 0; i < actual.length; i++) {
      const own = scores[i * classes + actual[i]!]!;
      let above = -1; // the class itself is among those that are at least as large
      for (let c = 0; c < classes; c++) if (scores[i * classes + c]! >= own) above++;
      if (above >= 0 && above < k) right++;
    }
    state[0] = (state[0] ?? 0) + right;
    state[1] = (state[1] ?? 0) + actual.length;
  },
  value: ([right = 0, all = 0]) => right / all,
});

/** How the figures of several classes become one. */
export type Average = "binary" | "macro" | "micro" | "weighted";

/** Options of {@link precision}, {@link recall} and {@link f1}. */
export interface AverageOptions extends ThresholdOptions {
  /**
   * `"binary"`: the figure of class 1; `"macro"`: the mean over the classes that occur; `"weighted"`: the same, weighted by
   * their samples; `"micro"`: the figure of all decisions together. Unless given, binary for two classes and macro for
   * more.
   */
  average: Average | null;
}

/** From hits, false alarms and misses of a class to a figure. */
type Figure = (hits: number, falseAlarms: number, misses: number) => number;

function averagedMetric(name: string, figure: Figure): Metric<AverageOptions> {
  return defineMetric<AverageOptions>({
    name,
    defaults: { average: null, threshold: null },
    check: ({ average }) => {
      if (average !== null && !["binary", "macro", "micro", "weighted"].includes(average)) {
        throw new ArgumentError(
          `${name}: average must be "binary", "macro", "micro" or "weighted", not ${quoted(average)}.`,
          { average },
        );
      }
    },
    update: (state, output, target, options) => countPairs(name, state, output, target, options),
    value: (state, { average }) => averageOf(name, state, average, figure),
  });
}

/**
 * Of the samples that were taken for a class, the share that is of it: TP/(TP + FP). 0 where none was.
 *
 * @throws as {@link accuracy}; {@link ArgumentError} for an unknown average.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { precision } from "@chainrule/train";
 * const [predicted, actual] = [tensor([1, 1, 0, 1]).to("int32"), tensor([1, 0, 0, 1]).to("int32")];
 * precision(predicted, actual); // → 0.6666666666666666
 */
export const precision: Metric<AverageOptions> = averagedMetric("precision", (hits, falseAlarms) =>
  ratio(hits, hits + falseAlarms),
);

/** Of the samples of a class, the share that was found: TP/(TP + FN). 0 where there are none. @throws as {@link precision}. */
export const recall: Metric<AverageOptions> = averagedMetric("recall", (hits, _, misses) =>
  ratio(hits, hits + misses),
);

/** The harmonic mean of precision and recall: 2·TP/(2·TP + FP + FN). @throws as {@link precision}. */
export const f1: Metric<AverageOptions> = averagedMetric("f1", (hits, falseAlarms, misses) =>
  ratio(2 * hits, 2 * hits + falseAlarms + misses),
);

function ratio(part: number, all: number): number {
  return all === 0 ? 0 : part / all;
}

/** The state of counting metrics: the number of classes, then the confusion matrix, row by row. */
function countPairs(
  where: string,
  state: MetricState,
  output: Tensor,
  target: Tensor,
  options: ThresholdOptions,
): void {
  const { predicted, actual, classes } = classPairs(where, output, target, options);
  const before = state[0] ?? 0;
  if (classes > before) {
    const wider = new Array<number>(1 + classes * classes).fill(0);
    wider[0] = classes;
    for (let i = 0; i < before; i++) {
      for (let j = 0; j < before; j++) wider[1 + i * classes + j] = state[1 + i * before + j]!;
    }
    state.splice(0, state.length, ...wider);
  }
  const width = state[0]!;
  for (let i = 0; i < actual.length; i++) state[1 + actual[i]! * width + predicted[i]!]!++;
}

function averageOf(
  where: string,
  state: MetricState,
  average: Average | null,
  figure: Figure,
): number {
  const [classes = 0, ...counts] = state;
  if (classes === 0) return Number.NaN;
  const byClass = Array.from({ length: classes }, (_, c) => {
    let [taken, there] = [0, 0];
    for (let other = 0; other < classes; other++) {
      taken += counts[other * classes + c]!;
      there += counts[c * classes + other]!;
    }
    const hits = counts[c * classes + c]!;
    return { hits, falseAlarms: taken - hits, misses: there - hits, there };
  });
  const kind = average ?? (classes === 2 ? "binary" : "macro");
  if (kind === "binary") {
    if (classes !== 2) {
      throw new ArgumentError(
        `${where}: the binary average is for 2 classes, not ${classes}. Take "macro", "micro" or "weighted".`,
        { classes },
      );
    }
    const { hits, falseAlarms, misses } = byClass[1]!;
    return figure(hits, falseAlarms, misses);
  }
  const sum = (of: (one: (typeof byClass)[number]) => number): number =>
    byClass.reduce((total, one) => total + of(one), 0);
  if (kind === "micro") {
    return figure(
      sum(({ hits }) => hits),
      sum(({ falseAlarms }) => falseAlarms),
      sum(({ misses }) => misses),
    );
  }
  const occurs = byClass.filter(({ there, falseAlarms }) => there + falseAlarms > 0);
  const figures = occurs.map(({ hits, falseAlarms, misses, there }) => ({
    figure: figure(hits, falseAlarms, misses),
    weight: kind === "weighted" ? there : 1,
  }));
  const weights = figures.reduce((total, { weight }) => total + weight, 0);
  return figures.reduce((total, one) => total + one.figure * one.weight, 0) / weights;
}

/**
 * How often each class was taken for each: row i, column j counts samples of class i that were taken for class j; int32,
 * shape [classes, classes].
 *
 * @throws as {@link accuracy}.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { confusionMatrix } from "@chainrule/train";
 * const scores = tensor([[2, 1], [0, 3], [5, 4]]);
 * confusionMatrix(scores, tensor([0, 1, 1])).toArray(); // → [ [ 1, 0 ], [ 1, 1 ] ]
 */
export function confusionMatrix(
  output: Tensor,
  target: Tensor,
  options: Partial<ThresholdOptions> & { numClasses?: number } = {},
): Tensor {
  const { threshold = null, numClasses } = options;
  const state: MetricState = [];
  countPairs("confusionMatrix", state, output, target, { threshold });
  const found = state[0]!;
  const classes =
    numClasses === undefined
      ? found
      : checkInteger("confusionMatrix", "numClasses", numClasses, found);
  const matrix = newTensor("int32", [classes, classes]);
  for (let i = 0; i < found; i++) {
    for (let j = 0; j < found; j++) {
      matrix.storage.data[i * classes + j] = state[1 + i * found + j]!;
    }
  }
  return matrix;
}

/**
 * The area under the ROC curve, for one output a sample and targets 0 and 1: the probability that a sample of class 1 has a
 * larger output than one of class 0, ties counting half. NaN unless there are samples of both.
 *
 * The figure is exact: it sorts all outputs of an epoch, and so keeps them.
 *
 * @throws {ShapeError} for outputs of another shape than the targets; {@link IndexError} for targets other than 0 and 1.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { auc } from "@chainrule/train";
 * auc(tensor([0.1, 0.4, 0.35, 0.8]), tensor([0, 0, 1, 1])); // → 0.75
 */
export const auc: Metric = defineMetric({
  name: "auc",
  defaults: {},
  update: (state, output, target) => {
    if (!isBinary(output, target)) throw unlike("auc", output, target);
    const scores = output.toTypedArray();
    const actual = target.toTypedArray();
    checkClasses("auc", actual, 2, "target");
    for (let i = 0; i < scores.length; i++) state.push(scores[i]!, actual[i]!);
  },
  value: (state) => {
    const pairs = Array.from({ length: state.length / 2 }, (_, i) => ({
      score: state[2 * i]!,
      positive: state[2 * i + 1]! === 1,
    })).sort((a, b) => a.score - b.score);
    const positives = pairs.filter(({ positive }) => positive).length;
    const negatives = pairs.length - positives;
    if (pairs.some(({ score }) => Number.isNaN(score))) return Number.NaN;
    // Mann–Whitney: each positive is above the negatives below it, and half above those that are equal.
    let below = 0;
    let wins = 0;
    for (let from = 0; from < pairs.length; ) {
      let to = from;
      let tiedPositives = 0;
      while (to < pairs.length && pairs[to]!.score === pairs[from]!.score) {
        if (pairs[to++]!.positive) tiedPositives++;
      }
      const tiedNegatives = to - from - tiedPositives;
      wins += tiedPositives * (below + tiedNegatives / 2);
      below += tiedNegatives;
      from = to;
    }
    return wins / (positives * negatives);
  },
});
