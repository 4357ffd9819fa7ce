/**
 * What kernels of rows are made of: walking along a row, sums in double precision, and vectors of which only some numbers
 * are there.
 *
 * The last vector of a row may reach into the next one: what it holds there is kept out of sums by a mask, and nothing is
 * written there, since another thread may do so at the same time.
 */
import type { Input, Local, StackVar } from "wasmati";
import { f32x4, f64, f64x2, i32, i32x4, if_, local, v128 } from "wasmati";
import type { Scope } from "./assembler.ts";
import { advance, shuffle, store, whileBelow } from "./assembler.ts";
import type { Vector } from "./vectors.ts";

export type Whole = Local<"i32">;

/** Walks along rows, vector by vector. */
export class Row {
  private readonly scope: Scope;
  private readonly bytes: Whole;
  private readonly at: Whole;
  private readonly whole: Whole;
  private readonly mask: Vector;
  private readonly rest: Whole;
  private readonly last: Vector;

  /** For rows of `length` numbers. */
  constructor(scope: Scope, length: Whole) {
    this.scope = scope;
    this.bytes = scope.i32();
    this.at = scope.i32();
    this.whole = scope.i32();
    this.mask = scope.v128();
    this.rest = scope.i32();
    this.last = scope.v128();
    local.set(this.rest, i32.and(length, 3));
    local.set(this.bytes, i32.shl(length, 2));
    local.set(this.whole, i32.shl(i32.and(length, -4), 2));
    local.set(this.mask, restMask(length));
  }

  /**
   * Calls `body` with a function that gives the next vector of a row, for whole vectors and then, masked, for the rest.
   */
  forEach(body: (at: (pointer: Whole) => Whole, mask: Vector | null) => void): void {
    const { at, bytes, whole } = this;
    const pointers = new Map<Whole, Whole>();
    const address = (pointer: Whole): Whole => {
      let variable = pointers.get(pointer);
      if (variable === undefined) {
        variable = this.scope.i32();
        pointers.set(pointer, variable);
      }
      local.set(variable, i32.add(pointer, at));
      return variable;
    };
    local.set(at, 0);
    whileBelow(at, whole, vectorBytes, () => body(address, null));
    i32.lt_s(at, bytes);
    if_({}, () => body(address, this.mask));
  }

  /** Writes a vector of a row: all of it or, where there is a mask, what belongs to the row. */
  store(pointer: Whole, value: Input<"v128">, mask: Vector | null): void {
    if (mask === null) {
      store(pointer, value);
      return;
    }
    local.set(this.last, value);
    storeSome(pointer, this.last, this.rest);
  }

  /** Moves pointers to the next row. */
  next(...pointers: Whole[]): void {
    for (const pointer of pointers) advance(pointer, this.bytes);
  }
}

/** Which numbers of the last vector of a row, where it is not whole, belong to it. */
export function restMask(length: Whole): StackVar<"v128"> {
  v128.const("i32x4", [0, 1, 2, 3]);
  i32x4.splat(i32.and(length, 3));
  return i32x4.lt_s();
}

export const vectorBytes = 16;

/** A sum in double precision, of two numbers at a time. */
export class DoubleSum {
  private readonly low: Vector;
  private readonly high: Vector;
  private readonly swapped: Vector;

  constructor(scope: Scope) {
    this.low = scope.v128();
    this.high = scope.v128();
    this.swapped = scope.v128();
  }

  clear(): void {
    for (const half of [this.low, this.high]) local.set(half, v128.const("f64x2", [0, 0]));
  }

  /** Adds x, or x·y with the product in double precision. */
  add(x: Vector, y?: Vector): void {
    const { low, high, swapped } = this;
    const upper = (vector: Vector) => shuffle(vector, vector, [2, 3, 2, 3]);
    if (y === undefined) {
      local.set(low, f64x2.add(low, f64x2.promote_low_f32x4(x)));
      local.set(high, f64x2.add(high, f64x2.promote_low_f32x4(upper(x))));
      return;
    }
    f64x2.promote_low_f32x4(x);
    f64x2.promote_low_f32x4(y);
    f64x2.mul();
    local.set(swapped);
    local.set(low, f64x2.add(low, swapped));
    f64x2.promote_low_f32x4(upper(x));
    f64x2.promote_low_f32x4(upper(y));
    f64x2.mul();
    local.set(swapped);
    local.set(high, f64x2.add(high, swapped));
  }

  total(target: Local<"f64">): void {
    const { low, high } = this;
    local.set(low, f64x2.add(low, high));
    f64.add(f64x2.extract_lane(0, low), f64x2.extract_lane(1, low));
    local.set(target);
  }
}

/** Writes the first numbers of a vector, of which there are `count`: one, two or three. */
export function storeSome(pointer: Whole, value: Vector, count: Whole): void {
  i32.eq(count, 1);
  if_(
    {},
    () => v128.store32_lane({ align: 4 }, 0, pointer, value),
    () => {
      v128.store64_lane({ align: 4 }, 0, pointer, value);
      i32.eq(count, 3);
      if_({}, () => v128.store32_lane({ offset: 8, align: 4 }, 2, pointer, value));
    },
  );
}

/** x where the mask is set, else 0. */
export function masked(x: Vector, mask: Vector | null): void {
  if (mask !== null) local.set(x, v128.and(x, mask));
}

export function splat(target: Vector, value: Input<"f32">): void {
  local.set(target, f32x4.splat(value));
}
