/**
 * The gates of long short-term memory. A row of gates has four parts of `width` numbers, which is a multiple of four; a
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
  private readonly pointers: Map<Whole, Whole>;
  private readonly scope: Scope;

  constructor(scope: Scope, width: Whole) {
    this.scope = scope;
    this.at = scope.i32();
    this.row = scope.i32();
    this.bytes = scope.i32();
    this.pointers = new Map();
    local.set(this.bytes, i32.shl(width, 2));
  }

  /** The addresses of the four parts at the present place of a row of gates. */
  parts(gates: Whole): readonly Whole[] {
    const [i, f, g, o] = Array.from({ length: 4 }, () => this.scope.i32()) as [
      Whole,
      Whole,
      Whole,
      Whole,
    ];
    local.set(i, i32.add(gates, this.at));
    for (const [from, to] of [
      [i, f],
      [f, g],
      [g, o],
    ] as const)
      local.set(to, i32.add(from, this.bytes));
    return [i, f, g, o];
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
    const { row, at, bytes } = this;
    forEach(row, 0, rows, 1, () => {
      local.set(at, 0);
      whileBelow(at, bytes, vectorBytes, body);
      for (const pointer of gates) advance(pointer, i32Times4(this.scope, bytes));
      for (const pointer of states) advance(pointer, bytes);
    });
  }
}

function i32Times4(scope: Scope, bytes: Whole): Whole {
  const variable = scope.i32();
  local.set(variable, i32.shl(bytes, 2));
  return variable;
}

/**
 * lstm(hidden, next, act, gates, cell, rows, width): with i, f, o = σ and g = tanh of the parts of the gates, which are
 * kept in `act`, next = f·cell + i·g and hidden = o·tanh next.
 */
export function lstm(variant: Variant): Kernel {
  return kernel(["i32", "i32", "i32", "i32", "i32", "i32", "i32"], (args, scope) => {
    const [hidden, next, act, gates, cell, rows, width] = args;
    const v = vectorsOf(scope, variant);
    const walk = new GateRows(scope, width);
    const x = scope.v128();
    walk.forEach(rows, [act, gates], [hidden, next, cell], () => {
      const from = walk.parts(gates);
      const to = walk.parts(act);
      const [i, f, g, o] = from.map((pointer, part) => {
        set(x, load(pointer));
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
 * d·cell·f(1 − f), d·i(1 − g²), hiddenBar·t·o(1 − o), and d·f.
 */
export function lstmGradient(variant: Variant): Kernel {
  return kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    ([gatesBar, cellBar, act, cell, next, hiddenBar, nextBar, rows, width], scope) => {
      const v = vectorsOf(scope, variant);
      const walk = new GateRows(scope, width);
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
