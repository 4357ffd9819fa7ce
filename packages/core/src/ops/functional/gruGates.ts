/**
 * The gated recurrent unit, in one pass forward and one back.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros, zerosLike } from "../../creation.ts";
import { ShapeError } from "../../errors.ts";
import { gruCells, gruCellsGradient } from "../../kernels/gates.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import type { Shape } from "../../shape.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul, sub } from "../arithmetic.ts";
import { cat } from "../cat.ts";
import { allBatched } from "./batching.ts";
import { checkGates, logisticSlope, partsOf, tanhSlope } from "./lstmGates.ts";

/** What a gated recurrent unit gives. */
export interface GruState {
  /** h′ = (1 − z) · n + z · h. */
  readonly hidden: Tensor;
  /** The gates r, z, n, side by side: for the gradient. */
  readonly activations: Tensor;
}

/** Refuses gates that differ, or are not three times as wide as the state. */
function checkUnit(
  where: string,
  gates: Shape,
  others: readonly Shape[],
  states: readonly Shape[],
): void {
  for (const state of states) checkGates(where, gates, state, 3);
  const odd = others.find((shape) => !sameShape(shape, gates));
  if (odd !== undefined) {
    throw new ShapeError(
      `${where}: the gates must have one shape, but there are ${formatShape(gates)} and ${formatShape(odd)}.`,
      { gates, other: odd },
    );
  }
}

function drawUnit(draw: Draw): { gates: () => Tensor; state: () => Tensor } {
  const lead = draw.shape(0, 2, 0);
  const width = draw.length(0, 3);
  return {
    gates: () => draw.tensor([...lead, 3 * width]),
    state: () => draw.tensor([...lead, width]),
  };
}

/**
 * One step of a gated recurrent unit from the sums that its gates are made of: with parts a of the input's gates and b of the
 * state's, r = σ(aᵣ + bᵣ), z = σ(a_z + b_z), n = tanh(aₙ + r · bₙ) and h′ = (1 − z) · n + z · h. For gates of shape [*, 3·H] and a
 * state of shape [*, H]. (Cho et al. 2014, with the reset gate behind the product.)
 *
 * @throws {ShapeError} when the gates differ, or are not three times as wide as the state.
 * @example
 * import { gruGates, ones, zeros } from "@chainrule/core";
 * gruGates(zeros([1, 3]), zeros([1, 3]), ones([1, 1])).hidden; // → tensor([[0.5]])
 */
export const gruGates: Op<
  (inputGates: TensorLike, stateGates: TensorLike, hidden: TensorLike) => GruState
> = defineOp({
  name: "gruGates",
  formula: String.raw`h' = (1 - z)\, n + z\, h, \quad r, z = \sigma(a + b), \quad n = \tanh(a_n + r\, b_n)`,
  call: (inputGates: TensorLike, stateGates: TensorLike, hidden: TensorLike) => ({
    operands: [inputGates, stateGates, hidden],
    options: {},
  }),
  shapes: ([a, b, hidden]) => {
    checkUnit("gruGates", a!.shape, [b!.shape], [hidden!.shape]);
    return [hidden!.shape, a!.shape];
  },
  forward: (operands, results) => gruCells(operands.map(contiguousOperand), results),
  returns: ([hidden, activations]) => ({ hidden: hidden!, activations: activations! }),
  vjp: ([hiddenBar = null, actBar = null], node) => {
    const act = node.resultAt(1);
    const gradients: (Tensor | null)[] = [null, null, null];
    if (hiddenBar !== null) {
      const found = gruGatesGradient(act, node.b, node.c, hiddenBar);
      gradients.splice(0, 3, found.inputGates, found.stateGates, found.hidden);
    }
    if (actBar !== null) {
      const b = partsOf(node.b, 3)[2]!;
      for (const [k, direct] of gruDirect(act, b, actBar).entries()) {
        const before = gradients[k]!;
        gradients[k] = before === null ? direct : add(before, direct);
      }
    }
    return gradients;
  },
  batch: (operands, batched) => {
    const [a, b, hidden] = allBatched(operands, batched);
    return { ...gruGates(a!, b!, hidden!) };
  },
  samples: [
    (draw) => {
      const { gates, state } = drawUnit(draw);
      return [gates(), gates(), state()];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 4]), zeros([2, 4]), zeros([2, 2])],
      message: /gates of shape \[2, 4\] and a state of shape \[2, 2\] do not fit/,
      type: ShapeError,
    },
    {
      call: () => [zeros([6]), zeros([1, 6]), zeros([2])],
      message: /the gates must have one shape, but there are \[6\] and \[1, 6\]/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "an open update gate keeps the state",
      call: () => [tensor([0, 800, 0]), zeros([3]), tensor([3])],
      result: [3, 0.5, 1, 0],
      gradients: [[0.25, 0, 1], [0.25, 0, 0.5], [1]],
    },
  ],
});

/** What cotangents of the gates (r, z, n) themselves are as such of the sums of the input and of the state. */
export function gruDirect(act: Tensor, b: Tensor, actBar: Tensor): [input: Tensor, state: Tensor] {
  const [r, z, n] = partsOf(act, 3) as [Tensor, Tensor, Tensor];
  const [rBar, zBar, nBar] = partsOf(actBar, 3) as [Tensor, Tensor, Tensor];
  const an = mul(nBar, tanhSlope(n));
  const ar = mul(add(rBar, mul(an, b)), logisticSlope(r));
  const az = mul(zBar, logisticSlope(z));
  return [cat([ar, az, an], -1), cat([ar, az, mul(an, r)], -1)];
}

/**
 * The gradients of the gates, of bₙ, of the state and of h̄′ in {@link gruGatesGradient}, from the cotangents of its results.
 * T is what p multiplies in ⟨u, gradient⟩; the gradient is a polynomial in everything.
 */
export function gruGradientAdjoint(
  operands: readonly Tensor[],
  inputBar: Tensor,
  stateBar: Tensor,
  v: Tensor,
): [act: Tensor, candidates: Tensor, hidden: Tensor, nextBar: Tensor] {
  const [act, bn, h, d] = operands as [Tensor, Tensor, Tensor, Tensor];
  const [r, z, n] = partsOf(act, 3) as [Tensor, Tensor, Tensor];
  const [ur, uz, un] = partsOf(inputBar, 3) as [Tensor, Tensor, Tensor];
  const [wr, wz, wn] = partsOf(stateBar, 3) as [Tensor, Tensor, Tensor];
  const [bothR, bothZ] = [add(ur, wr), add(uz, wz)];
  const [rSlope, zSlope, nSlope] = [logisticSlope(r), logisticSlope(z), tanhSlope(n)];
  const keep = sub(1, z);
  const p = mul(mul(d, keep), nSlope);
  const t = add(add(un, mul(wn, r)), mul(mul(bothR, bn), rSlope));
  const change = sub(h, n);
  const td = mul(t, d);
  const zd = mul(bothZ, d);
  const rBar = mul(p, add(wn, mul(mul(bothR, bn), sub(1, mul(r, 2)))));
  const zBar = add(sub(mul(mul(zd, change), sub(1, mul(z, 2))), mul(td, nSlope)), mul(v, d));
  const nBar = sub(mul(mul(mul(td, keep), n), -2), mul(zd, zSlope));
  return [
    cat([rBar, zBar, nBar], -1),
    mul(mul(p, bothR), rSlope),
    mul(zd, zSlope),
    add(add(mul(mul(t, keep), nSlope), mul(mul(bothZ, change), zSlope)), mul(v, z)),
  ];
}

/** The gradients of what a gated recurrent unit was given. */
export interface GruGradient {
  readonly inputGates: Tensor;
  readonly stateGates: Tensor;
  readonly hidden: Tensor;
}

/**
 * The gradient of `gruGates`, from its gates (r, z, n), the gates b of the state, the state h and the cotangent h̄′: with
 * p = h̄′·(1 − z)(1 − n²) and q = p·bₙ·r(1 − r) it is (q, h̄′·(h − n)·z(1 − z), p) for a, the same with p·r for b, and h̄′·z for h.
 *
 * @throws {ShapeError} when the gates differ, or are not three times as wide as state and cotangent.
 * @example
 * import { gruGatesGradient, ones, tensor, zeros } from "@chainrule/core";
 * const act = tensor([0.5, 0.25, 0]);
 * gruGatesGradient(act, zeros([3]), zeros([1]), ones([1])).hidden; // → tensor([0.25])
 */
export const gruGatesGradient: Op<
  (
    activations: TensorLike,
    stateGates: TensorLike,
    hidden: TensorLike,
    hiddenBar: TensorLike,
  ) => GruGradient
> = defineOp({
  name: "gruGatesGradient",
  formula: String.raw`\bar a_n = \bar h' (1 - z)(1 - n^2), \dots, \quad \bar h = \bar h' z`,
  call: (
    activations: TensorLike,
    stateGates: TensorLike,
    hidden: TensorLike,
    hiddenBar: TensorLike,
  ) => ({ operands: [activations, stateGates, hidden, hiddenBar], options: {} }),
  shapes: ([act, b, hidden, hiddenBar]) => {
    checkUnit("gruGatesGradient", act!.shape, [b!.shape], [hidden!.shape, hiddenBar!.shape]);
    return [act!.shape, act!.shape, hidden!.shape];
  },
  forward: (operands, results) => gruCellsGradient(operands.map(contiguousOperand), results),
  returns: ([inputGates, stateGates, hidden]) => ({
    inputGates: inputGates!,
    stateGates: stateGates!,
    hidden: hidden!,
  }),
  vjp: ([inputBar = null, stateBar = null, v = null], node) => {
    const [act, b, h, d] = [0, 1, 2, 3].map((k) => node.operand(k)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const bn = partsOf(b, 3)[2]!;
    const [actBar, bnBar, hiddenBar, nextBar] = gruGradientAdjoint(
      [act, bn, h, d],
      inputBar ?? zerosLike(act),
      stateBar ?? zerosLike(act),
      v ?? zerosLike(h),
    );
    return [actBar, cat([zerosLike(bn), zerosLike(bn), bnBar], -1), hiddenBar, nextBar];
  },
  batch: (operands, batched) => {
    const [act, b, hidden, hiddenBar] = allBatched(operands, batched);
    return { ...gruGatesGradient(act!, b!, hidden!, hiddenBar!) };
  },
  samples: [
    (draw) => {
      const { gates, state } = drawUnit(draw);
      return [gates(), gates(), state(), state()];
    },
  ],
  rejects: [
    {
      call: () => [zeros([4]), zeros([4]), zeros([2]), zeros([2])],
      message: /gates of shape \[4\] and a state of shape \[2\] do not fit/,
      type: ShapeError,
    },
    {
      call: () => [zeros([3]), zeros([1, 3]), zeros([1]), zeros([1])],
      message: /the gates must have one shape/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "an open update gate hands the gradient on",
      call: () => [[0.5, 1, 0], [0, 0, 0], [3], [5]],
      result: [0, 0, 0, 0, 0, 0, 5],
    },
  ],
});
