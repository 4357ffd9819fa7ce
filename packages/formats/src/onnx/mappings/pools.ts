/**
 * Pools, and their gradients.
 */
import { tensor } from "@chainrule/core";
import type { Attributes, Emitter, Value } from "../emitter.ts";
import { int, ints, text } from "../emitter.ts";
import { OnnxExportError } from "../errors.ts";
import type { MappedCall, Operand } from "../mapping.ts";
import { first, fixed, mapped, upTo } from "../mapping.ts";
import type { Size } from "../sizes.ts";
import { alongDimension, floatType } from "./images.ts";
import { pad, slice, squeeze, unsqueeze } from "./shapes.ts";

interface Moving {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly ceilMode: boolean;
}
type Windows = Moving | { readonly outputSize: readonly number[] };
type MeanWindows = Windows & { readonly countIncludePad: boolean; readonly divisor: number };

function rankOf(windows: Windows): number {
  return "outputSize" in windows ? windows.outputSize.length : windows.kernelSize.length;
}

/** Dividing windows as moving ones, where the lengths are multiples. */
function asMoving(call: MappedCall<Windows>): Moving | null {
  const windows = call.options;
  if (!("outputSize" in windows)) return windows;
  const { outputSize } = windows;
  const lengths = first(call).shape.slice(-outputSize.length);
  const kernelSize = outputSize.map((count, i) => {
    const length = lengths[i];
    return typeof length === "number" && length % count === 0 ? length / count : Number.NaN;
  });
  if (kernelSize.some(Number.isNaN)) return null;
  const zeros = outputSize.map(() => 0);
  return {
    kernelSize,
    stride: kernelSize,
    padding: zeros,
    dilation: zeros.map(() => 1),
    ceilMode: false,
  };
}

function poolAttributes({ kernelSize, stride, padding, dilation, ceilMode }: Moving): Attributes {
  return {
    kernel_shape: ints(kernelSize),
    strides: ints(stride),
    pads: ints([...padding, ...padding]),
    dilations: ints(dilation),
    ceil_mode: int(ceilMode),
  };
}

/** Pools want samples; a tensor without gets one. */
function withSamples(
  e: Emitter,
  call: MappedCall<Windows>,
  emit: (x: Value) => readonly Value[],
): readonly Value[] {
  const x = first(call);
  if (x.shape.length === rankOf(call.options) + 2) return emit(x.value);
  return emit(unsqueeze(e, x.value, [0])).map((y) => squeeze(e, y, [0]));
}

/** The elements that each window covers along a dimension, and by how many elements it counts for a mean. */
function windowsAlong(
  windows: Windows,
  i: number,
  length: number,
  count: number,
  countPadding: boolean,
): { places: number[][]; counts: number[] } {
  const places: number[][] = [];
  const counts: number[] = [];
  for (let t = 0; t < count; t++) {
    if ("outputSize" in windows) {
      const from = Math.floor((t * length) / count);
      const to = Math.ceil(((t + 1) * length) / count);
      places.push(upTo(to, from));
      counts.push(to - from);
      continue;
    }
    const { kernelSize, stride, padding, dilation } = windows;
    const begin = t * stride[i]! - padding[i]!;
    const all = upTo(kernelSize[i]!).map((k) => begin + k * dilation[i]!);
    const inside = all.filter((at) => at >= 0 && at < length);
    places.push(inside);
    // The padding behind the input counts, what lies beyond it (in ceil mode) does not.
    const end = all.at(-1)! + 1;
    counts.push(countPadding ? Math.min(end, length + padding[i]!) - begin : inside.length);
  }
  return { places, counts };
}

/**
 * Means as products with a matrix for each dimension: what each window sums up, and what it is divided by. It serves
 * windows that AveragePool does not know, and the adjoint.
 */
function meansByMatrices(
  e: Emitter,
  call: MappedCall<MeanWindows>,
  inputs: readonly number[],
  outputs: readonly number[],
  adjoint: boolean,
): Value {
  const windows = call.options;
  const rank = first(call).shape.length;
  let y = first(call).value;
  for (const [i, length] of inputs.entries()) {
    const { places, counts } = windowsAlong(
      windows,
      i,
      length,
      outputs[i]!,
      windows.countIncludePad,
    );
    const matrix = places.map((covered, t) => {
      const row = upTo(length).map(() => 0);
      // The number of elements of a window is the product of its numbers along the dimensions.
      for (const at of covered) row[at]! += windows.divisor === 0 ? 1 / counts[t]! : 1;
      return row;
    });
    const dim = rank - inputs.length + i;
    const used = adjoint ? upTo(length).map((j) => matrix.map((row) => row[j]!)) : matrix;
    y = alongDimension(e, y, rank, dim, used, adjoint ? outputs[i]! : length, floatType(call));
  }
  return windows.divisor === 0
    ? y
    : e.op("Div", [y, e.scalar(windows.divisor, call.results[0]!.dtype)]);
}

function emitAvgPool(e: Emitter, call: MappedCall<MeanWindows>): Value {
  const windows = call.options;
  const rank = rankOf(windows);
  const spatial = first(call).shape.slice(-rank);
  const isGlobal = "outputSize" in windows && windows.outputSize.every((count) => count === 1);
  if (isGlobal && windows.divisor === 0) {
    const dims = e.int64s(upTo(rank).map((i) => i - rank));
    return e.op("ReduceMean", [first(call).value, dims], { keepdims: int(true) });
  }
  const moving = asMoving(call);
  const isUsual = windows.divisor === 0 && moving !== null && !moving.ceilMode;
  if (isUsual && floatType(call) === "float32") {
    return withSamples(e, call, (x) => [
      e.op("AveragePool", [x], {
        ...poolAttributes(moving),
        count_include_pad: int(windows.countIncludePad),
      }),
    ])[0]!;
  }
  const inputs = spatial.map((size) => fixed(call, size, "length of an image"));
  const outputs = call.results[0]!.shape.slice(-rank).map((size) => fixed(call, size, "length"));
  return meansByMatrices(e, call, inputs, outputs, false);
}

/** The largest of windows of unequal size: along each dimension, the elements of every window side by side. */
function maximaByPlaces(e: Emitter, call: MappedCall<Windows>): Value {
  const x = first(call);
  const rank = rankOf(call.options);
  const lead = x.shape.length - rank;
  let y = x.value;
  for (const i of upTo(rank)) {
    const dim = lead + i;
    const length = fixed(call, x.shape[dim], "length of an image");
    const count = fixed(call, call.results[0]!.shape[dim], "length");
    const { places } = windowsAlong(call.options, i, length, count, false);
    const widest = places.reduce((most, covered) => Math.max(most, covered.length), 0);
    // A smaller window names its last element again, which changes no maximum.
    const table = places.map((covered) => upTo(widest).map((k) => covered[k] ?? covered.at(-1)!));
    const index = e.tensor(tensor(table, { dtype: "int32" }), "places");
    const side = e.op("Gather", [y, index], { axis: int(dim) });
    y = e.op("ReduceMax", [side, e.int64s([dim + 1])], { keepdims: int(false) });
  }
  return y;
}

/** The windows for MaxPool; in ceil mode runtimes disagree on a last window that begins behind the input. */
function forMaxPool(call: MappedCall<Windows>): Moving | null {
  const moving = asMoving(call);
  if (moving === null || !moving.ceilMode) return moving;
  const { kernelSize, stride, padding, dilation } = moving;
  const isPlain = kernelSize.every((kernel, i) => {
    const dim = first(call).shape.length - kernelSize.length + i;
    const length = fixed(call, first(call).shape[dim], "length of an image");
    const reach = dilation[i]! * (kernel - 1) + 1;
    const steps = Math.ceil((length + 2 * padding[i]! - reach) / stride[i]!);
    return steps * stride[i]! < length + padding[i]!;
  });
  return isPlain ? moving : null;
}

function emitMaxPool(e: Emitter, call: MappedCall<Windows>): Value | readonly Value[] {
  const moving = forMaxPool(call);
  if (moving === null) return maximaByPlaces(e, call);
  // The gradient reads the places that the forward computation has left.
  if (call.results.length > 1) return maximaWithPlaces(e, call, moving);
  return withSamples(e, call, (x) => [e.op("MaxPool", [x], poolAttributes(moving))])[0]!;
}

/** The maxima, and their places in their planes; ONNX counts through all planes. */
function maximaWithPlaces(e: Emitter, call: MappedCall<Windows>, moving: Moving): readonly Value[] {
  const lengths = first(call).shape.slice(-rankOf(call.options));
  const plane = lengths.reduce<number>(
    (product, size) => product * fixed(call, size, "length of an image"),
    1,
  );
  return withSamples(e, call, (x) => {
    const [maxima, places] = e.ops("MaxPool", [x], 2, poolAttributes(moving));
    return [maxima!, e.cast(e.op("Mod", [places!, e.int64(plane)]), "int32")];
  });
}

function emitMaxPoolIndices(e: Emitter, call: MappedCall<Windows>): Value {
  const moving = forMaxPool(call);
  if (moving !== null) return maximaWithPlaces(e, call, moving)[1]!;
  throw new OnnxExportError(
    `exportOnnx: ${call.where} has no counterpart in ONNX for windows of unequal size.`,
    { op: call.op.name },
  );
}

/** The last dimensions as one, and how long it is. */
function flatPlanes(
  e: Emitter,
  call: MappedCall,
  { value, shape }: Operand,
  rank: number,
): { flat: Value; lead: readonly Size[]; count: number } {
  const lead = shape.slice(0, shape.length - rank);
  const count = shape
    .slice(shape.length - rank)
    .reduce<number>((product, size) => product * fixed(call, size, "length of an image"), 1);
  return { flat: e.reshape(value, [...lead, count]), lead, count };
}

/** Numbers at places in planes. Place −1 is none: it counts from the end, where one zero is added. */
function emitPlanePick(e: Emitter, call: MappedCall<{ rank: number }>): Value {
  const { rank } = call.options;
  const planes = flatPlanes(e, call, first(call), rank);
  const places = flatPlanes(e, call, call.operands[1]!, rank);
  const zeros = [...planes.lead, 0].map(() => 0);
  const padded = pad(e, planes.flat, zeros, [...planes.lead.map(() => 0), 1]);
  const picked = e.op("GatherElements", [padded, places.flat], { axis: int(planes.lead.length) });
  return e.reshape(picked, call.results[0]!.shape);
}

/** The adjoint: sums at places, where −1 goes to one place too many, which is cut off. */
function emitPlanePut(e: Emitter, call: MappedCall<{ size: readonly number[] }>): Value {
  const x = first(call);
  const rank = call.options.size.length;
  const { flat, lead } = flatPlanes(e, call, x, rank);
  const places = flatPlanes(e, call, call.operands[1]!, rank);
  const count = call.options.size.reduce((product, length) => product * length, 1);
  const zeros = e.op("Expand", [e.scalar(0, x.dtype), e.sizes([...lead, count + 1])]);
  const put = e.op("ScatterElements", [zeros, places.flat, flat], {
    axis: int(lead.length),
    reduction: text("add"),
  });
  const kept = slice(e, put, [{ dim: lead.length, start: 0, stop: count }]);
  return e.reshape(kept, call.results[0]!.shape);
}

export const poolMappings = {
  avgPool: mapped<MeanWindows>(emitAvgPool),
  avgPoolInput: mapped<MeanWindows & { inputSize: readonly number[] }>((e, call) => {
    const rank = call.options.inputSize.length;
    const outputs = first(call)
      .shape.slice(-rank)
      .map((size) => fixed(call, size, "length"));
    return meansByMatrices(e, call, call.options.inputSize, outputs, true);
  }),
  maxPool: mapped<Windows>(emitMaxPool),
  maxPoolIndices: mapped<Windows>(emitMaxPoolIndices),
  planePick: mapped<{ rank: number }>(emitPlanePick),
  planePut: mapped<{ size: readonly number[] }>(emitPlanePut),
};
