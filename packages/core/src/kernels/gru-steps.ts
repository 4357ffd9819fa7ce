/**
 * All steps of gated recurrent units, and their gradient; see sequence-steps.ts.
 */
import { gruStepsAccelerated, gruStepsGradientAccelerated } from "../accelerated/recurrent.ts";
import { allocate } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { memory } from "./gates.ts";
import type { Four, Numbers, Row, Three } from "./sequence-steps.ts";
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
