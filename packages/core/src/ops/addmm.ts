/**
 * Products added to what was there: β·input + α·(product), in one step.
 *
 * They are ops of their own for speed: one node, and no tensor between the product and the sum.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { isFloating } from "../dtype.ts";
import { ArgumentError, checkNumber, checkOptions, ShapeError } from "../errors.ts";
import { forEachRow } from "../kernels/rows.ts";
import { perDType } from "../kernels/specialize.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { toOperands } from "../record.ts";
import type { Draw } from "../samples.ts";
import { broadcastShapes, broadcastStrides, formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { leftGradient, matmulShape, multiplyInto, rightGradient } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { permute } from "./transpose.ts";

/** Factors of {@link addmm} and its kin. */
export interface AddProductOptions {
  /** Multiplies the input; 1 unless given. With 0 the input does not count at all: its NaN and infinities are dropped. */
  beta?: number;
  /** Multiplies the product; 1 unless given. */
  alpha?: number;
}

type AddProduct = Op<
  (input: TensorLike, a: TensorLike, b: TensorLike, options?: AddProductOptions) => Tensor
>;

/** What tells the ops of this family apart. */
interface Family {
  readonly name: string;
  /** The ranks of the factors, and what they are called. */
  readonly ranks: readonly [number, number];
  readonly factors: string;
  readonly formula: string;
}

/** A row of y = α·y + β·input. */
const addRowFor = perDType(function addRow(
  y: { [index: number]: number },
  at: number,
  input: ArrayLike<number>,
  from: number,
  step: number,
  length: number,
  alpha: number,
  beta: number,
): void {
  for (let i = 0; i < length; i++) y[at + i] = alpha * y[at + i]! + beta * input[from + i * step]!;
});

function readFactors(name: string, options: AddProductOptions = {}): Required<AddProductOptions> {
  checkOptions(name, options, ["beta", "alpha"]);
  const { beta = 1, alpha = 1 } = options;
  return { beta: checkNumber(name, "beta", beta), alpha: checkNumber(name, "alpha", alpha) };
}

/** Refuses factors that an int32 cannot hold. */
function checkFactors(name: string, input: Tensor, factors: Required<AddProductOptions>): void {
  for (const [factor, value] of Object.entries(factors)) {
    if (!isFloating(input.dtype) && !Number.isInteger(value)) {
      throw new ArgumentError(
        `${name}: ${factor} is ${value}, but the operands are ${input.dtype}. Use a whole number, or convert them: x.to("float32").`,
        { [factor]: value, dtype: input.dtype },
      );
    }
  }
}

function addProduct({ name, ranks, factors, formula }: Family): AddProduct {
  return defineOp({
    name,
    formula,
    call: (input: TensorLike, a: TensorLike, b: TensorLike, options?: AddProductOptions) => ({
      operands: [input, a, b],
      options: readFactors(name, options),
    }),
    kinds: ["number"],
    broadcasts: true,
    shape: ([input, a, b], options) => {
      checkFactors(name, input!, options);
      const [left, right] = [a!.shape, b!.shape];
      const stacksDiffer = left.length === 3 && left[0] !== right[0];
      if (left.length !== ranks[0] || right.length !== ranks[1] || stacksDiffer) {
        throw new ShapeError(
          `${name}: the factors must be ${factors}, but have shapes ${formatShape(left)} and ${formatShape(right)}.`,
          { a: left, b: right },
        );
      }
      const shape = matmulShape(name, left, right);
      const own = input!.shape;
      if (own.length > shape.length || !sameShape(broadcastShapes(name, own, shape), shape)) {
        throw new ShapeError(
          `${name}: the input of shape ${formatShape(own)} does not stretch to that of the product, ${formatShape(shape)}.`,
          { input: own, product: shape },
        );
      }
      return shape;
    },
    dtype: ([input]) => (input!.dtype === "bool" ? "int32" : input!.dtype),
    forward: ([input, a, b], y, { beta, alpha }) => {
      multiplyInto(a!, b!, y);
      const { data } = y.storage;
      if (beta === 0) {
        if (alpha !== 1) for (let i = 0; i < data.length; i++) data[i] = alpha * data[i]!;
        return;
      }
      const strides = broadcastStrides(input!.shape, input!.strides, y.shape);
      const { storage, offset } = input!;
      const addRow = addRowFor(data, storage.data);
      let at = 0;
      forEachRow(y.shape, [strides], [offset], (length, [step], [from]) => {
        addRow(data, at, storage.data, from!, step!, length, alpha, beta);
        at += length;
      });
    },
    vjp: [
      (cotangent, { options }) => scaled(cotangent, options.beta),
      (cotangent, node) => leftGradient(scaled(cotangent, node.options.alpha), node),
      (cotangent, node) => rightGradient(scaled(cotangent, node.options.alpha), node),
    ],
    samples: [
      (draw) => [...drawn(draw, ranks)],
      (draw) => [
        ...drawn(draw, ranks),
        { beta: draw.pick([0.5, -2]), alpha: draw.pick([1, -1.5]) },
      ],
      (draw) => [
        ...drawn(draw, ranks),
        draw.pick([{ beta: 0 }, { beta: 0, alpha: 2 }, { alpha: 0 }]),
      ],
    ],
    rejects: [
      {
        call: () => [zeros([2]), zeros([2]), zeros([2])],
        message: new RegExp(`${name}: the factors must be .*, but have shapes \\[2\\] and \\[2\\]`),
        type: ShapeError,
      },
      {
        call: () => [zeros([7, 1, 1, 1]), ...ranks.map((rank) => zeros(new Array(rank).fill(3)))],
        message: /the input of shape \[7, 1, 1, 1\] does not stretch to that of the product/,
        type: ShapeError,
      },
      {
        call: () => [0, ...ranks.map((rank) => zeros(new Array(rank).fill(3))), { gamma: 1 }],
        message: /unknown option "gamma". Known: beta, alpha/,
        type: ArgumentError,
      },
      {
        call: () => [0, ...ranks.map((rank) => zeros(new Array(rank).fill(3))), { beta: "1" }],
        message: /beta must be a number, not "1"/,
        type: ArgumentError,
      },
      {
        call: () => [
          ...[0, ...ranks].map((rank) => zeros(new Array(rank).fill(3), { dtype: "int32" })),
          { alpha: 0.5 },
        ],
        message: /alpha is 0.5, but the operands are int32/,
        type: ArgumentError,
      },
    ],
    edges: [
      {
        note: "with beta = 0 the input does not count, not even its NaN",
        call: () => [
          tensor(Number.NaN),
          ...ranks.map((rank) => tensor(2).reshape(new Array(rank).fill(1))),
          { beta: 0 },
        ],
        result: [4],
        gradients: [[0], [2], [2]],
      },
    ],
  });
}

function scaled(cotangent: Tensor, factor: number): Tensor {
  return factor === 1 ? cotangent : mul(cotangent, factor);
}

function drawn(draw: Draw, [rankA, rankB]: readonly [number, number]): Tensor[] {
  const k = draw.length(0);
  const stack = rankA === 3 ? [draw.length()] : [];
  const rows = draw.length();
  const columns = rankB === 1 ? [] : [draw.length()];
  return [
    draw.tensor(draw.broadcastable([...stack, rows, ...columns])),
    draw.tensor([...stack, rows, k]),
    draw.tensor([...stack, k, ...columns]),
  ];
}

/**
 * β·input + α·(a·b) for matrices: input broadcasts to the shape of the product, [m, k] × [k, n] → [m, n].
 *
 * @throws {ShapeError} when a factor is no matrix, the inner dimensions differ, or the input does not broadcast.
 * @throws {ArgumentError} for a broken option, or a decimal factor on int32.
 * @example
 * import { addmm, tensor } from "@chainrule/core";
 * const a = tensor([[1, 2], [3, 4]]);
 * addmm(tensor([100, 200]), a, a, { alpha: 10 }).toArray(); // → [ [ 170, 300 ], [ 250, 420 ] ]
 */
export const addmm: AddProduct = addProduct({
  name: "addmm",
  ranks: [2, 2],
  factors: "two matrices",
  formula: String.raw`Y = \beta X + \alpha A B`,
});

/**
 * β·input + α·(a·x) for a matrix and a vector, [m, k] × [k] → [m]; input broadcasts to [m].
 *
 * @throws {ShapeError} when the factors are not a matrix and a vector, the inner dimensions differ, or the input does not
 * broadcast.
 * @throws {ArgumentError} as `addmm`.
 * @example
 * import { addmv, tensor } from "@chainrule/core";
 * addmv(tensor([100, 200]), tensor([[1, 2], [3, 4]]), tensor([1, 10])); // → tensor([121, 243])
 */
export const addmv: AddProduct = addProduct({
  name: "addmv",
  ranks: [2, 1],
  factors: "a matrix and a vector",
  formula: String.raw`y = \beta x + \alpha A v`,
});

/**
 * β·input + α·(aᵢ·bᵢ) for two stacks of matrices, [s, m, k] × [s, k, n] → [s, m, n]; input broadcasts to that.
 *
 * @throws {ShapeError} when a factor is not 3-D, the stacks differ in size, the inner dimensions differ, or the input
 * does not broadcast.
 * @throws {ArgumentError} as `addmm`.
 * @example
 * import { baddbmm, ones, tensor } from "@chainrule/core";
 * baddbmm(tensor(1), ones([2, 1, 3]), ones([2, 3, 1])).toArray(); // → [ [ [ 4 ] ], [ [ 4 ] ] ]
 */
export const baddbmm: AddProduct = addProduct({
  name: "baddbmm",
  ranks: [3, 3],
  factors: "two stacks of as many matrices",
  formula: String.raw`Y_s = \beta X_s + \alpha A_s B_s`,
});

/**
 * β·input + α·Σₛ aₛ·bₛ: the sum of the products of two stacks of matrices, [s, m, k] × [s, k, n] → [m, n].
 *
 * @throws {ShapeError} when a factor is not 3-D, the stacks differ in size, the inner dimensions differ, or the input
 * does not broadcast.
 * @throws {ArgumentError} as `addmm`.
 * @example
 * import { addbmm, ones, tensor } from "@chainrule/core";
 * addbmm(tensor([[100]]), ones([2, 1, 3]), ones([2, 3, 1])); // → tensor([[106]])
 */
export function addbmm(
  input: TensorLike,
  a: TensorLike,
  b: TensorLike,
  options?: AddProductOptions,
): Tensor {
  const [x, left, right] = toOperands("addbmm", [input, a, b]);
  const [s, m, k] = left!.shape;
  const [t, , n] = right!.shape;
  if (left!.ndim !== 3 || right!.ndim !== 3 || s !== t || k !== right!.shape[1]) {
    throw new ShapeError(
      `addbmm: the factors must be two stacks of as many matrices, [s, m, k] and [s, k, n], but have shapes ${formatShape(left!.shape)} and ${formatShape(right!.shape)}.`,
      { a: left!.shape, b: right!.shape },
    );
  }
  // Side by side the matrices of one stack meet those of the other one below the other: one product with s·k terms.
  const wide = reshape(permute(left!, [1, 0, 2]), [m!, s! * k!]);
  return addmm(x!, wide, reshape(right!, [s! * k!, n!]), options);
}

/**
 * β·input + α·(a ⊗ b) for two vectors, yᵢⱼ = β·inputᵢⱼ + α·aᵢ·bⱼ: [m] × [n] → [m, n].
 *
 * @throws {ShapeError} when a factor is no vector, or the input does not broadcast.
 * @throws {ArgumentError} as `addmm`.
 * @example
 * import { addr, tensor } from "@chainrule/core";
 * addr(tensor(100), tensor([1, 2]), tensor([1, 10])).toArray(); // → [ [ 101, 110 ], [ 102, 120 ] ]
 */
export function addr(
  input: TensorLike,
  a: TensorLike,
  b: TensorLike,
  options?: AddProductOptions,
): Tensor {
  const [x, left, right] = toOperands("addr", [input, a, b]);
  if (left!.ndim !== 1 || right!.ndim !== 1) {
    throw new ShapeError(
      `addr: the factors must be vectors, but have shapes ${formatShape(left!.shape)} and ${formatShape(right!.shape)}.`,
      { a: left!.shape, b: right!.shape },
    );
  }
  return addmm(
    x!,
    reshape(left!, [left!.shape[0]!, 1]),
    reshape(right!, [1, right!.shape[0]!]),
    options,
  );
}
