/**
 * Where a tensor is not zero.
 */
import type { TensorLike } from "../creation.ts";
import { newTensor, tensor, toTensor } from "../creation.ts";
import type { DType, TypedArray } from "../dtype.ts";
import { ArgumentError, checkOptions } from "../errors.ts";
import { capture } from "../graph/capture.ts";
import { forEachRow } from "../kernels/rows.ts";
import { perDType } from "../kernels/specialize.ts";
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
  const count = nonzeroCount(x);
  const found = x.shape.map(() => newTensor("int32", [count]));
  const arrays = found.map(({ storage }) => storage.data);
  const last = arrays.at(-1);
  if (last === undefined || count === 0) return found;
  const { data } = x.storage;
  const findRow = findRowFor(data);
  const length = x.shape.at(-1)!;
  const step = x.strides.at(-1)!;
  const position = new Array<number>(x.ndim - 1).fill(0);
  let place = x.offset;
  let at = 0;
  for (let rows = x.numel() / length; rows > 0; rows--) {
    const end = findRow(last, at, data, place, step, length);
    for (let dim = 0; dim < position.length; dim++) arrays[dim]!.fill(position[dim]!, at, end);
    at = end;
    for (let dim = position.length - 1; dim >= 0; dim--) {
      position[dim]!++;
      place += x.strides[dim]!;
      if (position[dim]! < x.shape[dim]!) break;
      place -= x.shape[dim]! * x.strides[dim]!;
      position[dim] = 0;
    }
  }
  return found;
}

/** Notes the positions of a row that are not zero, and returns where the next go. */
const findRowFor = perDType(function findRow(
  found: TypedArray,
  to: number,
  data: TypedArray,
  from: number,
  step: number,
  length: number,
): number {
  let at = to;
  for (let i = 0; i < length; i++) {
    if (data[from] !== 0) {
      found[at] = i;
      at++;
    }
    from += step;
  }
  return at;
});

/** The number of elements that are not zero. */
export function nonzeroCount(x: Tensor): number {
  capture?.reads(x);
  let count = 0;
  const countRow = countRowFor(x.storage.data);
  forEachRow(x.shape, [x.strides], [x.offset], (length, [step], [from]) => {
    count += countRow(x.storage.data, from!, step!, length);
  });
  return count;
}

const countRowFor = perDType(function countRow(
  data: TypedArray,
  from: number,
  step: number,
  length: number,
): number {
  let count = 0;
  for (let i = 0; i < length; i++) {
    if (data[from] !== 0) count++;
    from += step;
  }
  return count;
});

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
  shape: ([x]) => [nonzeroCount(x!), x!.ndim],
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

/**
 * The positions of all elements that are not zero (NaN is not), in row-major order: int32, a row for each with its index
 * along every dimension; or, as a tuple, a tensor for each dimension, ready for `at`.
 *
 * @throws {ArgumentError} inside `vmap`, where samples differ in it.
 * @example
 * import { nonzero, tensor } from "@chainrule/core";
 * nonzero(tensor([[1, 0], [0, 2]])).toArray(); // → [ [ 0, 0 ], [ 1, 1 ] ]
 * nonzero(tensor([0, 5, 6]), { asTuple: true })[0]?.toArray(); // → [ 1, 2 ]
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

/**
 * The positions of all elements that are not zero, a row for each; NumPy's name for {@link nonzero}.
 *
 * @throws {ArgumentError} inside `vmap`, where samples differ in it.
 * @example
 * import { argwhere, tensor } from "@chainrule/core";
 * argwhere(tensor([0, 5, 6])).toArray(); // → [ [ 1 ], [ 2 ] ]
 */
export function argwhere(x: TensorLike): Tensor {
  return nonzero(x);
}
