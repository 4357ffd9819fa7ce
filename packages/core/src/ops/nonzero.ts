/**
 * Where a tensor is not zero.
 */
import type { TensorLike } from "../creation.ts";
import { newTensor, tensor, toTensor } from "../creation.ts";
import type { DType } from "../dtype.ts";
import { ArgumentError, checkOptions } from "../errors.ts";
import type { Op, OpDefinition } from "../op.ts";
import { defineOp } from "../op.ts";
import { within } from "../samples.ts";
import type { Tensor } from "../tensor.ts";

/** The positions of all elements that are not zero: for each dimension, the index of each. */
export function nonzeroOf(where: string, x: Tensor): Tensor[] {
  if (x.batch !== null) {
    throw new ArgumentError(
      `${where}: inside vmap the samples differ in where they are not zero, so there is no one result. Use where or maskedFill.`,
    );
  }
  const flat = x.toTypedArray();
  let count = 0;
  for (let i = 0; i < flat.length; i++) if (flat[i] !== 0) count++;
  const found = x.shape.map(() => newTensor("int32", [count]));
  const step = found.map((_, dim) => x.shape.slice(dim + 1).reduce((a, b) => a * b, 1));
  for (const [dim, { storage }] of found.entries()) {
    const { data } = storage;
    const each = step[dim]!;
    const length = x.shape[dim]!;
    let at = 0;
    for (let i = 0; i < flat.length; i++)
      if (flat[i] !== 0) data[at++] = Math.floor(i / each) % length;
  }
  return found;
}

/** Options of {@link nonzero}. */
export interface NonzeroOptions {
  /** One tensor of indices for each dimension, as `at` takes them, rather than one with a row for each element. */
  asTuple?: boolean;
}

const nonzeroRows: Op<(x: TensorLike) => Tensor> = defineOp({
  name: "nonzero",
  formula: String.raw`\{ i : x_i \ne 0 \}`,
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  kinds: ["any"],
  shape: ([x]) => [x!.ndim === 0 ? Number(x!.item() !== 0) : countOf(x!), x!.ndim],
  dtype: (): DType => "int32",
  forward: ([x], y) => {
    for (const [dim, { storage }] of nonzeroOf("nonzero", x!).entries()) {
      const { data } = storage;
      for (let i = 0; i < data.length; i++) y.storage.data[i * x!.ndim + dim] = data[i]!;
    }
  },
  samples: [
    (draw) => [draw.mask(draw.shape(0, 3, 0))],
    (draw) => [draw.tensor(draw.shape(0, 3, 0), within(-1, 1, { whole: true }))],
  ],
  rejects: [{ call: () => ["x"], message: /nonzero: expected numbers/, type: ArgumentError }],
  edges: [
    {
      note: "NaN and -0",
      call: () => [tensor([Number.NaN, -0, 0])],
      result: [0],
    },
  ],
});

function countOf(x: Tensor): number {
  return nonzeroOf("nonzero", x)[0]!.numel();
}

/**
 * The positions of all elements that are not zero (NaN is not), in row-major order: int32, a row for each with its index
 * along every dimension; or, as a tuple, a tensor for each dimension, ready for `at`.
 *
 * @throws {ArgumentError} inside `vmap`, where samples differ in it.
 * @example
 * import { nonzero, tensor } from "@chainrule/core";
 * nonzero(tensor([[1, 0], [0, 2]])).toArray(); // → [ [ 0, 0 ], [ 1, 1 ] ]
 * nonzero(tensor([0, 5, 6]), { asTuple: true })[0].toArray(); // → [ 1, 2 ]
 */
export const nonzero: {
  (x: TensorLike, options: { asTuple: true }): Tensor[];
  (x: TensorLike, options?: NonzeroOptions): Tensor;
  readonly op: OpDefinition;
} = Object.assign(nonzeroOrTuple, { op: nonzeroRows.op });

function nonzeroOrTuple(x: TensorLike, options: { asTuple: true }): Tensor[];
function nonzeroOrTuple(x: TensorLike, options?: NonzeroOptions): Tensor;
function nonzeroOrTuple(x: TensorLike, options?: NonzeroOptions): Tensor | Tensor[] {
  checkOptions("nonzero", options, ["asTuple"]);
  if (options?.asTuple !== true) return nonzeroRows(x);
  const source = toTensor("nonzero", x);
  return nonzeroOf("nonzero", source.ndim === 0 ? source.reshape([1]) : source);
}
