/**
 * All steps of a plain recurrent network, and their gradient; see sequence-steps.ts.
 */
import { rnnStepsAccelerated, rnnStepsGradientAccelerated } from "../accelerated/recurrent.ts";
import { allocate } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { memory } from "./gates.ts";
import type { Numbers, Row, Two } from "./sequence-steps.ts";
import { addFor, before, isEmpty, stateGradient, stateProduct } from "./sequence-steps.ts";
import { perDType } from "./specialize.ts";
import type { Nonlinearity, Steps } from "./steps.ts";
import { timesOf } from "./steps.ts";

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
      hidden[at + own] = Math.tanh(hidden[at + own]! + bias[k]! + products[own]!);
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
      const x = hidden[at + own]! + bias[k]! + products[own]!;
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
