/**
 * Attention in one pass forward and one back: scores, softmax and mixing of values head by head, so that the scores of
 * one stay in the cache.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros } from "../../creation.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import { attend, attendGradient } from "../../kernels/attention.ts";
import type { Op } from "../../op.ts";
import { defineOp } from "../../op.ts";
import { toOperands } from "../../record.ts";
import type { Draw } from "../../samples.ts";
import { within } from "../../samples.ts";
import type { Shape } from "../../shape.ts";
import { contiguousStrides, formatShape, sameShape, stridesInOrderOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul, sub } from "../arithmetic.ts";
import { expand } from "../expand.ts";
import { matmul } from "../matmul.ts";
import { reshape } from "../reshape.ts";
import { softmaxGradient } from "../softmax.ts";
import { sum } from "../sum.ts";
import { transpose } from "../transpose.ts";
import type { Attending, AttendingOptions } from "./attention-scoring.ts";
import { checkFits, checkMaskShape, leadOf, readScoring, scoresOf } from "./attention-scoring.ts";
import { sampleCount } from "./batching.ts";

/** What {@link attention} gives. */
export interface Attended {
  /** The mixed values, [*, L, V]. */
  readonly output: Tensor;
  /** How much each query attends to each key, [*, L, S]. */
  readonly weights: Tensor;
}

/** Samples along the first dimension, and dimensions of length 1 behind it, so that ranks agree from the right. */
function aligned(operands: readonly Tensor[], batched: readonly boolean[]): Tensor[] {
  const rank = Math.max(...operands.map((x, i) => x.ndim - (batched[i] ? 1 : 0)));
  return operands.map((x, i) => {
    if (!batched[i] || x.ndim > rank) return x;
    const ones = new Array<number>(rank + 1 - x.ndim).fill(1);
    return reshape(x, [x.shape[0]!, ...ones, ...x.shape.slice(1)]);
  });
}

function drawHeads(draw: Draw): { lead: number[]; l: number; s: number; e: number; v: number } {
  const lead = draw.shape(0, 2, 0);
  return { lead, l: draw.length(0), s: draw.length(0), e: draw.length(0, 3), v: draw.length(0, 3) };
}

/** Queries, keys and values. */
function drawOperands(draw: Draw): { shape: number[]; operands: Tensor[] } {
  const { lead, l, s, e, v } = drawHeads(draw);
  const [query, key, value] = [
    draw.tensor([...lead, l, e]),
    draw.tensor([...draw.broadcastable(lead), s, e]),
    draw.tensor([...draw.broadcastable(lead), s, v]),
  ];
  return { shape: [...lead, l, s], operands: [query!, key!, value!] };
}

const row = (...numbers: number[]): Tensor => tensor([numbers], { dtype: "float64" });

/**
 * Attention with scaled dot products, and its weights: weights = softmax(query · keyᵀ · scale + mask), output = weights ·
 * value. The whole of {@link scaledDotProductAttention} without dropout, for those who want to see the weights.
 *
 * For query of shape [*, L, E], key of [*, S, E] and value of [*, S, V], whose leading dimensions broadcast, and a mask that
 * stretches to [*, L, S]: bool, true where a query may attend to a key, or numbers that are added. The scale is 1/√E unless
 * given. With `isCausal`, query i attends to keys 0 to i. A query all of whose scores are −∞ gets weights of 0, and no
 * gradient. A key that no query attends to must be finite all the same: 0 times infinity is NaN. (Vaswani et al. 2017.)
 *
 * @throws {ShapeError} when the shapes do not fit.
 * @throws {DTypeError} for a mask of whole numbers.
 * @throws {ArgumentError} for unknown options, and for a mask together with `isCausal`.
 * @example
 * import { attention, tensor } from "@chainrule/core";
 * const [q, k, v] = [tensor([[1, 0]]), tensor([[1, 0], [1, 0]]), tensor([[2], [4]])];
 * const { output, weights } = attention(q, k, v);
 * [output, weights].join(); // → tensor([[3]]),tensor([[0.5, 0.5]])
 */
export const attention: Op<
  (
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    mask?: TensorLike | null,
    options?: AttendingOptions,
  ) => Attended
> = defineOp({
  name: "attention",
  formula: String.raw`W = \mathrm{softmax}(s\, Q K^\top + M), \quad Y = W V`,
  call: (
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    mask?: TensorLike | null,
    options?: AttendingOptions,
  ) => {
    const operands = toOperands("attention", [query, key, value]);
    const { mask: read, attending } = readScoring("attention", operands, mask, options);
    return { operands: read === null ? operands : [...operands, read], options: attending };
  },
  kinds: ["float", "float", "float", "any"],
  broadcasts: true,
  shapes: ([q, k, v, mask]) => {
    checkFits("attention", q!, k!, v!);
    const scores = scoresOf("attention", [q!, k!, v!]);
    if (mask !== undefined) checkMaskShape("attention", mask.shape, scores);
    return [[...scores.slice(0, -1), v!.shape.at(-1)!], scores];
  },
  // Heads are often views of tokens. So is the output then, and tokens again without a copy.
  strides: ([q], [output, scores]) => [
    stridesInOrderOf(output!, q!.strides),
    contiguousStrides(scores!),
  ],
  fills: true,
  forward: ([q, k, v, mask], [output, weights], options) => {
    attend(q!, k!, v!, mask ?? null, output!, weights!, options);
  },
  returns: ([output, weights]) => ({ output: output!, weights: weights! }),
  vjp: ([outputBar = null, weightsBar = null], node) => {
    const { operands, options } = node;
    const weights = node.resultAt(1);
    const [q, k, v] = [node.a, node.b, node.c];
    const wantsMask = operands.length > 3 && node.needs(3);
    if (outputBar !== null && weightsBar === null && !wantsMask) {
      const { query, key, value } = attentionGradient(q, k, v, weights, outputBar, options);
      return [query, key, value, null].slice(0, operands.length);
    }
    // What is rarer is said in tensor ops.
    const mixed = outputBar === null ? null : matmul(outputBar, transpose(v, -1, -2));
    const total =
      mixed === null || weightsBar === null ? (mixed ?? weightsBar) : add(mixed, weightsBar);
    if (total === null) return operands.map(() => null);
    const scores = softmaxGradient(weights, total, { dim: weights.ndim - 1 });
    const scaled = mul(scores, options.scale);
    const gradients = [
      matmul(scaled, k),
      matmul(transpose(scaled, -1, -2), q),
      outputBar === null ? null : matmul(transpose(weights, -1, -2), outputBar),
      wantsMask ? scores : null,
    ];
    return gradients.slice(0, operands.length);
  },
  batch: (operands, batched, options) => {
    const [q, k, v, mask] = aligned(operands, batched);
    const isMaskOnly = !(batched[0] || batched[1] || batched[2]);
    // A mask may not have more elements than the scores.
    const query = isMaskOnly
      ? expand(q!, [sampleCount(operands, batched), ...leading(q!, operands)])
      : q!;
    return { ...attention(query, k!, v!, mask, options) };
  },
  samples: [
    (draw) => {
      const { operands } = drawOperands(draw);
      return draw.boolean() ? operands : [...operands, null, { scale: 0.5 }];
    },
    (draw) => {
      const { operands, shape } = drawOperands(draw);
      return [...operands, draw.mask(draw.broadcastable(shape))];
    },
    (draw) => {
      const { operands, shape } = drawOperands(draw);
      return [...operands, draw.tensor(draw.broadcastable(shape)), { scale: 0.7 }];
    },
    (draw) => [...drawOperands(draw).operands, null, { isCausal: true }],
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), zeros([2, 4]), zeros([2, 3])],
      message: /query, key and value have shapes \[2, 3\], \[2, 4\] and \[2, 3\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([2, 3]), zeros([2, 3]), zeros([2, 3]), zeros([5, 2, 2])],
      message: /more elements than the scores of shape \[2, 2\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([2, 3]), zeros([2, 3]), zeros([2, 3]), zeros([2, 2]), { isCausal: true }],
      message: /either a mask or isCausal/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([2, 3]), zeros([2, 3]), zeros([2, 3]), zeros([2, 2], { dtype: "int32" })],
      message: /a mask is bool/,
      type: DTypeError,
    },
  ],
  edges: [
    {
      note: "a query that may attend to nothing gets 0, and no gradient",
      call: () => [row(1), row(2), row(3), tensor([[false]])],
      result: [0, 0],
      gradients: [[0], [0], [0]],
    },
    {
      note: "nor where −∞ is added to all of its scores",
      call: () => [row(1), row(2), row(3), row(Number.NEGATIVE_INFINITY)],
      result: [0, 0],
      gradients: [[0], [0], [0], [0]],
    },
  ],
});

/** The shape without samples that a query of one sample is stretched to, of the rank of the others. */
function leading(q: Tensor, operands: readonly Tensor[]): Shape {
  const rank = Math.max(...operands.slice(0, 3).map((x) => x.ndim), operands[3]!.ndim - 1);
  return [...new Array<number>(rank - q.ndim).fill(1), ...q.shape];
}

/** What comes back from {@link attention} to what it was given. */
export interface AttentionGradients {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
}

/**
 * The gradient of `attention` from its weights W and the cotangent c of its output: with D = scale · W ∘ (P − Σ W ∘ P) and P =
 * c · valueᵀ, it is D · key for the query, Dᵀ · query for the key, and Wᵀ · c for the value.
 *
 * With `isCausal` the weights above the diagonal are 0, and those far from it are not read.
 *
 * @throws {ShapeError} when the shapes do not fit.
 * @example
 * import { attention, attentionGradient, ones, tensor } from "@chainrule/core";
 * const [q, k, v] = [tensor([[1]]), tensor([[1], [1]]), tensor([[2], [4]])];
 * const { weights } = attention(q, k, v);
 * attentionGradient(q, k, v, weights, ones([1, 1]), { isCausal: false, scale: 1 }).key; // → tensor([[-0.5], [0.5]])
 */
export const attentionGradient: Op<
  (
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    weights: TensorLike,
    cotangent: TensorLike,
    options: Attending,
  ) => AttentionGradients
> = defineOp({
  name: "attentionGradient",
  formula: String.raw`\bar Q = D K, \; \bar K = D^\top Q, \; \bar V = W^\top \bar Y, \quad D_{ij} = s W_{ij} \Bigl(P_{ij} - \sum_k W_{ik} P_{ik}\Bigr), \; P = \bar Y V^\top`,
  call: (
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    weights: TensorLike,
    cotangent: TensorLike,
    options: Attending,
  ) => ({ operands: [query, key, value, weights, cotangent], options }),
  broadcasts: true,
  shapes: ([q, k, v, weights, c]) => {
    checkFits("attentionGradient", q!, k!, v!);
    const lead = leadOf("attentionGradient", [q!, k!, v!, weights!, c!]);
    const [l, s, width] = [q!.shape.at(-2)!, k!.shape.at(-2)!, v!.shape.at(-1)!];
    if (
      !sameShape(weights!.shape.slice(-2), [l, s]) ||
      !sameShape(c!.shape.slice(-2), [l, width])
    ) {
      throw new ShapeError(
        `attentionGradient: weights and cotangent have shapes ${formatShape(weights!.shape)} and ${formatShape(c!.shape)}, but must have ${formatShape([l, s])} and ${formatShape([l, width])} behind what they share.`,
        { weights: weights!.shape, cotangent: c!.shape },
      );
    }
    return [q!, k!, v!].map((x) => [...lead, ...x.shape.slice(-2)]);
  },
  strides: (operands, shapes) => {
    const [queries, keys] = [shapes[0]!.at(-2)!, shapes[1]!.at(-2)!];
    return shapes.map((shape, i) =>
      keys > queries ? contiguousStrides(shape) : stridesInOrderOf(shape, operands[i]!.strides),
    );
  },
  fills: true,
  forward: (operands, results, options) => attendGradient(operands, results, options),
  returns: ([query, key, value]) => ({ query: query!, key: key!, value: value! }),
  // With a, b, u the cotangents of D·K·…, those of D are H = scale·(a·Kᵀ + Q·bᵀ); the rest is the product rule.
  vjp: ([queryBar = null, keyBar = null, valueBar = null], node) => {
    const { options } = node;
    const [q, k, v, weights, c] = [0, 1, 2, 3, 4].map((i) => node.operand(i)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const turned = (x: Tensor): Tensor => transpose(x, -1, -2);
    const sumOf = (...terms: readonly (Tensor | null)[]): Tensor | null =>
      terms.reduce((s, x) => (s === null ? x : x === null ? s : add(s, x)), null);
    const total = (x: Tensor): Tensor => sum(x, -1, { keepdim: true });
    const slopesOf = (x: Tensor): Tensor => mul(weights, sub(x, total(mul(weights, x))));
    const onScores = sumOf(
      queryBar && matmul(queryBar, turned(k)),
      keyBar && matmul(q, turned(keyBar)),
    );
    const h = onScores && mul(onScores, options.scale);
    const p = matmul(c, turned(v));
    const slopes = mul(slopesOf(p), options.scale);
    const pBar = h && slopesOf(h);
    const throughSlopes =
      h && sub(mul(h, sub(p, total(mul(weights, p)))), mul(p, total(mul(h, weights))));
    return [
      keyBar && matmul(slopes, keyBar),
      queryBar && matmul(turned(slopes), queryBar),
      pBar && matmul(turned(pBar), c),
      sumOf(throughSlopes, valueBar && matmul(c, turned(valueBar))),
      sumOf(pBar && matmul(pBar, v), valueBar && matmul(weights, valueBar)),
    ];
  },
  batch: (operands, batched, options) => {
    const [q, k, v, weights, c] = aligned(operands, batched);
    return { ...attentionGradient(q!, k!, v!, weights!, c!, options) };
  },
  samples: [
    (draw) => {
      const { lead, l, s, e, v } = drawHeads(draw);
      const over = (): number[] => draw.broadcastable(lead);
      return [
        draw.tensor([...lead, l, e]),
        draw.tensor([...over(), s, e]),
        draw.tensor([...over(), s, v]),
        draw.tensor([...over(), l, s], within(0, 1)),
        draw.tensor([...over(), l, v]),
        { isCausal: false, scale: 0.5 },
      ];
    },
  ],
  rejects: [
    {
      call: () => [
        zeros([2, 3]),
        zeros([4, 3]),
        zeros([4, 1]),
        zeros([4, 2]),
        zeros([2, 1]),
        { isCausal: false, scale: 1 },
      ],
      message:
        /weights and cotangent have shapes \[4, 2\] and \[2, 1\], but must have \[2, 4\] and \[2, 1\]/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "with a single key there is nothing to choose: only its value gets a gradient",
      call: () => [row(1), row(2), row(3), row(1), row(5), { isCausal: false, scale: 1 }],
      result: [0, 0, 5],
    },
  ],
});
