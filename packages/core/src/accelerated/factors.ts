/**
 * Products of matrices that lie in WebAssembly's memory and are used again and again, in blocks.
 *
 * The right factor is packed once into panels of eight columns. The left one is read where it lies if its rows lie side by
 * side, else packed block by block. Either way each number of the product is summed in the same order, so its bits do not
 * depend on where factors lie.
 */
import type { Kernels } from "./kernels.ts";

/** Steps of the inner dimension in a block: a panel of B, 8 columns wide, fills half of the first cache. */
export const blockSteps = 384;
/** Rows of A in a block, a multiple of the rows of both kinds of panels: the block stays in the second cache. */
export const blockRows = 96;
export const panelColumns = 8;
/** Rows of the larger kind of panels of A. */
export const mostPanelRows = 6;
/** Numbers of the largest tile. */
export const tileNumbers: number = mostPanelRows * panelColumns;

/** The bytes of a panel of the right factor, of so many steps. */
export function panelBytes(steps: number): number {
  return 4 * panelColumns * steps;
}

/** A matrix in WebAssembly's memory; steps are in bytes. */
export interface Placed {
  readonly address: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** A matrix that is multiplied with from the right, in blocks of {@link blockSteps} rows behind one another. */
export interface Right {
  readonly address: number;
  readonly rows: number;
  /** Columns of whole panels. */
  readonly columns: number;
}

/** Room of {@link rightFactor}, in numbers. */
export function rightNumbers(rows: number, columns: number): number {
  return rows * Math.ceil(columns / panelColumns) * panelColumns;
}

/** Room of a block of left factors with so many columns, in numbers. */
export function leftNumbers(columns: number): number {
  return (blockRows + mostPanelRows) * Math.min(columns, blockSteps);
}

/** The right factor of products, packed into the room. */
export function rightFactor(
  kernels: Kernels,
  room: number,
  { address, rowStep, columnStep }: Placed,
  rows: number,
  columns: number,
): Right {
  const whole = Math.ceil(columns / panelColumns) * panelColumns;
  for (let p = 0; p < rows; p += blockSteps) {
    const steps = Math.min(blockSteps, rows - p);
    const from = address + p * rowStep;
    kernels.packColumns(room + 4 * p * whole, from, columnStep, rowStep, columns, steps);
  }
  return { address: room, rows, columns: whole };
}

/** Where a product goes, its rows so many bytes apart, and whether it is the first that goes there. */
export interface Target {
  readonly address: number;
  readonly rowStep: number;
  readonly isFirst: boolean;
}

/** Room for a tile, and for a block of the left factor. */
export interface ProductRooms {
  readonly spare: number;
  readonly block: number;
}

/**
 * C = A·B, or C += A·B unless `isFirst`, for A of m × k and the first k rows and n columns of B. Where the numbers of a row of
 * A do not lie side by side, k is all rows of B.
 */
export function multiplyOnto(
  kernels: Kernels,
  { spare, block }: ProductRooms,
  { address, rowStep, isFirst }: Target,
  a: Placed,
  b: Right,
  m: number,
  k: number,
  n: number,
): void {
  let p = 0;
  do {
    const steps = Math.min(blockSteps, k - p);
    const fromB = b.address + 4 * p * b.columns;
    const fromA = a.address + p * a.columnStep;
    const sets = isFirst && p === 0 ? 1 : 0;
    if (a.columnStep === 4) {
      const panel = panelBytes(Math.min(blockSteps, b.rows - p));
      kernels.multiplyRows(
        address,
        rowStep,
        fromA,
        a.rowStep,
        fromB,
        panel,
        m,
        n,
        steps,
        sets,
        spare,
      );
    } else {
      for (let i = 0; i < m; i += blockRows) {
        const rows = Math.min(blockRows, m - i);
        kernels.packRows(block, fromA + i * a.rowStep, a.rowStep, a.columnStep, rows, steps);
        kernels.multiply(address + i * rowStep, rowStep, block, fromB, rows, n, steps, sets, spare);
      }
    }
    p += blockSteps;
  } while (p < k);
}

/**
 * C = A·B, or C += A·B unless `isFirst`, for so many rows of A and columns of B, whose panels hold `depth` steps. A is read
 * where it lies, which takes rows in one piece, or packed into the room first.
 */
export function multiplyBlock(
  kernels: Kernels,
  c: number,
  cStep: number,
  a: Placed,
  isInPlace: boolean,
  { spare, block }: ProductRooms,
  panels: number,
  [rows, columns, depth]: readonly [number, number, number],
  isFirst: boolean,
): void {
  const sets = isFirst ? 1 : 0;
  if (isInPlace) {
    const factors = [a.address, a.rowStep, panels, panelBytes(depth)] as const;
    kernels.multiplyRows(c, cStep, ...factors, rows, columns, depth, sets, spare);
  } else {
    kernels.packRows(block, a.address, a.rowStep, a.columnStep, rows, depth);
    kernels.multiply(c, cStep, block, panels, rows, columns, depth, sets, spare);
  }
}
