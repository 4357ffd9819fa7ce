/**
 * Ops that read or write at places given by whole numbers.
 */
import type { DType } from "@chainrule/core";
import { tensor } from "@chainrule/core";
import type { Emitter, Value } from "../emitter.ts";
import { int, text } from "../emitter.ts";
import { OnnxExportError } from "../errors.ts";
import type { MappedCall, Operand } from "../mapping.ts";
import { first, fixed, mapped, upTo } from "../mapping.ts";
import type { Size } from "../sizes.ts";
import { sameSize } from "../sizes.ts";
import { slice, squeeze, transpose, unsqueeze } from "./shapes.ts";

/** Single numbers count as rows of length 1. */
function asRows(e: Emitter, x: Operand): Value {
  return x.shape.length === 0 ? unsqueeze(e, x.value, [0]) : x.value;
}

function asResult(e: Emitter, call: MappedCall, y: Value): Value {
  return call.results[0]!.shape.length === 0 ? squeeze(e, y, [0]) : y;
}

/** Writes `source` into x at places along a dimension; where they are fewer than there are numbers, the first count. */
function scatter(
  e: Emitter,
  call: MappedCall<{ dim: number }>,
  reduction: "none" | "add" | "mul" | "max" | "min",
): Value {
  const [x, source, places] = call.operands as readonly [Operand, Operand, Operand];
  const parts = places.shape.flatMap((size, dim) =>
    sameSize(size, source.shape[dim] ?? 1) ? [] : [{ dim, start: 0, stop: size }],
  );
  const numbers = slice(e, asRows(e, source), parts);
  const y = e.op("ScatterElements", [asRows(e, x), asRows(e, places), numbers], {
    axis: int(call.options.dim),
    reduction: text(reduction),
  });
  return asResult(e, call, y);
}

interface Indexed {
  readonly dims: readonly number[];
}

/** Places in several dimensions as one list of tuples, and how the dimensions lie that they do not touch. */
function tuples(
  e: Emitter,
  call: MappedCall<Indexed>,
  indices: readonly Operand[],
): { perm: number[]; places: Value; broadcast: readonly Size[] } {
  for (const { dtype } of indices) {
    if (dtype !== "bool") continue;
    throw new OnnxExportError(
      `exportOnnx: ${call.where} with a mask has no counterpart: the shape of its result depends on numbers. Use where(mask, x, other).`,
      { op: call.op.name },
    );
  }
  const { dims } = call.options;
  const x = first(call);
  const perm = [...dims, ...upTo(x.shape.length).filter((dim) => !dims.includes(dim))];
  const rank = indices.reduce((most, { shape }) => Math.max(most, shape.length), 0);
  const broadcast = upTo(rank).map((i): Size => {
    for (const { shape } of indices) {
      const size = shape[shape.length - rank + i];
      if (size !== undefined && size !== 1) return size;
    }
    return 1;
  });
  const target = e.sizes(broadcast);
  const columns = indices.map(({ value }) => unsqueeze(e, e.op("Expand", [value, target]), [-1]));
  const places = columns.length === 1 ? columns[0]! : e.op("Concat", columns, { axis: int(-1) });
  return { perm, places: e.cast(places, "int64"), broadcast };
}

/**
 * Where the dimensions of the indices stand in the result: in the place of those indexed if these are neighbours, else in
 * front.
 */
function placeOfIndices(dims: readonly number[]): number {
  const areNeighbours = dims.every((dim, i) => dim === dims[0]! + i);
  return areNeighbours ? dims[0]! : 0;
}

function emitIndex(e: Emitter, call: MappedCall<Indexed>): Value {
  const [x, ...indices] = call.operands;
  const { dims } = call.options;
  if (dims.length === 1 && indices[0]!.dtype !== "bool") {
    return e.op("Gather", [x!.value, indices[0]!.value], { axis: int(dims[0]!) });
  }
  const { perm, places, broadcast } = tuples(e, call, indices);
  const rows = e.op("GatherND", [transpose(e, x!.value, perm), places]);
  const before = placeOfIndices(dims);
  const rank = call.results[0]!.shape.length;
  return transpose(e, rows, [
    ...upTo(before).map((i) => broadcast.length + i),
    ...upTo(broadcast.length),
    ...upTo(rank, broadcast.length + before),
  ]);
}

function emitIndexPut(e: Emitter, call: MappedCall<Indexed & { accumulate: boolean }>): Value {
  const [x, values, ...indices] = call.operands;
  const { dims, accumulate } = call.options;
  const { perm, places, broadcast } = tuples(e, call, indices);
  const rest = perm.slice(dims.length).map((dim) => x!.shape[dim]!);
  const before = placeOfIndices(dims);
  // As the indices would read: their dimensions among the others. ScatterND wants them in front.
  const asRead = [...rest.slice(0, before), ...broadcast, ...rest.slice(before)];
  const whole = e.op("Expand", [values!.value, e.sizes(asRead)]);
  const numbers = transpose(e, whole, [
    ...upTo(broadcast.length).map((i) => before + i),
    ...upTo(before),
    ...upTo(asRead.length, before + broadcast.length),
  ]);
  const y = e.op("ScatterND", [transpose(e, x!.value, perm), places, numbers], {
    reduction: text(accumulate ? "add" : "none"),
  });
  const back = perm.slice();
  for (const [i, dim] of perm.entries()) back[dim] = i;
  return transpose(e, y, back);
}

interface Rows {
  readonly paddingIdx: number;
  readonly scaleGradByFreq: boolean;
}

function refuseFrequencies(call: MappedCall<Rows>): void {
  if (!call.options.scaleGradByFreq) return;
  throw new OnnxExportError(
    `exportOnnx: ${call.where} with scaleGradByFreq has no counterpart in ONNX.`,
    { op: call.op.name },
  );
}

/** Rows with those of the padding index set to 0. */
function withoutPadding(
  e: Emitter,
  rows: Value,
  index: Operand,
  dtype: DType,
  { paddingIdx }: Rows,
): Value {
  if (paddingIdx < 0) return rows;
  const isPadding = e.op("Equal", [index.value, e.scalar(paddingIdx, "int32")]);
  const keep = e.op("Not", [unsqueeze(e, isPadding, [-1])]);
  return e.op("Mul", [rows, e.cast(keep, dtype)]);
}

function emitEmbeddingGradient(e: Emitter, call: MappedCall<Rows & { rows: number }>): Value {
  refuseFrequencies(call);
  const [cotangent, index] = call.operands as readonly [Operand, Operand];
  const { dtype } = cotangent;
  const zeros = e.op("Expand", [e.scalar(0, dtype), e.sizes(call.results[0]!.shape)]);
  const places = e.cast(unsqueeze(e, index.value, [-1]), "int64");
  const rows = withoutPadding(e, cotangent.value, index, dtype, call.options);
  return e.op("ScatterND", [zeros, places, rows], { reduction: text("add") });
}

/** Whether each class is the one that the index names, with the classes as a new last dimension. */
export function oneHot(e: Emitter, index: Value, classes: number): Value {
  const all = e.tensor(tensor(upTo(classes), { dtype: "int32" }), "classes");
  return e.op("Equal", [unsqueeze(e, index, [-1]), all]);
}

const reductions = { sum: "add", prod: "mul", amax: "max", amin: "min" } as const;

export const indexingMappings = {
  gather: mapped<{ dim: number }>((e, call) => {
    const [x, places] = call.operands as readonly [Operand, Operand];
    // Dimensions beside the one gathered along may be shorter in the index.
    const y = e.op("GatherElements", [asRows(e, x), asRows(e, places)], {
      axis: int(call.options.dim),
    });
    return asResult(e, call, y);
  }),
  scatter: mapped<{ dim: number }>((e, call) => scatter(e, call, "none")),
  scatterAdd: mapped<{ dim: number }>((e, call) => scatter(e, call, "add")),
  scatterReduce: mapped<{ dim: number; reduce: string; includeSelf: boolean }>((e, call) => {
    const { reduce, includeSelf } = call.options;
    const reduction = reductions[reduce as keyof typeof reductions];
    if (reduction !== undefined && includeSelf) return scatter(e, call, reduction);
    throw new OnnxExportError(
      `exportOnnx: ${call.where} has no counterpart for ${includeSelf ? `reduce: ${JSON.stringify(reduce)}` : "includeSelf: false"}. ONNX has sums, products, maxima and minima with what was there before.`,
      { op: call.op.name },
    );
  }),
  index: mapped<Indexed>(emitIndex),
  indexPut: mapped<Indexed & { accumulate: boolean }>(emitIndexPut),
  embedding: mapped<Rows>((e, call) => {
    const [index, table] = call.operands;
    return e.op("Gather", [table!.value, index!.value], { axis: int(0) });
  }),
  embeddingRows: mapped<Rows>((e, call) => {
    refuseFrequencies(call);
    const [index, table] = call.operands as readonly [Operand, Operand];
    const rows = e.op("Gather", [table.value, index.value], { axis: int(0) });
    return withoutPadding(e, rows, index, table.dtype, call.options);
  }),
  embeddingGradient: mapped<Rows & { rows: number }>(emitEmbeddingGradient),
  oneHot: mapped<{ numClasses: number }>(
    (e, call) => {
      const classes = fixed(call, call.results[0]!.shape.at(-1), "number of classes");
      return e.cast(oneHot(e, first(call).value, classes), "int32");
    },
    ["numClasses"],
  ),
  searchsorted: mapped<{ right: boolean }>((e, call) => {
    const [sorted, values] = call.operands as readonly [Operand, Operand];
    // How many of the sorted numbers lie before each value.
    const left = values.shape.length === 0 ? sorted.value : unsqueeze(e, sorted.value, [-2]);
    const type = call.options.right ? "LessOrEqual" : "Less";
    const before = e.cast(e.op(type, [left, unsqueeze(e, values.value, [-1])]), "int32");
    return e.op("ReduceSum", [before, e.int64s([values.shape.length])], { keepdims: int(false) });
  }),
};
