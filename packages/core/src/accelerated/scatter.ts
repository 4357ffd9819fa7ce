/**
 * Numbers added at places along one dimension, in WebAssembly: the very sums of the plain loops, which are kept in double
 * precision and rounded once. Each part adds to places of its own.
 */
import { elementCount } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { mayAccelerate } from "./backend.ts";
import { computeWhole } from "./whole.ts";

/** So much work a number is, in products of a matrix product. */
const workOfNumber = 32;
/** From so many numbers on copying them pays. */
const leastNumbers = 1 << 11;
/** Numbers that a thread takes at a time, unless one place may have more. */
const partNumbers = 1 << 14;
/** The fewest columns of a part. */
const fewestColumns = 64;

/**
 * y (contiguous) is increased by the numbers of `source` at the index along `dim`; indices are in range. False, with
 * nothing done, where plain loops are to do it.
 */
export function scatterAddAccelerated(
  y: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
): boolean {
  const numbers = index.numel();
  if (y.dtype !== "float32" || source.dtype !== "float32" || index.dtype !== "int32") return false;
  if (numbers === 0 || y.ndim === 0 || !mayAccelerate(numbers)) return false;
  if (index.shape.some((length, i) => i !== dim && length !== y.shape[i])) return false;
  const lines = index.shape[dim]!;
  const columns = elementCount(y.shape.slice(dim + 1));
  const blocks = numbers / (lines * columns);
  const places = y.numel();
  const block = places / blocks;
  const added = new Tensor(
    source.storage,
    source.dtype,
    index.shape,
    source.strides,
    source.offset,
  );
  const task = {
    operands: [y, added, index],
    results: [y],
    work: workOfNumber * (numbers + places),
    least: workOfNumber * leastNumbers,
    // Doubles.
    common: 2 * places,
  };
  return computeWhole(task, ({ kernels, operands, results, common, part, wait }) => {
    const [before, from, at] = operands as [number, number, number];
    for (let i = 0; i < places; i += partNumbers) {
      kernels.widen(common + 8 * i, before + 4 * i, Math.min(partNumbers, places - i));
      part();
    }
    wait();
    // Lines lie side by side: parts of columns.
    const strip = Math.min(columns, Math.max(fewestColumns, Math.ceil(partNumbers / lines)));
    let pending = 0;
    for (let i = 0; i < blocks; i++) {
      for (let column = 0; column < columns; column += strip) {
        const count = Math.min(strip, columns - column);
        const sums = common + 8 * (i * block + column);
        const offset = 4 * (i * lines * columns + column);
        // A lane that lies in one piece is one line, whose sums do not move.
        if (columns === 1) kernels.addAt(sums, from + offset, at + offset, 1, lines, 8, 0, 0);
        else {
          const step = 4 * columns;
          kernels.addAt(sums, from + offset, at + offset, lines, count, 2 * step, 8, step);
        }
        pending += lines * count;
        if (pending < partNumbers) continue;
        part();
        pending = 0;
      }
    }
    part();
    wait();
    for (let i = 0; i < places; i += partNumbers) {
      kernels.narrow(results[0]! + 4 * i, common + 8 * i, Math.min(partNumbers, places - i));
      part();
    }
  });
}
