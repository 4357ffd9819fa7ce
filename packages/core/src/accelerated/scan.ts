/**
 * Running sums and products of float32 numbers in WebAssembly, along any dimension, in double precision.
 *
 * Those down columns are the very numbers of the plain loops. Along rows four numbers are joined before they meet those
 * before them: against the exact result a sum of n terms is off by half a unit in the last place and n·2⁻⁵³ of the sum of
 * their magnitudes, a product by half a unit and n·2⁻⁵³ of itself.
 */
import { elementCount } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mayAccelerate } from "./backend.ts";
import { computeWhole } from "./whole.ts";

/** So much work a number is, in products of a matrix product. */
const workOfNumber = 24;
/** From so many numbers on copying them pays. */
const leastNumbers = 1 << 11;
/** Numbers that a thread takes at a time, unless one lane has more. */
const partNumbers = 1 << 14;
/** Columns that are joined side by side, so that their sums stay in the cache. */
const stripColumns = 256;

/** See `scanSums` and `scanProducts`. False where plain loops are to do it. */
export function scanAccelerated(
  x: Tensor,
  dim: number,
  reverse: boolean,
  isProduct: boolean,
  y: Tensor,
): boolean {
  const numbers = x.numel();
  if (x.dtype !== "float32" || y.dtype !== "float32" || x.ndim === 0) return false;
  if (numbers === 0 || !mayAccelerate(numbers)) return false;
  const length = x.shape[dim]!;
  const columns = elementCount(x.shape.slice(dim + 1));
  const blocks = numbers / (length * columns);
  const task = {
    operands: [x],
    results: [y],
    work: workOfNumber * numbers,
    least: workOfNumber * leastNumbers,
    // Doubles.
    own: columns === 1 ? 0 : 2 * (stripColumns + 4),
  };
  return computeWhole(task, ({ kernels, operands, results, own, part }) => {
    const [source] = operands as [number];
    const [target] = results as [number];
    if (columns === 1) {
      const rows = isProduct
        ? reverse
          ? kernels.runProductsBack
          : kernels.runProducts
        : reverse
          ? kernels.runSumsBack
          : kernels.runSums;
      const most = Math.max(1, Math.floor(partNumbers / length));
      for (let row = 0; row < blocks; row += most) {
        const at = 4 * row * length;
        rows(target + at, source + at, Math.min(most, blocks - row), length);
        part();
      }
      return;
    }
    const down = isProduct ? kernels.runProductsDown : kernels.runSumsDown;
    const step = 4 * columns;
    const begin = reverse ? (length - 1) * step : 0;
    let pending = 0;
    for (let block = 0; block < blocks; block++) {
      for (let column = 0; column < columns; column += stripColumns) {
        const at = begin + 4 * (block * length * columns + column);
        const count = Math.min(stripColumns, columns - column);
        down(target + at, source + at, own, length, count, reverse ? -step : step);
        pending += length * count;
        if (pending < partNumbers) continue;
        part();
        pending = 0;
      }
    }
    part();
  });
}
