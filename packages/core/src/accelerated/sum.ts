/**
 * Sums of float32 numbers in WebAssembly, over any dimensions, in double precision.
 *
 * The order of the additions depends on the shape only: what is not contiguous is copied in order first. Against the
 * exact sum a result is off by half a unit in the last place, and n·2⁻⁵³ of the sum of the magnitudes of its n terms.
 */
import type { Shape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import type { Place } from "./whole.ts";
import { computeWhole } from "./whole.ts";

/** So much work is an addition, in products of a matrix product. */
const workOfNumber = 16;
/** From so many numbers on copying them pays. */
const leastNumbers = 1 << 12;
/** Numbers that a thread takes at a time. */
const partNumbers = 1 << 15;
/** Wider rows are summed in strips of so many columns. */
const stripColumns = 256;
/** From so many columns on there are strips for several threads. */
const leastColumnsForStrips = 1024;

/** Fills y with the sums of x over `dims`, in rising order, divided. False where plain loops are to do it. */
export function sumAccelerated(
  x: Tensor,
  dims: readonly number[],
  y: Tensor,
  divisor: number,
): boolean {
  const count = x.numel();
  if (count === 0 || y.dtype !== "float32" || x.dtype !== "float32") return false;
  const { source, runs, isReducedFirst } = arranged(x, dims);
  // What is summed and what is not, in turn; the first is summed.
  const lengths = isReducedFirst ? runs : [1, ...runs];
  const sums = sumsFor(lengths, divisor);
  return computeWhole(
    {
      operands: [source],
      results: [y],
      work: workOfNumber * count,
      least: workOfNumber * leastNumbers,
      common: 2 * sums.doubles,
    },
    sums.compute,
  );
}

/** How sums are computed, and how many doubles they need room for. */
interface Sums {
  readonly doubles: number;
  readonly compute: (place: Place) => void;
}

/** For lengths that are summed and kept in turn. */
function sumsFor(lengths: readonly number[], divisor: number): Sums {
  const [outer = 1, kept = 1, inner = 1, columns = 1] = lengths;
  if (lengths.length === 4) return sumsOfColumns(kept, inner, columns, divisor);
  if (lengths.length === 2) return sumsOfColumns(1, outer, kept, divisor);
  if (lengths.length === 1) return sumsOfRows(1, outer, divisor);
  if (outer === 1) return sumsOfRows(kept, inner, divisor);
  return sumsOfPlanes(outer, kept, inner, divisor);
}

interface Arrangement {
  readonly source: Tensor;
  readonly runs: readonly number[];
  readonly isReducedFirst: boolean;
}

/**
 * The tensor, and the lengths of its dimensions where those that follow one another and are all summed, or all kept, are
 * one. Where there are too many of them those that are summed are put last.
 */
function arranged(x: Tensor, dims: readonly number[]): Arrangement {
  const found = runsOf(x.shape, dims);
  // Planes of rows are summed as they are, and so are columns behind one dimension.
  if (found.runs.length <= 3) return { source: x, ...found };
  const kept = x.shape.map((_, dim) => dim).filter((dim) => !dims.includes(dim));
  const order = [...kept, ...dims];
  const of = (list: Shape): number[] => order.map((dim) => list[dim]!);
  const source = new Tensor(x.storage, x.dtype, of(x.shape), of(x.strides), x.offset);
  return {
    source,
    ...runsOf(
      source.shape,
      dims.map((_, i) => kept.length + i),
    ),
  };
}

function runsOf(
  shape: Shape,
  dims: readonly number[],
): { readonly runs: readonly number[]; readonly isReducedFirst: boolean } {
  const runs: number[] = [];
  let isReducedFirst = false;
  let wasReduced: boolean | null = null;
  for (const [dim, length] of shape.entries()) {
    if (length === 1) continue;
    const isReduced = dims.includes(dim);
    if (wasReduced === null) isReducedFirst = isReduced;
    if (isReduced === wasReduced) runs[runs.length - 1]! *= length;
    else runs.push(length);
    wasReduced = isReduced;
  }
  return { runs, isReducedFirst };
}

function partsOf(length: number, most: number, visit: (first: number, count: number) => void) {
  for (let first = 0; first < length; first += most) visit(first, Math.min(most, length - first));
}

/** Each row's sum. */
function sumsOfRows(rows: number, length: number, divisor: number): Sums {
  if (length > partNumbers) return sumsOfPlanes(1, rows, length, divisor);
  return {
    doubles: 0,
    compute: ({ kernels, operands: [source], results: [target], part }) => {
      partsOf(rows, Math.floor(partNumbers / length), (first, count) => {
        const from = source! + 4 * first * length;
        kernels.sumRows(target! + 4 * first, from, count, length, divisor);
        part();
      });
    },
  };
}

/** Sums over the first and the last of three lengths: of each row, or a piece of it, and then of those sums. */
function sumsOfPlanes(outer: number, kept: number, length: number, divisor: number): Sums {
  const pieces = Math.ceil(length / partNumbers);
  const rows = outer * kept;
  return {
    doubles: rows * pieces,
    compute: ({ kernels, operands: [source], results: [target], common, part, wait }) => {
      if (pieces === 1) {
        partsOf(rows, Math.floor(partNumbers / length), (first, count) => {
          const from = source! + 4 * first * length;
          kernels.sumRowsWide(common + 8 * first, from, count, length);
          part();
        });
      } else {
        for (let row = 0; row < rows; row++) {
          partsOf(length, partNumbers, (first, count) => {
            const piece = row * pieces + first / partNumbers;
            const from = source! + 4 * (row * length + first);
            kernels.sumRowsWide(common + 8 * piece, from, 1, count);
            part();
          });
        }
      }
      wait();
      const step = 8 * pieces;
      partsOf(kept, Math.ceil(partNumbers / (outer * pieces)), (first, count) => {
        const from = common + step * first;
        const at = target! + 4 * first;
        kernels.addUp(at, from, count, step, outer, step * kept, pieces, 8, divisor);
        part();
      });
    },
  };
}

/** For each of `outer` blocks of rows the sum of each column. */
function sumsOfColumns(outer: number, rows: number, columns: number, divisor: number): Sums {
  const block = rows * columns;
  const step = 4 * columns;
  if (block <= partNumbers || columns >= leastColumnsForStrips) {
    return {
      doubles: 0,
      compute: ({ kernels, operands: [source], results: [target], part }) => {
        const strip = block <= partNumbers ? columns : stripColumns;
        partsOf(outer, Math.max(1, Math.floor(partNumbers / block)), (first, count) => {
          partsOf(columns, strip, (column, width) => {
            const to = target! + 4 * (first * columns + column);
            const from = source! + 4 * (first * block + column);
            kernels.sumColumns(to, from, count, rows, width, step, step, 4 * block, divisor);
            part();
          });
        });
      },
    };
  }
  const rowsAtATime = Math.floor(partNumbers / columns);
  const pieces = Math.ceil(rows / rowsAtATime);
  // Sums are written four at a time.
  const room = (columns + 3) & -4;
  return {
    doubles: outer * pieces * room,
    compute: ({ kernels, operands: [source], results: [target], common, part, wait }) => {
      for (let i = 0; i < outer; i++) {
        partsOf(rows, rowsAtATime, (first, count) => {
          const piece = i * pieces + first / rowsAtATime;
          const from = source! + 4 * (i * rows + first) * columns;
          kernels.sumColumnsWide(common + 8 * piece * room, from, count, columns, step);
          part();
        });
      }
      wait();
      for (let i = 0; i < outer; i++) {
        const from = common + 8 * i * pieces * room;
        kernels.addUp(target! + step * i, from, columns, 8, 1, 0, pieces, 8 * room, divisor);
        part();
      }
    },
  };
}
