/**
 * Metrics: by their definitions, and batch by batch as all at once.
 */
import { tensor } from "@chainrule/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Metric } from "../src/index.ts";
import {
  accuracy,
  auc,
  confusionMatrix,
  f1,
  mae,
  mse,
  precision,
  r2,
  recall,
  rmse,
  topKAccuracy,
  zeroOneLoss,
} from "../src/index.ts";

const classes = (values: readonly number[]) => tensor(values, { dtype: "int32" });

describe("classification", () => {
  const actual = classes([0, 1, 2, 0, 1, 2, 2, 2]);
  const predicted = classes([0, 2, 1, 0, 0, 1, 2, 2]);

  test("figures of classes by hand", () => {
    expect(confusionMatrix(predicted, actual).toArray()).toEqual([
      [2, 0, 0],
      [1, 0, 1],
      [0, 2, 2],
    ]);
    // precision by class: 2/3, 0/2, 2/3; recall: 2/2, 0/2, 2/4; f1: 0.8, 0, 4/7
    expect(precision(predicted, actual)).toBeCloseTo((2 / 3 + 0 + 2 / 3) / 3, 14);
    expect(recall(predicted, actual)).toBeCloseTo((1 + 0 + 0.5) / 3, 14);
    expect(f1(predicted, actual)).toBeCloseTo((0.8 + 0 + 4 / 7) / 3, 14);
    expect(f1(predicted, actual, { average: "weighted" })).toBeCloseTo(
      (2 * 0.8 + 4 * (4 / 7)) / 8,
      14,
    );
    for (const metric of [precision, recall, f1]) {
      expect(metric(predicted, actual, { average: "micro" })).toBe(0.5);
    }
    expect(accuracy(predicted, actual)).toBe(0.5);
    expect(zeroOneLoss(predicted, actual)).toBe(0.5);
    const two = [classes([1, 1, 0, 0, 1]), classes([1, 0, 0, 1, 1])] as const;
    expect([precision(...two), recall(...two), f1(...two)]).toEqual([2 / 3, 2 / 3, 2 / 3]);
    expect(precision(classes([0, 0]), classes([0, 1]))).toBe(0);
  });

  test("targets may be numbers of classes, rows with a one, or one score", () => {
    const scores = tensor([
      [2, 1, 0],
      [0, 1, 5],
    ]);
    expect(accuracy(scores, tensor([0, 1]))).toBe(0.5);
    expect(
      accuracy(
        scores,
        tensor([
          [1, 0, 0],
          [0, 1, 0],
        ]),
      ),
    ).toBe(0.5);
    expect(accuracy(tensor([[-1], [2]]), tensor([0, 1]), { threshold: 0 })).toBe(1);
    expect(zeroOneLoss(tensor([[-1], [2]]), tensor([1, 1]), { threshold: 0 })).toBe(0.5);
    expect(accuracy(tensor([[-1], [2]]), tensor([[0], [1]]), { threshold: 0 })).toBe(1);
    expect(topKAccuracy(scores, tensor([1, 0]), { k: 2 })).toBe(0.5);
    expect(topKAccuracy(scores, tensor([1, 0]), { k: 9 })).toBe(1);
    // Equal scores do not count as found.
    expect(topKAccuracy(tensor([[1, 1, 1]]), tensor([0]), { k: 1 })).toBe(0);
  });

  test("AUC counts pairs, ties half", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { minLength: 2 }),
        (pairs) => {
          let [wins, all] = [0, 0];
          for (const [a, positive] of pairs) {
            for (const [b, other] of pairs) {
              if (!positive || other) continue;
              all++;
              wins += a > b ? 1 : a === b ? 0.5 : 0;
            }
          }
          const found = auc(tensor(pairs.map(([a]) => a)), tensor(pairs.map(([, p]) => Number(p))));
          if (all === 0) expect(found).toBeNaN();
          else expect(found).toBeCloseTo(wins / all, 12);
        },
      ),
    );
    expect(auc(tensor([Number.NaN, 1]), tensor([0, 1]))).toBeNaN();
  });

  test("bad input is refused", () => {
    const scores = tensor([[1, 2]]);
    expect(() => accuracy(scores, tensor([2]))).toThrow(
      /target 0 is 2, which is no class: there are 2/,
    );
    expect(() => accuracy(scores, tensor([0.5]))).toThrow(/0.5, which is no class/);
    expect(() => accuracy(scores, tensor([0, 1]))).toThrow(
      /\[1, 2\].*\[2\] do not belong together/,
    );
    expect(() => accuracy(tensor([0.5]), tensor([1]))).toThrow(
      /Give \{ threshold: 0 \} for scores/,
    );
    expect(() => accuracy(scores, tensor([0]), { tresh: 1 } as never)).toThrow(/unknown option/);
    expect(() => topKAccuracy.with({ k: 0 })).toThrow(/k must be/);
    expect(() => f1(scores, tensor([0]), { average: "mean" as never })).toThrow(/average must be/);
    expect(() => precision(predicted, actual, { average: "binary" })).toThrow(
      /for 2 classes, not 3/,
    );
    expect(() => auc(scores, tensor([1]))).toThrow(/do not belong together/);
    expect(() => mae(tensor([1, 2]), tensor([[1], [2]]))).toThrow(/must be equal/);
    expect(() => mae([1] as never, tensor([1]))).toThrow(/the output must be a tensor/);
    expect(() => confusionMatrix(predicted, actual, { numClasses: 2 })).toThrow(/numClasses/);
  });
});

test("figures of batches make the figure of all", () => {
  const metrics: readonly Metric[] = [
    mae,
    mse,
    rmse,
    r2,
    auc,
    accuracy.with({ threshold: 0 }),
    f1.with({ threshold: 0 }),
  ];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.float({ noNaN: true, min: -9, max: 9 }), fc.boolean()), {
        minLength: 3,
      }),
      fc.integer({ min: 1, max: 5 }),
      (pairs, size) => {
        const output = tensor(pairs.map(([x]) => x));
        const target = tensor(pairs.map(([, y]) => Number(y)));
        for (const metric of metrics) {
          const state: number[] = [];
          for (let i = 0; i < pairs.length; i += size) {
            metric.update(state, output.at(`${i}:${i + size}`), target.at(`${i}:${i + size}`));
          }
          const whole = metric.value(state);
          const once: number[] = [];
          metric.update(once, output, target);
          if (Number.isNaN(metric.value(once))) expect(whole).toBeNaN();
          else expect(whole).toBeCloseTo(metric.value(once), 10);
          expect(state.every((number) => typeof number === "number")).toBe(true);
        }
      },
    ),
    { numRuns: 50 },
  );
  const far = tensor([1e8, 1e8 + 1, 1e8 + 2], { dtype: "float64" });
  expect(r2(far, far)).toBe(1);
  expect(r2(tensor([1, 2]), tensor([3, 3]))).toBeNaN();
});
