/**
 * The gates of recurrent cells. A row of gates has three or four parts of `width` numbers, which is a multiple of four; a
 * row of a state has one.
 */
import type { Input, Local } from "wasmati";
import { f32x4, i32, local } from "wasmati";
import { exp, tanh } from "../src/accelerated/vector/functions.ts";
import type { Kernel, Scope, Variant } from "./assembler.ts";
import { advance, forEach, kernel, load, store, whileBelow } from "./assembler.ts";
import type { Vector } from "./vectors.ts";
import { vectorsOf } from "./vectors.ts";

type Vectors = ReturnType<typeof vectorsOf>;
type Whole = Local<"i32">;

const vectorBytes = 16;

/** σ(x) = 1/(1 + e⁻ˣ); 3 ulp. */
function logistic(v: Vectors, x: Vector): Vector {
  const one = v.number(1);
  return v.div(one, v.add(one, exp(v, v.neg(x))));
}

/** x·(1 − x) for a vector, times another. */
function timesLogisticSlope(v: Vectors, factor: Vector, x: Vector): Vector {
  return v.mul(v.mul(factor, x), v.sub(v.number(1), x));
}

function set(variable: Vector, value: Input<"v128">): Vector {
  local.set(variable, value);
  return variable;
}

/** Walks along rows of gates, and along those of states beside them, vector by vector. */
class GateRows {
  private readonly at: Whole;
  private readonly row: Whole;
  private readonly bytes: Whole;
  private readonly rowBytes: Whole;
  private readonly count: number;
  private readonly pointers: Map<Whole, Whole>;
  private readonly scope: Scope;

  /** `count`: how many parts a row of gates has. */
  constructor(scope: Scope, width: Whole, count: number) {
    this.scope = scope;
    this.count = count;
    this.rowBytes = scope.i32();
    this.at = scope.i32();
    this.row = scope.i32();
    this.bytes = scope.i32();
    this.pointers = new Map();
    local.set(this.bytes, i32.shl(width, 2));
    local.set(this.rowBytes, i32.mul(this.bytes, count));
  }

  /** The addresses of the parts at the present place of a row of gates. */
  parts(gates: Whole): readonly Whole[] {
    const all = Array.from({ length: this.count }, () => this.scope.i32());
    for (const [k, part] of all.entries())
      local.set(part, k === 0 ? i32.add(gates, this.at) : i32.add(all[k - 1]!, this.bytes));
    return all;
  }

  /** The address of the present place in a row of a state. */
  place(state: Whole): Whole {
    let variable = this.pointers.get(state);
    if (variable === undefined) {
      variable = this.scope.i32();
      this.pointers.set(state, variable);
    }
    local.set(variable, i32.add(state, this.at));
    return variable;
  }

  forEach(rows: Whole, gates: readonly Whole[], states: readonly Whole[], body: () => void): void {
    const { row, at, bytes, rowBytes } = this;
    forEach(row, 0, rows, 1, () => {
      local.set(at, 0);
      whileBelow(at, bytes, vectorBytes, body);
      for (const pointer of gates) advance(pointer, rowBytes);
      for (const pointer of states) advance(pointer, bytes);
    });
  }
}

/**
 * lstm(hidden, next, act, gates, bias, cell, rows, width): with i, f, o = σ and g = tanh of the parts of gates + bias, which
 * are kept in `act`, next = f·cell + i·g and hidden = o·tanh next. The bias is one row for all. `act` may be `gates`.
 */
export function lstm(variant: Variant): Kernel {
  return kernel(["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], (args, scope) => {
    const [hidden, next, act, gates, bias, cell, rows, width] = args;
    const v = vectorsOf(scope, variant);
    const walk = new GateRows(scope, width, 4);
    const x = scope.v128();
    walk.forEach(rows, [act, gates], [hidden, next, cell], () => {
      const from = walk.parts(gates);
      const shifts = walk.parts(bias);
      const to = walk.parts(act);
      const [i, f, g, o] = from.map((pointer, part) => {
        set(x, f32x4.add(load(pointer), load(shifts[part]!)));
        const gate = part === 2 ? tanh(v, x) : logistic(v, x);
        store(to[part]!, gate);
        return gate;
      }) as [Vector, Vector, Vector, Vector];
      set(x, load(walk.place(cell)));
      const c = v.fma(f, x, v.mul(i, g));
      store(walk.place(next), c);
      store(walk.place(hidden), f32x4.mul(o, tanh(v, c)));
    });
  });
}

/**
 * lstmGradient(gatesBar, cellBar, act, cell, next, hiddenBar, nextBar, rows, width): the cotangents of the gates' sums
 * and of the cell before. With t = tanh next and d = nextBar + hiddenBar·o·(1 − t²) they are d·g·i(1 − i),
 * d·cell·f(1 − f), d·i(1 − g²), hiddenBar·t·o(1 − o), and d·f. `cellBar` may be `nextBar`.
 */
export function lstmGradient(variant: Variant): Kernel {
  return kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    ([gatesBar, cellBar, act, cell, next, hiddenBar, nextBar, rows, width], scope) => {
      const v = vectorsOf(scope, variant);
      const walk = new GateRows(scope, width, 4);
      const one = v.number(1);
      const read = (pointer: Whole): Vector => set(scope.v128(), load(pointer));
      const states = [cellBar, cell, next, hiddenBar, nextBar];
      walk.forEach(rows, [gatesBar, act], states, () => {
        const [i, f, g, o] = walk.parts(act).map(read) as [Vector, Vector, Vector, Vector];
        const t = tanh(v, read(walk.place(next)));
        const h = read(walk.place(hiddenBar));
        const slope = v.sub(one, v.mul(t, t));
        const d = v.add(read(walk.place(nextBar)), v.mul(v.mul(h, o), slope));
        const [toI, toF, toG, toO] = walk.parts(gatesBar) as [Whole, Whole, Whole, Whole];
        store(toI, timesLogisticSlope(v, v.mul(d, g), i));
        store(toF, timesLogisticSlope(v, v.mul(d, read(walk.place(cell))), f));
        store(toG, f32x4.mul(v.mul(d, i), v.sub(one, v.mul(g, g))));
        store(toO, timesLogisticSlope(v, v.mul(h, t), o));
        store(walk.place(cellBar), f32x4.mul(d, f));
      });
    },
  );
}

/**
 * gru(next, act, candidates, sums, products, inputBias, stateBias, hidden, rows, width): with a = sums + inputBias and
 * b = products + stateBias, r and z = σ(a + b), n = tanh(aₙ + r·bₙ) and next = n + z·(hidden − n). The gates (r, z, n) are kept
 * in `act`, bₙ in `candidates`. `act` may be `sums`. A bias is one row for all.
 */
export function gru(variant: Variant): Kernel {
  return kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    (args, scope) => {
      const [next, act, candidates, sums, products, ...others] = args;
      const [inputBias, stateBias, hidden, rows, width] = others;
      const v = vectorsOf(scope, variant);
      const walk = new GateRows(scope, width, 3);
      const read = (pointer: Whole): Vector => set(scope.v128(), load(pointer));
      const shifted = (numbers: Whole, bias: Whole): Vector[] => {
        const shifts = walk.parts(bias);
        return walk.parts(numbers).map((at, part) => v.add(read(at), read(shifts[part]!)));
      };
      walk.forEach(rows, [act, sums, products], [next, candidates, hidden], () => {
        const [ar, az, an] = shifted(sums, inputBias) as [Vector, Vector, Vector];
        const [br, bz, bn] = shifted(products, stateBias) as [Vector, Vector, Vector];
        const r = logistic(v, v.add(ar, br));
        const z = logistic(v, v.add(az, bz));
        const n = tanh(v, v.fma(r, bn, an));
        const to = walk.parts(act);
        for (const [part, gate] of [r, z, n].entries()) store(to[part]!, gate);
        store(walk.place(candidates), bn);
        store(walk.place(next), v.fma(z, v.sub(read(walk.place(hidden)), n), n));
      });
    },
  );
}

/**
 * gruGradient(inputBar, stateBar, hiddenBar, gates, candidates, hidden, nextBar, rows, width): the cotangents of both sums,
 * and what the state passes by the gates. With p = nextBar·(1 − z)(1 − n²), q = p·candidates·r(1 − r) and
 * u = nextBar·(hidden − n)·z(1 − z) they are (q, u, p), (q, u, p·r) and nextBar·z. `hiddenBar` may be `nextBar`.
 */
export function gruGradient(variant: Variant): Kernel {
  return kernel(["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], (args, scope) => {
    const [inputBar, stateBar, hiddenBar, gates, candidates, hidden, nextBar, rows, width] = args;
    const v = vectorsOf(scope, variant);
    const walk = new GateRows(scope, width, 3);
    const one = v.number(1);
    const read = (pointer: Whole): Vector => set(scope.v128(), load(pointer));
    const states = [hiddenBar, candidates, hidden, nextBar];
    walk.forEach(rows, [inputBar, stateBar, gates], states, () => {
      const [r, z, n] = walk.parts(gates).map(read) as [Vector, Vector, Vector];
      const d = read(walk.place(nextBar));
      const p = v.mul(v.mul(d, v.sub(one, z)), v.sub(one, v.mul(n, n)));
      const q = timesLogisticSlope(v, v.mul(p, read(walk.place(candidates))), r);
      const change = v.sub(read(walk.place(hidden)), n);
      const u = timesLogisticSlope(v, v.mul(d, change), z);
      const toInput = walk.parts(inputBar);
      for (const [part, value] of [q, u, p].entries()) store(toInput[part]!, value);
      const toState = walk.parts(stateBar);
      for (const [part, value] of [q, u, v.mul(p, r)].entries()) store(toState[part]!, value);
      store(walk.place(hiddenBar), f32x4.mul(d, z));
    });
  });
}

/** tanhStep(hidden, sums, bias, rows, width): hidden = tanh(sums + bias), with one row of biases for all. */
export function tanhStep(variant: Variant): Kernel {
  return plainStep(variant, (v, x) => tanh(v, x));
}

/** reluStep(hidden, sums, bias, rows, width): the same with max(0, x); NaN stays NaN. */
export function reluStep(variant: Variant): Kernel {
  return plainStep(variant, (v, x) => v.pmax(x, v.number(0)));
}

function plainStep(variant: Variant, activate: (v: Vectors, x: Vector) => Vector): Kernel {
  return kernel(["i32", "i32", "i32", "i32", "i32"], ([hidden, sums, bias, rows, width], scope) => {
    const v = vectorsOf(scope, variant);
    const walk = new GateRows(scope, width, 1);
    const read = (pointer: Whole): Vector => set(scope.v128(), load(pointer));
    walk.forEach(rows, [], [hidden, sums], () => {
      const shift = read(walk.parts(bias)[0]!);
      store(walk.place(hidden), activate(v, v.add(read(walk.place(sums)), shift)));
    });
  });
}

/** tanhStepGradient(sumsBar, hidden, hiddenBar, rows, width): sumsBar = hiddenBar·(1 − hidden²). */
export function tanhStepGradient(variant: Variant): Kernel {
  return plainStepGradient(variant, (v, y, bar) => v.mul(bar, v.sub(v.number(1), v.mul(y, y))));
}

/** reluStepGradient(sumsBar, hidden, hiddenBar, rows, width): sumsBar = hiddenBar where hidden > 0, else 0. */
export function reluStepGradient(variant: Variant): Kernel {
  return plainStepGradient(variant, (v, y, bar) => v.and(v.gt(y, v.number(0)), bar));
}

function plainStepGradient(
  variant: Variant,
  gradient: (v: Vectors, y: Vector, bar: Vector) => Vector,
): Kernel {
  return kernel(["i32", "i32", "i32", "i32", "i32"], (args, scope) => {
    const [sumsBar, hidden, hiddenBar, rows, width] = args;
    const v = vectorsOf(scope, variant);
    const walk = new GateRows(scope, width, 1);
    const read = (pointer: Whole): Vector => set(scope.v128(), load(pointer));
    walk.forEach(rows, [], [sumsBar, hidden, hiddenBar], () => {
      const y = read(walk.place(hidden));
      store(walk.place(sumsBar), gradient(v, y, read(walk.place(hiddenBar))));
    });
  });
}

/** accumulate(target, source, count): target += source, for so many numbers, a multiple of four. */
export const accumulate: Kernel = kernel(
  ["i32", "i32", "i32"],
  ([target, source, count], scope) => {
    const end = scope.i32();
    local.set(end, i32.add(target, i32.shl(count, 2)));
    whileBelow(target, end, vectorBytes, () => {
      store(target, f32x4.add(load(target), load(source)));
      advance(source, vectorBytes);
    });
  },
);
