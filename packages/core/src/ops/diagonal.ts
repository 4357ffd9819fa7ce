/**
 * Diagonals: looked at, and put among zeros.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor, zeros } from "../creation.ts";
import { checkInteger, checkOptions, IndexError, ShapeError } from "../errors.ts";
import { copyInto } from "../kernels/copy.ts";
import type { Layout, Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Shape } from "../shape.ts";
import { checkShape, contiguousStrides, formatShape, normalizeDim, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Which diagonal: in the plane of two dimensions, so many places above (below, if negative) the main one. */
export interface DiagonalOptions {
  offset?: number;
  dim1?: number;
  dim2?: number;
}

type Plane = Required<Readonly<DiagonalOptions>>;

function planeOf(
  where: string,
  shape: Shape,
  options: DiagonalOptions | undefined,
  defaults: Plane = { offset: 0, dim1: 0, dim2: 1 },
): Plane {
  checkOptions(where, options, ["offset", "dim1", "dim2"]);
  const offset = checkInteger(where, "offset", options?.offset ?? defaults.offset);
  if (shape.length < 2) {
    throw new ShapeError(
      `${where}: a diagonal lies in two dimensions, but shape ${formatShape(shape)} has ${shape.length}.`,
      { shape },
    );
  }
  const dim1 = normalizeDim(where, options?.dim1 ?? defaults.dim1, shape.length);
  const dim2 = normalizeDim(where, options?.dim2 ?? defaults.dim2, shape.length);
  if (dim1 === dim2) {
    throw new IndexError(
      `${where}: dim1 and dim2 are both ${dim1}; a diagonal lies in two dimensions.`,
      { dim1, dim2 },
    );
  }
  return { offset, dim1, dim2 };
}

/** How a diagonal lies in a tensor: the other dimensions, then the one along the diagonal. */
function layoutOf(
  { shape, strides, offset: start }: Layout,
  { offset, dim1, dim2 }: Plane,
): Layout {
  const others = shape.flatMap((_, dim) => (dim === dim1 || dim === dim2 ? [] : [dim]));
  const length = Math.max(
    0,
    Math.min(shape[dim1]! + Math.min(offset, 0), shape[dim2]! - Math.max(offset, 0)),
  );
  const skip = offset >= 0 ? offset * strides[dim2]! : -offset * strides[dim1]!;
  return {
    shape: [...others.map((dim) => shape[dim]!), length],
    strides: [...others.map((dim) => strides[dim]!), strides[dim1]! + strides[dim2]!],
    offset: length > 0 ? start + skip : start,
  };
}

/**
 * A diagonal of x, as a view: of the matrices in `dim1` and `dim2` (0 and 1 unless given), `offset` places above the main
 * one. Those dimensions go, and one along the diagonal comes last.
 *
 * @throws {ShapeError} when x has fewer than two dimensions.
 * @throws {IndexError} when a dimension is out of range, or both are the same.
 * @example
 * import { diagonal, tensor } from "@chainrule/core";
 * const x = tensor([[1, 2, 3], [4, 5, 6]]);
 * diagonal(x).toArray(); // → [ 1, 5 ]
 * diagonal(x, { offset: 1 }).toArray(); // → [ 2, 6 ]
 */
export const diagonal: Op<(x: TensorLike, options?: DiagonalOptions) => Tensor> = defineOp({
  name: "diagonal",
  formula: "y_i = x_{i,\\, i + k}",
  call: (x: TensorLike, options?: DiagonalOptions) => {
    const source = toTensor("diagonal", x);
    return { operands: [source], options: planeOf("diagonal", source.shape, options) };
  },
  kinds: ["any"],
  view: (x, plane) => layoutOf(x, plane),
  vjp: [(cotangent, node) => placeDiagonal(cotangent, node.shapeOf(0), node.options)],
  batch: ([x], _batched, plane) => diagonal(x!, shifted(plane)),
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(2, 3, 0));
      const dim1 = draw.dim(x.ndim);
      const dim2 = (normalizeDim("", dim1, x.ndim) + draw.integer(1, x.ndim - 1)) % x.ndim;
      return [x, { offset: draw.integer(-3, 3), dim1, dim2 }];
    },
    (draw) => [draw.tensor([draw.length(), draw.length()])],
  ],
  rejects: [
    { call: () => [zeros([3])], message: /shape \[3\] has 1/, type: ShapeError },
    { call: () => [zeros([3, 3]), { dim1: 1 }], message: /are both 1/, type: IndexError },
    { call: () => [zeros([3, 3]), { dim2: 2 }], message: /dim 2 is out of/, type: IndexError },
    { call: () => [zeros([3, 3]), { offset: 0.5 }], message: /offset must be a whole number/ },
    { call: () => [zeros([3, 3]), { k: 1 }], message: /unknown option "k"/ },
  ],
  edges: [
    {
      note: "a diagonal beyond the corner is empty",
      call: () => [zeros([2, 2]), { offset: 2 }],
      result: [],
      gradients: [[0, 0, 0, 0]],
    },
  ],
});

function shifted({ offset, dim1, dim2 }: Plane): Plane {
  return { offset, dim1: dim1 + 1, dim2: dim2 + 1 };
}

/**
 * A tensor of zeros of a given shape with x on a diagonal, where {@link diagonal} with the same options would read it:
 * its adjoint.
 *
 * @throws {ShapeError} when x does not have the shape of that diagonal.
 * @throws {IndexError} when a dimension is out of range, or both are the same.
 * @example
 * import { placeDiagonal, tensor } from "@chainrule/core";
 * placeDiagonal(tensor([1, 2]), [2, 3]).toArray(); // → [ [ 1, 0, 0 ], [ 0, 2, 0 ] ]
 */
export const placeDiagonal: Op<(x: TensorLike, shape: Shape, options?: DiagonalOptions) => Tensor> =
  defineOp({
    name: "placeDiagonal",
    formula: "y_{i,\\, i + k} = x_i",
    call: (x: TensorLike, shape: Shape, options?: DiagonalOptions) => {
      const whole = checkShape("placeDiagonal", shape);
      return {
        operands: [x],
        options: { shape: whole, ...planeOf("placeDiagonal", whole, options) },
      };
    },
    kinds: ["any"],
    shape: ([x], { shape, ...plane }) => {
      const part = layoutOf({ shape, strides: contiguousStrides(shape), offset: 0 }, plane);
      if (!sameShape(part.shape, x!.shape)) {
        throw new ShapeError(
          `placeDiagonal: the operand has shape ${formatShape(x!.shape)}, but that diagonal of ${formatShape(shape)} has ${formatShape(part.shape)}.`,
          { operand: x!.shape, diagonal: part.shape },
        );
      }
      return shape;
    },
    forward: ([x], y, plane) => {
      const part = layoutOf(y, plane);
      const { storage, offset, strides } = x!;
      copyInto(
        y.storage.data,
        part.offset,
        part.strides,
        storage.data,
        offset,
        strides,
        part.shape,
      );
    },
    vjp: [
      (cotangent, { options: { offset, dim1, dim2 } }) =>
        diagonal(cotangent, { offset, dim1, dim2 }),
    ],
    batch: ([x], _batched, { shape, ...plane }) =>
      placeDiagonal(x!, [x!.shape[0]!, ...shape], shifted(plane)),
    samples: [
      (draw) => {
        const shape = draw.shape(2, 3, 0);
        const plane = { offset: draw.integer(-3, 3), dim1: draw.pick([0, -1]), dim2: 1 };
        if (shape.length === 2) plane.dim1 = 0;
        return [draw.tensor(diagonal(zeros(shape), plane).shape), shape, plane];
      },
    ],
    rejects: [
      {
        call: () => [zeros([3]), [2, 2]],
        message: /operand has shape \[3\], but that diagonal of \[2, 2\] has \[2\]/,
        type: ShapeError,
      },
      { call: () => [zeros([]), [2]], message: /shape \[2\] has 1/, type: ShapeError },
    ],
    edges: [
      {
        note: "nothing on a diagonal beyond the corner",
        call: () => [zeros([0]), [2, 2], { offset: 2 }],
        result: [0, 0, 0, 0],
        gradients: [[]],
      },
    ],
  });

/**
 * Square matrices with the last dimension of x on a diagonal, and zeros elsewhere. The matrices lie in `dim1` and `dim2`
 * of the result, the last two unless given.
 *
 * @throws {ShapeError} when x is 0-d.
 * @throws {IndexError} when a dimension is out of range, or both are the same.
 * @example
 * import { diagEmbed, tensor } from "@chainrule/core";
 * diagEmbed(tensor([1, 2])).toArray(); // → [ [ 1, 0 ], [ 0, 2 ] ]
 */
export function diagEmbed(x: TensorLike, options?: DiagonalOptions): Tensor {
  const source = toTensor("diagEmbed", x);
  if (source.ndim === 0)
    throw new ShapeError("diagEmbed: a 0-d tensor has no dimension to lay on a diagonal.");
  const shape = new Array<number>(source.ndim + 1).fill(0);
  const plane = planeOf("diagEmbed", shape, options, { offset: 0, dim1: -2, dim2: -1 });
  const side = source.shape.at(-1)! + Math.abs(plane.offset);
  let next = 0;
  for (let dim = 0; dim < shape.length; dim++)
    shape[dim] = dim === plane.dim1 || dim === plane.dim2 ? side : source.shape[next++]!;
  return placeDiagonal(source, shape, plane);
}

/** Options of {@link diag}. */
export interface DiagOptions {
  /** How many places above (below, if negative) the main diagonal. */
  diagonal?: number;
}

/**
 * A diagonal of a matrix (a view), or a square matrix with a row of numbers on a diagonal.
 *
 * @throws {ShapeError} when x has neither one dimension nor two.
 * @example
 * import { diag, tensor } from "@chainrule/core";
 * diag(tensor([[1, 2], [3, 4]])).toArray(); // → [ 1, 4 ]
 * diag(tensor([5]), { diagonal: 1 }).toArray(); // → [ [ 0, 5 ], [ 0, 0 ] ]
 */
export function diag(x: TensorLike, options?: DiagOptions): Tensor {
  checkOptions("diag", options, ["diagonal"]);
  const source = toTensor("diag", x);
  const offset = checkInteger("diag", "diagonal", options?.diagonal ?? 0);
  if (source.ndim === 1) return diagEmbed(source, { offset });
  if (source.ndim === 2) return diagonal(source, { offset });
  throw new ShapeError(
    `diag: expected one dimension or two, not shape ${formatShape(source.shape)}. Use diagonal or diagEmbed.`,
    { shape: source.shape },
  );
}

/**
 * A square matrix with all elements of x on a diagonal, `offset` places above the main one.
 *
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { diagflat, tensor } from "@chainrule/core";
 * diagflat(tensor([[1], [2]])).toArray(); // → [ [ 1, 0 ], [ 0, 2 ] ]
 */
export function diagflat(x: TensorLike, options?: { offset?: number }): Tensor {
  checkOptions("diagflat", options, ["offset"]);
  const source = toTensor("diagflat", x);
  return diagEmbed(source.reshape([source.numel()]), { offset: options?.offset ?? 0 });
}
