/**
 * Pointwise expressions whose operands broadcast along trailing dimensions, in shared memory.
 *
 * The result falls into rows, in each of which such an operand is one number: a scale for each channel of images, what is
 * subtracted from all elements of a row, the cotangent of a sum. The loop of the expression runs once for each row, and
 * nothing is expanded.
 */
import { copyStrided } from "../kernels/copy.ts";
import { broadcastStrides, elementCount } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { isShared } from "./backend.ts";
import type { LoopOfTeam } from "./pointwise-lies.ts";
import { lies, partLength } from "./pointwise-lies.ts";
import type { Scratch } from "./scratch.ts";
import type { Team } from "./threads/team.ts";

/** Shorter rows are not worth a call of the loop. */
const leastLength = 32;

/** A result in rows. */
export interface Rows {
  readonly length: number;
  /** The leading dimensions: one index for each row. */
  readonly shape: readonly number[];
  /** How each operand lies. */
  readonly ways: readonly number[];
  /** How many numbers lie outside of shared memory, of how many. */
  readonly missing: number;
  readonly numbers: number;
}

/** How many trailing dimensions of `shape` an operand of such strides does not move along. */
function stillDimensions(shape: readonly number[], strides: readonly number[]): number {
  let still = 0;
  while (still < shape.length) {
    const dim = shape.length - 1 - still;
    if (strides[dim] !== 0 && shape[dim] !== 1) break;
    still++;
  }
  return still;
}

/**
 * The longest rows of `out` in which every operand that lies elsewhere is one number; `null` where they are too short, and
 * where one is not. Periodic operands have to begin anew with a row, or with some rows.
 */
export function rowsOf(
  out: Tensor,
  operands: readonly Tensor[],
  ways: readonly number[],
): Rows | null {
  const { shape } = out;
  let still = shape.length;
  for (const [i, x] of operands.entries()) {
    if (ways[i] !== lies.elsewhere) continue;
    still = Math.min(still, stillDimensions(shape, broadcastStrides(x.shape, x.strides, shape)));
  }
  const leading = shape.slice(0, shape.length - still);
  const length = elementCount(shape.slice(shape.length - still));
  // Vectors must not reach into the next row.
  if (length < leastLength || length % 4 !== 0) return null;
  const count = out.numel();
  let missing = isShared(out.storage.data) ? 0 : count;
  let numbers = count;
  for (const [i, x] of operands.entries()) {
    if (ways[i] === lies.consecutive) {
      numbers += count;
      if (!isShared(x.storage.data)) missing += count;
    }
    if (ways[i] === lies.periodic && x.numel() % length !== 0) return null;
  }
  const inRows = ways
    .slice(0, operands.length)
    .map((way) => (way === lies.elsewhere ? lies.constantInRows : way));
  return { length, shape: leading, ways: inRows, missing, numbers };
}

/** Runs the loop for each row, in parts. Whether it took all elements; `null`, with nothing done, without memory. */
export function computeRows(
  { crew, scratch }: Team,
  { id, constants }: LoopOfTeam,
  { length, shape, ways, missing }: Rows,
  out: Tensor,
  operands: readonly Tensor[],
  parameters: readonly number[],
): boolean | null {
  const count = out.numel();
  const rowCount = count / length;
  const inRows = ways.filter((way) => way === lies.constantInRows).length;
  const periods = operands.reduce(
    (sum, x, i) => sum + (ways[i] === lies.periodic ? x.numel() : 1),
    0,
  );
  const room = missing + inRows * rowCount + periods + parameters.length + constants.length;
  if (!crew.begin(room, operands.length + 3, 0, 0)) return null;
  const parameterAddress = scratch.take(parameters.length);
  scratch.floats.set(parameters, parameterAddress >> 2);
  const constantAddress = scratch.take(constants.length);
  scratch.words.set(constants, constantAddress >> 2);
  const data = out.storage.data as Float32Array;
  const target = scratch.target(data, out.offset, count);
  const addresses = operands.map((x, i) => place(scratch, x, ways[i]!, out, shape));
  const rowsInPart = Math.max(1, Math.floor(partLength / length));
  for (let row = 0; row < rowCount; row++) {
    const at = 4 * row * length;
    const from = operands.map((x, i) => {
      const address = addresses[i]!;
      if (ways[i] === lies.consecutive) return address + at;
      if (ways[i] === lies.constantInRows) return address + 4 * row;
      return ways[i] === lies.periodic ? address + (at % (4 * x.numel())) : address;
    });
    crew.call(id, 0, [4 * length, target + at, parameterAddress, constantAddress, ...from]);
    if (row % rowsInPart === rowsInPart - 1 || row === rowCount - 1) crew.part();
  }
  if (crew.run() !== 0) return false;
  scratch.get(target, count, data, out.offset);
  return true;
}

/** Where an operand's numbers are found: all of them, one for each row, a period, or the only one. */
function place(
  scratch: Scratch,
  x: Tensor,
  way: number,
  out: Tensor,
  rows: readonly number[],
): number {
  const { data } = x.storage;
  if (way === lies.constantInRows) {
    const address = scratch.take(elementCount(rows));
    const strides = broadcastStrides(x.shape, x.strides, out.shape);
    copyStrided(scratch.floats, address >> 2, data, x.offset, rows, strides.slice(0, rows.length));
    return address;
  }
  const count = way === lies.consecutive ? out.numel() : way === lies.periodic ? x.numel() : 1;
  if (way === lies.consecutive && data instanceof Float32Array)
    return scratch.put(data, x.offset, x.offset + count);
  const address = scratch.take(count);
  scratch.floats.set(data.subarray(x.offset, x.offset + count), address >> 2);
  return address;
}
