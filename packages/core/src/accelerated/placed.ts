/**
 * Matrices and biases where kernels can read them.
 */
import { copyStrided } from "../kernels/copy.ts";
import type { MatrixView, VectorView } from "../kernels/matmul.ts";
import type { Placed } from "./factors.ts";
import type { Scratch } from "./scratch.ts";

/** How many numbers {@link place} takes room for. */
export function placedNumbers(
  scratch: Scratch,
  x: MatrixView<Float32Array>,
  rows: number,
  columns: number,
): number {
  const span = (rows - 1) * x.rowStep + (columns - 1) * x.columnStep + 1;
  return scratch.missing(x.data, isDense(span, rows * columns) ? span : rows * columns);
}

/** Whether a matrix fills at least a third of the memory that it spans, so that all of it may be copied. */
function isDense(span: number, count: number): boolean {
  return span > 0 && span <= 3 * count + 64;
}

/** Copies a matrix in: with what lies between its numbers or, where that is much, without. */
export function place(
  scratch: Scratch,
  x: MatrixView<Float32Array>,
  rows: number,
  columns: number,
): Placed {
  const span = (rows - 1) * x.rowStep + (columns - 1) * x.columnStep + 1;
  if (scratch.addressOf(x.data) !== 0 || isDense(span, rows * columns)) {
    const address = scratch.put(x.data, x.offset, x.offset + span);
    return { address, rowStep: 4 * x.rowStep, columnStep: 4 * x.columnStep };
  }
  const address = scratch.take(rows * columns);
  const strides = [x.rowStep, x.columnStep];
  copyStrided(scratch.floats, address >> 2, x.data, x.offset, [rows, columns], strides);
  return { address, rowStep: 4 * columns, columnStep: 4 };
}

/** Room for a bias of n numbers. */
export function biasNumbers(bias: VectorView<Float32Array> | null, n: number): number {
  return bias === null ? 0 : n;
}

/** The address of a bias, its n numbers side by side; 0 without one. */
export function placeBias(
  scratch: Scratch,
  bias: VectorView<Float32Array> | null,
  n: number,
): number {
  if (bias === null) return 0;
  const { data, offset, step } = bias;
  if (step === 1) return scratch.put(data, offset, offset + n);
  const address = scratch.take(n);
  for (let i = 0; i < n; i++) scratch.floats[(address >> 2) + i] = data[offset + i * step]!;
  return address;
}
