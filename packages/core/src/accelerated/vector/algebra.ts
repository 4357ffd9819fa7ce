/**
 * Vectors of four float32 numbers: what can be done with them, whoever writes the instructions.
 *
 * There are two interpretations: loops generated at run time (../emitter.ts) and the kernels that are assembled when
 * the workspace is set up (packages/core/kernels/vectors.ts).
 */

/** The instructions by our names: that of WebAssembly, the code, and the number of operands. */
export const instructions = {
  add: ["f32x4.add", 0xe4, 2],
  sub: ["f32x4.sub", 0xe5, 2],
  mul: ["f32x4.mul", 0xe6, 2],
  div: ["f32x4.div", 0xe7, 2],
  neg: ["f32x4.neg", 0xe1, 1],
  abs: ["f32x4.abs", 0xe0, 1],
  sqrt: ["f32x4.sqrt", 0xe3, 1],
  ceil: ["f32x4.ceil", 0x67, 1],
  floor: ["f32x4.floor", 0x68, 1],
  trunc: ["f32x4.trunc", 0x69, 1],
  /** Halves to even. */
  nearest: ["f32x4.nearest", 0x6a, 1],
  /** b < a ? b : a; so a, where either is NaN. */
  pmin: ["f32x4.pmin", 0xea, 2],
  /** a < b ? b : a; so a, where either is NaN. */
  pmax: ["f32x4.pmax", 0xeb, 2],
  // Comparisons give masks: all bits 1 where they hold.
  eq: ["f32x4.eq", 0x41, 2],
  ne: ["f32x4.ne", 0x42, 2],
  lt: ["f32x4.lt", 0x43, 2],
  gt: ["f32x4.gt", 0x44, 2],
  le: ["f32x4.le", 0x45, 2],
  ge: ["f32x4.ge", 0x46, 2],
  not: ["v128.not", 0x4d, 1],
  and: ["v128.and", 0x4e, 2],
  /** a and not b. */
  andnot: ["v128.andnot", 0x4f, 2],
  or: ["v128.or", 0x50, 2],
  xor: ["v128.xor", 0x51, 2],
  /** The bits of a where the mask c has ones, else those of b. */
  select: ["v128.bitselect", 0x52, 3],
  addWhole: ["i32x4.add", 0xae, 2],
  subWhole: ["i32x4.sub", 0xb1, 2],
  /** Whole numbers as float32. */
  fromWhole: ["f32x4.convert_i32x4_s", 0xfa, 1],
  /** Towards zero; 0 of NaN. */
  toWhole: ["i32x4.trunc_sat_f32x4_s", 0xf8, 1],
  // Two float64 numbers.
  addWide: ["f64x2.add", 0xf0, 2],
  subWide: ["f64x2.sub", 0xf1, 2],
  mulWide: ["f64x2.mul", 0xf2, 2],
  divWide: ["f64x2.div", 0xf3, 2],
  pminWide: ["f64x2.pmin", 0xf6, 2],
  pmaxWide: ["f64x2.pmax", 0xf7, 2],
  nearestWide: ["f64x2.nearest", 0x94, 1],
  /** The first two numbers in double precision. */
  widenLow: ["f64x2.promote_low_f32x4", 0x5f, 1],
  /** The two numbers as float32, then two zeros. */
  narrow: ["f32x4.demote_f64x2_zero", 0x5e, 1],
} as const satisfies Record<string, readonly [string, number, 1 | 2 | 3]>;

export type Instruction = keyof typeof instructions;

type Operation<Count extends number, V> = Count extends 1
  ? (a: V) => V
  : Count extends 2
    ? (a: V, b: V) => V
    : (a: V, b: V, c: V) => V;

export type Vectors<V> = {
  readonly [I in Instruction]: Operation<(typeof instructions)[I][2], V>;
} & {
  /** Four times the same number. */
  number(value: number): V;
  /** Four times the same whole number. */
  whole(value: number): V;
  /** Twice the same double. */
  wide(value: number): V;
  /** a·b + c, rounded once or twice. */
  fma(a: V, b: V, c: V): V;
  shiftLeft(a: V, bits: number): V;
  /** Keeps the sign. */
  shiftRight(a: V, bits: number): V;
  /** Four of the eight numbers of two vectors, by their places. */
  shuffle(a: V, b: V, places: readonly [number, number, number, number]): V;
};
