/**
 * Nodes on images: convolutions, pools, resizing.
 */
import type { Tensor } from "@chainrule/core";
import {
  add,
  amax,
  avgPool,
  constantPad,
  convolution,
  convolutionInput,
  div,
  fold,
  maxPool,
  maxPoolIndices,
  mean,
  ones,
  resample,
  reshape,
  ShapeError,
  tensor,
} from "@chainrule/core";
import type { NodeReader } from "../node-reader.ts";
import type { Importer } from "./importer.ts";
import { dimOf, given, numbersIn } from "./importer.ts";

type Pair = readonly [before: number, after: number];

/** How windows move, for a kernel that is known when the node runs. */
interface Windows {
  readonly kernel: readonly number[] | undefined;
  readonly stride: (rank: number) => readonly number[];
  readonly dilation: (rank: number) => readonly number[];
  readonly padding: (
    lengths: readonly number[],
    kernel: readonly number[],
    stride: readonly number[],
    dilation: readonly number[],
  ) => readonly Pair[];
}

function readWindows(node: NodeReader): Windows {
  const kernel = node.ints("kernel_shape");
  const strides = node.ints("strides");
  const dilations = node.ints("dilations");
  const pads = node.ints("pads");
  const mode = node.word("auto_pad", "NOTSET", ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]);
  const bad = [...(kernel ?? []), ...(strides ?? []), ...(dilations ?? [])].find((n) => n < 1);
  if (bad !== undefined) throw node.refuse(`has a kernel, stride or dilation of ${bad}`);
  const perDim =
    (name: string, values: readonly number[] | undefined) =>
    (rank: number): readonly number[] => {
      const list = values ?? new Array<number>(rank).fill(1);
      if (list.length === rank) return list;
      throw new ShapeError(
        `${node.opType}: ${name} [${list.join(", ")}] are given for ${rank} spatial dimensions.`,
        { [name]: list, rank },
      );
    };
  return {
    kernel,
    stride: perDim("strides", strides),
    dilation: perDim("dilations", dilations),
    padding: (lengths, sizes, stride, dilation) => {
      const rank = lengths.length;
      if (mode === "SAME_UPPER" || mode === "SAME_LOWER") {
        return lengths.map((length, i): Pair => {
          const reach = dilation[i]! * (sizes[i]! - 1) + 1;
          const total = Math.max(
            (Math.ceil(length / stride[i]!) - 1) * stride[i]! + reach - length,
            0,
          );
          const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
          return mode === "SAME_UPPER" ? [less, more] : [more, less];
        });
      }
      const list =
        mode === "VALID" || pads === undefined ? new Array<number>(2 * rank).fill(0) : pads;
      if (list.length !== 2 * rank) {
        throw new ShapeError(
          `${node.opType}: ${list.length} pads for ${rank} spatial dimensions; there must be two for each.`,
          { pads: list, rank },
        );
      }
      return lengths.map((_, i): Pair => [list[i]!, list[rank + i]!]);
    },
  };
}

const importConv: Importer = (node) => {
  node.expectInputs(2, 3);
  node.expectOutputs(1);
  const windows = readWindows(node);
  const groups = node.int("group", 1);
  return (input, kernel, bias) => {
    const [x, weight] = [given(input), given(kernel)];
    const [lengths, sizes] = [x.shape.slice(2), weight.shape.slice(2)];
    const [stride, dilation] = [windows.stride(lengths.length), windows.dilation(lengths.length)];
    const padding = windows.padding(lengths, sizes, stride, dilation);
    return convolution(x, weight, bias ?? null, { stride, padding, dilation, groups });
  };
};

const importConvTranspose: Importer = (node) => {
  node.expectInputs(2, 3);
  node.expectOutputs(1);
  const windows = readWindows(node);
  const groups = node.int("group", 1);
  const more = node.ints("output_padding");
  const outputShape = node.ints("output_shape");
  const mode = node.text("auto_pad", "NOTSET");
  return (input, kernel, bias) => {
    const [x, weight] = [given(input), given(kernel)];
    const [lengths, sizes] = [x.shape.slice(2), weight.shape.slice(2)];
    const rank = lengths.length;
    const [stride, dilation] = [windows.stride(rank), windows.dilation(rank)];
    const full = lengths.map(
      (length, i) =>
        stride[i]! * (length - 1) + dilation[i]! * (sizes[i]! - 1) + 1 + (more?.[i] ?? 0),
    );
    const isSame = mode === "SAME_UPPER" || mode === "SAME_LOWER";
    const wanted =
      outputShape?.slice(-rank) ??
      (isSame ? lengths.map((length, i) => length * stride[i]!) : undefined);
    const padding =
      wanted === undefined
        ? windows.padding(lengths, sizes, stride, dilation)
        : full.map((length, i): Pair => {
            const total = length - wanted[i]!;
            const [less, rest] = [Math.floor(total / 2), Math.ceil(total / 2)];
            return mode === "SAME_UPPER" ? [less, rest] : [rest, less];
          });
    const size = full.map((length, i) => length - padding[i]![0] - padding[i]![1]);
    const y = convolutionInput(x, weight, size, { stride, padding, dilation, groups });
    return bias === undefined ? y : add(y, reshape(bias, [1, -1, ...size.map(() => 1)]));
  };
};

/** Pads the spatial dimensions, which come last. */
function padded(x: Tensor, padding: readonly Pair[], value: number): Tensor {
  if (padding.every(([before, after]) => before === 0 && after === 0)) return x;
  return constantPad(
    x,
    padding.toReversed().flatMap((pair) => [...pair]),
    { value },
  );
}

function readPool(node: NodeReader): {
  windows: Windows;
  kernel: readonly number[];
  ceilMode: boolean;
} {
  const windows = readWindows(node);
  const { kernel } = windows;
  if (kernel === undefined) throw node.refuse("lacks the attribute kernel_shape");
  return { windows, kernel, ceilMode: node.flag("ceil_mode", false) };
}

/** Moving windows over an input that was padded before; in ceil mode the last may reach out of it. */
function moving(
  kernelSize: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
  padding: readonly number[],
  ceilMode: boolean,
) {
  return { kernelSize, stride, dilation, padding, ceilMode };
}

/** Whether the padding is as pools know it: the same on both sides, at most half of the kernel. */
function isPlainPadding(padding: readonly Pair[], kernel: readonly number[]): boolean {
  return padding.every(
    ([before, after], i) => before === after && before >= 0 && 2 * before <= kernel[i]!,
  );
}

const importMaxPool: Importer = (node) => {
  node.expectInputs(1, 1);
  node.expectOutputs(2);
  const { windows, kernel, ceilMode } = readPool(node);
  if (node.flag("storage_order", false))
    throw node.refuse("has storage_order 1, which cannot be computed");
  const wantsPlaces = node.outputs.length > 1;
  return (input) => {
    const x = given(input);
    const lengths = x.shape.slice(2);
    const [stride, dilation] = [windows.stride(lengths.length), windows.dilation(lengths.length)];
    const padding = windows.padding(lengths, kernel, stride, dilation);
    const isPlain = isPlainPadding(padding, kernel);
    if (wantsPlaces && !isPlain) {
      throw new ShapeError("MaxPool: places of maxima need the same padding on both sides.");
    }
    const source = isPlain ? x : padded(x, padding, Number.NEGATIVE_INFINITY);
    const sides = padding.map(([before]) => (isPlain ? before : 0));
    const options = moving(kernel, stride, dilation, sides, ceilMode);
    const y = maxPool(source, options);
    if (!wantsPlaces) return y;
    // Places count through all planes.
    const plane = lengths.reduce((a, b) => a * b, 1);
    const planes = x.shape[0]! * x.shape[1]!;
    const first = tensor(
      Array.from({ length: planes }, (_, i) => i * plane),
      { dtype: "int32" },
    );
    const starts = reshape(first, [x.shape[0]!, x.shape[1]!, ...lengths.map(() => 1)]);
    return [y, add(maxPoolIndices(source, options), starts)];
  };
};

const importAveragePool: Importer = (node) => {
  node.expectInputs(1, 1);
  node.expectOutputs(1);
  const { windows, kernel, ceilMode } = readPool(node);
  const countIncludePad = node.flag("count_include_pad", false);
  return (input) => {
    const x = given(input);
    const lengths = x.shape.slice(2);
    const [stride, dilation] = [windows.stride(lengths.length), windows.dilation(lengths.length)];
    const padding = windows.padding(lengths, kernel, stride, dilation);
    if (isPlainPadding(padding, kernel) && dilation.every((step) => step === 1)) {
      const sides = padding.map(([before]) => before);
      const options = moving(kernel, stride, dilation, sides, ceilMode);
      return avgPool(x, { ...options, countIncludePad, divisor: 0 });
    }
    // Sums of what there is, divided by sums of ones: counted where numbers are, or padding too.
    const options = moving(
      kernel,
      stride,
      dilation,
      lengths.map(() => 0),
      ceilMode,
    );
    const sums = (z: Tensor): Tensor =>
      avgPool(z, { ...options, countIncludePad: false, divisor: 1 });
    const there = padded(
      ones([1, 1, ...lengths], { dtype: x.dtype }),
      padding,
      Number(countIncludePad),
    );
    return div(sums(padded(x, padding, 0)), sums(there));
  };
};

const overImage =
  (reduce: (x: Tensor, dims: number[]) => Tensor): Importer =>
  (node) => {
    node.expectInputs(1, 1);
    node.expectOutputs(1);
    return (input) => {
      const x = given(input);
      return reduce(
        x,
        x.shape.slice(2).map((_, i) => i + 2),
      );
    };
  };

const importCol2Im: Importer = (node) => {
  node.expectInputs(3, 3);
  node.expectOutputs(1);
  const [stride, dilation] = [node.ints("strides"), node.ints("dilations")];
  const pads = node.ints("pads") ?? [0, 0, 0, 0];
  return (x, image, block) => {
    const [size, kernel] = [numbersIn(given(image)), numbersIn(given(block))];
    const isPlain = pads.length === 4 && pads[0] === pads[2] && pads[1] === pads[3];
    if (size.length !== 2 || kernel.length !== 2 || !isPlain) {
      throw new ShapeError(
        "Col2Im: only images of two dimensions with the same padding on both sides can be computed.",
      );
    }
    const pair = (values: readonly number[]): [number, number] => [values[0]!, values[1]!];
    return fold(given(x), pair(size), pair(kernel), {
      stride: pair(stride ?? [1, 1]),
      dilation: pair(dilation ?? [1, 1]),
      padding: pair(pads),
    });
  };
};

const coordinates = {
  half_pixel: (y: number, scale: number) => (y + 0.5) / scale - 0.5,
  pytorch_half_pixel: (y: number, scale: number, _input: number, output: number) =>
    output > 1 ? (y + 0.5) / scale - 0.5 : 0,
  asymmetric: (y: number, scale: number) => y / scale,
  align_corners: (y: number, _scale: number, input: number, output: number) =>
    output === 1 ? 0 : (y * (input - 1)) / (output - 1),
} as const;

const roundings = {
  round_prefer_floor: (x: number) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x: number) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
} as const;

const words = <Key extends string>(table: Readonly<Record<Key, unknown>>): readonly Key[] =>
  Object.keys(table) as Key[];

/** Each place of the result from one or two places of the input, dimension by dimension. */
const importResize: Importer = (node) => {
  node.expectInputs(1, 4);
  node.expectOutputs(1);
  const mode = node.word("mode", "nearest", ["nearest", "linear"]);
  const coordinate =
    coordinates[node.word("coordinate_transformation_mode", "half_pixel", words(coordinates))];
  const rounded = roundings[node.word("nearest_mode", "round_prefer_floor", words(roundings))];
  const chosen = node.ints("axes");
  if (node.flag("antialias", false)) throw node.refuse("has antialias 1, which cannot be computed");
  if (node.flag("exclude_outside", false))
    throw node.refuse("has exclude_outside 1, which cannot be computed");
  node.word("keep_aspect_ratio_policy", "stretch", ["stretch"]);
  node.ignore("cubic_coeff_a", "extrapolation_value");
  return (input, _region, scales, sizes) => {
    const x = given(input);
    const dims = chosen?.map((dim) => dimOf(dim, x.ndim)) ?? x.shape.map((_, dim) => dim);
    const lengths = sizes === undefined || sizes.numel() === 0 ? null : numbersIn(sizes);
    const factors = lengths === null ? numbersIn(given(scales)) : null;
    let y = x;
    for (const [i, dim] of dims.entries()) {
      const length = x.shape[dim]!;
      const count = lengths?.[i] ?? Math.floor(length * (factors?.[i] ?? 1));
      const scale = factors?.[i] ?? count / length;
      if (count === length && scale === 1) continue;
      const map = {
        inputLength: length,
        starts: [0],
        places: [] as number[],
        weights: [] as number[],
      };
      const inside = (place: number): number => Math.min(Math.max(place, 0), length - 1);
      for (let t = 0; t < count; t++) {
        const at = coordinate(t, scale, length, count);
        if (mode === "nearest") {
          map.places.push(inside(rounded(at)));
          map.weights.push(1);
        } else {
          const low = Math.floor(at);
          map.places.push(inside(low), inside(low + 1));
          map.weights.push(1 - (at - low), at - low);
        }
        map.starts.push(map.places.length);
      }
      y = resample(y, dim, map);
    }
    return y;
  };
};

export const windowImporters: Readonly<Record<string, Importer>> = {
  AveragePool: importAveragePool,
  Col2Im: importCol2Im,
  Conv: importConv,
  ConvTranspose: importConvTranspose,
  GlobalAveragePool: overImage((x, dims) => mean(x, dims, { keepdim: true })),
  GlobalMaxPool: overImage((x, dims) => amax(x, dims, { keepdim: true })),
  MaxPool: importMaxPool,
  Resize: importResize,
};
