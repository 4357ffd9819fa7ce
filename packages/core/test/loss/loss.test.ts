/**
 * Losses that are compositions of ops: their derivatives, what they refuse, and what must agree with what.
 */
import type { ChainruleError, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  cosineEmbeddingLoss,
  crossEntropy,
  ctcLoss,
  Generator,
  gaussianNllLoss,
  grad,
  hessian,
  hingeEmbeddingLoss,
  hingeLoss,
  huberLoss,
  IndexError,
  klDiv,
  l1Loss,
  logSoftmax,
  marginRankingLoss,
  mseLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  nllLoss,
  ones,
  perceptronLoss,
  poissonNllLoss,
  rand,
  randint,
  randn,
  ShapeError,
  sigmoid,
  smoothL1Loss,
  softMarginLoss,
  tensor,
  tripletMarginLoss,
  vmap,
  zeros,
} from "@chainrule/core";
import { assertGradcheck } from "@chainrule/testing";
import { describe, expect, test } from "vitest";

const generator = new Generator(5);
const normal = (...shape: number[]): Tensor => randn(shape, { dtype: "float64", generator });
const positive = (...shape: number[]): Tensor =>
  rand(shape, { dtype: "float64", generator }).mul(0.8).add(0.1);
const signs = (...shape: number[]): Tensor =>
  randint(0, 2, shape, { generator }).mul(2).sub(1).to("float64");
const classes = (count: number, ...shape: number[]): Tensor =>
  randint(0, count, shape, { generator });
const off = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

describe("derivatives, first and second", () => {
  const x = normal(4, 3);
  const reductions = ["mean", "sum", "none"] as const;
  const checks = new Map<string, () => void>();
  const add = <Operands extends readonly Tensor[]>(
    name: string,
    operands: readonly [...Operands],
    call: (...given: Operands) => Tensor,
  ): void => void checks.set(name, () => void assertGradcheck(call, operands, { order: 2 }));
  for (const reduction of reductions) {
    add(`mseLoss, ${reduction}`, [x, normal(4, 3)], (a, b) => mseLoss(a, b, { reduction }));
    add(`l1Loss, ${reduction}`, [x, normal(4, 3)], (a, b) => l1Loss(a, b, { reduction }));
    add(`smoothL1Loss, ${reduction}`, [x, normal(4, 3)], (a, b) =>
      smoothL1Loss(a, b, { reduction, beta: 0.7 }),
    );
    add(`huberLoss, ${reduction}`, [x, normal(4, 3)], (a, b) =>
      huberLoss(a, b, { reduction, delta: 0.7 }),
    );
    const t = classes(3, 4);
    const weight = positive(3);
    add(`nllLoss, ${reduction}`, [x], (a) => nllLoss(a, t, { reduction, weight, ignoreIndex: 1 }));
    add(`crossEntropy of probabilities, ${reduction}`, [x, positive(4, 3), weight], (a, q, w) =>
      crossEntropy(a, q, { reduction, weight: w, labelSmoothing: 0.2 }),
    );
    add(`binaryCrossEntropy, ${reduction}`, [positive(4, 3), positive(4, 3), weight], (a, q, w) =>
      binaryCrossEntropy(a, q, { reduction, weight: w }),
    );
    add(
      `binaryCrossEntropyWithLogits, ${reduction}`,
      [x, positive(4, 3), weight, positive(3)],
      (a, q, w, p) => binaryCrossEntropyWithLogits(a, q, { reduction, weight: w, posWeight: p }),
    );
    add(`klDiv, ${reduction}`, [x, positive(4, 3)], (a, q) => klDiv(a, q, { reduction }));
    add(`klDiv of logarithms, ${reduction}`, [x, normal(4, 3)], (a, q) =>
      klDiv(a, q, { reduction, logTarget: true }),
    );
    add(`poissonNllLoss, ${reduction}`, [x, normal(4, 3)], (a, q) =>
      poissonNllLoss(a, q, { reduction }),
    );
    add(`poissonNllLoss, full, ${reduction}`, [positive(4, 3), positive(4, 3).add(2)], (a, q) =>
      poissonNllLoss(a, q, { reduction, logInput: false, full: true }),
    );
    add(`gaussianNllLoss, ${reduction}`, [x, normal(4, 3), positive(4)], (a, b, v) =>
      gaussianNllLoss(a, b, v, { reduction, full: true }),
    );
    add(`hingeLoss, ${reduction}`, [x, signs(4, 3)], (a, s) =>
      hingeLoss(a, s, { reduction, squared: true }),
    );
    const s = signs(4, 3);
    add(`hingeEmbeddingLoss, ${reduction}`, [x], (a) =>
      hingeEmbeddingLoss(a, s, { reduction, margin: 0.6 }),
    );
    add(`marginRankingLoss, ${reduction}`, [x, normal(4, 3), s], (a, b, c) =>
      marginRankingLoss(a, b, c, { reduction, margin: 0.3 }),
    );
    add(`softMarginLoss, ${reduction}`, [x, s], (a, c) => softMarginLoss(a, c, { reduction }));
    add(`multiMarginLoss, ${reduction}`, [x], (a) =>
      multiMarginLoss(a, t, { reduction, p: 2, weight, margin: 0.9 }),
    );
    add(`multilabelMarginLoss, ${reduction}`, [x], (a) =>
      multilabelMarginLoss(
        a,
        [
          [0, -1, 1],
          [2, 1, -1],
          [1, 0, 2],
          [-1, 0, 0],
        ],
        { reduction },
      ),
    );
    add(`multilabelSoftMarginLoss, ${reduction}`, [x, positive(4, 3), weight], (a, q, w) =>
      multilabelSoftMarginLoss(a, q, { reduction, weight: w }),
    );
    const one = signs(4);
    add(`cosineEmbeddingLoss, ${reduction}`, [x, normal(4, 3)], (a, b) =>
      cosineEmbeddingLoss(a, b, one, { reduction, margin: -0.5 }),
    );
    add(`tripletMarginLoss, ${reduction}`, [x, normal(4, 3), normal(4, 3)], (a, b, c) =>
      tripletMarginLoss(a, b, c, { reduction, swap: true, p: 3 }),
    );
    add(`ctcLoss, ${reduction}`, [normal(5, 2, 3)], (a) =>
      ctcLoss(logSoftmax(a, 2), tensor([1, 2, 2], { dtype: "int32" }), [5, 4], [1, 2], {
        reduction,
      }),
    );
  }

  test.each([...checks])("%s", (_name, check) => check());
});

describe("cross-entropy", () => {
  const logits = normal(5, 4, 2, 3);
  const target = classes(4, 5, 2, 3);
  const weight = positive(4);

  test.each(["mean", "sum", "none"] as const)(
    "agrees with nllLoss of logSoftmax, %s",
    (reduction) => {
      const options = { reduction, weight, ignoreIndex: 2 };
      const composed = nllLoss(logSoftmax(logits, 1), target, options);
      expect(off(crossEntropy(logits, target, options), composed)).toBeLessThan(1e-13);
    },
  );

  test.each(["mean", "sum", "none"] as const)(
    "with smoothing agrees with smoothed probabilities, %s",
    (reduction) => {
      const options = { reduction, labelSmoothing: 0.3 };
      const probabilities = target.oneHot(4).movedim(-1, 1).to("float64");
      const composed = crossEntropy(logits, probabilities, options);
      expect(off(crossEntropy(logits, target, options), composed)).toBeLessThan(1e-13);
    },
  );

  test("with smoothing, weights and ignored samples is the sum that its documentation says", () => {
    const x = normal(6, 3);
    const t = tensor([0, 1, 2, 1, 0, 2], { dtype: "int32" });
    const w = tensor([1, 2, 4], { dtype: "float64" });
    const found = crossEntropy(x, t, { weight: w, ignoreIndex: 2, labelSmoothing: 0.1 }).item();
    const logP = logSoftmax(x, 1).toArray() as number[][];
    let sum = 0;
    let total = 0;
    for (const [i, k] of [0, 1, 2, 1, 0, 2].entries()) {
      if (k === 2) continue;
      const all = [1, 2, 4].reduce((s, weightOf, c) => s - weightOf * logP[i]![c]!, 0);
      sum += 0.9 * [1, 2, 4][k]! * -logP[i]![k]! + (0.1 / 3) * all;
      total += [1, 2, 4][k]!;
    }
    expect(found).toBeCloseTo(sum / total, 13);
  });

  test("of one sample, and of strided logits and targets", () => {
    const single = logits.at(0, ":", 0, 0);
    expect(crossEntropy(single, target.at(0, 0, 0)).shape).toEqual([]);
    const moved = logits.permute([2, 1, 0, 3]);
    const movedTarget = target.permute([1, 0, 2]);
    const a = crossEntropy(moved, movedTarget, { reduction: "none" }).permute([1, 0, 2]);
    const b = crossEntropy(logits, target, { reduction: "none" });
    expect(off(a, b)).toBe(0);
  });

  test("gives one gradient for each sample through vmap", () => {
    const x = normal(6, 4);
    const t = classes(4, 6);
    const each = vmap(grad((row: Tensor, k: Tensor) => crossEntropy(row, k)))(x, t);
    const all = grad((rows: Tensor) => crossEntropy(rows, t, { reduction: "sum" }))(x);
    expect(off(each, all)).toBeLessThan(1e-15);
  });

  test("has a third derivative", () => {
    const k = tensor(1, { dtype: "int32" });
    const f = (x: Tensor): Tensor =>
      hessian((y: Tensor) => crossEntropy(y, k))(x)
        .square()
        .sum();
    assertGradcheck(f, normal(3), { order: 1 });
  });

  test("survives a broken call unchanged", () => {
    const x = ones([2, 3], { requiresGrad: true });
    expect(() => crossEntropy(x, [0, 5])).toThrow(IndexError);
    expect(() => crossEntropy(x, [0, 1], { weight: [1, 2] })).toThrow(ShapeError);
    expect(x.grad).toBeNull();
    crossEntropy(x, [0, 1]).backward();
    expect(x.grad).not.toBeNull();
  });
});

describe("stability", () => {
  test.each(["float32", "float64"] as const)(
    "logits far away, up to second derivatives, %s",
    (dtype) => {
      const x = tensor([-1000, -90, -1, 0, 1, 90, 1000], { dtype });
      for (const target of [0, 1]) {
        const loss = (y: Tensor): Tensor =>
          binaryCrossEntropyWithLogits(y, target, { reduction: "sum" });
        const second = grad((y: Tensor) => grad(loss)(y).sum())(x);
        const p = sigmoid(x.to("float64"));
        const expected = p.mul(p.neg().add(1));
        expect(off(second.to("float64"), expected)).toBeLessThan(1e-6);
        expect(off(grad(loss)(x).to("float64"), p.sub(target))).toBeLessThan(1e-6);
      }
      const logits = tensor([[1e4, 0, -1e4]], { dtype });
      const curvature = hessian((y: Tensor) => crossEntropy(y, [0]))(logits);
      expect(curvature.abs().max().item()).toBe(0);
    },
  );

  test("a variance of 0 counts as eps, and keeps its gradient", () => {
    const v = tensor([0], { dtype: "float64", requiresGrad: true });
    const loss = gaussianNllLoss(
      tensor([1], { dtype: "float64" }),
      tensor([1], { dtype: "float64" }),
      v,
      { eps: 0.5 },
    );
    loss.backward();
    expect(loss.item()).toBeCloseTo(0.5 * Math.log(0.5), 14);
    expect(v.grad?.item()).toBeCloseTo(1, 14);
  });

  test("counts and probabilities of 0 have finite gradients", () => {
    const t = tensor([0, 1], { dtype: "float64", requiresGrad: true });
    poissonNllLoss(tensor([0, 0], { dtype: "float64" }), t, { full: true }).backward();
    expect(t.grad?.toArray()).toEqual([0, 0].map((zero) => zero - 0));
    const q = tensor([0, 1], { dtype: "float64", requiresGrad: true });
    klDiv(tensor([-1, -2], { dtype: "float64" }), q, { reduction: "sum" }).backward();
    expect(q.grad?.toArray()).toEqual([1, 3]);
  });
});

describe("connectionist temporal classification", () => {
  /** Σ over all paths, one by one. */
  function bruteForce(logProbs: number[][], labels: readonly number[], blank: number): number {
    const classesOf = logProbs[0]!.length;
    let total = 0;
    for (let code = 0; code < classesOf ** logProbs.length; code++) {
      let rest = code;
      let sum = 0;
      const read: number[] = [];
      let last = -1;
      for (const row of logProbs) {
        const c = rest % classesOf;
        rest = Math.floor(rest / classesOf);
        sum += row[c]!;
        if (c !== last && c !== blank) read.push(c);
        last = c;
      }
      if (read.join() === labels.join()) total += Math.exp(sum);
    }
    return -Math.log(total);
  }

  test.each([
    [[1, 2], 0],
    [[1, 1], 0],
    [[], 0],
    [[0, 1, 0], 2],
    [[2], 1],
  ])("labels %j with blank %i: the sum over all paths", (labels, blank) => {
    const logProbs = logSoftmax(normal(5, 3), 1);
    const loss = ctcLoss(logProbs, tensor(labels, { dtype: "int32" }), 5, labels.length, {
      blank,
      reduction: "none",
    });
    expect(loss.item()).toBeCloseTo(
      bruteForce(logProbs.toArray() as number[][], labels, blank),
      12,
    );
  });

  test("takes labels in rows or one after the other", () => {
    const logProbs = logSoftmax(normal(6, 3, 4), 2);
    const rows = ctcLoss(
      logProbs,
      [
        [1, 2],
        [3, 0],
        [1, 1],
      ],
      [6, 5, 6],
      [2, 1, 2],
      { reduction: "none" },
    );
    const flat = ctcLoss(logProbs, [1, 2, 3, 1, 1], [6, 5, 6], [2, 1, 2], { reduction: "none" });
    expect(rows.toArray()).toEqual(flat.toArray());
    expect(() => ctcLoss(logProbs, [1, 2, 3], [6, 5, 6], [2, 1, 2])).toThrow(
      /3 labels in a row, but targetLengths of 3 samples add up to 5/,
    );
    expect(() => ctcLoss(logProbs, [[1, 2]], [6], [2])).toThrow(ShapeError);
    expect(() => ctcLoss(normal(3), [1], [1], [1])).toThrow(/expected log-probabilities of shape/);
  });

  test("labels that do not fit cost infinity, or nothing", () => {
    const logits = normal(2, 2, 3).requiresGrad_();
    const loss = (zeroInfinity: boolean): Tensor =>
      ctcLoss(
        logSoftmax(logits, 2),
        [
          [1, 1],
          [1, 2],
        ],
        [2, 2],
        [2, 2],
        { reduction: "none", zeroInfinity },
      );
    expect(loss(false).toArray()).toEqual([Infinity, expect.any(Number)]);
    expect(loss(true).toArray()).toEqual([0, expect.any(Number)]);
    loss(true).sum().backward();
    expect((logits.grad!.at(":", 0).toArray() as number[][]).flat().every((g) => g === 0)).toBe(
      true,
    );
  });
});

describe("what is refused", () => {
  const a = ones([4, 1]);
  const b = ones([4]);
  test.each<[string, () => unknown, RegExp, new (...args: never[]) => ChainruleError]>([
    [
      "[N, 1] against [N]",
      () => mseLoss(a, b),
      /mseLoss: the input has shape \[4, 1\], the target \[4\]. They must be equal/,
      ShapeError,
    ],
    ["the same for l1Loss", () => l1Loss(a, b), /l1Loss/, ShapeError],
    ["the same for huberLoss", () => huberLoss(a, b), /huberLoss/, ShapeError],
    ["the same for hingeLoss", () => hingeLoss(a, b), /hingeLoss/, ShapeError],
    ["the same for logits", () => binaryCrossEntropyWithLogits(a, b), /must be equal/, ShapeError],
    [
      "pairs of other shapes",
      () => marginRankingLoss(a, b, b),
      /the first input has shape \[4, 1\], the second \[4\]/,
      ShapeError,
    ],
    [
      "a factor larger than the input",
      () => binaryCrossEntropyWithLogits(b, b, { weight: ones([2, 4]) }),
      /weight of shape \[2, 4\] must broadcast to the input of shape \[4\], not beyond it/,
      ShapeError,
    ],
    [
      "what is no probability",
      () => binaryCrossEntropy(tensor([0.5, 1.5]), [1, 1]),
      /from 0 to 1, but holds 1.5/,
      ArgumentError,
    ],
    [
      "a negative variance",
      () => gaussianNllLoss(b, b, tensor([1, 1, -1, 1])),
      /a variance is at least 0, not -1/,
      ArgumentError,
    ],
    [
      "a variance that fits nothing",
      () => gaussianNllLoss(b, b, ones([3])),
      /the variance has shape \[3\]/,
      ShapeError,
    ],
    [
      "an eps of 0",
      () => gaussianNllLoss(b, b, b, { eps: 0 }),
      /eps must be positive/,
      ArgumentError,
    ],
    [
      "a negative beta",
      () => smoothL1Loss(b, b, { beta: -1 }),
      /beta must be at least 0/,
      ArgumentError,
    ],
    ["a delta of 0", () => huberLoss(b, b, { delta: 0 }), /delta must be positive/, ArgumentError],
    [
      "another power",
      () => multiMarginLoss(ones([2, 3]), [0, 1], { p: 3 }),
      /p must be 1 or 2, not 3/,
      ArgumentError,
    ],
    [
      "scores of too many dimensions",
      () => multiMarginLoss(ones([2, 3, 1]), [[0], [1]]),
      /\[classes\] or \[samples, classes\], not \[2, 3, 1\]/,
      ShapeError,
    ],
    [
      "labels of another shape",
      () => multilabelMarginLoss(ones([2, 3]), [0, 1]),
      /the labels \[2\]/,
      ShapeError,
    ],
    [
      "vectors of other shapes",
      () => cosineEmbeddingLoss(ones([2, 3]), ones([2, 3]), [1]),
      /the target \[1\]/,
      ShapeError,
    ],
    [
      "triples of other shapes",
      () => tripletMarginLoss(ones([2, 3]), ones([2, 3]), ones([3])),
      /and \[3\]. They must be equal/,
      ShapeError,
    ],
    [
      "a margin of 0",
      () => tripletMarginLoss(b, b, b, { margin: 0 }),
      /margin must be positive/,
      ArgumentError,
    ],
    [
      "an unknown reduction",
      () => mseLoss(b, b, { reduction: "avg" as never }),
      /reduction must be "mean", "sum" or "none", not "avg"/,
      ArgumentError,
    ],
    [
      "batchmean elsewhere",
      () => mseLoss(b, b, { reduction: "batchmean" as never }),
      /not "batchmean"/,
      ArgumentError,
    ],
    [
      "an unknown reduction of klDiv",
      () => klDiv(b, b, { reduction: "batch" as never }),
      /"batchmean", "mean", "sum" or "none", not "batch"/,
      ArgumentError,
    ],
    [
      "an unknown option",
      () => hingeLoss(b, b, { Margin: 1 } as never),
      /unknown option "Margin"/,
      ArgumentError,
    ],
    [
      "probabilities of another shape",
      () => crossEntropy(ones([2, 3]), ones([2])),
      /class indices must be int32/,
      ShapeError,
    ],
    [
      "ignoreIndex with probabilities",
      () => crossEntropy(ones([2, 3]), ones([2, 3]), { ignoreIndex: 1 }),
      /ignoreIndex belongs to class indices/,
      ArgumentError,
    ],
    [
      "a negative label in the midst",
      () => nllLoss(ones([2, 3]), [0, -1]),
      /nllLoss: target -1 \(number 1\) is no class/,
      IndexError,
    ],
  ])("%s", (_name, call, message, type) => {
    expect(call).toThrow(message);
    expect(call).toThrow(type);
  });

  test("a number as target stands for all elements", () => {
    expect(mseLoss(tensor([1, 3]), 1).item()).toBe(2);
    expect(hingeLoss(zeros([2]), -1).item()).toBe(1);
    // A score of 0 is wrong: Rosenblatt's rule corrects it, so the kink has the slope of the wrong side.
    const score = tensor([0, 1, -1], { requiresGrad: true });
    perceptronLoss(score, [1, 1, 1], { reduction: "sum" }).backward();
    expect(score.grad?.toArray()).toEqual([-1, -0, -1]);
  });
});
