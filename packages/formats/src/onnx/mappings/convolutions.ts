/**
 * Convolutions, and their gradients.
 */
import type { Attributes, Emitter, Value } from "../emitter.ts";
import { int, ints } from "../emitter.ts";
import type { MappedCall } from "../mapping.ts";
import { fixed, mapped, upTo } from "../mapping.ts";
import type { Size } from "../sizes.ts";
import { pad, slice, transpose } from "./shapes.ts";

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
  if (count === 0) return e.op("Expand", [e.scalar(0, x!.dtype), e.sizes(call.results[0]!.shape)]);
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

export const convolutionMappings = {
  convolution: mapped<Convolution>(emitConvolution),
  convolutionInput: mapped<Convolution & { inputSize: readonly number[] }>(emitConvolutionInput, [
    "inputSize",
  ]),
  convolutionWeight: mapped<Convolution & { kernelSize: readonly number[] }>(emitConvolutionWeight),
};
