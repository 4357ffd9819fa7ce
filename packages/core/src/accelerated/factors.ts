/**
 * Products of matrices that lie in WebAssembly's memory, read where they lie as far as that is fast.
 *
 * The left factor is read in place when its rows or its columns lie side by side. The right one is read again and again, so
 * it must be in the first cache: in place if its rows are near one another, else packed into panels of eight columns.
 * Either way each number of the product is summed in the same order, so its bits do not depend on where factors lie.
 */
import type { Kernels } from "./kernels.ts";

/** Steps of the inner dimension in a block: a panel of B, 8 columns wide, fills half of the first cache. */
export const blockSteps = 384;
export const panelColumns = 8;
/** Rows of the larger kind of panels of A. */
export const mostPanelRows = 6;
/** Numbers of the largest tile. */
export const tileNumbers: number = mostPanelRows * panelColumns;

/** Rows that lie further apart share too few sets of the first cache. */
const mostRowBytes = 1024;
/** So much memory may a right factor span that is read in place. */
const mostSpanBytes = 1 << 15;

/** A matrix in WebAssembly's memory; steps are in bytes. */
export interface Placed {
  readonly address: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** A matrix that is multiplied with from the right. */
export interface Right {
  readonly address: number;
  /** Rows and columns; what is packed has columns for whole panels. */
  readonly rows: number;
  readonly columns: number;
  /** The bytes from row to row where it lies in memory; 0: it is packed. */
  readonly rowStep: number;
}

/** Room that {@link rightFactor} may need, in numbers. */
export function packedNumbers(rows: number, columns: number): number {
  return rows * Math.ceil(columns / panelColumns) * panelColumns;
}

/** The right factor of products, packed into the room unless it is read where it lies. */
export function rightFactor(
  kernels: Kernels,
  room: number,
  b: Placed,
  rows: number,
  columns: number,
): Right {
  const { rowStep, columnStep } = b;
  if (columnStep === 4 && rowStep > 0 && rowStep <= mostRowBytes && rows * rowStep <= mostSpanBytes)
    return { address: b.address, rows, columns, rowStep };
  const whole = Math.ceil(columns / panelColumns) * panelColumns;
  for (let p = 0; p < rows; p += blockSteps) {
    const steps = Math.min(blockSteps, rows - p);
    const from = b.address + p * rowStep;
    kernels.packColumns(room + 4 * p * whole, from, columnStep, rowStep, columns, steps);
  }
  return { address: room, rows, columns: whole, rowStep: 0 };
}

/** Where a product goes, and room for a tile. */
export interface Target {
  readonly address: number;
  readonly rowStep: number;
  readonly isFirst: boolean;
  readonly spare: number;
}

/**
 * C = A·B, or C += A·B unless `isFirst`, for A of m × k, of which the rows or the columns lie side by side, and the first k
 * rows and n columns of B.
 */
export function multiplyOnto(
  kernels: Kernels,
  { address, rowStep, isFirst, spare }: Target,
  a: Placed,
  b: Right,
  m: number,
  k: number,
  n: number,
): void {
  let p = 0;
  do {
    const packed = Math.min(blockSteps, b.rows - p);
    const steps = Math.min(packed, k - p);
    const fromB = b.address + p * (b.rowStep || 4 * b.columns);
    const step = b.rowStep || 4 * panelColumns;
    const panel = 4 * panelColumns * (b.rowStep ? 1 : packed);
    const fromA = a.address + p * a.columnStep;
    const sets = isFirst && p === 0 ? 1 : 0;
    if (a.columnStep === 4 && m > 0) {
      kernels.multiplyRows(
        address,
        rowStep,
        fromA,
        a.rowStep,
        fromB,
        step,
        panel,
        m,
        n,
        steps,
        sets,
        spare,
      );
    } else {
      kernels.multiplyColumns(
        address,
        rowStep,
        fromA,
        a.columnStep,
        fromB,
        step,
        panel,
        m,
        n,
        steps,
        sets,
        spare,
      );
    }
    p += blockSteps;
  } while (p < k);
}

/** Whether {@link multiplyOnto} takes such a left factor. */
export function isLeftFactor({ rowStep, columnStep }: Placed): boolean {
  return rowStep === 4 || columnStep === 4;
}
