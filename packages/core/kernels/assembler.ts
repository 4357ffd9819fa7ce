/**
 * What kernels are written with beside wasmati's instructions: local variables on demand, loops, and addresses.
 *
 * Runs when the workspace is set up, never in a user's program.
 */
import type { Func, Input, Local, StackVar, Type, ValueType } from "wasmati";
import { block, br, br_if, f32, f64, func, i8x16, i32, if_, local, loop, v128 } from "wasmati";

/** What a module may use. */
export interface Variant {
  /** Whether multiplication and addition are one instruction, which rounds once: `f32x4.relaxed_madd`. */
  readonly relaxed: boolean;
}

type LocalType = "i32" | "f32" | "f64" | "v128";
const localTypes = { i32, f32, f64, v128 };

type Constants = Map<string, () => void>;

/** Hands out local variables to the body of a kernel. */
export class Scope {
  readonly used: Record<LocalType, number> = { i32: 0, f32: 0, f64: 0, v128: 0 };
  private readonly free: Record<LocalType, Local[]> = { i32: [], f32: [], f64: [], v128: [] };

  private readonly constants = new Map<string, Local<"v128">>();
  private readonly wanted: Constants;

  /** `wanted` are the constants of an earlier run, which are made before anything else. */
  constructor(locals: readonly Local[], wanted: Constants) {
    for (const variable of locals) this.free[variable.type as LocalType].push(variable);
    this.wanted = wanted;
    for (const [key, make] of wanted) {
      const variable = this.v128();
      make();
      local.set(variable);
      this.constants.set(key, variable);
    }
  }

  /** A vector that never changes, made once before all loops. */
  constant(key: string, make: () => void): Local<"v128"> {
    this.wanted.set(key, make);
    // In the first run there may be none yet: any variable will do.
    let variable = this.constants.get(key);
    if (variable === undefined) {
      variable = this.v128();
      this.constants.set(key, variable);
    }
    return variable;
  }

  private take<T extends LocalType>(type: T): Local<T> {
    const variable = this.free[type][this.used[type]++];
    if (variable === undefined)
      throw new Error(`kernel: too many local variables of type ${type}.`);
    return variable as Local<T>;
  }

  i32(): Local<"i32"> {
    return this.take("i32");
  }

  f32(): Local<"f32"> {
    return this.take("f32");
  }

  f64(): Local<"f64"> {
    return this.take("f64");
  }

  v128(): Local<"v128"> {
    return this.take("v128");
  }

  vectors(count: number): Local<"v128">[] {
    return Array.from({ length: count }, () => this.v128());
  }

  fourVectors(): readonly [Local<"v128">, Local<"v128">, Local<"v128">, Local<"v128">] {
    return [this.v128(), this.v128(), this.v128(), this.v128()];
  }
}

/** A function of a module. */
export type Kernel = Func<ValueType[], []>;

/** So many variables of each type a kernel may have. */
const mostLocals = 2048;

/** A function without results whose body takes local variables as it needs them. */
export function kernel<const Args extends readonly LocalType[]>(
  parameters: Args,
  body: (args: { readonly [K in keyof Args]: Local<Args[K]> }, scope: Scope) => void,
): Kernel {
  const types = parameters.map((type): Type<ValueType> => localTypes[type]);
  // wasmati wants to know the variables beforehand: a first run counts them, and collects the constants.
  const constants: Constants = new Map();
  let counts: Record<LocalType, number> = { i32: 32, f32: 32, f64: 32, v128: mostLocals };
  const make = (): Kernel => {
    const names = Object.keys(localTypes) as LocalType[];
    const locals = names.flatMap((type) =>
      Array.from({ length: counts[type] }, (): Type<ValueType> => localTypes[type]),
    );
    return func(
      { in: asTuple(types), locals: asTuple(locals), out: [] },
      (args: readonly Local[], variables: readonly Local[]) => {
        const scope = new Scope(variables, constants);
        body(args as { readonly [K in keyof Args]: Local<Args[K]> }, scope);
        counts = scope.used;
      },
    );
  };
  make();
  return make();
}

/** wasmati takes tuples; these are made at run time. */
function asTuple(types: Type<ValueType>[]): [Type<ValueType>, ...Type<ValueType>[]] {
  return types as [Type<ValueType>, ...Type<ValueType>[]];
}

/** for (i = from; i < to; i += step). */
export function forEach(
  i: Local<"i32">,
  from: Input<"i32">,
  to: Local<"i32"> | number,
  step: Local<"i32"> | number,
  body: () => void,
): void {
  local.set(i, from);
  block({}, (end) => {
    loop({}, (next) => {
      i32.ge_s(i, to);
      br_if(end);
      body();
      local.set(i, i32.add(i, step));
      br(next);
    });
  });
}

/** for (; i < to; i += step), with the test at the end of each round: one jump less where it counts. */
export function whileBelow(
  i: Local<"i32">,
  to: Local<"i32">,
  step: Local<"i32"> | number,
  body: () => void,
): void {
  i32.lt_s(i, to);
  if_({}, () => {
    loop({}, (next) => {
      body();
      i32.lt_s(local.tee(i, i32.add(i, step)), to);
      br_if(next);
    });
  });
}

/** pointer += bytes. */
export function advance(pointer: Local<"i32">, bytes: Local<"i32"> | number): void {
  local.set(pointer, i32.add(pointer, bytes));
}

/** Four numbers at pointer + offset, which need not be aligned. */
export function load(pointer: Local<"i32">, offset = 0): StackVar<"v128"> {
  return v128.load({ offset, align: 4 }, pointer);
}

export function store(pointer: Local<"i32">, value: Input<"v128">, offset = 0): void {
  v128.store({ offset, align: 4 }, pointer, value);
}

/** Four of the eight numbers of two vectors, by their places. */
export function shuffle(
  a: Local<"v128">,
  b: Local<"v128">,
  places: readonly number[],
): StackVar<"v128"> {
  const bytes = places.flatMap((place) => [0, 1, 2, 3].map((byte) => 4 * place + byte));
  return i8x16.shuffle(bytes as Parameters<typeof i8x16.shuffle>[0], a, b);
}
