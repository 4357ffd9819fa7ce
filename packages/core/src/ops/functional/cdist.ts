/**
 * Distances between all vectors of two sets.
 */
import type { TensorLike } from "../../creation.ts";
import { fromTypedArray, tensor, zeros } from "../../creation.ts";
import { ArgumentError, checkNumber, quoted, ShapeError } from "../../errors.ts";
import { allDistances, sumDifferences } from "../../kernels/distance.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import { toOperands } from "../../record.ts";
import { within } from "../../samples.ts";
import type { Shape } from "../../shape.ts";
import { broadcastShapes, elementCount, formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mul, neg, sub } from "../arithmetic.ts";
import { eq } from "../comparison.ts";
import { div } from "../division.ts";
import { expand } from "../expand.ts";
import { matmul } from "../matmul.ts";
import { pow } from "../power.ts";
import { reshape } from "../reshape.ts";
import { indexSelect } from "../select.ts";
import { where } from "../selection.ts";
import { abs, sign } from "../sign.ts";
import { sum } from "../sum.ts";
import { transpose } from "../transpose.ts";
import { allBatched, merged, parted, sampleCount } from "./batching.ts";

function checkSets(name: string, a: Shape, b: Shape): void {
  if (a.length !== 3 || b.length !== 3 || a[0] !== b[0] || a[2] !== b[2]) {
    throw new ShapeError(
      `${name}: needs two sets of vectors of one length, of shapes [B, P, M] and [B, R, M], not ${formatShape(a)} and ${formatShape(b)}.`,
      { a, b },
    );
  }
}

/** 1/d, but 0 where d is 0, in every order of derivative. */
function reciprocalDistance(weight: Tensor, distance: Tensor): Tensor {
  return div(weight, where(eq(distance, 0), Number.POSITIVE_INFINITY, distance));
}

/** x with a new dimension of length 1. */
function opened(x: Tensor, dim: 1 | 2): Tensor {
  const [b, n, m] = x.shape as [number, number, number];
  return reshape(x, dim === 1 ? [b, 1, n, m] : [b, n, 1, m]);
}

/**
 * ȳ times the derivative of ‖a_p − b_r‖ₚ by its difference, [B, P, R, M]: sign(δ) · (|δ| / d)^(p−1), the largest |δ| for
 * p = ∞.
 */
function byDifference(
  cotangent: Tensor,
  a: Tensor,
  b: Tensor,
  distance: Tensor,
  p: number,
): Tensor {
  const difference = sub(opened(a, 2), opened(b, 1));
  const weight = reshape(cotangent, [...cotangent.shape, 1]);
  const whole = reshape(distance, [...distance.shape, 1]);
  const signs = mul(weight, sign(difference));
  if (p === 1) return signs;
  if (p === Number.POSITIVE_INFINITY) return mul(signs, eq(abs(difference), whole).to(a.dtype));
  // For p < 1 there is a pole where a difference is 0, which counts as 0: (∞ / d)^(p−1).
  const size =
    p < 1 ? where(eq(difference, 0), Number.POSITIVE_INFINITY, abs(difference)) : abs(difference);
  const safe = where(eq(whole, 0), 1, whole);
  return mul(signs, pow(div(size, safe), p - 1));
}

const sets = within(-2, 2, { distinct: true });

/**
 * The distances of two sets of vectors of shapes [B, P, M] and [B, R, M], as [B, P, R]; see {@link cdist}.
 *
 * @throws {ShapeError} when the shapes do not fit.
 * @throws {ArgumentError} for a negative p.
 * @example
 * import { distances, tensor } from "@chainrule/core";
 * distances(tensor([[[0, 0]]]), tensor([[[3, 4]]]), 1).item(); // → 7
 */
export const distances: Op<(a: TensorLike, b: TensorLike, p: number) => Tensor> = defineOp({
  name: "distances",
  formula: String.raw`y_{pr} = \lVert a_p - b_r \rVert_p`,
  call: (a: TensorLike, b: TensorLike, p: number) => {
    checkNumber("distances", "p", p);
    if (p < 0) throw new ArgumentError(`distances: p must be at least 0, not ${quoted(p)}.`, { p });
    return { operands: [a, b], options: { p } };
  },
  shape: ([a, b]) => {
    checkSets("distances", a!.shape, b!.shape);
    return [a!.shape[0]!, a!.shape[1]!, b!.shape[1]!];
  },
  forward: ([a, b], y, { p }) => {
    allDistances(contiguousOperand(a!), contiguousOperand(b!), p, y);
  },
  vjp: [
    (cotangent, node) => {
      const { a, b, result, options } = node;
      if (options.p === 0) return zeros(a.shape, { dtype: a.dtype });
      if (options.p === 2) return weightedDifferences(reciprocalDistance(cotangent, result), a, b);
      return sum(byDifference(cotangent, a, b, result, options.p), 2);
    },
    (cotangent, node) => {
      const { a, b, result, options } = node;
      if (options.p === 0) return zeros(b.shape, { dtype: b.dtype });
      if (options.p === 2) {
        const weight = transpose(reciprocalDistance(cotangent, result), 1, 2);
        return weightedDifferences(weight, b, a);
      }
      return neg(sum(byDifference(cotangent, a, b, result, options.p), 1));
    },
  ],
  batch: (operands, batched, { p }) => {
    const [a, b] = allBatched(operands, batched).map(merged);
    return parted(distances(a!, b!, p), sampleCount(operands, batched));
  },
  samples: [
    (draw) => {
      const [n, m] = [draw.integer(1, 2), draw.integer(1, 3)];
      const whole = draw.tensor([2, n, draw.integer(1, 3), m], sets);
      return [whole.at(0), whole.at(1), draw.pick([2, 2, 1, 3, 1.5, 0.5])];
    },
    (draw) => {
      // The largest difference has no rival: where two are as large, the maximum has a kink.
      const shape = [draw.integer(1, 2), draw.integer(1, 3), 3];
      const far = tensor(
        draw.pick([
          [0, 10, 20],
          [20, 0, 10],
          [10, 20, 0],
        ]),
        { dtype: "float64" },
      );
      const [a, b] = [draw.tensor(shape, sets), draw.tensor(shape, sets)];
      return [a, b.add(far), Number.POSITIVE_INFINITY];
    },
    (draw) => {
      const m = draw.length(0);
      return [
        draw.tensor([1, draw.length(0), m], sets),
        draw.tensor([1, draw.length(0), m], within(3, 5)),
        2,
      ];
    },
  ],
  rejects: [
    {
      call: () => [zeros([1, 2, 3]), zeros([1, 2, 4]), 2],
      message: /two sets of vectors of one length, .* not \[1, 2, 3\] and \[1, 2, 4\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 2, 3]), zeros([1, 2, 3]), -1],
      message: /p must be at least 0, not -1/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "equal vectors: gradient 0",
      call: () => [zeros([1, 1, 2]), zeros([1, 1, 2]), 2],
      result: [0],
      gradients: [
        [0, 0],
        [0, 0],
      ],
    },
  ],
});

/**
 * Weighted sums of differences: y_p = Σᵣ w_pr · (a_p − b_r), for w of shape [B, P, R], a of [B, P, M], b of [B, R, M].
 * Differences come first, so that vectors far from the origin lose no digits.
 *
 * @throws {ShapeError} when the shapes do not fit.
 * @example
 * import { tensor, weightedDifferences } from "@chainrule/core";
 * const [a, b] = [tensor([[[5]]]), tensor([[[1], [2]]])];
 * weightedDifferences(tensor([[[10, 1]]]), a, b).item(); // → 43
 */
export const weightedDifferences: Op<(w: TensorLike, a: TensorLike, b: TensorLike) => Tensor> =
  defineOp({
    name: "weightedDifferences",
    formula: String.raw`y_p = \sum_r w_{pr} (a_p - b_r)`,
    call: (w: TensorLike, a: TensorLike, b: TensorLike) => ({ operands: [w, a, b], options: {} }),
    shape: ([w, a, b]) => {
      checkSets("weightedDifferences", a!.shape, b!.shape);
      const [batch, rows, columns] = w!.shape;
      if (
        w!.ndim !== 3 ||
        batch !== a!.shape[0] ||
        rows !== a!.shape[1] ||
        columns !== b!.shape[1]
      ) {
        throw new ShapeError(
          `weightedDifferences: weights of shape ${formatShape(w!.shape)} do not fit to sets of shapes ${formatShape(a!.shape)} and ${formatShape(b!.shape)}.`,
          { w: w!.shape, a: a!.shape, b: b!.shape },
        );
      }
      return a!.shape;
    },
    forward: ([w, a, b], y) => {
      sumDifferences(contiguousOperand(w!), contiguousOperand(a!), contiguousOperand(b!), y);
    },
    vjp: [
      (c, { b: a, c: b }) =>
        sub(sum(mul(c, a), 2, { keepdim: true }), matmul(c, transpose(b, 1, 2))),
      (c, { a: w }) => mul(c, sum(w, 2, { keepdim: true })),
      (c, { a: w }) => neg(matmul(transpose(w, 1, 2), c)),
    ],
    batch: (operands, batched) => {
      const [w, a, b] = allBatched(operands, batched).map(merged);
      return parted(weightedDifferences(w!, a!, b!), sampleCount(operands, batched));
    },
    samples: [
      (draw) => {
        const [n, p, r, m] = [draw.integer(1, 2), draw.length(), draw.length(), draw.length()];
        return [draw.tensor([n, p, r]), draw.tensor([n, p, m]), draw.tensor([n, r, m])];
      },
    ],
    rejects: [
      {
        call: () => [zeros([1, 2, 2]), zeros([1, 2, 3]), zeros([1, 4, 3])],
        message: /weights of shape \[1, 2, 2\] do not fit/,
        type: ShapeError,
      },
    ],
    edges: [
      {
        note: "no vectors to compare with",
        call: () => [zeros([1, 1, 0]), zeros([1, 1, 1]), zeros([1, 0, 1])],
        result: [0],
        gradients: [[], [0], []],
      },
    ],
  });

/**
 * The distances between all vectors of two sets: y[…, i, j] = ‖a[…, i, :] − b[…, j, :]‖ₚ for a of shape [*, P, M] and b of
 * [*, R, M], whose leading dimensions broadcast; y has [*, P, R]. p is 2 unless given.
 *
 * The gradient is 0 where two vectors are equal.
 *
 * @throws {ShapeError} when the vectors differ in length, or leading dimensions do not broadcast.
 * @throws {ArgumentError} for a negative p.
 * @example
 * import { cdist, tensor } from "@chainrule/core";
 * cdist(tensor([[0, 0], [3, 4]]), tensor([[0, 0]])).toArray(); // → [ [ 0 ], [ 5 ] ]
 */
export function cdist(a: TensorLike, b: TensorLike, p: number = 2): Tensor {
  const [x, y] = toOperands("cdist", [a, b]) as [Tensor, Tensor];
  if (x.ndim < 2 || y.ndim < 2 || x.shape.at(-1) !== y.shape.at(-1)) {
    throw new ShapeError(
      `cdist: needs two sets of vectors of one length, of shapes [*, P, M] and [*, R, M], not ${formatShape(x.shape)} and ${formatShape(y.shape)}.`,
      { a: x.shape, b: y.shape },
    );
  }
  checkNumber("cdist", "p", p);
  if (p < 0) throw new ArgumentError(`cdist: p must be at least 0, not ${quoted(p)}.`, { p });
  const batch = broadcastShapes("cdist", x.shape.slice(0, -2), y.shape.slice(0, -2));
  const flat = (set: Tensor): Tensor => {
    const own = set.shape.slice(-2);
    return reshape(expand(set, [...batch, ...own]), [elementCount(batch), ...own]);
  };
  const all = distances(flat(x), flat(y), p);
  return reshape(all, [...batch, x.shape.at(-2)!, y.shape.at(-2)!]);
}

/**
 * The distances between all pairs of vectors of one set, i < j: for x of shape [N, M] a vector of N·(N − 1)/2 numbers, in the
 * order (0, 1), (0, 2), …, (1, 2), ….
 *
 * @throws {ShapeError} when x is no matrix.
 * @throws {ArgumentError} for a negative p.
 * @example
 * import { pdist, tensor } from "@chainrule/core";
 * pdist(tensor([[0], [1], [3]])); // → tensor([1, 3, 2])
 */
export function pdist(x: TensorLike, p: number = 2): Tensor {
  const [set] = toOperands("pdist", [x]) as [Tensor];
  if (set.ndim !== 2) {
    throw new ShapeError(
      `pdist: needs a matrix of vectors, not a tensor of shape ${formatShape(set.shape)}.`,
      { shape: set.shape },
    );
  }
  const [n] = set.shape as [number];
  const first: number[] = [];
  const second: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      first.push(i);
      second.push(j);
    }
  }
  // One vector to each side of a pair, so that only the pairs asked for are computed.
  const pairs = [first, second].map((list) => {
    const rows = indexSelect(set, 0, fromTypedArray(Int32Array.from(list)));
    return reshape(rows, [list.length, 1, set.shape[1]!]);
  });
  return reshape(distances(pairs[0]!, pairs[1]!, p), [first.length]);
}
