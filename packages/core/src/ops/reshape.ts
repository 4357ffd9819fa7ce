/**
 * The same elements in the same order, in another shape.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor, zeros } from "../creation.ts";
import { ArgumentError, quoted, ShapeError } from "../errors.ts";
import { mergeDimensions } from "../kernels/rows.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Shape } from "../shape.ts";
import { elementCount, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Fills in the one length that may be given as −1, and refuses a shape with another number of elements. */
export function inferredShape(where: string, from: Shape, wanted: Shape): number[] {
  if (!Array.isArray(wanted)) {
    throw new ArgumentError(
      `${where}: a shape is an array such as [2, -1], not ${quoted(wanted)}.`,
      { shape: wanted },
    );
  }
  const count = elementCount(from);
  const shape = wanted.slice();
  let known = 1;
  let unknown = -1;
  let broken = false;
  for (const [dim, length] of shape.entries()) {
    if (length === -1 && unknown < 0) unknown = dim;
    else if (Number.isInteger(length) && length >= 0) known *= length;
    else broken = true;
  }
  if (unknown >= 0 && !broken) {
    // With no elements at all any length would do, so none can be told.
    if (known === 0 || count % known !== 0) broken = true;
    shape[unknown] = count / known;
    known = count;
  }
  if (broken || known !== count) {
    throw new ShapeError(
      `${where}: shape ${formatShape(from)} has ${count} elements, which do not fill ${formatShape(wanted)}. ` +
        "The product of the lengths must stay the same; one of them may be -1.",
      { from, to: wanted },
    );
  }
  return shape;
}

/** Strides under which a view of `shape` sees the same elements in the same order; `null` if there are none. */
export function reshapedStrides(from: Shape, strides: Shape, shape: Shape): number[] | null {
  const result = new Array<number>(shape.length).fill(1);
  if (elementCount(from) === 0) return result;
  const { lengths, strides: merged } = mergeDimensions(from, [strides]);
  // The merged dimensions are the blocks that memory holds evenly: each must be divided by the new lengths exactly.
  let block = lengths.length - 1;
  let left = block >= 0 ? lengths[block]! : 1;
  let step = block >= 0 ? merged[0]![block]! : 1;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    const length = shape[dim]!;
    if (length === 1) continue;
    if (left === 1) {
      block--;
      left = lengths[block]!;
      step = merged[0]![block]!;
    }
    if (left % length !== 0) return null;
    result[dim] = step;
    step *= length;
    left /= length;
  }
  return result;
}

/**
 * x in another shape; one length may be −1 and is inferred. A view where memory allows, else a copy.
 *
 * @throws {ShapeError} when the number of elements differs.
 * @example
 * import { arange, reshape } from "@chainrule/core";
 * reshape(arange(6), [2, -1]).shape; // → [ 2, 3 ]
 */
export const reshape: Op<(x: TensorLike, shape: Shape) => Tensor> = defineOp({
  name: "reshape",
  formula: String.raw`\operatorname{vec} y = \operatorname{vec} x`,
  call: (x: TensorLike, shape: Shape) => {
    const source = toTensor("reshape", x);
    return {
      operands: [source],
      options: { shape: inferredShape("reshape", source.shape, shape) },
    };
  },
  kinds: ["any"],
  view: (x, { shape }) => {
    const strides = reshapedStrides(x.shape, x.strides, shape);
    return strides === null ? null : { shape, strides, offset: x.offset };
  },
  vjp: [(cotangent, node) => reshape(cotangent, node.shapeOf(0))],
  batch: ([x], _batched, { shape }) => reshape(x!, [x!.shape[0]!, ...shape]),
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(0, 4, 0));
      return [x, draw.boolean() && x.numel() > 0 ? [-1] : [...x.shape].reverse()];
    },
    (draw) => [draw.tensor([draw.length(), 2, 3]), [3, -1, 2]],
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), [4]],
      message: /shape \[2, 3\] has 6 elements, which do not fill \[4\]/,
      type: ShapeError,
    },
    { call: () => [zeros([2, 3]), [4, -1]], message: /do not fill \[4, -1\]/, type: ShapeError },
    { call: () => [zeros([2, 3]), [-1, -1]], message: /do not fill \[-1, -1\]/, type: ShapeError },
  ],
  edges: [{ note: "nothing", call: () => [zeros([0, 3]), [3, 2, 0]], result: [], gradients: [[]] }],
});

/**
 * x in another shape, never copied: as {@link reshape}, but an error where memory does not allow a view.
 *
 * @throws {ShapeError} when the number of elements differs, or no view of that shape exists.
 * @example
 * import { arange, view } from "@chainrule/core";
 * view(arange(6), [2, -1]).shape; // → [ 2, 3 ]
 */
export function view(x: TensorLike, shape: Shape): Tensor {
  const source = toTensor("view", x);
  const wanted = inferredShape("view", source.shape, shape);
  if (reshapedStrides(source.shape, source.strides, wanted) === null) {
    throw new ShapeError(
      `view: a tensor of shape ${formatShape(source.shape)} that lies in memory with strides ${formatShape(source.strides)} cannot be seen as ${formatShape(wanted)} without a copy. Use reshape.`,
      { from: source.shape, strides: source.strides, to: wanted },
    );
  }
  return reshape(source, wanted);
}
