/**
 * Groups of numbers, each with numbers of its own: rows that lie apart, or columns of which four are computed at a time.
 */
import { f32x4, f64x2, i32, if_, local, v128 } from "wasmati";
import type { Scope } from "./assembler.ts";
import { advance, forEach, shuffle, store } from "./assembler.ts";
import type { Whole } from "./row.ts";
import { Row, storeSome, vectorBytes } from "./row.ts";
import type { Vector } from "./vectors.ts";

/** Walks along the rows of a group, vector by vector. */
export class Group {
  private readonly row: Row;
  private readonly outer: Whole;
  private readonly step: Whole;
  private readonly i: Whole;
  private readonly scope: Scope;

  /** Of `outer` rows of `length` numbers, `step` bytes apart. */
  constructor(scope: Scope, outer: Whole, length: Whole, step: Whole) {
    this.scope = scope;
    this.row = new Row(scope, length);
    this.outer = outer;
    this.step = step;
    this.i = scope.i32();
  }

  /** Calls `body` with the addresses of the next vector of each array. */
  forEach(arrays: readonly Whole[], body: (places: readonly Whole[], mask: Vector | null) => void) {
    const { row, scope } = this;
    const firsts = arrays.map(() => scope.i32());
    for (const [i, array] of arrays.entries()) local.set(firsts[i]!, array);
    forEach(this.i, 0, this.outer, 1, () => {
      row.forEach((at, mask) => {
        body(firsts.map(at), mask);
      });
      for (const first of firsts) advance(first, this.step);
    });
  }

  store(pointer: Whole, value: Vector, mask: Vector | null): void {
    this.row.store(pointer, value, mask);
  }
}

/** Two pairs of doubles: something of each of four columns. */
export type Four = readonly [Vector, Vector];

/** Adds four numbers, or four products in double precision, to those of four columns. */
export function addFour([low, high]: Four, x: Vector, y: Vector | null, spare: Vector): void {
  for (const [sum, isUpper] of [
    [low, false],
    [high, true],
  ] as const) {
    const half = (vector: Vector): void => {
      if (isUpper) shuffle(vector, vector, [2, 3, 2, 3]);
      else local.get(vector);
      f64x2.promote_low_f32x4();
    };
    half(x);
    if (y !== null) {
      half(y);
      f64x2.mul();
    }
    local.set(spare);
    local.set(sum, f64x2.add(sum, spare));
  }
}

/** The four doubles as float32 numbers. */
export function narrow(target: Vector, [low, high]: Four, spare: Vector): void {
  local.set(target, f32x4.demote_f64x2_zero(low));
  local.set(spare, f32x4.demote_f64x2_zero(high));
  local.set(target, shuffle(target, spare, [0, 1, 4, 5]));
}

export function clearFour(sums: Four): void {
  for (const sum of sums) local.set(sum, v128.const("f64x2", [0, 0]));
}

/** Four columns after four: calls `body`, and then moves the pointers. */
export function forEachFour(
  scope: Scope,
  columns: Whole,
  pointers: readonly Whole[],
  body: () => void,
) {
  const column = scope.i32();
  forEach(column, 0, columns, 4, () => {
    body();
    for (const pointer of pointers) advance(pointer, vectorBytes);
  });
}

/** All four columns are there, or those that are left. */
export class Columns {
  private readonly left: Whole;
  private readonly scope: Scope;
  private readonly rows: Whole;
  private readonly step: Whole;
  private readonly row: Whole;

  constructor(scope: Scope, rows: Whole, columns: Whole, step: Whole) {
    this.scope = scope;
    this.rows = rows;
    this.step = step;
    this.row = scope.i32();
    this.left = scope.i32();
    local.set(this.left, columns);
  }

  /** Calls `body` with the address of the next row's four numbers in each array. */
  forEach(arrays: readonly Whole[], body: (places: readonly Whole[]) => void): void {
    const places = arrays.map(() => this.scope.i32());
    for (const [i, array] of arrays.entries()) local.set(places[i]!, array);
    forEach(this.row, 0, this.rows, 1, () => {
      body(places);
      for (const place of places) advance(place, this.step);
    });
  }

  store(pointer: Whole, value: Vector): void {
    i32.ge_s(this.left, 4);
    if_(
      {},
      () => store(pointer, value),
      () => storeSome(pointer, value, this.left),
    );
  }

  next(): void {
    local.set(this.left, i32.sub(this.left, 4));
  }
}
