/**
 * Recurrent networks over whole sequences.
 *
 * The input's part of all sums is there from the start, as one product. A step adds the state's part and computes the
 * cell; a step back computes the gradient of the sums, and from it that of the state before. Gradients of weights are
 * products over all steps, which are left to whoever asks for them.
 *
 * Of several operands all are contiguous but the weight. States lie as [T, N, H], sums and gates as [T, N, gates·H].
 */
import {
  gruStepsAccelerated,
  gruStepsGradientAccelerated,
  lstmStepsAccelerated,
  lstmStepsGradientAccelerated,
  rnnStepsAccelerated,
  rnnStepsGradientAccelerated,
} from "../accelerated/recurrent.ts";
import type { TypedArray } from "../dtype.ts";
import { allocate } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { memory } from "./gates.ts";
import { matrixProduct } from "./matmul.ts";
import { perDType } from "./specialize.ts";
import type { Nonlinearity, Steps } from "./steps.ts";
import { timesOf } from "./steps.ts";

type Numbers = { [index: number]: number };
type Row = ArrayLike<number>;

/** A state before a step: where it lies. */
interface Place {
  readonly data: TypedArray;
  readonly at: number;
}

/** Goes through the steps: `state` is where the one before lies, among all of them or as the initial one. */
function before(all: TypedArray, initial: TypedArray, time: number, size: number): Place {
  return time < 0 ? { data: initial, at: 0 } : { data: all, at: time * size };
}

/** out = state·Wᵀ, for the N rows of a state. */
function stateProduct(out: TypedArray, state: Place, weight: Tensor, shape: Steps): void {
  const { samples, width } = shape;
  const [columnStep, rowStep] = weight.strides as [number, number];
  const rows = { data: state.data, offset: state.at, rowStep: width, columnStep: 1 };
  const columns = { data: weight.storage.data, offset: weight.offset, rowStep, columnStep };
  matrixProduct(out, 0, rows, columns, samples, width, weight.shape[0]!);
}

/** out = C̄·W, for the cotangent of the sums at a time. */
function stateGradient(
  out: TypedArray,
  sumsBar: TypedArray,
  at: number,
  weight: Tensor,
  shape: Steps,
): void {
  const { samples, width } = shape;
  const rows = weight.shape[0]!;
  const [rowStep, columnStep] = weight.strides as [number, number];
  const left = { data: sumsBar, offset: at, rowStep: rows, columnStep: 1 };
  const right = { data: weight.storage.data, offset: weight.offset, rowStep, columnStep };
  matrixProduct(out, 0, left, right, samples, rows, width);
}

const addFor = perDType(function addTo(target: Numbers, more: Row, at: number, count: number) {
  for (let i = 0; i < count; i++) target[i] = target[i]! + more[at + i]!;
});

const addAtFor = perDType(function addAt(target: Numbers, more: Row, at: number, count: number) {
  for (let i = at; i < at + count; i++) target[i] = target[i]! + more[i]!;
});

function isEmpty({ samples, width }: Steps): boolean {
  return samples === 0 || width === 0;
}

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
      const i = 1 / (1 + Math.exp(-(act[ji]! + products[p]! + bias[k]!)));
      const f = 1 / (1 + Math.exp(-(act[jf]! + products[p + width]! + bias[k + width]!)));
      const g = Math.tanh(act[jg]! + products[p + 2 * width]! + bias[k + 2 * width]!);
      const o = 1 / (1 + Math.exp(-(act[jo]! + products[p + 3 * width]! + bias[k + 3 * width]!)));
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

type Two = [TypedArray, TypedArray];
type Three = [TypedArray, TypedArray, TypedArray];
type Four = [TypedArray, TypedArray, TypedArray, TypedArray];

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

const gruFor = perDType(function gruStep(
  next: Numbers,
  act: Numbers,
  candidates: Numbers,
  at: number,
  products: Row,
  inputBias: Row,
  stateBias: Row,
  hidden: Row,
  hiddenAt: number,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++) {
    const own = row * width;
    const sums = 3 * own;
    const base = 3 * at + sums;
    for (let k = 0; k < width; k++) {
      const jr = base + k;
      const jz = jr + width;
      const jn = jz + width;
      const p = sums + k;
      const kz = k + width;
      const kn = kz + width;
      const r = 1 / (1 + Math.exp(-(act[jr]! + inputBias[k]! + products[p]! + stateBias[k]!)));
      const z =
        1 / (1 + Math.exp(-(act[jz]! + inputBias[kz]! + products[p + width]! + stateBias[kz]!)));
      const b = products[p + 2 * width]! + stateBias[kn]!;
      const n = Math.tanh(act[jn]! + inputBias[kn]! + r * b);
      next[at + own + k] = n + z * (hidden[hiddenAt + own + k]! - n);
      candidates[at + own + k] = b;
      act[jr] = r;
      act[jz] = z;
      act[jn] = n;
    }
  }
});

/**
 * All steps of gated recurrent units. `sums` holds the input's part of the sums, which the gates (r, z, n) replace;
 * `candidates` keeps the state's part of n's sum. Biases are that of the input and that of the state, or none.
 */
export function gruSteps(
  sums: Tensor,
  h0: Tensor,
  weight: Tensor,
  biases: readonly Tensor[],
  hidden: Tensor,
  candidates: Tensor,
  shape: Steps,
): void {
  if (isEmpty(shape)) return;
  if (gruStepsAccelerated(sums, h0, weight, biases, hidden, candidates, shape)) return;
  const { steps, samples, width } = shape;
  const act = sums.storage.data;
  const [h, kept, first] = [hidden, candidates, h0].map(memory) as Three;
  const products = allocate(sums.dtype, samples * 3 * width);
  const none = allocate(sums.dtype, 3 * width);
  const [inputBias = none, stateBias = none] = biases.map(memory);
  const size = samples * width;
  const step = gruFor(act);
  for (let s = 0; s < steps; s++) {
    const [time, previous] = timesOf(shape, s);
    const state = before(h, first, previous, size);
    stateProduct(products, state, weight, shape);
    const { data, at } = state;
    step(h, act, kept, time * size, products, inputBias, stateBias, data, at, samples, width);
  }
}

const gruGradientFor = perDType(function gruStepGradient(
  inputBar: Numbers,
  stateBar: Numbers,
  act: Row,
  candidates: Row,
  at: number,
  hidden: Row,
  hiddenAt: number,
  hiddenBar: Numbers,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++) {
    const own = row * width;
    const base = 3 * (at + own);
    for (let k = 0; k < width; k++) {
      const jr = base + k;
      const jz = jr + width;
      const jn = jz + width;
      const r = act[jr]!;
      const z = act[jz]!;
      const n = act[jn]!;
      const d = hiddenBar[own + k]!;
      const nBar = d * (1 - z) * (1 - n * n);
      const zBar = d * (hidden[hiddenAt + own + k]! - n) * z * (1 - z);
      const rBar = nBar * candidates[at + own + k]! * r * (1 - r);
      inputBar[jr] = rBar;
      inputBar[jz] = zBar;
      inputBar[jn] = nBar;
      stateBar[jr] = rBar;
      stateBar[jz] = zBar;
      stateBar[jn] = nBar * r;
      hiddenBar[own + k] = d * z;
    }
  }
});

/**
 * The gradient of {@link gruSteps}: operands are the gates, the state's parts of n, all hidden states, the first one, the
 * weight, the cotangents of all hidden states, and, if they have any, (directly) of both parts of the sums. Results are
 * the cotangents of the input's and the state's part of the sums, and of the first state.
 */
export function gruStepsGradient(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  shape: Steps,
): void {
  if (isEmpty(shape)) return;
  if (gruStepsGradientAccelerated(operands, results, shape)) return;
  const { steps, samples, width } = shape;
  const [act, candidates, hidden, first] = operands.slice(0, 4).map(memory) as Four;
  const weight = operands[4]!;
  const hiddenBar = memory(operands[5]!);
  const [directInput, directState] = operands.slice(6).map(memory);
  const [inputBar, stateBar, hBar] = results.map(memory) as Three;
  const passed = allocate(weight.dtype, samples * width);
  const size = samples * width;
  const add = addFor(hBar);
  const addAt = addAtFor(hBar);
  const step = gruGradientFor(hBar);
  for (let s = steps - 1; s >= 0; s--) {
    const [time, previous] = timesOf(shape, s);
    const at = time * size;
    add(hBar, hiddenBar, at, size);
    const state = before(hidden, first, previous, size);
    step(inputBar, stateBar, act, candidates, at, state.data, state.at, hBar, samples, width);
    if (directInput !== undefined) {
      addAt(inputBar, directInput, 3 * at, 3 * size);
      addAt(stateBar, directState!, 3 * at, 3 * size);
    }
    stateGradient(passed, stateBar, 3 * at, weight, shape);
    add(hBar, passed, 0, size);
  }
}

const tanhFor = perDType(function tanhStep(
  hidden: Numbers,
  at: number,
  products: Row,
  bias: Row,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < width; k++) {
      const own = row * width + k;
      hidden[at + own] = Math.tanh(hidden[at + own]! + products[own]! + bias[k]!);
    }
});

const reluFor = perDType(function reluStep(
  hidden: Numbers,
  at: number,
  products: Row,
  bias: Row,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < width; k++) {
      const own = row * width + k;
      const x = hidden[at + own]! + products[own]! + bias[k]!;
      hidden[at + own] = Math.max(x, 0);
    }
});

/** All steps of a plain recurrent network. `sums` holds the input's part of the sums, which the states replace. */
export function rnnSteps(
  nonlinearity: Nonlinearity,
  sums: Tensor,
  h0: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  shape: Steps,
): void {
  if (isEmpty(shape)) return;
  if (rnnStepsAccelerated(nonlinearity, sums, h0, weight, bias, shape)) return;
  const { steps, samples, width } = shape;
  const hidden = sums.storage.data;
  const first = memory(h0);
  const products = allocate(sums.dtype, samples * width);
  const shift = bias === null ? allocate(sums.dtype, width) : memory(bias);
  const size = samples * width;
  const step = nonlinearity === "tanh" ? tanhFor(hidden) : reluFor(hidden);
  for (let s = 0; s < steps; s++) {
    const [time, previous] = timesOf(shape, s);
    stateProduct(products, before(hidden, first, previous, size), weight, shape);
    step(hidden, time * size, products, shift, samples, width);
  }
}

const tanhGradientFor = perDType(function tanhStepGradient(
  sumsBar: Numbers,
  hidden: Row,
  at: number,
  hiddenBar: Row,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const y = hidden[at + i]!;
    sumsBar[at + i] = hiddenBar[i]! * (1 - y * y);
  }
});

const reluGradientFor = perDType(function reluStepGradient(
  sumsBar: Numbers,
  hidden: Row,
  at: number,
  hiddenBar: Row,
  count: number,
): void {
  for (let i = 0; i < count; i++) sumsBar[at + i] = hidden[at + i]! > 0 ? hiddenBar[i]! : 0;
});

/**
 * The gradient of {@link rnnSteps}: operands are all states, the weight, and the cotangents of all states; results are the
 * cotangents of the sums, and of the first state.
 */
export function rnnStepsGradient(
  nonlinearity: Nonlinearity,
  operands: readonly Tensor[],
  results: readonly Tensor[],
  shape: Steps,
): void {
  if (isEmpty(shape)) return;
  if (rnnStepsGradientAccelerated(nonlinearity, operands, results, shape)) return;
  const { steps, samples, width } = shape;
  const hidden = memory(operands[0]!);
  const weight = operands[1]!;
  const hiddenBar = memory(operands[2]!);
  const [sumsBar, hBar] = results.map(memory) as Two;
  const size = samples * width;
  const add = addFor(hBar);
  const step = nonlinearity === "tanh" ? tanhGradientFor(hBar) : reluGradientFor(hBar);
  for (let s = steps - 1; s >= 0; s--) {
    const [time] = timesOf(shape, s);
    add(hBar, hiddenBar, time * size, size);
    step(sumsBar, hidden, time * size, hBar, size);
    stateGradient(hBar, sumsBar, time * size, weight, shape);
  }
}
