/**
 * What recurrent networks over whole sequences have in common: shapes, the products over all steps, samples.
 */
import type { TensorLike } from "../../creation.ts";
import { zerosLike } from "../../creation.ts";
import { ArgumentError, checkBoolean, checkOptions, ShapeError } from "../../errors.ts";
import type { Recorded } from "../../graph/node.ts";
import { matrixProduct } from "../../kernels/matmul.ts";
import type { Steps } from "../../kernels/steps.ts";
import { timesOf } from "../../kernels/steps.ts";
import { contiguousOperand } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import type { Shape } from "../../shape.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { addmm } from "../addmm.ts";
import { add } from "../arithmetic.ts";
import { at } from "../at.ts";
import { expand } from "../expand.ts";
import { matmul } from "../matmul.ts";
import { reshape } from "../reshape.ts";
import { slice } from "../slice.ts";
import { stack } from "../stack.ts";
import { sum } from "../sum.ts";
import { permute, transpose } from "../transpose.ts";
import { sampleCount } from "./batching.ts";

/** Options of the ops on whole sequences. */
export interface ReverseOptions {
  /** Whether the sequence is read from its end; false unless given. */
  reverse?: boolean;
}

export function readReverse(name: string, options: ReverseOptions = {}): Required<ReverseOptions> {
  checkOptions(name, options, ["reverse"]);
  return { reverse: checkBoolean(name, "reverse", options.reverse, false) };
}

/** What a network over a sequence is given. */
export interface SequenceShapes {
  readonly input: Shape;
  /** The first state, and the first cell where there is one. */
  readonly states: readonly Shape[];
  readonly weightIh: Shape;
  readonly weightHh: Shape;
  readonly biases: readonly Shape[];
}

/** Refuses a network whose parts do not fit; `gates` is how many sums there are for each number of a state. */
export function checkSequence(name: string, gates: number, shapes: SequenceShapes): void {
  const { input, states, weightIh, weightHh, biases } = shapes;
  const [, samples, features] = input;
  const width = states[0]!.at(-1);
  const refuse = (what: string, found: Shape, expected: string): never => {
    throw new ShapeError(
      `${name}: ${what} has shape ${formatShape(found)}, but for an input of shape ${formatShape(input)} and a state of shape ${formatShape(states[0]!)} it must be ${expected}.`,
      { input, state: states[0], found },
    );
  };
  if (input.length !== 3) {
    throw new ShapeError(
      `${name}: the input must be a sequence of shape [T, N, features], not ${formatShape(input)}.`,
      { input },
    );
  }
  for (const state of states)
    if (!sameShape(state, [samples!, width!])) refuse("a state", state, `[${samples}, H]`);
  const rows = gates * width!;
  const expected: readonly [string, Shape, Shape][] = [
    ["weightIh", weightIh, [rows, features!]],
    ["weightHh", weightHh, [rows, width!]],
    ...biases.map((bias): [string, Shape, Shape] => ["a bias", bias, [rows]]),
  ];
  for (const [what, found, wanted] of expected)
    if (!sameShape(found, wanted)) refuse(what, found, formatShape(wanted));
}

/** Refuses what does not hold a state for each time and sample. */
export function checkTimes(name: string, what: string, shape: Shape): void {
  if (shape.length === 3) return;
  throw new ShapeError(
    `${name}: ${what} must have the shape [T, N, H], not ${formatShape(shape)}.`,
    { found: shape },
  );
}

/** Two parameters that go together, as operands. */
export function both(
  name: string,
  names: string,
  first: TensorLike | null,
  second: TensorLike | null,
): TensorLike[] {
  if (first !== null && second !== null) return [first, second];
  if (first === second) return [];
  throw new ArgumentError(`${name}: ${names} go together; one of them is missing.`);
}

/** Refuses tensors whose shapes are not those that follow from the first state's. */
export function checkParts(
  name: string,
  parts: readonly (readonly [what: string, found: Tensor, expected: Shape])[],
): void {
  for (const [what, { shape }, expected] of parts) {
    if (!sameShape(shape, expected)) {
      throw new ShapeError(
        `${name}: ${what} has shape ${formatShape(shape)}, but must have ${formatShape(expected)}.`,
        { found: shape, expected },
      );
    }
  }
}

/** The steps of a tensor of shape [T, N, H]. */
export function stepsOf(states: Tensor, { reverse }: Required<ReverseOptions>): Steps {
  const [steps, samples, width] = states.shape as [number, number, number];
  return { steps, samples, width, isReverse: reverse };
}

/** sums = x·Wᵀ for all times at once. */
export function inputProducts(input: Tensor, weight: Tensor, sums: Tensor): void {
  const x = contiguousOperand(input);
  const features = x.shape[2]!;
  if (sums.numel() === 0 || features === 0) return;
  const [rows] = weight.shape as [number, number];
  const left = { data: x.storage.data, offset: x.offset, rowStep: features, columnStep: 1 };
  const [columnStep, rowStep] = weight.strides as [number, number];
  const right = { data: weight.storage.data, offset: weight.offset, rowStep, columnStep };
  matrixProduct(sums.storage.data, 0, left, right, sums.numel() / rows, features, rows);
}

/** All samples at all times, one below the other. */
function rowsOf(x: Tensor): Tensor {
  const [steps, samples, width] = x.shape as [number, number, number];
  return reshape(x, [steps * samples, width]);
}

/** The gradient of the input, from the cotangents of its part of the sums. */
export function inputGradient(sumsBar: Tensor, weight: Tensor, shape: Shape): Tensor {
  return reshape(matmul(rowsOf(sumsBar), weight), shape);
}

/** The gradient of the input's weight. */
export function inputWeightGradient(sumsBar: Tensor, input: Tensor): Tensor {
  return matmul(transpose(rowsOf(sumsBar), 0, 1), rowsOf(input));
}

/** The gradient of the state's weight: the sum over all steps of C̄ₜᵀ·hₜ₋₁, as one product and that of the first step. */
export function stateWeightGradient(
  sumsBar: Tensor,
  hidden: Tensor,
  h0: Tensor,
  weight: Tensor,
  { reverse }: Required<ReverseOptions>,
): Tensor {
  const steps = hidden.shape[0]!;
  if (steps === 0) return zerosLike(weight);
  const first = matmul(transpose(at(sumsBar, reverse ? steps - 1 : 0), 0, 1), h0);
  if (steps === 1) return first;
  const [sums, states] = reverse
    ? [slice(sumsBar, 0, 0, steps - 1), slice(hidden, 0, 1)]
    : [slice(sumsBar, 0, 1), slice(hidden, 0, 0, steps - 1)];
  return addmm(first, transpose(rowsOf(sums), 0, 1), rowsOf(states));
}

export function biasGradient(sumsBar: Tensor): Tensor {
  return sum(rowsOf(sumsBar), 0);
}

/** A gradient for each operand that needs one. */
export function neededGradients(
  node: Recorded,
  gradients: readonly (() => Tensor)[],
): (Tensor | null)[] {
  return node.operands.map((_, i) => (node.needs(i) ? gradients[i]!() : null));
}

/** The steps in the order in which they are computed: their times, and those before (−1: the initial state). */
export function orderOf(
  states: Tensor,
  options: Required<ReverseOptions>,
): (readonly [time: number, before: number])[] {
  const steps = stepsOf(states, options);
  return Array.from({ length: steps.steps }, (_, s) => timesOf(steps, s));
}

/** Tensors of all times as one; zeros where there is no time. */
export function stacked(parts: readonly Tensor[], like: Tensor): Tensor {
  return parts.length === 0 ? zerosLike(like) : stack(parts);
}

/** Both, where there is a second one. */
export function plus(a: Tensor, b: Tensor | undefined): Tensor {
  return b === undefined ? a : add(a, b);
}

/** What a tensor is: a sequence [T, N, *], a state [N, *], or a parameter. */
export type Role = "sequence" | "state" | "parameter";

/**
 * How `vmap` applies an op on sequences: with the same parameters for all the samples are further members of the batch;
 * with parameters of their own they are computed one by one.
 */
export function sequencesTogether(
  operands: readonly Tensor[],
  batched: readonly boolean[],
  roles: readonly Role[],
  resultRoles: Readonly<Record<string, Role>>,
  apply: (operands: readonly Tensor[]) => object,
): Record<string, Tensor> {
  const size = sampleCount(operands, batched);
  const call = (own: readonly Tensor[]) => apply(own) as Readonly<Record<string, Tensor>>;
  const names = Object.keys(resultRoles);
  const result: Record<string, Tensor> = {};
  if (operands.some((_, i) => batched[i] && roles[i] === "parameter")) {
    const all = Array.from({ length: size }, (_, n) =>
      call(operands.map((x, i) => (batched[i] ? at(x, n) : x))),
    );
    for (const name of names) result[name] = stack(all.map((one) => one[name]!));
    return result;
  }
  const merged = operands.map((x, i) => {
    if (roles[i] === "parameter") return x;
    const whole = batched[i] ? x : expand(x, [size, ...x.shape]);
    const [samples, width] = whole.shape.slice(-2) as [number, number];
    if (roles[i] === "state") return reshape(whole, [size * samples, width]);
    return reshape(permute(whole, [1, 0, 2, 3]), [whole.shape[1]!, size * samples, width]);
  });
  const together = call(merged);
  for (const [name, role] of Object.entries(resultRoles)) {
    const x = together[name]!;
    const [rows, width] = x.shape.slice(-2) as [number, number];
    result[name] =
      role === "sequence"
        ? permute(reshape(x, [x.shape[0]!, size, rows / size, width]), [1, 0, 2, 3])
        : reshape(x, [size, rows / size, width]);
  }
  return result;
}

/** What sequences are drawn: of any lengths, 0 among them, and surely without it, read from each end. */
export const sequenceKinds: readonly { readonly least: number; readonly reverse?: boolean }[] = [
  { least: 0 },
  { least: 1, reverse: false },
  { least: 1, reverse: true },
];

export function drawSequence(
  draw: Draw,
  { least, reverse }: (typeof sequenceKinds)[number],
): {
  sequence: (width: number) => Tensor;
  state: () => Tensor;
  steps: number;
  samples: number;
  features: number;
  width: number;
  options: ReverseOptions;
} {
  const [steps, samples] = [draw.length(least, 3), draw.length(least, 3)];
  const width = draw.length(least, 3);
  return {
    sequence: (columns) => draw.tensor([steps, samples, columns]),
    state: () => draw.tensor([samples, width]),
    steps,
    samples,
    features: draw.length(least, 3),
    width,
    options: reverse === undefined ? draw.pick([{}, { reverse: true }]) : { reverse },
  };
}
