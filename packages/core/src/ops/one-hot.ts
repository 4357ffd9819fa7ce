/**
 * Classes as rows with a single one.
 */
import type { TensorLike } from "../creation.ts";
import { tensor } from "../creation.ts";
import type { DType } from "../dtype.ts";
import { checkInteger, DTypeError, IndexError, ShapeError } from "../errors.ts";
import { checkIndices } from "../kernels/gather.ts";
import type { Op } from "../op.ts";
import { contiguousOperand, defineOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";

/**
 * For each class in x a row of `numClasses` zeros with a one at its place: int32, with a new last dimension. There are as
 * many classes as the largest asks for unless given (or −1).
 *
 * @throws {IndexError} when a class is negative or not less than `numClasses`.
 * @throws {DTypeError} when x is not int32.
 * @throws {ShapeError} when x is empty and the number of classes not given.
 * @example
 * import { oneHot } from "@chainrule/core";
 * oneHot([0, 2]).toArray(); // → [ [ 1, 0, 0 ], [ 0, 0, 1 ] ]
 * oneHot([1], 4).toArray(); // → [ [ 0, 1, 0, 0 ] ]
 */
export const oneHot: Op<(x: TensorLike, numClasses?: number) => Tensor> = defineOp({
  name: "oneHot",
  formula: "y_{i k} = [x_i = k]",
  call: (x: TensorLike, numClasses = -1) => ({
    operands: [x],
    options: { numClasses: checkInteger("oneHot", "numClasses", numClasses, -1) },
  }),
  kinds: ["index"],
  shape: ([x], { numClasses }) => [...x!.shape, classesOf(x!, numClasses)],
  dtype: (): DType => "int32",
  forward: ([x], y, { numClasses }) => {
    const count = classesOf(x!, numClasses);
    checkIndices("oneHot", x!, count, 0, [count]);
    const { storage, offset } = contiguousOperand(x!);
    for (let i = 0; i < x!.numel(); i++) y.storage.data[i * count + storage.data[offset + i]!] = 1;
  },
  samples: [
    (draw) => [draw.indices(draw.shape(0, 2, 0), 4), draw.integer(4, 5)],
    (draw) => [draw.indices(draw.shape(0, 3), 3)],
  ],
  rejects: [
    { call: () => [[0, 3], 3], message: /index 3 at \[1\] is out of range/, type: IndexError },
    { call: () => [[-1]], message: /index -1 at \[0\] is out of range/, type: IndexError },
    {
      call: () => [tensor([], { dtype: "int32" })],
      message: /no classes to count/,
      type: ShapeError,
    },
    { call: () => [tensor([1.5])], message: /must be int32, not float32/, type: DTypeError },
    { call: () => [[0], 0.5], message: /numClasses must be a whole number/ },
  ],
  edges: [
    { note: "no classes for nobody", call: () => [tensor([], { dtype: "int32" }), 0], result: [] },
    { note: "a single class", call: () => [0], result: [1] },
  ],
});

function classesOf(x: Tensor, numClasses: number): number {
  if (numClasses >= 0) return numClasses;
  if (x.numel() === 0)
    throw new ShapeError("oneHot: an empty tensor has no classes to count. Give their number.");
  let largest = 0;
  for (const one of x.toTypedArray()) if (one > largest) largest = one;
  return largest + 1;
}
