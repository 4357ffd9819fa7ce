/**
 * Linear maps of images: resampling, windows as columns, and what pools need of them.
 */
import { tensor } from "@chainrule/core";
import type { Emitter, Value } from "../emitter.ts";
import { int, ints } from "../emitter.ts";
import type { MappedCall } from "../mapping.ts";
import { first, fixed, mapped, upTo } from "../mapping.ts";
import { pad, squeeze, transpose, unsqueeze } from "./shapes.ts";

/** Multiplies along a dimension by a matrix, given by the row of each output. */
export function alongDimension(
  e: Emitter,
  x: Value,
  rank: number,
  dim: number,
  rows: readonly (readonly number[])[],
  inputs: number,
  dtype: "float32" | "float64",
): Value {
  const transposed = upTo(inputs).flatMap((j) => rows.map((row) => row[j]!));
  const factor = e.tensor(tensor(transposed, { dtype }).reshape([inputs, rows.length]), "weights");
  const perm = upTo(rank);
  perm[dim] = rank - 1;
  perm[rank - 1] = dim;
  return transpose(e, e.op("MatMul", [transpose(e, x, perm), factor]), perm);
}

/** The type of the result, for constants that it is computed with. */
export function floatType(call: MappedCall): "float32" | "float64" {
  return call.results[0]!.dtype === "float64" ? "float64" : "float32";
}

interface Columns {
  readonly kernelSize: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly stride: readonly number[];
}

/** Every window of an image as a column: elements by constant places, outside of the image a zero. */
function emitUnfold(e: Emitter, call: MappedCall<Columns>): Value {
  const { kernelSize, dilation, padding, stride } = call.options;
  const x = first(call);
  const lead = x.shape.slice(0, -2);
  const [height, width] = x.shape.slice(-2).map((size) => fixed(call, size, "image")) as [
    number,
    number,
  ];
  const along = [height, width].map((length, i) => {
    const reach = dilation[i]! * (kernelSize[i]! - 1) + 1;
    const count = Math.floor((length + 2 * padding[i]! - reach) / stride[i]!) + 1;
    return upTo(kernelSize[i]!).map((k) =>
      upTo(count).map((t) => t * stride[i]! - padding[i]! + k * dilation[i]!),
    );
  });
  const outside = height * width;
  const places = along[0]!.flatMap((rows) =>
    along[1]!.flatMap((columns) =>
      rows.flatMap((y) =>
        columns.map((x) => (y >= 0 && y < height && x >= 0 && x < width ? y * width + x : outside)),
      ),
    ),
  );
  const flat = e.reshape(x.value, [...lead, outside]);
  const zeros = [...lead, 0].map(() => 0);
  const padded = pad(e, flat, zeros, [...lead.map(() => 0), 1]);
  const index = e.tensor(tensor(places, { dtype: "int32" }), "places");
  const picked = e.op("Gather", [padded, index], { axis: int(lead.length) });
  return e.reshape(picked, call.results[0]!.shape);
}

function emitFold(
  e: Emitter,
  call: MappedCall<Columns & { outputSize: readonly number[] }>,
): Value {
  const { kernelSize, dilation, padding, stride, outputSize } = call.options;
  const x = first(call);
  const hasSamples = x.shape.length === 3;
  const columns = hasSamples ? x.value : unsqueeze(e, x.value, [0]);
  const image = e.op("Col2Im", [columns, e.int64s(outputSize), e.int64s(kernelSize)], {
    dilations: ints(dilation),
    pads: ints([...padding, ...padding]),
    strides: ints(stride),
  });
  return hasSamples ? image : squeeze(e, image, [0]);
}

interface SparseMap {
  readonly inputLength: number;
  readonly starts: ArrayLike<number>;
  readonly places: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}

function emitResample(e: Emitter, call: MappedCall<{ dim: number; map: SparseMap }>): Value {
  const { dim, map } = call.options;
  const x = first(call);
  const rank = x.shape.length;
  const matrix = upTo(map.starts.length - 1).map((t) => {
    const row = upTo(map.inputLength).map(() => 0);
    for (let i = map.starts[t]!; i < map.starts[t + 1]!; i++)
      row[map.places[i]!]! += map.weights[i]!;
    return row;
  });
  const along = dim < 0 ? dim + rank : dim;
  return alongDimension(e, x.value, rank, along, matrix, map.inputLength, floatType(call));
}

export const imageMappings = {
  unfold: mapped<Columns>(emitUnfold),
  fold: mapped<Columns & { outputSize: readonly number[] }>(emitFold),
  resample: mapped<{ dim: number; map: SparseMap }>(emitResample),
};
