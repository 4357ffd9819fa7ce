/**
 * The table that tells the kernels of pools where windows lie; see `packages/core/kernels/pooling.ts`.
 */

/** Where things stand in the table, in bytes. */
export const poolLayout = {
  /** What a mean divides by, in double precision; 0: the product of what the windows say. */
  divisor: 0,
  planeBytes: 8,
  /** The bytes of a row of the plane. */
  widthBytes: 12,
  /** Bytes from one slice, row and column of a window to the next. */
  steps: 16,
  /** For each dimension the addresses of the first entry and of the end. */
  windows: 28,
  bytes: 52,
  /** An entry: begin, end, how it lies with its neighbours, what a mean divides by. */
  entryBytes: 16,
} as const;

/** How a window lies with the three that follow it, if all four are equally long. */
export const windowsLie = {
  /** Alone: they are not equally long, or not four. */
  alone: 0,
  anywhere: 1,
  /** Each begins two numbers behind the one before. */
  byTwos: 2,
  /** Each begins one number behind the one before. */
  byOnes: 3,
} as const;
