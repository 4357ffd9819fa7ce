/**
 * Ops on images: convolutions, pools, resampling, windows as columns.
 */
import { tensor } from "@chainrule/core";
import type { Attributes, Emitter, Value } from "../emitter.ts";
import { int, ints, text } from "../emitter.ts";
import { OnnxExportError } from "../errors.ts";
import type { MappedCall, Operand } from "../mapping.ts";
import { first, fixed, mapped, upTo } from "../mapping.ts";
import type { Size } from "../sizes.ts";
import { pad, slice, squeeze, transpose, unsqueeze } from "./shapes.ts";

interface Convolution {
  readonly stride: readonly number[];
  readonly padding: readonly (readonly [before: number, after: number])[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

const positive = (n: number): number => Math.max(n, 0);
const negative = (n: number): number => Math.min(n, 0);

/** Padding of the spatial dimensions, which come last. */
function padSpatial(
  e: Emitter,
  x: Value,
  padding: Convolution["padding"],
  part: (n: number) => number,
): Value {
  const before = [0, 0, ...padding.map(([n]) => part(n))];
  return pad(e, x, before, [0, 0, ...padding.map(([, n]) => part(n))]);
}

function convolutionAttributes(options: Convolution, kernel: readonly number[]): Attributes {
  const { stride, padding, dilation, groups } = options;
  return {
    kernel_shape: ints(kernel),
    strides: ints(stride),
    dilations: ints(dilation),
    pads: ints([...padding.map(([n]) => positive(n)), ...padding.map(([, n]) => positive(n))]),
    group: int(groups),
  };
}

/** What negative padding cuts off is cut off before. */
function emitConvolution(e: Emitter, call: MappedCall<Convolution>): Value {
  const [x, weight, ...bias] = call.operands;
  const cut = padSpatial(e, x!.value, call.options.padding, negative);
  const kernel = weight!.shape.slice(2).map((size) => fixed(call, size, "kernel"));
  const inputs = [cut, weight!.value, ...bias.map(({ value }) => value)];
  return e.op("Conv", inputs, convolutionAttributes(call.options, kernel));
}

/** The adjoint in the input: a transposed convolution, to a size that is given. */
function emitConvolutionInput(
  e: Emitter,
  call: MappedCall<Convolution & { inputSize: readonly number[] }>,
): Value {
  const [c, weight] = call.operands;
  const { stride, padding, dilation } = call.options;
  const kernel = weight!.shape.slice(2).map((size) => fixed(call, size, "kernel"));
  const target = call.results[0]!.shape.slice(2);
  const outputs = c!.shape.slice(2);
  // How far the input goes beyond what the windows reach: behind the last window the gradient is 0.
  const reaches = kernel.map((k, i) => {
    const isFixed = typeof target[i] === "number" && typeof outputs[i] === "number";
    if (!isFixed && stride[i] !== 1) fixed(call, target[i], "length to transpose a convolution to");
    return stride[i]! * (c!.sampleShape[i + 2]! - 1) + dilation[i]! * (k - 1) + 1;
  });
  // Where nothing would be left before the rest is padded, all padding comes afterwards.
  const cutsInside = reaches.every((reach, i) => {
    const [before, after] = padding[i]!;
    return reach - positive(before) - positive(after) > 0;
  });
  const inside = cutsInside
    ? padding
    : padding.map(([before, after]) => [negative(before), negative(after)] as const);
  const transposed = e.op(
    "ConvTranspose",
    [c!.value, weight!.value],
    convolutionAttributes({ ...call.options, padding: inside }, kernel),
  );
  const rest = padding.map(([before, after], i): [number, number] => {
    const beyond = call.options.inputSize[i]! - (reaches[i]! - before - after);
    const [cutBefore, cutAfter] = inside[i]!;
    return [positive(cutBefore) - before, positive(cutAfter) - after + beyond];
  });
  return padSpatial(e, transposed, rest, (n) => n);
}

/**
 * The adjoint in the weight: a convolution again, in which samples and channels change places, and so do stride and
 * dilation. The groups stand beside the samples, so that each is convolved with its own cotangents.
 */
function emitConvolutionWeight(
  e: Emitter,
  call: MappedCall<Convolution & { kernelSize: readonly number[] }>,
): Value {
  const [x, c] = call.operands;
  const { stride, padding, dilation, groups, kernelSize } = call.options;
  const rank = kernelSize.length;
  const spatial = upTo(rank + 2, 2);
  const [samples, channels, ...lengths] = x!.shape as [Size, Size, ...Size[]];
  const perGroup = fixed(call, channels, "number of channels") / groups;
  const count = fixed(call, samples, "number of samples");
  const cut = padSpatial(e, x!.value, padding, negative);
  const inner = lengths.map((length, i): number => {
    const [before, after] = padding[i]!;
    return fixed(call, length, "length of an image") + negative(before) + negative(after);
  });
  const grouped = e.reshape(cut, [count, groups, perGroup, ...inner]);
  const moved = transpose(e, grouped, [2, 1, 0, ...spatial.map((dim) => dim + 1)]);
  const input = e.reshape(moved, [perGroup, groups * count, ...inner]);
  const filter = transpose(e, c!.value, [1, 0, ...spatial]);
  const full = e.op(
    "Conv",
    [input, filter],
    convolutionAttributes(
      { stride: dilation, padding, dilation: stride, groups },
      c!.shape.slice(2).map((size) => fixed(call, size, "length of an image")),
    ),
  );
  // What the windows do not reach would show as further places of the kernel.
  const kernel = slice(
    e,
    full,
    spatial.map((dim, i) => ({ dim, start: 0, stop: kernelSize[i]! })),
  );
  return transpose(e, kernel, [1, 0, ...spatial]);
}

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

/** Multiplies along a dimension by a matrix, given by the row of each output. */
function alongDimension(
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

function floatType(call: MappedCall): "float32" | "float64" {
  return call.results[0]!.dtype === "float64" ? "float64" : "float32";
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

function emitMaxPool(e: Emitter, call: MappedCall<Windows>): Value {
  const moving = forMaxPool(call);
  if (moving === null) return maximaByPlaces(e, call);
  return withSamples(e, call, (x) => [e.op("MaxPool", [x], poolAttributes(moving))])[0]!;
}

/** The places of the maxima in their planes; ONNX counts through all planes. */
function emitMaxPoolIndices(e: Emitter, call: MappedCall<Windows>): Value {
  const moving = forMaxPool(call);
  if (moving === null) {
    throw new OnnxExportError(
      "exportOnnx: maxPoolIndices over windows of unequal size has no counterpart in ONNX.",
      { op: call.op.name },
    );
  }
  const lengths = first(call).shape.slice(-rankOf(call.options));
  const plane = lengths.reduce<number>(
    (product, size) => product * fixed(call, size, "length of an image"),
    1,
  );
  return withSamples(e, call, (x) => {
    const [, places] = e.ops("MaxPool", [x], 2, poolAttributes(moving));
    return [e.cast(e.op("Mod", [places!, e.int64(plane)]), "int32")];
  })[0]!;
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

export const windowMappings = {
  convolution: mapped<Convolution>(emitConvolution),
  convolutionInput: mapped<Convolution & { inputSize: readonly number[] }>(emitConvolutionInput, [
    "inputSize",
  ]),
  convolutionWeight: mapped<Convolution & { kernelSize: readonly number[] }>(emitConvolutionWeight),
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
  unfold: mapped<Columns>(emitUnfold),
  fold: mapped<Columns & { outputSize: readonly number[] }>(emitFold),
  resample: mapped<{ dim: number; map: SparseMap }>(emitResample),
};
