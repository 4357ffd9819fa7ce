/**
 * The gates of long short-term memory, of float32 numbers, in WebAssembly.
 *
 * Against the plain loops on the same numbers the gates are off by 3 ulp, and what comes of them by the few roundings of
 * the products and sums that it is made of.
 */
import type { Tensor } from "../tensor.ts";
import { acceleratorFor, mayAccelerate } from "./backend.ts";
import type { Kernels } from "./kernels.ts";

/** Numbers of gates that pass through at a time, unless one row has more. */
const blockNumbers = 1 << 13;
/** From so many numbers of a state on copying pays. */
const leastNumbers = 1 << 7;

/**
 * Passes rows through WebAssembly's memory, block by block. Operands and results have `width` or four times as many
 * numbers a row, and are contiguous. False where plain loops are to do it.
 */
function pass(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  rows: number,
  width: number,
  compute: (kernels: Kernels, addresses: readonly number[], count: number) => void,
): boolean {
  const all = [...operands, ...results];
  // Vectors must not reach from one part of the gates into the next.
  if (rows === 0 || width % 4 !== 0 || !mayAccelerate(rows * width)) return false;
  if (all.some((x) => x.dtype !== "float32")) return false;
  const accelerator = acceleratorFor(rows * width, leastNumbers);
  if (accelerator === null) return false;
  const { scratch, kernels } = accelerator;
  const most = Math.max(1, Math.min(rows, Math.floor(blockNumbers / (4 * width))));
  const widths = all.map((x) => x.numel() / rows);
  const total = widths.reduce((sum, own) => sum + own, 0);
  if (!scratch.begin(most * total, all.length)) return false;
  const addresses = widths.map((own) => scratch.take(most * own));
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    for (const [i, x] of operands.entries()) {
      const from = x.offset + first * widths[i]!;
      const data = x.storage.data as Float32Array;
      scratch.putAt(addresses[i]!, data, from, from + count * widths[i]!);
    }
    compute(kernels, addresses, count);
    for (const [j, x] of results.entries()) {
      const i = operands.length + j;
      const data = x.storage.data as Float32Array;
      scratch.get(addresses[i]!, count * widths[i]!, data, x.offset + first * widths[i]!);
    }
  }
  return true;
}

/** The step of cells; see `lstmCells`. False where plain loops are to do it. */
export function lstmAccelerated(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  rows: number,
  width: number,
): boolean {
  return pass(operands, results, rows, width, (kernels, addresses, count) => {
    const [gates, cell, hidden, next, act] = addresses as [number, number, number, number, number];
    kernels.lstm(hidden, next, act, gates, cell, count, width);
  });
}

/** Its gradient; see `lstmCellsGradient`. False where plain loops are to do it. */
export function lstmGradientAccelerated(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  rows: number,
  width: number,
): boolean {
  return pass(operands, results, rows, width, (kernels, addresses, count) => {
    const [act, cell, next, hiddenBar, nextBar, gatesBar, cellBar] = addresses as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    kernels.lstmGradient(gatesBar, cellBar, act, cell, next, hiddenBar, nextBar, count, width);
  });
}
