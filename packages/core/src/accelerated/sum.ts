/**
 * Sums of float32 numbers in WebAssembly, over leading or trailing dimensions, in double precision.
 *
 * The order of the additions depends on the shape only: what is not contiguous is copied in order first. Against the
 * exact sum a result is off by half a unit in the last place, and n·2⁻⁵³ of the sum of the magnitudes of its n terms.
 */
import type { Tensor } from "../tensor.ts";
import type { Accelerator } from "./backend.ts";
import { acceleratorFor, mayAccelerate } from "./backend.ts";
import { inOrder } from "./order.ts";

/** Numbers that pass through at a time, unless one row has more. */
const blockNumbers = 1 << 14;
/** From so many numbers on copying them pays. */
const leastNumbers = 1 << 12;
/** Longer rows are summed in so many columns, block by block. */
const longRow = 1 << 12;
const columnsOfLongRow = 64;

/** Fills y with the sums of x over `dims`, in rising order, divided. False where plain loops are to do it. */
export function sumAccelerated(
  x: Tensor,
  dims: readonly number[],
  y: Tensor,
  divisor: number,
): boolean {
  const count = x.numel();
  if (count === 0 || y.dtype !== "float32" || x.dtype !== "float32" || !mayAccelerate(count))
    return false;
  const isTogether = dims.length > 0 && dims.at(-1)! - dims[0]! === dims.length - 1;
  const isTrailing = isTogether && dims.at(-1) === x.ndim - 1;
  if (!isTrailing && !(isTogether && dims[0] === 0)) return false;
  const accelerator = acceleratorFor(count, leastNumbers);
  if (accelerator === null) return false;
  const results = y.numel();
  const { numbers, offset } = inOrder(x);
  const target = y.storage.data as Float32Array;
  if (!isTrailing) return sumOfRows(accelerator, numbers, offset, target, count, results, divisor);
  const length = count / results;
  if (length <= longRow)
    return sumsOfRows(accelerator, numbers, offset, target, results, length, divisor);
  const whole = length - (length % columnsOfLongRow);
  const sums = new Float64Array(columnsOfLongRow);
  for (let i = 0; i < results; i++) {
    const from = offset + i * length;
    if (!addRows(accelerator, numbers, from, whole, columnsOfLongRow, sums)) return false;
    let total = 0;
    for (let k = 0; k < columnsOfLongRow; k++) total += sums[k]!;
    for (let k = whole; k < length; k++) total += numbers[from + k]!;
    target[i] = total / divisor;
  }
  return true;
}

/** The sum of each row. */
function sumsOfRows(
  { scratch, kernels }: Accelerator,
  x: Float32Array,
  offset: number,
  y: Float32Array,
  rows: number,
  length: number,
  divisor: number,
): boolean {
  const most = Math.max(1, Math.min(rows, Math.floor(blockNumbers / length)));
  if (!scratch.begin(most * (length + 1) + 16, 2)) return false;
  const source = scratch.take(most * length + 16);
  const target = scratch.take(most);
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    const from = offset + first * length;
    scratch.putAt(source, x, from, from + count * length);
    kernels.sumRows(target, source, count, length, divisor);
    scratch.get(target, count, y, first);
  }
  return true;
}

/** The sum of all rows. */
function sumOfRows(
  accelerator: Accelerator,
  x: Float32Array,
  offset: number,
  y: Float32Array,
  count: number,
  length: number,
  divisor: number,
): boolean {
  const sums = new Float64Array(length);
  if (!addRows(accelerator, x, offset, count, length, sums)) return false;
  for (let i = 0; i < length; i++) y[i] = sums[i]! / divisor;
  return true;
}

/** Fills `sums` with the sums of the columns of `count` numbers in rows of `length`. */
function addRows(
  { scratch, kernels }: Accelerator,
  x: Float32Array,
  offset: number,
  count: number,
  length: number,
  sums: Float64Array,
): boolean {
  const most = Math.max(1, Math.floor(blockNumbers / length)) * length;
  if (!scratch.begin(Math.min(most, count) + 2 * length + 32, 2)) return false;
  const source = scratch.take(Math.min(most, count) + 16);
  const target = scratch.take(2 * length + 16);
  scratch.floats.fill(0, target >> 2, (target >> 2) + 2 * length + 16);
  for (let at = 0; at < count; at += most) {
    const numbers = Math.min(most, count - at);
    const from = offset + at;
    scratch.putAt(source, x, from, from + numbers);
    kernels.addRows(target, source, numbers / length, length);
  }
  sums.set(new Float64Array(scratch.floats.buffer, target, length));
  return true;
}
