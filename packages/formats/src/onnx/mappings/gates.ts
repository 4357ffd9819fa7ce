/**
 * The cells of recurrent networks, written out: a network is as many of them as the sample has steps.
 */
import type { Emitter, Value } from "../emitter.ts";
import { int } from "../emitter.ts";
import type { MappedCall, Mapping } from "../mapping.ts";
import { fixed, mapped } from "../mapping.ts";

/** Arithmetic on values. */
export class Arithmetic {
  readonly e: Emitter;
  private readonly one: Value;

  constructor(e: Emitter, call: MappedCall) {
    this.e = e;
    this.one = e.scalar(1, call.results[0]!.dtype);
  }

  add(a: Value, b: Value): Value {
    return this.e.op("Add", [a, b]);
  }

  sub(a: Value, b: Value): Value {
    return this.e.op("Sub", [a, b]);
  }

  mul(...factors: readonly Value[]): Value {
    return factors.reduce((product, factor) => this.e.op("Mul", [product, factor]));
  }

  sigmoid(x: Value): Value {
    return this.e.op("Sigmoid", [x]);
  }

  tanh(x: Value): Value {
    return this.e.op("Tanh", [x]);
  }

  /** 1 − x. */
  rest(x: Value): Value {
    return this.sub(this.one, x);
  }

  /** x·(1 − x), the derivative of σ by its value. */
  logisticSlope(x: Value): Value {
    return this.mul(x, this.rest(x));
  }

  /** 1 − x², the derivative of tanh by its value. */
  tanhSlope(x: Value): Value {
    return this.rest(this.mul(x, x));
  }

  /** Equal parts along the last dimension. */
  split(x: Value, count: number, width: number): Value[] {
    const sizes = this.e.int64s(new Array<number>(count).fill(width));
    return this.e.ops("Split", [x, sizes], count, { axis: int(-1) });
  }

  join(parts: readonly Value[]): Value {
    return this.e.op("Concat", parts, { axis: int(-1) });
  }
}

/** The gradient of a step of long short-term memory: of the sums, and of the cell before. */
export function lstmStepGradient(
  a: Arithmetic,
  [act, cell, next, hiddenBar, nextBar]: readonly [Value, Value, Value, Value, Value],
  width: number,
): [gates: Value, cell: Value] {
  const [i, f, g, o] = a.split(act, 4, width) as [Value, Value, Value, Value];
  const t = a.tanh(next);
  const d = a.add(nextBar, a.mul(hiddenBar, o, a.tanhSlope(t)));
  const gates = a.join([
    a.mul(d, g, a.logisticSlope(i)),
    a.mul(d, cell, a.logisticSlope(f)),
    a.mul(d, i, a.tanhSlope(g)),
    a.mul(hiddenBar, t, a.logisticSlope(o)),
  ]);
  return [gates, a.mul(d, f)];
}

/** The gradient of a step of a gated recurrent unit: of both sums, and what goes on to the state before by the gates. */
export function gruStepGradient(
  a: Arithmetic,
  [act, bn, hidden, hiddenBar]: readonly [Value, Value, Value, Value],
  width: number,
): [input: Value, state: Value, hidden: Value] {
  const [r, z, n] = a.split(act, 3, width) as [Value, Value, Value];
  const p = a.mul(hiddenBar, a.rest(z), a.tanhSlope(n));
  const ar = a.mul(p, bn, a.logisticSlope(r));
  const az = a.mul(hiddenBar, a.sub(hidden, n), a.logisticSlope(z));
  return [a.join([ar, az, p]), a.join([ar, az, a.mul(p, r)]), a.mul(hiddenBar, z)];
}

/** The width of the state, from an operand that has it. */
export function widthOf(call: MappedCall, operand: number): number {
  return fixed(call, call.operands[operand]!.shape.at(-1), "width of the state");
}

const withArithmetic = (
  emit: (a: Arithmetic, operands: readonly Value[], call: MappedCall) => readonly Value[],
): Mapping =>
  mapped((e, call) => {
    const operands = call.operands.map(({ value }) => value);
    return emit(new Arithmetic(e, call), operands, call);
  });

export const gateMappings = {
  lstmGates: withArithmetic((a, [gates, cell], call) => {
    const [i, f, g, o] = a.split(gates!, 4, widthOf(call, 1)) as [Value, Value, Value, Value];
    const [input, forget, output] = [a.sigmoid(i), a.sigmoid(f), a.sigmoid(o)];
    const candidate = a.tanh(g);
    const next = a.add(a.mul(forget, cell!), a.mul(input, candidate));
    return [a.mul(output, a.tanh(next)), next, a.join([input, forget, candidate, output])];
  }),
  lstmGatesGradient: withArithmetic((a, operands, call) =>
    lstmStepGradient(a, operands as [Value, Value, Value, Value, Value], widthOf(call, 1)),
  ),
  gruGates: withArithmetic((a, [inputs, states, hidden], call) => {
    const width = widthOf(call, 2);
    const [ar, az, an] = a.split(inputs!, 3, width) as [Value, Value, Value];
    const [br, bz, bn] = a.split(states!, 3, width) as [Value, Value, Value];
    const [r, z] = [a.sigmoid(a.add(ar, br)), a.sigmoid(a.add(az, bz))];
    const n = a.tanh(a.add(an, a.mul(r, bn)));
    return [a.add(a.mul(a.rest(z), n), a.mul(z, hidden!)), a.join([r, z, n])];
  }),
  gruGatesGradient: withArithmetic((a, [act, states, hidden, hiddenBar], call) => {
    const width = widthOf(call, 2);
    const [, , bn] = a.split(states!, 3, width) as [Value, Value, Value];
    return gruStepGradient(a, [act!, bn, hidden!, hiddenBar!], width);
  }),
};
