/**
 * All steps of long short-term memory, and their gradient; see sequence-steps.ts.
 */
import { lstmStepsAccelerated, lstmStepsGradientAccelerated } from "../accelerated/recurrent.ts";
import { allocate } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { memory } from "./gates.ts";
import type { Four, Numbers, Row, Three, Two } from "./sequence-steps.ts";
import {
  addAtFor,
  addFor,
  before,
  isEmpty,
  stateGradient,
  stateProduct,
} from "./sequence-steps.ts";
import { perDType } from "./specialize.ts";
import type { Steps } from "./steps.ts";
import { timesOf } from "./steps.ts";

const lstmFor = perDType(function lstmStep(
  hidden: Numbers,
  cells: Numbers,
  act: Numbers,
  at: number,
  products: Row,
  bias: Row,
  cell: Row,
  cellAt: number,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++) {
    const own = row * width;
    const sums = 4 * own;
    const base = 4 * at + sums;
    for (let k = 0; k < width; k++) {
      const ji = base + k;
      const jf = ji + width;
      const jg = jf + width;
      const jo = jg + width;
      const p = sums + k;
      const i = 1 / (1 + Math.exp(-(act[ji]! + bias[k]! + products[p]!)));
      const f = 1 / (1 + Math.exp(-(act[jf]! + bias[k + width]! + products[p + width]!)));
      const g = Math.tanh(act[jg]! + bias[k + 2 * width]! + products[p + 2 * width]!);
      const o = 1 / (1 + Math.exp(-(act[jo]! + bias[k + 3 * width]! + products[p + 3 * width]!)));
      const c = f * cell[cellAt + own + k]! + i * g;
      cells[at + own + k] = c;
      hidden[at + own + k] = o * Math.tanh(c);
      act[ji] = i;
      act[jf] = f;
      act[jg] = g;
      act[jo] = o;
    }
  }
});

/**
 * All steps of long short-term memory. `sums` holds the input's part of the gates' sums, which the gates (i, f, g, o)
 * replace; a bias is added to all rows.
 */
export function lstmSteps(
  sums: Tensor,
  h0: Tensor,
  c0: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  hidden: Tensor,
  cells: Tensor,
  shape: Steps,
): void {
  if (isEmpty(shape)) return;
  if (lstmStepsAccelerated(sums, h0, c0, weight, bias, hidden, cells, shape)) return;
  const { steps, samples, width } = shape;
  const act = sums.storage.data;
  const [h, c, firstH, firstC] = [hidden, cells, h0, c0].map(memory) as Four;
  const products = allocate(sums.dtype, samples * 4 * width);
  const shift = bias === null ? allocate(sums.dtype, 4 * width) : memory(bias);
  const size = samples * width;
  const step = lstmFor(act);
  for (let s = 0; s < steps; s++) {
    const [time, previous] = timesOf(shape, s);
    stateProduct(products, before(h, firstH, previous, size), weight, shape);
    const cell = before(c, firstC, previous, size);
    step(h, c, act, time * size, products, shift, cell.data, cell.at, samples, width);
  }
}

const lstmGradientFor = perDType(function lstmStepGradient(
  gates: Numbers,
  act: Row,
  cells: Row,
  at: number,
  cell: Row,
  cellAt: number,
  hiddenBar: Row,
  cellBar: Numbers,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++) {
    const own = row * width;
    const base = 4 * (at + own);
    for (let k = 0; k < width; k++) {
      const ji = base + k;
      const jf = ji + width;
      const jg = jf + width;
      const jo = jg + width;
      const i = act[ji]!;
      const f = act[jf]!;
      const g = act[jg]!;
      const o = act[jo]!;
      const t = Math.tanh(cells[at + own + k]!);
      const h = hiddenBar[own + k]!;
      const d = cellBar[own + k]! + h * o * (1 - t * t);
      gates[ji] = d * g * i * (1 - i);
      gates[jf] = d * cell[cellAt + own + k]! * f * (1 - f);
      gates[jg] = d * i * (1 - g * g);
      gates[jo] = h * t * o * (1 - o);
      cellBar[own + k] = d * f;
    }
  }
});

/**
 * The gradient of {@link lstmSteps}: operands are the gates, all cells, the first cell, the weight, the cotangents of all
 * hidden states and of the last cell, and, if they have any, of all cells and (directly) of the sums. Results are the
 * cotangents of the sums, and of the first hidden state and cell.
 */
export function lstmStepsGradient(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  shape: Steps,
): void {
  if (isEmpty(shape)) return;
  if (lstmStepsGradientAccelerated(operands, results, shape)) return;
  const { steps, samples, width } = shape;
  const [act, cells, first] = operands.slice(0, 3).map(memory) as Three;
  const weight = operands[3]!;
  const [hiddenBar, lastBar] = operands.slice(4, 6).map(memory) as Two;
  const [cellsBar, direct] = operands.slice(6).map(memory);
  const [gates, hBar, cBar] = results.map(memory) as Three;
  const size = samples * width;
  const add = addFor(gates);
  const step = lstmGradientFor(gates);
  cBar.set(lastBar.subarray(0, size));
  for (let s = steps - 1; s >= 0; s--) {
    const [time, previous] = timesOf(shape, s);
    const at = time * size;
    add(hBar, hiddenBar, at, size);
    if (cellsBar !== undefined) add(cBar, cellsBar, at, size);
    const cell = before(cells, first, previous, size);
    step(gates, act, cells, at, cell.data, cell.at, hBar, cBar, samples, width);
    if (direct !== undefined) addAtFor(gates)(gates, direct, 4 * at, 4 * size);
    stateGradient(hBar, gates, 4 * at, weight, shape);
  }
}
