/**
 * The cell of long short-term memory, in one pass forward and one back.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros, zerosLike } from "../../creation.ts";
import { ShapeError } from "../../errors.ts";
import { lstmCells, lstmCellsGradient } from "../../kernels/gates.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import type { Shape } from "../../shape.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul, sub } from "../arithmetic.ts";
import { cat, split } from "../cat.ts";
import { tanh } from "../hyperbolic.ts";
import { square } from "../power.ts";
import { allBatched } from "./batching.ts";

/** What a cell of long short-term memory gives. */
export interface LstmState {
  /** h = o · tanh c′. */
  readonly hidden: Tensor;
  /** c′ = f · c + i · g. */
  readonly cell: Tensor;
  /** The gates i, f, g, o, side by side: for the gradient. */
  readonly activations: Tensor;
}

/** Refuses gates that are not `parts` as wide as the state. */
export function checkGates(where: string, gates: Shape, state: Shape, parts: number): void {
  const width = state[state.length - 1];
  if (width === undefined || !sameShape(gates, [...state.slice(0, -1), parts * width])) {
    throw new ShapeError(
      `${where}: gates of shape ${formatShape(gates)} and a state of shape ${formatShape(state)} do not fit; they must be [*, ${parts}·H] and [*, H].`,
      { gates, state },
    );
  }
}

/** x·(1 − x): the derivative of σ by its value. */
export function logisticSlope(x: Tensor): Tensor {
  return mul(x, sub(1, x));
}

/** 1 − x²: the derivative of tanh by its value. */
export function tanhSlope(x: Tensor): Tensor {
  return sub(1, square(x));
}

/** The derivatives of the gates (i, f, g, o) by their sums. */
export function lstmSlopes(act: Tensor): Tensor {
  const [i, f, g, o] = partsOf(act, 4) as [Tensor, Tensor, Tensor, Tensor];
  return cat([logisticSlope(i), logisticSlope(f), tanhSlope(g), logisticSlope(o)], -1);
}

/** Parts of equal width along the last dimension. */
export function partsOf(x: Tensor, count: number): Tensor[] {
  return split(x, new Array<number>(count).fill(x.shape[x.ndim - 1]! / count), -1);
}

function drawState(draw: Draw): { lead: number[]; width: number } {
  return { lead: draw.shape(0, 2, 0), width: draw.length(0, 3) };
}

/**
 * One step of long short-term memory from the sums that its gates are made of: with gates (i, f, g, o) = (σ, σ, tanh, σ) of
 * the four parts of `gates`, c′ = f · c + i · g and h = o · tanh c′. For gates of shape [*, 4·H] and a cell of shape [*, H].
 * (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000.)
 *
 * @throws {ShapeError} when the gates are not four times as wide as the cell.
 * @example
 * import { lstmGates, tensor, zeros } from "@chainrule/core";
 * const { hidden, cell } = lstmGates(zeros([1, 4]), tensor([[2]]));
 * [cell.item(), hidden.item().toFixed(4)]; // → [ 1, '0.3808' ]
 */
export const lstmGates: Op<(gates: TensorLike, cell: TensorLike) => LstmState> = defineOp({
  name: "lstmGates",
  formula: String.raw`c' = \sigma(a_f)\, c + \sigma(a_i) \tanh a_g, \quad h = \sigma(a_o) \tanh c'`,
  call: (gates: TensorLike, cell: TensorLike) => ({ operands: [gates, cell], options: {} }),
  shapes: ([gates, cell]) => {
    checkGates("lstmGates", gates!.shape, cell!.shape, 4);
    return [cell!.shape, cell!.shape, gates!.shape];
  },
  forward: ([gates, cell], results) => {
    lstmCells(contiguousOperand(gates!), contiguousOperand(cell!), results);
  },
  returns: ([hidden, cell, activations]) => ({
    hidden: hidden!,
    cell: cell!,
    activations: activations!,
  }),
  vjp: ([hiddenBar = null, cellBar = null, actBar = null], node) => {
    const act = node.resultAt(2);
    let gatesGradient: Tensor | null = null;
    let cellGradient: Tensor | null = null;
    if (hiddenBar !== null || cellBar !== null) {
      const next = node.resultAt(1);
      ({ gates: gatesGradient, cell: cellGradient } = lstmGatesGradient(
        act,
        node.b,
        next,
        hiddenBar ?? zerosLike(next),
        cellBar ?? zerosLike(next),
      ));
    }
    if (actBar !== null) {
      const direct = mul(actBar, lstmSlopes(act));
      gatesGradient = gatesGradient === null ? direct : add(gatesGradient, direct);
    }
    return [gatesGradient, cellGradient];
  },
  batch: (operands, batched) => {
    const [gates, cell] = allBatched(operands, batched);
    return { ...lstmGates(gates!, cell!) };
  },
  samples: [
    (draw) => {
      const { lead, width } = drawState(draw);
      return [draw.tensor([...lead, 4 * width]), draw.tensor([...lead, width])];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 6]), zeros([2, 2])],
      message: /gates of shape \[2, 6\] and a state of shape \[2, 2\] do not fit/,
      type: ShapeError,
    },
    { call: () => [zeros([4]), zeros([])], message: /do not fit/, type: ShapeError },
  ],
  edges: [
    {
      note: "gates that are shut: nothing comes in, nothing goes out, nothing is forgotten",
      call: () => [tensor([-800, 800, 0, -800]), tensor([3])],
      result: [0, 3, 0, 1, 0, 0],
      gradients: [[0, 0, 1, 0], [1]],
    },
  ],
});

/** The gradients of what a cell of long short-term memory was given. */
export interface LstmGradient {
  readonly gates: Tensor;
  readonly cell: Tensor;
}

/**
 * The gradients of what {@link lstmGatesGradient} was given, from the cotangents of the gates and of the cell. With
 * t = tanh c′, S = ∂⟨u, gradient⟩/∂d is the sum of what d multiplies; everything else is a polynomial.
 */
export function lstmGradientAdjoint(
  operands: readonly Tensor[],
  gatesBar: Tensor,
  v: Tensor,
): [act: Tensor, cell: Tensor, next: Tensor, hiddenBar: Tensor, nextBar: Tensor] {
  const [act, c, next, hiddenBar, nextBar] = operands as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const [i, f, g, o] = partsOf(act, 4) as [Tensor, Tensor, Tensor, Tensor];
  const [ui, uf, ug, uo] = partsOf(gatesBar, 4) as [Tensor, Tensor, Tensor, Tensor];
  const t = tanh(next);
  const tSlope = tanhSlope(t);
  const gSlope = tanhSlope(g);
  const fSlope = logisticSlope(f);
  const d = add(nextBar, mul(mul(hiddenBar, o), tSlope));
  const s = add(
    add(mul(mul(ui, g), logisticSlope(i)), mul(mul(uf, c), fSlope)),
    add(mul(mul(ug, i), gSlope), mul(v, f)),
  );
  const uoh = mul(uo, hiddenBar);
  const oSlope = logisticSlope(o);
  const iBar = mul(d, add(mul(mul(ui, g), sub(1, mul(i, 2))), mul(ug, gSlope)));
  const fBar = mul(d, add(mul(mul(uf, c), sub(1, mul(f, 2))), v));
  const gBar = mul(d, sub(mul(ui, logisticSlope(i)), mul(mul(mul(ug, i), g), 2)));
  const oBar = add(mul(mul(s, hiddenBar), tSlope), mul(mul(uoh, t), sub(1, mul(o, 2))));
  const tBar = sub(mul(uoh, oSlope), mul(mul(mul(s, hiddenBar), mul(o, t)), 2));
  return [
    cat([iBar, fBar, gBar, oBar], -1),
    mul(mul(d, uf), fSlope),
    mul(tBar, tSlope),
    add(mul(mul(s, o), tSlope), mul(mul(uo, t), oSlope)),
    s,
  ];
}

/**
 * The gradient of `lstmGates`, from its gates (i, f, g, o), the cells before and after, and the cotangents of h and c′: with
 * d = c̄′ + h̄·o·(1 − tanh² c′) it is (d·g·i(1 − i), d·c·f(1 − f), d·i(1 − g²), h̄·tanh c′·o(1 − o)), and d·f for c.
 *
 * @throws {ShapeError} when the gates are not four times as wide as the cell, or cells and cotangents differ in shape.
 * @example
 * import { lstmGatesGradient, ones, zeros } from "@chainrule/core";
 * const act = zeros([4]).add(0.5);
 * lstmGatesGradient(act, ones([1]), zeros([1]), zeros([1]), ones([1])).cell; // → tensor([0.5])
 */
export const lstmGatesGradient: Op<
  (
    activations: TensorLike,
    cell: TensorLike,
    nextCell: TensorLike,
    hiddenBar: TensorLike,
    nextCellBar: TensorLike,
  ) => LstmGradient
> = defineOp({
  name: "lstmGatesGradient",
  formula: String.raw`\bar a_i = d\, g\, i (1 - i), \dots, \quad d = \bar c' + \bar h\, o (1 - \tanh^2 c')`,
  call: (
    activations: TensorLike,
    cell: TensorLike,
    nextCell: TensorLike,
    hiddenBar: TensorLike,
    nextCellBar: TensorLike,
  ) => ({ operands: [activations, cell, nextCell, hiddenBar, nextCellBar], options: {} }),
  shapes: ([act, cell, ...others]) => {
    checkGates("lstmGatesGradient", act!.shape, cell!.shape, 4);
    const odd = others.find((x) => !sameShape(x.shape, cell!.shape));
    if (odd !== undefined) {
      throw new ShapeError(
        `lstmGatesGradient: cells and cotangents must have one shape, but there are ${formatShape(cell!.shape)} and ${formatShape(odd.shape)}.`,
        { cell: cell!.shape, other: odd.shape },
      );
    }
    return [act!.shape, cell!.shape];
  },
  forward: (operands, results) => lstmCellsGradient(operands.map(contiguousOperand), results),
  returns: ([gates, cell]) => ({ gates: gates!, cell: cell! }),
  vjp: ([gatesBar = null, cellBar = null], node) => {
    const operands = [0, 1, 2, 3, 4].map((k) => node.operand(k));
    const [act, cell] = operands as [Tensor, Tensor];
    return lstmGradientAdjoint(operands, gatesBar ?? zerosLike(act), cellBar ?? zerosLike(cell));
  },
  batch: (operands, batched) => {
    const [act, cell, next, hiddenBar, nextBar] = allBatched(operands, batched);
    return { ...lstmGatesGradient(act!, cell!, next!, hiddenBar!, nextBar!) };
  },
  samples: [
    (draw) => {
      const { lead, width } = drawState(draw);
      const state = (): Tensor => draw.tensor([...lead, width]);
      return [draw.tensor([...lead, 4 * width]), state(), state(), state(), state()];
    },
  ],
  rejects: [
    {
      call: () => [zeros([8]), zeros([2]), zeros([2]), zeros([2]), zeros([3])],
      message: /cells and cotangents must have one shape, but there are \[2\] and \[3\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([3]), zeros([1]), zeros([1]), zeros([1]), zeros([1])],
      message: /do not fit/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "an open forget gate hands the gradient of the cell on",
      call: () => [[0, 1, 0, 0], [3], [3], [0], [5]],
      result: [0, 0, 0, 0, 5],
    },
  ],
});
