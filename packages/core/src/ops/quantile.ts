/**
 * Quantiles: what lies at a given share of the sorted elements.
 */
import type { TensorLike } from "../creation.ts";
import { tensor } from "../creation.ts";
import { isFloating } from "../dtype.ts";
import { ArgumentError, checkOptions, DTypeError, quoted } from "../errors.ts";
import { noGrad } from "../graph/mode.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { eq } from "./comparison.ts";
import { to } from "./convert.ts";
import { gather } from "./gather.ts";
import type { ReductionOptions } from "./reduction.ts";
import {
  checkDim,
  reductionOf,
  refuseEmptyLanes,
  shapeAfter,
  splitArguments,
} from "./reduction.ts";
import { reshape } from "./reshape.ts";
import { ceil, floor, round } from "./rounding.ts";
import { maximum, where } from "./selection.ts";
import { sort } from "./sort.ts";
import { sum } from "./sum.ts";
import { permute } from "./transpose.ts";

const interpolations = ["linear", "lower", "higher", "nearest", "midpoint"] as const;

type Interpolation = (typeof interpolations)[number];

/** Options of {@link quantile}. */
export interface QuantileOptions extends ReductionOptions {
  /** What to give between two elements: `"linear"` unless named. */
  interpolation?: Interpolation;
}

/**
 * The quantiles q of all elements, or along a dimension: the element at rank q·(n − 1) of the n sorted
 * ones, counted from 0. Between two elements, interpolated: `"linear"`, or their `"midpoint"`, or the
 * `"lower"`, the `"higher"`, or the `"nearest"` of them.
 *
 * `q` is a number or an array of numbers, from 0 to 1. The result has the shape of x without `dim`
 * (`{ keepdim: true }` keeps it with length 1); for an array, the quantiles lie along a new first
 * dimension. Where there is a NaN, the result is NaN. The gradient goes to the elements next to the rank.
 * Whole numbers must be converted first.
 *
 * @throws {ArgumentError} when q is not from 0 to 1, or for an unknown option or interpolation.
 * @throws {DTypeError} when x is not of a floating type.
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ShapeError} when there are no elements.
 * @example
 * import { quantile, tensor } from "@chainrule/core";
 * const x = tensor([4, 1, 3, 2]);
 * quantile(x, 0.5); // → tensor(2.5)
 * quantile(x, [0, 0.25, 1]); // → tensor([1.00, 1.75, 4.00])
 */
export function quantile(
  x: TensorLike,
  q: number | readonly number[] | Tensor,
  dim?: number | QuantileOptions,
  options?: QuantileOptions,
): Tensor {
  return quantileOf("quantile", x, q, dim, options);
}

/**
 * The quantiles of the elements that are not NaN; NaN where there are none. As {@link quantile} in
 * every other respect.
 *
 * @throws {ArgumentError} when q is not from 0 to 1, or for an unknown option or interpolation.
 * @throws {DTypeError} when x is not of a floating type.
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ShapeError} when there are no elements.
 * @example
 * import { nanquantile, tensor } from "@chainrule/core";
 * nanquantile(tensor([4, NaN, 3]), 0.5); // → tensor(3.5)
 */
export function nanquantile(
  x: TensorLike,
  q: number | readonly number[] | Tensor,
  dim?: number | QuantileOptions,
  options?: QuantileOptions,
): Tensor {
  return quantileOf("nanquantile", x, q, dim, options);
}

function quantileOf(
  name: "quantile" | "nanquantile",
  given: TensorLike,
  q: number | readonly number[] | Tensor,
  dim: number | QuantileOptions | undefined,
  options: QuantileOptions | undefined,
): Tensor {
  const { x, dims, rest } = splitArguments(name, given, dim, options);
  checkOptions(name, rest, ["keepdim", "interpolation"]);
  const interpolation = checkInterpolation(name, rest?.interpolation ?? "linear");
  const along = dims === undefined ? undefined : checkDim(name, x, dims);
  const reduction = reductionOf(name, x, along, rest?.keepdim);
  if (!isFloating(x.dtype)) {
    throw new DTypeError(`${name}: x is ${x.dtype}. Convert it first: x.to("float32").`, {
      dtype: x.dtype,
    });
  }
  refuseEmptyLanes(name, x, reduction);
  const shares = readShares(name, q);

  // All elements, and the one of a 0-d tensor, are one lane.
  const lanes = along === undefined || x.ndim === 0 ? reshape(x, [x.numel()]) : x;
  const lane = along === undefined || x.ndim === 0 ? 0 : along;
  const { below, above, weight } = noGrad(() =>
    ranksOf(lanes, lane, shares, interpolation, name === "nanquantile"),
  );
  const { values } = sort(lanes, lane);
  const lower = gather(values, lane, below);
  const upper = gather(values, lane, above);
  const between = add(lower, mul(weight, sub(upper, lower)));
  // ∞ − ∞ is no number, but there is nothing to interpolate where the weight is 0.
  const found = where(eq(weight, 0), lower, between);
  const others = found.shape.map((_, i) => i).filter((i) => i !== lane);
  const shape = shapeAfter(x, reduction);
  const isSingle = typeof q === "number" || ("ndim" in q && q.ndim === 0);
  return reshape(permute(found, [lane, ...others]), isSingle ? shape : [shares.numel(), ...shape]);
}

function checkInterpolation(name: string, given: unknown): Interpolation {
  const known = interpolations.find((one) => one === given);
  if (known === undefined) {
    throw new ArgumentError(
      `${name}: unknown interpolation ${quoted(given)}. Known: ${interpolations.join(", ")}.`,
      { interpolation: given },
    );
  }
  return known;
}

/** The quantiles as a 1-D tensor. */
function readShares(name: string, q: number | readonly number[] | Tensor): Tensor {
  const shares = reshape(tensor(q, { dtype: "float64" }), [-1]);
  for (const share of shares.toTypedArray()) {
    if (!(share >= 0 && share <= 1)) {
      throw new ArgumentError(`${name}: a quantile lies from 0 to 1, not at ${share}.`, { share });
    }
  }
  return shares;
}

/** For each lane and each quantile, the places below and above its rank, and its distance from the first. */
function ranksOf(
  lanes: Tensor,
  dim: number,
  shares: Tensor,
  interpolation: Interpolation,
  passesNaN: boolean,
): { below: Tensor; above: Tensor; weight: Tensor } {
  const length = lanes.shape[dim]!;
  const numbers = to(sum(eq(lanes, lanes), dim, { keepdim: true }), "float64");
  const aligned = reshape(
    shares,
    lanes.shape.map((_, i) => (i === dim ? shares.numel() : 1)),
  );
  const exact = mul(aligned, maximum(sub(numbers, 1), 0));
  // NaN are sorted to the end: where there is one, it is what the last place has.
  const ranks = passesNaN ? exact : where(eq(numbers, length), exact, length - 1);
  const rounding = { lower: floor, higher: ceil, nearest: round, linear: null, midpoint: null };
  const chosen = rounding[interpolation];
  const lower = chosen === null ? floor(ranks) : chosen(ranks);
  const upper = chosen === null ? ceil(ranks) : lower;
  const weight = interpolation === "midpoint" ? mul(sub(upper, lower), 0.5) : sub(ranks, lower);
  return {
    below: to(lower, "int32"),
    above: to(upper, "int32"),
    weight: chosen === null ? to(weight, lanes.dtype) : to(mul(ranks, 0), lanes.dtype),
  };
}
