/**
 * Softmax and its kin of float32 numbers in WebAssembly, along any dimension.
 *
 * Kernels compute rows: what lies in another order is copied there and back. Sums are kept in double precision; what they
 * are made of and what comes of them is rounded to float32.
 */
import { planOf } from "../kernels/copy.ts";
import type { Shape } from "../shape.ts";
import { contiguousStrides, elementCount } from "../shape.ts";
import { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { mayAccelerate } from "./backend.ts";
import { copyInParts } from "./copy.ts";
import type { Place, Task } from "./whole.ts";
import { computeWhole } from "./whole.ts";

/** So much work a number is, in products of a matrix product: with an exponential, and without. */
const workOfExponential = 32;
const workOfNumber = 16;
/** From so many numbers on copying them pays; those with exponentials are worth more. */
const leastNumbers = 1 << 11;
const leastExponentials = 1 << 9;
/** Numbers that a thread takes at a time, unless one row has more. */
const partNumbers = 1 << 13;

/** What is computed of the lanes of tensors of one shape, along some dimensions: the rows. */
interface Rows {
  readonly operands: readonly Tensor[];
  /** Of the shape of the operands; or, where rows are `folded`, with some numbers for each row. */
  readonly result: Tensor;
  readonly folded?: boolean;
  /** In rising order. */
  readonly dims: readonly number[];
  readonly exponentials: boolean;
  /** Other operands, whose addresses follow those of the rows. */
  readonly others?: readonly Tensor[];
}

/** Computes `count` rows of `length` numbers, from the `first` on; the addresses are those of the beginning. */
type ComputeRows = (
  kernels: Place["kernels"],
  target: number,
  sources: readonly number[],
  block: { readonly first: number; readonly count: number; readonly length: number },
) => void;

/** A tensor whose lanes along some dimensions, in rising order, are rows: its last dimensions. */
export function inRows(
  x: Tensor,
  dims: readonly number[],
): { readonly source: Tensor; readonly rows: number; readonly length: number } {
  const length = elementCount(dims.map((dim) => x.shape[dim]!));
  return { source: ordered(x, orderOf(x.ndim, dims)), rows: x.numel() / length, length };
}

/** All dimensions, some of them last. */
function orderOf(ndim: number, last: readonly number[]): number[] {
  const others = Array.from({ length: ndim }, (_, dim) => dim).filter((dim) => !last.includes(dim));
  return [...others, ...last];
}

/** A tensor with its dimensions in another order. */
function ordered(x: Tensor, order: readonly number[]): Tensor {
  const of = (lengths: Shape): number[] => order.map((dim) => lengths[dim]!);
  return new Tensor(x.storage, x.dtype, of(x.shape), of(x.strides), x.offset);
}

/** Has `compute` called for blocks of rows. False, with nothing done, where plain loops are to do it. */
export function computeRows(
  { operands, result, dims, exponentials, folded = false, others = [] }: Rows,
  compute: ComputeRows,
): boolean {
  const first = operands[0]!;
  const numbers = first.numel();
  if (numbers === 0 || !mayAccelerate(numbers)) return false;
  const order = orderOf(first.ndim, dims);
  const isInOrder = order.every((dim, place) => dim === place);
  const length = elementCount(dims.map((dim) => first.shape[dim]!));
  // Results that do not lie in rows are brought to their places when all are there.
  const isSpread = !isInOrder && !folded;
  const work = exponentials ? workOfExponential : workOfNumber;
  const task: Task = {
    operands: [...(isInOrder ? operands : operands.map((x) => ordered(x, order))), ...others],
    results: [result],
    work: work * numbers,
    least: work * (exponentials ? leastExponentials : leastNumbers),
    common: isSpread ? numbers : 0,
  };
  return computeWhole(task, ({ kernels, operands: sources, results, common, part, wait }) => {
    const rows = numbers / length;
    const target = isSpread ? common : results[0]!;
    const most = Math.max(1, Math.floor(partNumbers / length));
    for (let row = 0; row < rows; row += most) {
      compute(kernels, target, sources, { first: row, count: Math.min(most, rows - row), length });
      part();
    }
    if (!isSpread) return;
    wait();
    const inRows = ordered(result, order);
    const steps = contiguousStrides(inRows.shape);
    const from = result.shape.map((_, dim) => steps[order.indexOf(dim)]!);
    copyInParts(kernels, part, results[0]!, common, planOf(result.shape, result.strides, from));
  });
}

/** y = softmax x along a dimension, or its logarithm. False where plain loops are to do it. */
export function softmaxAccelerated(
  x: Tensor,
  dim: number,
  logarithmic: boolean,
  y: Tensor,
): boolean {
  if (x.ndim === 0 || !areFloats(x, y)) return false;
  return computeRows(
    { operands: [x], result: y, dims: [dim], exponentials: true },
    (kernels, target, [source], { first, count, length }) => {
      const at = 4 * first * length;
      if (logarithmic) kernels.logSoftmax(target + at, source! + at, count, length);
      else kernels.softmax(target + at, source! + at, 0, count, length);
    },
  );
}

/** The cotangent of the operand of a softmax, or of its logarithm. False where plain loops are to do it. */
export function softmaxGradientAccelerated(
  y: Tensor,
  cotangent: Tensor,
  dim: number,
  logarithmic: boolean,
  out: Tensor,
): boolean {
  if (y.ndim === 0 || !areFloats(y, cotangent, out)) return false;
  return computeRows(
    { operands: [y, cotangent], result: out, dims: [dim], exponentials: logarithmic },
    (kernels, target, [a, c], { first, count, length }) => {
      const at = 4 * first * length;
      if (logarithmic) kernels.logSoftmaxGradient(target + at, a! + at, c! + at, count, length);
      else kernels.softmaxGradient(target + at, a! + at, c! + at, count, length);
    },
  );
}

function areFloats(...tensors: readonly Tensor[]): boolean {
  return tensors.every(({ dtype }) => dtype === "float32");
}

/** Numbers for which no threads are needed. */
function numbers(shape: Shape, data: Float32Array = new Float32Array(elementCount(shape))): Tensor {
  return new Tensor(new Storage(data), "float32", shape);
}

/**
 * For each lane of x the largest number m and Σ exp(x − m); with weights Σ w·(x − m), too. Sums are those of two numbers.
 * `null` where plain loops are to do it.
 */
export function sumsOfExponentials(
  x: Tensor,
  dims: readonly number[],
  weights: Float32Array | null = null,
): Float32Array | null {
  if (x.ndim === 0 || x.numel() === 0 || !areFloats(x)) return null;
  const rows = x.numel() / elementCount(dims.map((dim) => x.shape[dim]!));
  const perRow = weights === null ? 3 : 5;
  if (!mayAccelerate(x.numel())) return null;
  const sums = numbers([rows, perRow]);
  const others = weights === null ? [] : [numbers([weights.length], weights)];
  const done = computeRows(
    { operands: [x], result: sums, folded: true, dims, exponentials: true, others },
    (kernels, target, [source, weight = 0], { first, count, length }) => {
      const to = target + 4 * perRow * first;
      kernels.sumExp(to, source! + 4 * first * length, weight, count, length);
    },
  );
  return done ? (sums.storage.data as Float32Array) : null;
}

/**
 * Fills `out` with softmax x along a dimension, each lane multiplied by its factor; less the products of what is to be
 * taken off each lane and the weights. False where plain loops are to do it.
 */
export function scaledSoftmax(
  x: Tensor,
  dim: number,
  factors: Float32Array,
  less: { readonly lanes: Float32Array; readonly weights: Float32Array } | null,
  out: Tensor,
): boolean {
  if (!areFloats(x, out)) return false;
  const others = [factors, ...(less === null ? [] : [less.lanes, less.weights])];
  return computeRows(
    {
      operands: [x],
      result: out,
      dims: [dim],
      exponentials: true,
      others: others.map((data) => numbers([data.length], data)),
    },
    (kernels, target, [source, factor, lane, weight], { first, count, length }) => {
      const at = 4 * first * length;
      kernels.softmax(target + at, source! + at, factor! + 4 * first, count, length);
      if (lane !== undefined)
        kernels.subtractProducts(target + at, lane + 4 * first, weight!, count, length);
    },
  );
}

/** y = ln Σ exp x over some dimensions. False where plain loops are to do it. */
export function logSumExpAccelerated(x: Tensor, dims: readonly number[], y: Tensor): boolean {
  const sums = sumsOfExponentials(x, dims);
  if (sums === null) return false;
  const { data } = y.storage;
  for (let row = 0; row < y.numel(); row++) {
    const largest = sums[3 * row]!;
    // Where all are −∞, or one is ∞, there is nothing to shift by: the plain loops know what to do.
    if (!Number.isFinite(largest)) return false;
    data[y.offset + row] = largest + Math.log(sums[3 * row + 1]! + sums[3 * row + 2]!);
  }
  return true;
}
