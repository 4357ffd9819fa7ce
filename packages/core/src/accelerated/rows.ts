/**
 * Functions of rows of float32 numbers in WebAssembly: softmax and its kin, standardising.
 *
 * A row is the last dimension of a tensor. Sums are kept in double precision; what they are made of and what
 * comes of them is rounded to float32.
 */
import type { Tensor } from "../tensor.ts";
import type { Accelerator } from "./backend.ts";
import { acceleratorFor, isShared, mayAccelerate, paysToShare, teamFor } from "./backend.ts";
import type { Kernels } from "./kernels.ts";
import { inOrder } from "./order.ts";
import type { Scratch } from "./scratch.ts";

/** Numbers that pass through at a time, unless one row has more. */
const blockNumbers = 1 << 14;
/** From so many numbers on copying them pays; those with exponentials are worth more. */
const leastNumbers = 1 << 11;
const leastExponentials = 1 << 9;

/** From so many numbers on several threads are faster. */
const leastForTeam = 1 << 16;

/** The rows of float32 tensors, all of the same shape. */
interface Rows {
  readonly accelerator: Accelerator;
  readonly rows: number;
  readonly length: number;
}

/** Looks tensors over; `null` where plain loops are to do the work. */
function rowsOf(length: number, least: number, ...tensors: readonly Tensor[]): Rows | null {
  const count = tensors[0]!.numel();
  if (count === 0 || !mayAccelerate(count)) return null;
  for (const x of tensors) if (x.dtype !== "float32") return null;
  const accelerator = acceleratorFor(count, least);
  return accelerator === null ? null : { accelerator, rows: count / length, length };
}

function floatsOf(x: Tensor): Float32Array {
  return x.storage.data as Float32Array;
}

/** What is done with the numbers that belong to rows: `more` is their address. */
type ForRows = (scratch: Scratch, more: number, first: number, count: number) => void;

/** How rows are computed. */
interface Pass {
  /** Gets the addresses of the operands, that of the result, and of the numbers that belong to each row. */
  readonly compute: (
    kernels: Kernels,
    target: number,
    sources: readonly number[],
    more: number,
    count: number,
  ) => void;
  /** How many numbers belong to each row; they are copied in before, or out after the rows are computed. */
  readonly extra?: number;
  readonly before?: ForRows;
  readonly after?: ForRows;
}

/**
 * Passes rows through WebAssembly's memory, block by block. False, with nothing done, where there is no such memory.
 */
function pass(
  { accelerator: { scratch, kernels }, rows, length }: Rows,
  operands: readonly Tensor[],
  out: Tensor,
  how: Pass,
): boolean {
  if (passTogether(rows, length, operands, out, how)) return true;
  const { extra = 0, compute, before, after } = how;
  const most = Math.max(1, Math.min(rows, Math.floor(blockNumbers / length)));
  // A vector reaches beyond the last row by up to three numbers: the pieces are rounded up, and a line lies behind
  // each.
  const size = most * length + 16;
  const pieces = operands.length + 2;
  if (!scratch.begin(size * (operands.length + 1) + most * extra, pieces)) return false;
  const ordered = operands.map(inOrder);
  const sources = operands.map(() => scratch.take(size));
  const target = scratch.take(size);
  const more = scratch.take(most * extra);
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    for (let i = 0; i < operands.length; i++) {
      const { numbers, offset } = ordered[i]!;
      const from = offset + first * length;
      scratch.putAt(sources[i]!, numbers, from, from + count * length);
    }
    before?.(scratch, more, first, count);
    compute(kernels, target, sources, more, count);
    after?.(scratch, more, first, count);
    scratch.get(target, count * length, floatsOf(out), out.offset + first * length);
  }
  return true;
}

/** The same by several threads, in shared memory. False, with nothing done, where one thread is to do it. */
function passTogether(
  rows: number,
  length: number,
  operands: readonly Tensor[],
  out: Tensor,
  { extra = 0, compute, before, after }: Pass,
): boolean {
  // The last vector of a row must not reach into the next one, which somebody else may have written.
  if (length % 4 !== 0) return false;
  const numbers = rows * length;
  const tensors = [...operands, out];
  let missing = 0;
  for (const x of tensors) if (!isShared(x.storage.data) || !x.isContiguous()) missing += numbers;
  if (!paysToShare(missing, tensors.length * numbers)) return false;
  const team = teamFor(numbers * 16, leastForTeam * 16, missing === 0);
  if (team === null) return false;
  const { crew, scratch } = team;
  if (!crew.begin(missing + extra * rows, tensors.length + 1, 0, 0)) return false;
  const sources = operands.map((x) => {
    const ordered = inOrder(x);
    return scratch.put(ordered.numbers, ordered.offset, ordered.offset + numbers);
  });
  const target = scratch.target(floatsOf(out), out.offset, numbers);
  const more = scratch.take(extra * rows);
  before?.(scratch, more, 0, rows);
  const most = Math.max(1, Math.floor(blockNumbers / length));
  for (let first = 0; first < rows; first += most) {
    const at = 4 * first * length;
    const count = Math.min(most, rows - first);
    const from = sources.map((source) => source + at);
    compute(team.kernels, target + at, from, more + 4 * first * extra, count);
    crew.part();
  }
  crew.run();
  after?.(scratch, more, 0, rows);
  scratch.get(target, numbers, floatsOf(out), out.offset);
  return true;
}

function isLast(x: Tensor, dim: number): boolean {
  return x.ndim > 0 && dim === x.ndim - 1;
}

/** y = softmax x along the last dimension, or its logarithm. False where plain loops are to do it. */
export function softmaxAccelerated(
  x: Tensor,
  dim: number,
  logarithmic: boolean,
  y: Tensor,
): boolean {
  if (!isLast(x, dim)) return false;
  const rows = rowsOf(x.shape[dim]!, leastExponentials, x, y);
  if (rows === null) return false;
  const { length } = rows;
  return pass(rows, [x], y, {
    compute: (kernels, target, [source], _more, count) => {
      if (logarithmic) kernels.logSoftmax(target, source!, count, length);
      else kernels.softmax(target, source!, 0, count, length);
    },
  });
}

/** The cotangent of the operand of a softmax, or of its logarithm. False where plain loops are to do it. */
export function softmaxGradientAccelerated(
  y: Tensor,
  cotangent: Tensor,
  dim: number,
  logarithmic: boolean,
  out: Tensor,
): boolean {
  if (!isLast(y, dim)) return false;
  const least = logarithmic ? leastExponentials : leastNumbers;
  const rows = rowsOf(y.shape[dim]!, least, y, cotangent, out);
  if (rows === null) return false;
  const { length } = rows;
  return pass(rows, [y, cotangent], out, {
    compute: (kernels, target, [a, c], _more, count) => {
      if (logarithmic) kernels.logSoftmaxGradient(target, a!, c!, count, length);
      else kernels.softmaxGradient(target, a!, c!, count, length);
    },
  });
}

/** Standardises x of shape [1, rows, length]; see `standardizeGroups`. False where plain loops are to do it. */
export function standardizeAccelerated(
  x: Tensor,
  y: Tensor,
  mean: Tensor,
  variance: Tensor,
  eps: number,
  center: boolean,
): boolean {
  const [outer, , length] = x.shape as [number, number, number];
  if (outer !== 1 || mean.dtype !== "float32") return false;
  const rows = rowsOf(length, leastNumbers, x, y);
  if (rows === null) return false;
  const means = mean.storage.data;
  const variances = variance.storage.data;
  return pass(rows, [x], y, {
    extra: 2,
    compute: (kernels, target, [source], moments, count) =>
      kernels.standardize(target, source!, moments, count, length, eps, center ? 1 : 0),
    after: ({ floats }, moments, first, count) => {
      for (let i = 0, at = moments >> 2; i < count; i++, at += 2) {
        means[mean.offset + first + i] = floats[at]!;
        variances[variance.offset + first + i] = floats[at + 1]!;
      }
    },
  });
}

/** The gradient of {@link standardizeAccelerated}. False where plain loops are to do it. */
export function standardizeGradientAccelerated(
  cotangent: Tensor,
  y: Tensor,
  variance: Tensor,
  x: Tensor,
  eps: number,
  center: boolean,
): boolean {
  const [outer, , length] = y.shape as [number, number, number];
  if (outer !== 1 || variance.dtype !== "float32" || !variance.isContiguous()) return false;
  const rows = rowsOf(length, leastNumbers, cotangent, y, x);
  if (rows === null) return false;
  const centers = center ? 1 : 0;
  return pass(rows, [cotangent, y], x, {
    extra: 1,
    before: (scratch, variances, first, count) => {
      const from = variance.offset + first;
      scratch.putAt(variances, floatsOf(variance), from, from + count);
    },
    compute: (kernels, target, [c, a], variances, count) =>
      kernels.standardizeGradient(target, c!, a!, variances, count, length, eps, centers),
  });
}

/**
 * For rows of `length` numbers after one another: the largest number m of each, and Σ exp(x − m) as the sum of two
 * numbers; three numbers a row. `null` where plain loops are to do it.
 */
export function sumsOfExponentials(
  data: Float32Array,
  offset: number,
  rows: number,
  length: number,
): Float32Array | null {
  if (rows * length === 0 || !mayAccelerate(rows * length)) return null;
  const accelerator = acceleratorFor(rows * length, leastExponentials);
  if (accelerator === null) return null;
  const { scratch, kernels } = accelerator;
  const most = Math.max(1, Math.min(rows, Math.floor(blockNumbers / length)));
  if (!scratch.begin(most * (length + 3) + 16, 2)) return null;
  const source = scratch.take(most * length + 16);
  const target = scratch.take(3 * most);
  const sums = new Float32Array(3 * rows);
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    const from = offset + first * length;
    scratch.putAt(source, data, from, from + count * length);
    kernels.sumExp(target, source, count, length);
    scratch.get(target, 3 * count, sums, 3 * first);
  }
  return sums;
}

/**
 * Writes the softmax of rows of `length` numbers after one another to `out`, each multiplied by its factor. False where
 * plain loops are to do it.
 */
export function scaledSoftmax(
  out: Float32Array,
  data: Float32Array,
  offset: number,
  factors: Float32Array,
  length: number,
): boolean {
  const rows = factors.length;
  if (rows * length === 0 || !mayAccelerate(rows * length)) return false;
  const accelerator = acceleratorFor(rows * length, leastExponentials);
  if (accelerator === null) return false;
  const { scratch, kernels } = accelerator;
  const most = Math.max(1, Math.min(rows, Math.floor(blockNumbers / length)));
  if (!scratch.begin(2 * (most * length + 16) + most, 3)) return false;
  const source = scratch.take(most * length + 16);
  const target = scratch.take(most * length + 16);
  const scales = scratch.take(most);
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    const from = offset + first * length;
    scratch.putAt(source, data, from, from + count * length);
    scratch.floats.set(factors.subarray(first, first + count), scales >> 2);
    kernels.softmax(target, source, scales, count, length);
    scratch.get(target, count * length, out, first * length);
  }
  return true;
}
