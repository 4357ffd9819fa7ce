/**
 * Resizing by interpolation, one dimension after the other.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { ArgumentError, checkOptions, quoted, ShapeError } from "../../errors.ts";
import type { SparseMap } from "../../kernels/resample.ts";
import { sparseMap } from "../../kernels/resample.ts";
import { formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { avgPool } from "./avgPool.ts";
import { resample } from "./resample.ts";
import type { PerDim } from "./spatial.ts";
import { readPerDim } from "./spatial.ts";

/** How {@link interpolate} finds values between the elements. */
export type InterpolationMode =
  | "nearest"
  | "nearest-exact"
  | "linear"
  | "bilinear"
  | "bicubic"
  | "trilinear"
  | "area";

/** Options of {@link interpolate}; either `size` or `scaleFactor` must be given. */
export interface InterpolateOptions {
  /** The spatial lengths of the result: one for all dimensions, or one for each. */
  size?: PerDim | null | undefined;
  /** The factor by which lengths grow; they are rounded down. */
  scaleFactor?: number | readonly number[] | null | undefined;
  /** "nearest" unless given. */
  mode?: InterpolationMode | undefined;
  /** Whether the first and last elements stay in their places (linear and cubic modes only). */
  alignCorners?: boolean | null | undefined;
  /** Whether places are computed from the rounded lengths rather than from the factor itself. */
  recomputeScaleFactor?: boolean | null | undefined;
}

/** The number of spatial dimensions that a mode is made for; `undefined` for any. */
const rankOfMode: Readonly<Record<InterpolationMode, number | undefined>> = {
  nearest: undefined,
  "nearest-exact": undefined,
  area: undefined,
  linear: 1,
  bilinear: 2,
  bicubic: 2,
  trilinear: 3,
};

/** A dimension to be resized: its lengths, and the distance of neighbouring output places in terms of input places. */
interface Resize {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

type Row = [place: number, weight: number][];

function nearestRow({ from, scale }: Resize, t: number, shift: number): Row {
  // Rounded to single precision first: a product that is a whole number up to rounding counts as that number.
  const place = Math.floor(Math.fround((t + shift) * scale));
  return [[Math.min(Math.max(place, 0), from - 1), 1]];
}

/** The place of an output element in the coordinates of the input: centres of cells meet, or corners do. */
function sourcePlace({ from, to, scale }: Resize, t: number, alignCorners: boolean): number {
  if (alignCorners) return to > 1 ? (t * (from - 1)) / (to - 1) : 0;
  return scale * (t + 0.5) - 0.5;
}

function linearRow(resize: Resize, t: number, alignCorners: boolean): Row {
  const place = Math.max(sourcePlace(resize, t, alignCorners), 0);
  const first = Math.min(Math.floor(place), resize.from - 1);
  const second = Math.min(first + 1, resize.from - 1);
  const weight = Math.min(place - first, 1);
  return [
    [first, 1 - weight],
    [second, weight],
  ];
}

/** Keys' cubic convolution with a = −3/4 over four neighbours; places outside count as the nearest inside. */
function cubicRow(resize: Resize, t: number, alignCorners: boolean): Row {
  const place = sourcePlace(resize, t, alignCorners);
  const first = Math.floor(place);
  const a = -0.75;
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  const d = place - first;
  const weights = [far(d + 1), near(d), near(1 - d), far(2 - d)];
  return weights.map((weight, i) => [
    Math.min(Math.max(first - 1 + i, 0), resize.from - 1),
    weight,
  ]);
}

function mapFor(mode: InterpolationMode, resize: Resize, alignCorners: boolean): SparseMap {
  const row = (t: number): Row => {
    if (mode === "nearest") return nearestRow(resize, t, 0);
    if (mode === "nearest-exact") return nearestRow(resize, t, 0.5);
    return mode === "bicubic"
      ? cubicRow(resize, t, alignCorners)
      : linearRow(resize, t, alignCorners);
  };
  return sparseMap(
    resize.from,
    Array.from({ length: resize.to }, (_, t) => row(t)),
  );
}

function readResizes(lengths: readonly number[], options: InterpolateOptions): Resize[] {
  const where = "interpolate";
  const { size = null, scaleFactor = null, recomputeScaleFactor = false } = options;
  if ((size === null) === (scaleFactor === null)) {
    throw new ArgumentError(`${where}: give either size or scaleFactor, and not both.`, {
      size,
      scaleFactor,
    });
  }
  if (size !== null) {
    if (recomputeScaleFactor) {
      throw new ArgumentError(`${where}: recomputeScaleFactor has no meaning with a size.`);
    }
    const sizes = readPerDim(where, "size", size, lengths.length, 1);
    return lengths.map((from, i) => ({ from, to: sizes[i]!, scale: from / sizes[i]! }));
  }
  const factors: readonly unknown[] = Array.isArray(scaleFactor) ? scaleFactor : [scaleFactor];
  const isFactor = (factor: unknown): boolean =>
    typeof factor === "number" && Number.isFinite(factor) && factor > 0;
  if ((factors.length !== 1 && factors.length !== lengths.length) || !factors.every(isFactor)) {
    throw new ArgumentError(
      `${where}: scaleFactor must be a positive number${lengths.length === 1 ? "" : `, or ${lengths.length} of them`}, not ${quoted(scaleFactor)}.`,
      { scaleFactor },
    );
  }
  return lengths.map((from, i) => {
    const factor = factors[factors.length === 1 ? 0 : i] as number;
    const to = Math.floor(from * factor);
    if (to < 1) {
      throw new ShapeError(
        `${where}: spatial dimension ${i} of length ${from} times ${factor} leaves nothing.`,
        { lengths, scaleFactor },
      );
    }
    return { from, to, scale: recomputeScaleFactor ? from / to : 1 / factor };
  });
}

/**
 * x with its spatial dimensions resized: of shape [N, C, L], [N, C, H, W] or [N, C, D, H, W].
 *
 * Modes: `nearest` (the element at ⌊t·scale⌋) and `nearest-exact` (the nearest centre) for any of them, `linear` for one
 * spatial dimension, `bilinear` and `bicubic` (Keys' kernel, a = −3/4) for two, `trilinear` for three, `area` (means over
 * windows, as `adaptiveAvgPool2d`). Unless `alignCorners`, elements are cells of which the borders of first and last stay in
 * place; with it, their centres do. (`nearest` takes a `scaleFactor` as it is also where the length doubles, as from 2.1 for
 * a length of 5; PyTorch 1.13 takes 2 there, in some of its kernels.)
 *
 * @throws {ShapeError} when x has no spatial dimensions that the mode is made for, or they are empty.
 * @throws {ArgumentError} unless either `size` or `scaleFactor` is given, and for options that are unknown or do not fit.
 * @example
 * import { interpolate, tensor } from "@chainrule/core";
 * interpolate(tensor([[[1, 2]]]), { scaleFactor: 2 }); // → tensor([[[1, 1, 2, 2]]])
 * interpolate(tensor([[[0, 6]]]), { size: 3, mode: "linear", alignCorners: true }); // → tensor([[[0, 3, 6]]])
 */
export function interpolate(input: TensorLike, options: InterpolateOptions): Tensor {
  const where = "interpolate";
  const known = ["size", "scaleFactor", "mode", "alignCorners", "recomputeScaleFactor"];
  checkOptions(where, options ?? {}, known);
  const { mode = "nearest", alignCorners = null } = options ?? {};
  if (!Object.hasOwn(rankOfMode, mode)) {
    throw new ArgumentError(
      `${where}: unknown mode ${quoted(mode)}. Known: ${Object.keys(rankOfMode).join(", ")}.`,
      { mode },
    );
  }
  const x = toTensor(where, input);
  const rank = x.ndim - 2;
  const wanted = rankOfMode[mode];
  if (rank < 1 || rank > 3 || (wanted ?? rank) !== rank) {
    throw new ShapeError(
      `${where}: mode ${quoted(mode)} needs samples, channels and ${wanted ?? "1 to 3"} spatial dimension${wanted === 1 ? "" : "s"}, but the input has shape ${formatShape(x.shape)}.`,
      { shape: x.shape, mode },
    );
  }
  const lengths = x.shape.slice(2);
  if (lengths.some((length) => length === 0)) {
    throw new ShapeError(
      `${where}: spatial dimensions must not be empty, but the input has shape ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  const isSmooth = wanted !== undefined;
  if (alignCorners !== null && typeof alignCorners !== "boolean") {
    throw new ArgumentError(
      `${where}: alignCorners must be true or false, not ${quoted(alignCorners)}.`,
    );
  }
  if (alignCorners !== null && !isSmooth) {
    throw new ArgumentError(
      `${where}: alignCorners has a meaning in linear and cubic modes only, not in mode ${quoted(mode)}.`,
      { mode, alignCorners },
    );
  }
  const resizes = readResizes(lengths, options);
  if (mode === "area") {
    const outputSize = resizes.map(({ to }) => to);
    return avgPool(x, { outputSize, countIncludePad: true, divisor: 0 });
  }
  let y = x;
  for (const [i, resize] of resizes.entries()) {
    y = resample(y, i + 2, mapFor(mode, resize, alignCorners ?? false));
  }
  return y;
}
