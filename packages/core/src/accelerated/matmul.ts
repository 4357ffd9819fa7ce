/**
 * Matrix products of float32 numbers in WebAssembly.
 *
 * The product is made of blocks: so many steps of the inner dimension, so many rows of A, all packed for the registers
 * (packages/core/kernels/matmul.ts). The blocks depend on the shape only, so the bits of a result do too.
 *
 * Sums are kept in float32: against the exact product of the same numbers an element of k terms is off by at most
 * k·2⁻²⁴·Σₚ|aᵢₚ·bₚⱼ| (and a trifle of second order), as with any order of adding.
 */
import type { MatrixView } from "../kernels/matmul.ts";
import type { Accelerator } from "./backend.ts";
import { acceleratorFor } from "./backend.ts";

/** From so many products on copying the operands into WebAssembly's memory pays. */
const leastProducts = 1 << 12;

/** Steps of the inner dimension in a block: a panel of B, 8 columns wide, fills half of the first cache. */
const blockSteps = 384;
/** Rows of A in a block, a multiple of the rows of both kinds of panels: the block stays in the second cache. */
const blockRows = 96;
/** Columns of B in a block. */
const blockColumns = 2048;
const panelColumns = 8;
const mostPanelRows = 6;

/** Where the numbers of a matrix lie within its array: from the first to the last one, inclusive. */
function spanOf(x: MatrixView, rows: number, columns: number): [from: number, to: number] {
  const last = x.offset + (rows - 1) * x.rowStep + (columns - 1) * x.columnStep;
  return [x.offset, last + 1];
}

/** Whether a matrix fills at least a third of the memory that it spans, so that all of it may be copied. */
function isDense([from, to]: [number, number], count: number): boolean {
  return to - from <= 3 * count + 64;
}

/**
 * C = A·B for A of m × k and B of k × n, all float32; C is row-major and starts at `at`. False, with nothing done, where
 * plain loops are to do it.
 */
export function multiplyAccelerated(
  out: Float32Array,
  at: number,
  a: MatrixView<Float32Array>,
  b: MatrixView<Float32Array>,
  m: number,
  k: number,
  n: number,
): boolean {
  const accelerator = acceleratorFor(m * k * n, leastProducts);
  if (accelerator === null) return false;
  const spanA = spanOf(a, m, k);
  const spanB = spanOf(b, k, n);
  if (!isDense(spanA, m * k) || !isDense(spanB, k * n)) return false;
  const { scratch } = accelerator;
  const sizeA = spanA[1] - spanA[0];
  const sizeB = spanB[1] - spanB[0];
  if (!scratch.begin(sizeA + sizeB + m * n + spareNumbers(k, n), 6)) return false;
  const addressA = scratch.put(a.data, ...spanA);
  const addressB = scratch.put(b.data, ...spanB);
  const c = scratch.take(m * n);
  multiplyAt(accelerator, c, addressA, a, addressB, b, m, k, n);
  scratch.get(c, m * n, out, at);
  return true;
}

/** Room for the packed blocks and a tile. */
function spareNumbers(k: number, n: number): number {
  const steps = Math.min(k, blockSteps);
  const columns = Math.min(n, blockColumns) + panelColumns;
  return steps * (columns + blockRows + mostPanelRows) + mostPanelRows * panelColumns;
}

/** The product of matrices that lie in WebAssembly's memory. */
function multiplyAt(
  { kernels, scratch }: Accelerator,
  c: number,
  addressA: number,
  a: MatrixView,
  addressB: number,
  b: MatrixView,
  m: number,
  k: number,
  n: number,
): void {
  const steps = Math.min(k, blockSteps);
  const columns = Math.ceil(Math.min(n, blockColumns) / panelColumns) * panelColumns;
  const packedB = scratch.take(steps * columns);
  const packedA = scratch.take(steps * (blockRows + mostPanelRows));
  const spare = scratch.take(mostPanelRows * panelColumns);
  const rowStepA = 4 * a.rowStep;
  const stepA = 4 * a.columnStep;
  const columnStepB = 4 * b.columnStep;
  const stepB = 4 * b.rowStep;
  for (let j = 0; j < n; j += blockColumns) {
    const width = Math.min(blockColumns, n - j);
    for (let p = 0; p < k; p += blockSteps) {
      const depth = Math.min(blockSteps, k - p);
      const fromB = addressB + j * columnStepB + p * stepB;
      kernels.packColumns(packedB, fromB, columnStepB, stepB, width, depth);
      for (let i = 0; i < m; i += blockRows) {
        const height = Math.min(blockRows, m - i);
        const fromA = addressA + i * rowStepA + p * stepA;
        kernels.packRows(packedA, fromA, rowStepA, stepA, height, depth);
        const tile = c + 4 * (i * n + j);
        kernels.multiply(
          tile,
          4 * n,
          packedA,
          packedB,
          height,
          width,
          depth,
          p === 0 ? 1 : 0,
          spare,
        );
      }
    }
  }
}
