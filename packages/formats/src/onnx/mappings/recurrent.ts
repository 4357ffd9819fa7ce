/**
 * Recurrent networks over whole sequences: ONNX's own nodes.
 *
 * ONNX gives hidden states and the last cell. What our ops leave for their gradients beside these is written out after
 * them, and stays out of files that do not need it.
 */
import { zeros } from "@chainrule/core";
import type { Emitter, Value } from "../emitter.ts";
import { int, none, text, texts } from "../emitter.ts";
import type { MappedCall, Mapping } from "../mapping.ts";
import { fixed, mapped } from "../mapping.ts";
import { Arithmetic, gruStepGradient, lstmStepGradient, widthOf } from "./gates.ts";
import { farEnd } from "./shapes.ts";

/** Values along the time, and what becomes of them from step to step. */
class Sequence extends Arithmetic {
  private readonly call: MappedCall;
  private readonly reverse: boolean;

  constructor(e: Emitter, call: MappedCall) {
    super(e, call);
    this.call = call;
    this.reverse = (call.options as { reverse: boolean }).reverse;
  }

  get direction(): { direction: ReturnType<typeof text> } {
    return { direction: text(this.reverse ? "reverse" : "forward") };
  }

  /** With a dimension of length 1 in front. */
  lifted(x: Value): Value {
    return this.e.op("Unsqueeze", [x, this.e.int64s([0])]);
  }

  without(x: Value, dim: number): Value {
    return this.e.op("Squeeze", [x, this.e.int64s([dim])]);
  }

  /** The blocks of rows of a parameter, one for each gate, in another order. */
  reordered(x: Value, order: readonly number[], width: number): Value {
    const sizes = this.e.int64s(new Array<number>(order.length).fill(width));
    const blocks = this.e.ops("Split", [x, sizes], order.length, { axis: int(0) });
    return this.e.op(
      "Concat",
      order.map((i) => blocks[i]!),
      { axis: int(0) },
    );
  }

  /** x·Wᵀ + b. */
  sums(x: Value, weight: Value, bias: Value | undefined): Value {
    const product = this.e.op("MatMul", [x, this.e.op("Transpose", [weight])]);
    return bias === undefined ? product : this.add(product, bias);
  }

  /** The states before each step, from those after it and the first one. */
  before(hidden: Value, first: Value): Value {
    const [from, to] = this.reverse ? [1, farEnd] : [0, -1];
    const rest = this.e.op("Slice", [
      hidden,
      this.e.int64s([from]),
      this.e.int64s([to]),
      this.e.int64s([0]),
    ]);
    const parts = [this.lifted(first), rest];
    return this.e.op("Concat", this.reverse ? parts.reverse() : parts, { axis: int(0) });
  }

  /** The number of steps, where the file has to know it. */
  steps(operand: number): number {
    return fixed(this.call, this.call.operands[operand]!.shape[0], "length of sequences");
  }

  /** The parts of all times in the order in which they are computed. */
  apart(x: Value, steps: number): Value[] {
    if (steps === 0) return [];
    const sizes = this.e.int64s(new Array<number>(steps).fill(1));
    const parts = this.e.ops("Split", [x, sizes], steps, { axis: int(0) });
    return this.reverse ? [...parts].reverse() : parts;
  }

  /** The inverse of {@link apart}. */
  together(parts: readonly Value[]): Value {
    const inTime = this.reverse ? [...parts].reverse() : parts;
    return this.e.op("Concat", inTime, { axis: int(0) });
  }
}

const onSequences = (
  emit: (a: Sequence, operands: readonly Value[], call: MappedCall) => readonly Value[],
): Mapping =>
  mapped((e, call) => {
    const operands = call.operands.map(({ value }) => value);
    return emit(new Sequence(e, call), operands, call);
  });

/** Parameters as ONNX wants them: the gates in its order, for one direction. */
function parameters(
  a: Sequence,
  [weightIh, weightHh]: readonly [Value, Value],
  biases: readonly Value[],
  order: readonly number[],
  width: number,
): [w: Value, r: Value, b: Value] {
  const ordered = (x: Value): Value => a.reordered(x, order, width);
  const b =
    biases.length === 0 ? none : a.lifted(a.e.op("Concat", biases.map(ordered), { axis: int(0) }));
  return [a.lifted(ordered(weightIh)), a.lifted(ordered(weightHh)), b];
}

export const recurrentMappings = {
  lstmSequence: onSequences((a, [x, h0, c0, weightIh, weightHh, bias], call) => {
    const { e } = a;
    const width = widthOf(call, 1);
    const biases =
      bias === undefined
        ? []
        : [bias, e.tensor(zeros([4 * width], { dtype: call.results[0]!.dtype }))];
    const [w, r, b] = parameters(a, [weightIh!, weightHh!], biases, [0, 3, 1, 2], width);
    const [y, , last] = e.ops("LSTM", [x!, w, r, b, none, a.lifted(h0!), a.lifted(c0!)], 3, {
      hidden_size: int(width),
      ...a.direction,
    }) as [Value, Value, Value];
    const hidden = a.without(y, 1);
    const cell = a.without(last, 0);
    if (typeof call.operands[0]!.shape[0] !== "number") return [hidden, cell];
    const sums = a.add(
      a.sums(x!, weightIh!, bias),
      a.sums(a.before(hidden, h0!), weightHh!, undefined),
    );
    const [i, f, g, o] = a.split(sums, 4, width) as [Value, Value, Value, Value];
    const gates = [a.sigmoid(i), a.sigmoid(f), a.tanh(g), a.sigmoid(o)] as const;
    const steps = a.steps(0);
    const kept = a.apart(gates[1], steps);
    const added = a.apart(a.mul(gates[0], gates[2]), steps);
    const cells: Value[] = [];
    let c = a.lifted(c0!);
    for (let s = 0; s < steps; s++) {
      c = a.add(a.mul(kept[s]!, c), added[s]!);
      cells.push(c);
    }
    return [hidden, cell, a.together(cells), a.join(gates)];
  }),
  lstmSequenceGradient: onSequences((a, operands, call) => {
    const [act, cells, c0, weight, hiddenBar, lastBar, cellsBar, gatesBar] = operands as [
      ...[Value, Value, Value, Value, Value, Value],
      Value?,
      Value?,
    ];
    const width = widthOf(call, 1);
    const steps = a.steps(1);
    const [acts, states, bars] = [act, cells, hiddenBar].map((x) => a.apart(x, steps)) as [
      ...[Value[], Value[], Value[]],
    ];
    const more = cellsBar === undefined ? [] : a.apart(cellsBar, steps);
    const direct = gatesBar === undefined ? [] : a.apart(gatesBar, steps);
    const sums = new Array<Value>(steps);
    let c = a.lifted(lastBar);
    let h: Value | undefined;
    for (let s = steps - 1; s >= 0; s--) {
      const hBar = h === undefined ? bars[s]! : a.add(bars[s]!, h);
      const cBar = more[s] === undefined ? c : a.add(c, more[s]!);
      const before = s === 0 ? a.lifted(c0) : states[s - 1]!;
      const step = [acts[s]!, before, states[s]!, hBar, cBar] as const;
      const [own, passed] = lstmStepGradient(a, step, width);
      sums[s] = direct[s] === undefined ? own : a.add(own, direct[s]!);
      h = a.e.op("MatMul", [sums[s]!, weight]);
      c = passed;
    }
    const first = h === undefined ? a.sub(lastBar, lastBar) : a.without(h, 0);
    return [steps === 0 ? act : a.together(sums), first, a.without(c, 0)];
  }),
  gruSequence: onSequences((a, [x, h0, weightIh, weightHh, ...biases], call) => {
    const width = widthOf(call, 1);
    const [w, r, b] = parameters(a, [weightIh!, weightHh!], biases, [1, 0, 2], width);
    const [y] = a.e.ops("GRU", [x!, w, r, b, none, a.lifted(h0!)], 2, {
      hidden_size: int(width),
      linear_before_reset: int(1),
      ...a.direction,
    }) as [Value];
    const hidden = a.without(y, 1);
    const sums = a.split(a.sums(x!, weightIh!, biases[0]), 3, width);
    const parts = a.split(a.sums(a.before(hidden, h0!), weightHh!, biases[1]), 3, width);
    const [reset, update] = [0, 1].map((k) => a.sigmoid(a.add(sums[k]!, parts[k]!))) as [
      Value,
      Value,
    ];
    const news = a.tanh(a.add(sums[2]!, a.mul(reset, parts[2]!)));
    return [hidden, a.join([reset, update, news]), parts[2]!];
  }),
  gruSequenceGradient: onSequences((a, operands, call) => {
    const [act, candidates, hidden, h0, weight, hiddenBar, inputBar, stateBar] = operands as [
      ...[Value, Value, Value, Value, Value, Value],
      Value?,
      Value?,
    ];
    const width = widthOf(call, 2);
    const steps = a.steps(2);
    const [acts, parts, states, bars] = [act, candidates, hidden, hiddenBar].map((x) =>
      a.apart(x, steps),
    ) as [...[Value[], Value[], Value[], Value[]]];
    const more = [inputBar, stateBar].map((x) => (x === undefined ? [] : a.apart(x, steps)));
    const sums = [new Array<Value>(steps), new Array<Value>(steps)] as const;
    let h: Value | undefined;
    for (let s = steps - 1; s >= 0; s--) {
      const bar = h === undefined ? bars[s]! : a.add(bars[s]!, h);
      const before = s === 0 ? a.lifted(h0) : states[s - 1]!;
      const [input, state, kept] = gruStepGradient(a, [acts[s]!, parts[s]!, before, bar], width);
      for (const [k, own] of [input, state].entries())
        sums[k]![s] = more[k]![s] === undefined ? own : a.add(own, more[k]![s]!);
      h = a.add(kept, a.e.op("MatMul", [sums[1][s]!, weight]));
    }
    if (h === undefined) return [act, act, a.sub(h0, h0)];
    return [a.together(sums[0]), a.together(sums[1]), a.without(h, 0)];
  }),
  rnnSequence: onSequences((a, [x, h0, weightIh, weightHh, bias], call) => {
    const { nonlinearity } = call.options as { nonlinearity: "tanh" | "relu" };
    const width = widthOf(call, 1);
    const { dtype } = call.results[0]!;
    const biases = bias === undefined ? [] : [bias, a.e.tensor(zeros([width], { dtype }))];
    const [w, r, b] = parameters(a, [weightIh!, weightHh!], biases, [0], width);
    const [y] = a.e.ops("RNN", [x!, w, r, b, none, a.lifted(h0!)], 2, {
      hidden_size: int(width),
      activations: texts([nonlinearity === "tanh" ? "Tanh" : "Relu"]),
      ...a.direction,
    }) as [Value];
    return [a.without(y, 1)];
  }),
  rnnSequenceGradient: onSequences((a, [hidden, weight, hiddenBar], call) => {
    const { nonlinearity } = call.options as { nonlinearity: "tanh" | "relu" };
    const steps = a.steps(0);
    const zero = a.e.scalar(0, call.results[0]!.dtype);
    const [states, bars] = [hidden!, hiddenBar!].map((x) => a.apart(x, steps)) as [
      Value[],
      Value[],
    ];
    const sums = new Array<Value>(steps);
    let h: Value | undefined;
    for (let s = steps - 1; s >= 0; s--) {
      const bar = h === undefined ? bars[s]! : a.add(bars[s]!, h);
      const state = states[s]!;
      sums[s] =
        nonlinearity === "tanh"
          ? a.mul(bar, a.tanhSlope(state))
          : a.e.op("Where", [a.e.op("Greater", [state, zero]), bar, zero]);
      h = a.e.op("MatMul", [sums[s]!, weight!]);
    }
    if (h === undefined) {
      const shape = a.e.sizes(call.results[1]!.shape);
      return [hidden!, a.e.op("Expand", [zero, shape])];
    }
    return [a.together(sums), a.without(h, 0)];
  }),
};
