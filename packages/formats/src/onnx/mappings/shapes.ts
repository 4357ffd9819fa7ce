/**
 * Ops that move numbers without changing them: shapes, views, parts, joins.
 */
import { tensor } from "@chainrule/core";
import type { Emitter, Value } from "../emitter.ts";
import { int, ints, none } from "../emitter.ts";
import type { MappedCall, Operand } from "../mapping.ts";
import { first, fixed, mapped, unmapped, upTo } from "../mapping.ts";
import type { Size } from "../sizes.ts";
import { sameSize, sumOfSizes } from "../sizes.ts";

/** Bounds beyond which slices and pads of any tensor end. */
export const farEnd = 2 ** 31 - 1;

const same = mapped((_e, call) => first(call).value);

/** The sum of two sizes, or their difference. */
const plus = (a: Size, b: number): Size => sumOfSizes([a, b]);

/** A part of x: positions, ranges and new dimensions. */
type Item =
  | number
  | { readonly start: number; readonly stop: number; readonly step: number }
  | ":"
  | null;

/** Slice along some dimensions. */
export function slice(
  e: Emitter,
  x: Value,
  parts: readonly {
    readonly dim: number;
    readonly start: Size;
    readonly stop: Size;
    readonly step?: number;
  }[],
): Value {
  if (parts.length === 0) return x;
  return e.op("Slice", [
    x,
    e.sizes(parts.map(({ start }) => start)),
    e.sizes(parts.map(({ stop }) => stop)),
    e.int64s(parts.map(({ dim }) => dim)),
    e.int64s(parts.map(({ step = 1 }) => step)),
  ]);
}

export function squeeze(e: Emitter, x: Value, dims: readonly number[]): Value {
  return dims.length === 0 ? x : e.op("Squeeze", [x, e.int64s(dims)]);
}

export function unsqueeze(e: Emitter, x: Value, dims: readonly number[]): Value {
  return dims.length === 0 ? x : e.op("Unsqueeze", [x, e.int64s(dims)]);
}

export function transpose(e: Emitter, x: Value, perm: readonly number[]): Value {
  return perm.every((dim, i) => dim === i) ? x : e.op("Transpose", [x], { perm: ints(perm) });
}

/** Zeros (or another number) around x, or less of x where a number is negative: one pair for each dimension. */
export function pad(
  e: Emitter,
  x: Value,
  before: readonly Size[],
  after: readonly Size[],
  value: Value = none,
): Value {
  if ([...before, ...after].every((size) => size === 0)) return x;
  return e.op("Pad", [x, e.sizes([...before, ...after]), value]);
}

function permutation(rank: number, dim0: number, dim1: number): number[] {
  const dims = upTo(rank);
  dims[dim0] = dim1;
  dims[dim1] = dim0;
  return dims;
}

/** Reads a bound of a slice at an item that may be ":" in some runs. */
function boundOf(
  call: MappedCall<{ items: readonly Item[] }>,
  i: number,
  bound: "start" | "stop" | "step",
  dim: Size,
): Size {
  const whole = { start: 0, step: 1 } as const;
  const isWhole = call.options.items[i] === ":";
  if (isWhole) return bound === "stop" ? dim : whole[bound];
  return call.vary(({ items }) => {
    const item = items[i];
    if (typeof item === "object" && item !== null) return item[bound];
    return Number.NaN;
  });
}

/** What the items select: the slices, the dimensions then taken out, and the places of new ones in the result. */
function readItems(
  call: MappedCall<{ items: readonly Item[] }>,
  shape: readonly Size[],
): {
  parts: { dim: number; start: Size; stop: Size; step: number }[];
  taken: number[];
  added: number[];
} {
  const parts: { dim: number; start: Size; stop: Size; step: number }[] = [];
  const taken: number[] = [];
  const added: number[] = [];
  let dim = 0;
  let place = 0;
  for (const [i, item] of call.options.items.entries()) {
    if (item === null) {
      added.push(place++);
      continue;
    }
    if (typeof item === "number") {
      const at = call.vary(({ items }) => Number(items[i]));
      parts.push({ dim, start: at, stop: plus(at, 1), step: 1 });
      taken.push(dim);
    } else {
      if (item !== ":") {
        const step = fixed(call, boundOf(call, i, "step", shape[dim]!), "step");
        const [start, stop] = [boundOf(call, i, "start", 0), boundOf(call, i, "stop", shape[dim]!)];
        parts.push({ dim, start, stop, step });
      }
      place++;
    }
    dim++;
  }
  return { parts, taken, added };
}

/** Numbers put into zeros: the adjoint of `at`. */
function emitPlace(e: Emitter, call: MappedCall<{ items: readonly Item[] }>): Value {
  const target = call.results[0]!.shape;
  const { parts, taken, added } = readItems(call, target);
  let x = unsqueeze(e, squeeze(e, first(call).value, added), taken);
  const before: Size[] = target.map(() => 0);
  const after: Size[] = target.map(() => 0);
  for (const { dim, start, stop, step } of parts) {
    if (step === 1) {
      before[dim] = start;
      after[dim] = sumOfSizes([target[dim]!, negated(stop)]);
      continue;
    }
    const from = fixed(call, start, "start");
    const to = fixed(call, stop, "stop");
    const length = fixed(call, target[dim], `length of dimension ${dim}`);
    const count = Math.ceil((to - from) / step);
    const places = upTo(length).map((i) => {
      const source = (i - from) / step;
      return Number.isInteger(source) && source >= 0 && source < count ? source : count;
    });
    x = pickWithZero(e, x, target.length, dim, places);
  }
  return pad(e, x, before, after);
}

/** Elements along a dimension by constant places, of which the one behind the last stands for 0. */
export function pickWithZero(
  e: Emitter,
  x: Value,
  rank: number,
  dim: number,
  places: readonly number[],
): Value {
  const zeros = upTo(rank).map(() => 0);
  const after = zeros.map((_, i) => (i === dim ? 1 : 0));
  const index = e.tensor(tensor(places, { dtype: "int32" }), "places");
  return e.op("Gather", [pad(e, x, zeros, after), index], { axis: int(dim) });
}

function negated(size: Size): Size {
  if (size === null) return null;
  if (typeof size === "number") return -size;
  return { constant: -size.constant, terms: size.terms.map(([axis, k]) => [axis, -k] as const) };
}

/** The order of dimensions in which `last` come last. */
function movedLast(rank: number, last: readonly number[]): number[] {
  return [...upTo(rank).filter((dim) => !last.includes(dim)), ...last];
}

function inverse(perm: readonly number[]): number[] {
  const back = perm.slice();
  for (const [i, dim] of perm.entries()) back[dim] = i;
  return back;
}

interface Diagonal {
  readonly offset: number;
  readonly dim1: number;
  readonly dim2: number;
}

/** Places of a diagonal in a matrix whose rows lie one after the other. */
function diagonalPlaces(rows: number, columns: number, offset: number): number[] {
  const count = Math.max(
    Math.min(offset < 0 ? rows + offset : rows, offset > 0 ? columns - offset : columns),
    0,
  );
  return upTo(count).map((i) => (i + Math.max(-offset, 0)) * columns + i + Math.max(offset, 0));
}

function emitDiagonal(e: Emitter, call: MappedCall<Diagonal>): Value {
  const x = first(call);
  const { offset, dim1, dim2 } = call.options;
  const perm = movedLast(x.shape.length, [dim1, dim2]);
  const lead = perm.slice(0, -2).map((dim) => x.shape[dim]!);
  const [rows, columns] = [dim1, dim2].map((dim) => fixed(call, x.shape[dim], "matrix"));
  const flat = e.reshape(transpose(e, x.value, perm), [...lead, rows! * columns!]);
  const places = diagonalPlaces(rows!, columns!, offset);
  const index = e.tensor(tensor(places, { dtype: "int32" }), "places");
  return e.op("Gather", [flat, index], { axis: int(lead.length) });
}

function emitPlaceDiagonal(
  e: Emitter,
  call: MappedCall<Diagonal & { shape: readonly number[] }>,
): Value {
  const x = first(call);
  const target = call.results[0]!.shape;
  const { offset, dim1, dim2 } = call.options;
  const perm = movedLast(target.length, [dim1, dim2]);
  const lead = perm.slice(0, -2).map((dim) => target[dim]!);
  const [rows, columns] = [dim1, dim2].map((dim) => fixed(call, target[dim], "matrix"));
  const count = fixed(call, x.shape.at(-1), "diagonal");
  const places = upTo(rows! * columns!).map(() => count);
  for (const [i, place] of diagonalPlaces(rows!, columns!, offset).entries()) places[place] = i;
  const flat = pickWithZero(e, x.value, x.shape.length, lead.length, places);
  const matrices = e.reshape(
    flat,
    perm.map((dim) => target[dim]!),
  );
  return transpose(e, matrices, inverse(perm));
}

/** Operands of shape [0] that `cat` passes over, as PyTorch does. */
function isPassedOver({ sampleShape }: Operand, rank: number): boolean {
  return rank !== 1 && sampleShape.length === 1 && sampleShape[0] === 0;
}

export const shapeMappings = {
  alias: same,
  clone: same,
  to: mapped((e, call) => e.cast(first(call).value, call.results[0]!.dtype)),
  reshape: mapped<{ shape: unknown }>(
    (e, call) => e.reshape(first(call).value, call.results[0]!.shape),
    ["shape"],
  ),
  expand: mapped<{ shape: unknown }>(
    (e, call) => {
      const { shape } = call.results[0]!;
      const x = first(call);
      const isSame =
        shape.length === x.shape.length && shape.every((size, i) => sameSize(size, x.shape[i]!));
      return isSame ? x.value : e.op("Expand", [x.value, e.sizes(shape)]);
    },
    ["shape"],
  ),
  sumTo: mapped<{ shape: unknown }>(
    (e, call) => {
      const x = first(call);
      const { shape } = call.results[0]!;
      const lead = x.shape.length - shape.length;
      const axes = upTo(x.shape.length).filter(
        (dim) => dim < lead || !sameSize(x.shape[dim]!, shape[dim - lead]!),
      );
      if (axes.length === 0) return x.value;
      const kept = e.op("ReduceSum", [x.value, e.int64s(axes)], { keepdims: int(1) });
      return squeeze(e, kept, upTo(lead));
    },
    ["shape"],
  ),
  permute: mapped<{ dims: readonly number[] }>((e, call) =>
    transpose(e, first(call).value, call.options.dims),
  ),
  transpose: mapped<{ dim0: number; dim1: number }>((e, call) => {
    const x = first(call);
    const { dim0, dim1 } = call.options;
    return transpose(e, x.value, permutation(x.shape.length, dim0, dim1));
  }),
  flip: mapped<{ dims: readonly number[] }>((e, call) =>
    slice(
      e,
      first(call).value,
      call.options.dims.map((dim) => ({ dim, start: -1, stop: -farEnd, step: -1 })),
    ),
  ),
  at: mapped<{ items: readonly Item[] }>(
    (e, call) => {
      const x = first(call);
      const { parts, taken, added } = readItems(call, x.shape);
      return unsqueeze(e, squeeze(e, slice(e, x.value, parts), taken), added);
    },
    ["items"],
  ),
  place: mapped<{ shape: readonly number[]; items: readonly Item[] }>(emitPlace, [
    "shape",
    "items",
  ]),
  split: mapped<{ sizes: readonly number[]; dim: number }>(
    (e, call) => {
      const { dim } = call.options;
      const sizes = call.results.map((result) => result.shape[dim]!);
      const x = first(call).value;
      if (sizes.length === 1) return x;
      return e.ops("Split", [x, e.sizes(sizes)], sizes.length, { axis: int(dim) });
    },
    ["sizes"],
  ),
  unbind: mapped<{ dim: number }>((e, call) => {
    const { dim } = call.options;
    const x = first(call).value;
    const count = call.results.length;
    const parts =
      count === 1
        ? [x]
        : e.ops("Split", [x, e.int64s(upTo(count).map(() => 1))], count, { axis: int(dim) });
    return parts.map((part) => squeeze(e, part, [dim]));
  }),
  cat: mapped<{ dim: number }>((e, call) => {
    const { shape } = call.results[0]!;
    const parts = call.operands.filter((operand) => !isPassedOver(operand, shape.length));
    if (parts.length < 2) return (parts[0] ?? first(call)).value;
    const { dim } = call.options;
    const values = parts.map(({ value }) => value);
    return e.op("Concat", values, { axis: int(dim < 0 ? dim + shape.length : dim) });
  }),
  stack: mapped<{ dim: number }>((e, call) => {
    const { dim } = call.options;
    const rank = call.results[0]!.shape.length;
    const axis = dim < 0 ? dim + rank : dim;
    const parts = call.operands.map(({ value }) => unsqueeze(e, value, [axis]));
    return parts.length === 1 ? parts[0]! : e.op("Concat", parts, { axis: int(axis) });
  }),
  constantPad: mapped<{ padding: readonly number[]; value: number }>((e, call) => {
    const x = first(call);
    const { padding, value } = call.options;
    // Pairs come from the last dimension to the first.
    const rank = x.shape.length;
    const before = upTo(rank).map((dim) => padding[2 * (rank - 1 - dim)] ?? 0);
    const after = upTo(rank).map((dim) => padding[2 * (rank - 1 - dim) + 1] ?? 0);
    return pad(e, x.value, before, after, e.scalar(value, x.dtype));
  }),
  diagonal: mapped<Diagonal>(emitDiagonal),
  placeDiagonal: mapped<Diagonal & { shape: readonly number[] }>(emitPlaceDiagonal),
  tril: mapped<{ diagonal: number }>((e, call) => emitTriangle(e, call, 0)),
  triu: mapped<{ diagonal: number }>((e, call) => emitTriangle(e, call, 1)),
  nonzero: unmapped("its shape depends on numbers"),
};

function emitTriangle(e: Emitter, call: MappedCall<{ diagonal: number }>, upper: 0 | 1): Value {
  const x = first(call);
  return e.op("Trilu", [x.value, e.int64(call.options.diagonal)], { upper: int(upper) });
}
