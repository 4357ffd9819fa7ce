/**
 * The vector functions of packages/core/src/accelerated/vector in kernels: each vector is computed once and kept in a
 * local variable.
 */
import type { Local, StackVar } from "wasmati";
import { f32x4, f64x2, i32x4, local, v128 } from "wasmati";
import type { Instruction, Vectors } from "../src/accelerated/vector/algebra.ts";
import { instructions } from "../src/accelerated/vector/algebra.ts";
import type { Scope, Variant } from "./assembler.ts";
import { shuffle } from "./assembler.ts";

export type Vector = Local<"v128">;

const namespaces: Readonly<Record<string, object>> = { f32x4, f64x2, i32x4, v128 };

/** A vector's sixteen bytes, the lowest first. */
type Bytes = Extract<Parameters<typeof v128.const>, ["i8x16", unknown]>[1];

type Emit = (...operands: Vector[]) => StackVar<"v128">;

function emitter(name: Instruction): Emit {
  const [namespace, method] = instructions[name][0].split(".") as [string, string];
  return (namespaces[namespace] as Record<string, Emit>)[method]!;
}

export function vectorsOf(scope: Scope, { relaxed }: Variant): Vectors<Vector> {
  const keep = (value: StackVar<"v128">): Vector => {
    const variable = scope.v128();
    local.set(variable, value);
    return variable;
  };
  const table: Record<string, unknown> = {
    number: (value: number) =>
      scope.constant(`number ${Object.is(value, -0) ? "-0" : value}`, () =>
        v128.const("f32x4", [value, value, value, value]),
      ),
    whole: (value: number) => {
      // Byte by byte: wasmati takes no word with all bits set.
      const bytes = [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);
      const all = [...bytes, ...bytes, ...bytes, ...bytes] as Bytes;
      return scope.constant(`whole ${value}`, () => v128.const("i8x16", all));
    },
    wide: (value: number) =>
      scope.constant(`wide ${value}`, () => v128.const("f64x2", [value, value])),
    fma: (a: Vector, b: Vector, c: Vector) =>
      keep(relaxed ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c)),
    shiftLeft: (a: Vector, bits: number) => keep(i32x4.shl(a, bits)),
    shiftRight: (a: Vector, bits: number) => keep(i32x4.shr_s(a, bits)),
    shuffle: (a: Vector, b: Vector, places: readonly number[]) => keep(shuffle(a, b, places)),
  };
  for (const name of Object.keys(instructions) as Instruction[]) {
    const emit = emitter(name);
    table[name] = (...operands: Vector[]) => keep(emit(...operands));
  }
  return table as unknown as Vectors<Vector>;
}
