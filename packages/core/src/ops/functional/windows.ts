/**
 * The windows of pools, from their options.
 */
import { ArgumentError, checkBoolean, checkOptions, quoted, ShapeError } from "../../errors.ts";
import type { PoolGeometry, Windows } from "../../kernels/pooling.ts";
import type { Shape } from "../../shape.ts";
import { elementCount, formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { merged, parted } from "./batching.ts";
import type { PerDim } from "./spatial.ts";
import { readPerDim, threefold } from "./spatial.ts";

/** Windows of one size that move over the input in steps. */
export interface MovingWindows {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  /** Windows that begin within the input (or its padding in front) count even if they reach out of it. */
  readonly ceilMode: boolean;
}

/** Windows that divide the input into so many parts of nearly equal size. */
export interface DividingWindows {
  readonly outputSize: readonly number[];
}

/** Either kind. */
export type WindowOptions = MovingWindows | DividingWindows;

/** What all moving pools take. */
export interface PoolOptions {
  /** The step from one window to the next; the kernel size unless given, or where the list is empty. */
  stride?: PerDim | null | undefined;
  /** How far windows may begin outside of the input; at most half of the kernel. 0 unless given. */
  padding?: PerDim | undefined;
  /** Whether the last window may reach out of the input, rather than being left out. */
  ceilMode?: boolean | undefined;
}

/** The number of spatial dimensions. */
export function spatialRank(options: WindowOptions): number {
  return "outputSize" in options ? options.outputSize.length : options.kernelSize.length;
}

/** Fills in the options of moving windows over `rank` dimensions. */
export function readMovingWindows(
  where: string,
  rank: number,
  kernelSize: PerDim,
  options: PoolOptions & { dilation?: PerDim | undefined } = {},
): MovingWindows {
  const { stride, padding = 0, dilation = 1 } = options;
  // PyTorch's own default is an empty list, and it can be found in exported programs.
  const isGiven =
    stride !== undefined && stride !== null && !(Array.isArray(stride) && stride.length === 0);
  const kernel = readPerDim(where, "kernelSize", kernelSize, rank, 1);
  const windows: MovingWindows = {
    kernelSize: kernel,
    stride: readPerDim(where, "stride", isGiven ? stride : kernel, rank, 1),
    padding: readPerDim(where, "padding", padding, rank, 0),
    dilation: readPerDim(where, "dilation", dilation, rank, 1),
    ceilMode: checkBoolean(where, "ceilMode", options.ceilMode, false),
  };
  for (let i = 0; i < rank; i++) {
    const reach = windows.dilation[i]! * (kernel[i]! - 1) + 1;
    if (windows.padding[i]! * 2 > reach) {
      throw new ArgumentError(
        `${where}: padding ${windows.padding[i]} is more than half of the kernel, which reaches over ${reach}. Windows would lie outside of the input.`,
        { padding: windows.padding, kernelSize: kernel },
      );
    }
  }
  return windows;
}

/** Looks over windows that come from a user, filled in already. */
export function checkWindows(
  where: string,
  windows: WindowOptions,
  more: readonly string[] = [],
): WindowOptions {
  if (typeof windows !== "object" || windows === null) {
    throw new ArgumentError(
      `${where}: expected windows such as { outputSize: [2] }, not ${quoted(windows)}.`,
      { windows },
    );
  }
  const name = "outputSize" in windows ? "outputSize" : "kernelSize";
  const moving = ["kernelSize", "stride", "padding", "dilation", "ceilMode"];
  checkOptions(where, windows, [...(name === "outputSize" ? [name] : moving), ...more]);
  const sizes: unknown = Reflect.get(windows, name);
  const rank = Array.isArray(sizes) ? sizes.length : 0;
  if (rank < 1 || rank > 3) {
    throw new ArgumentError(
      `${where}: ${name} must hold a length for each of 1 to 3 spatial dimensions, not ${quoted(sizes)}.`,
      { [name]: sizes },
    );
  }
  if ("outputSize" in windows)
    return { outputSize: readPerDim(where, name, windows.outputSize, rank, 1) };
  const { kernelSize, ...options } = windows;
  return readMovingWindows(where, rank, kernelSize, options);
}

/** The shape of the pooled tensor. */
export function pooledShape(where: string, shape: Shape, options: WindowOptions): number[] {
  const rank = spatialRank(options);
  if (shape.length !== rank + 1 && shape.length !== rank + 2) {
    throw new ShapeError(
      `${where}: the input needs ${rank + 2} dimensions (samples, channels and ${rank} spatial) or ${rank + 1} without samples, but has shape ${formatShape(shape)}.`,
      { shape },
    );
  }
  return [
    ...shape.slice(0, -rank),
    ...pooledLengths(where, shape.slice(shape.length - rank), options),
  ];
}

/** ⌊(S + 2p − d·(k − 1) − 1) / s⌋ + 1 for each dimension, rounded up in ceil mode. */
export function pooledLengths(where: string, lengths: Shape, options: WindowOptions): number[] {
  if (lengths.some((length) => length < 1)) {
    throw new ShapeError(
      `${where}: spatial dimensions must not be empty, but have lengths ${formatShape(lengths)}.`,
      { lengths },
    );
  }
  if ("outputSize" in options) return options.outputSize.slice();
  return lengths.map((length, i) => {
    const [kernel, stride, padding, dilation] = [
      options.kernelSize[i]!,
      options.stride[i]!,
      options.padding[i]!,
      options.dilation[i]!,
    ];
    const reach = dilation * (kernel - 1) + 1;
    const steps = (length + 2 * padding - reach) / stride;
    let count = (options.ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // The last window has to begin within the input or the padding in front of it.
    if (options.ceilMode && (count - 1) * stride >= length + padding) count--;
    if (count < 1) {
      throw new ShapeError(
        `${where}: a window reaches over ${reach} elements, but spatial dimension ${i} has ${length}${padding > 0 ? ` and a padding of ${padding}` : ""}. Use a smaller kernel.`,
        { lengths, kernelSize: options.kernelSize },
      );
    }
    return count;
  });
}

/** Windows along one dimension that does not exist. */
const whole: Windows = {
  from: new Int32Array([0]),
  to: new Int32Array([1]),
  step: 1,
  count: new Int32Array([1]),
};

function windowsAlong(
  length: number,
  count: number,
  options: WindowOptions,
  dim: number,
  countPadding: boolean,
): Windows {
  const windows: Windows = {
    from: new Int32Array(count),
    to: new Int32Array(count),
    step: "outputSize" in options ? 1 : options.dilation[dim]!,
    count: new Int32Array(count),
  };
  const { from, to } = windows;
  for (let i = 0; i < count; i++) {
    if ("outputSize" in options) {
      from[i] = Math.floor((i * length) / count);
      to[i] = Math.ceil(((i + 1) * length) / count);
      windows.count[i] = to[i]! - from[i]!;
      continue;
    }
    const padding = options.padding[dim]!;
    const step = options.dilation[dim]!;
    let first = i * options.stride[dim]! - padding;
    const end = first + step * (options.kernelSize[dim]! - 1) + 1;
    // The padding after the input counts, what lies beyond it (in ceil mode) does not.
    const padded = Math.min(end, length + padding) - first;
    if (first < 0) first += Math.ceil(-first / step) * step;
    from[i] = first;
    to[i] = Math.min(end, length);
    windows.count[i] = countPadding ? padded : Math.max(to[i]! - first, 0);
  }
  return windows;
}

/** What the kernels need to know of a pool over the last dimensions of a tensor. */
export function poolGeometry(
  input: Shape,
  output: Shape,
  options: WindowOptions,
  countPadding = true,
): PoolGeometry {
  const rank = spatialRank(options);
  const lead = input.length - rank;
  const along = Array.from({ length: rank }, (_, i) =>
    windowsAlong(input[lead + i]!, output[lead + i]!, options, i, countPadding),
  );
  const missing = new Array<Windows>(3 - rank).fill(whole);
  return {
    planes: elementCount(input.slice(0, lead)),
    input: threefold(input.slice(lead), 1),
    windows: [...missing, ...along],
  };
}

/** Applies a pool to samples that each have the shape of a pool's input, for `vmap`. */
export function pooledSamples<Options extends WindowOptions>(
  x: Tensor,
  options: Options,
  pool: (x: Tensor, options: Options) => Tensor,
): Tensor {
  if (x.ndim < spatialRank(options) + 3) return pool(x, options);
  return parted(pool(merged(x), options), x.shape[0]!);
}
