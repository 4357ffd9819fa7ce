/**
 * Values counted: which there are, and how often. These have no gradients, and the shapes of their
 * results depend on the numbers.
 */
import type { TensorLike } from "../creation.ts";
import { newTensor, tensor, toTensor } from "../creation.ts";
import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  DTypeError,
  ShapeError,
} from "../errors.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkDim } from "./reduction.ts";
import { reshape } from "./reshape.ts";
import { indexSelect } from "./select.ts";
import { sort } from "./sort.ts";

/** Options of {@link unique}. */
export interface UniqueOptions {
  /** Ask for where in the result each element of x is, too. */
  returnInverse?: boolean;
  /** Ask for how often each value occurs, too. */
  returnCounts?: boolean;
  /** Whether the values are to be in rising order. They always are. */
  sorted?: boolean;
  /** Compare whole slices along this dimension, rather than numbers. */
  dim?: number;
}

/** The different values of a tensor, and where they are. */
export interface UniqueValues {
  /** In rising order, along one dimension; with `dim`, the slices in lexicographic order along it. */
  readonly values: Tensor;
  /** For each element of x, the place of its value: int32, of the shape of x; with `dim`, for each slice. */
  readonly inverse: Tensor;
  /** How often each value occurs: int32. */
  readonly counts: Tensor;
}

/**
 * The different values among all elements, in rising order, along one dimension. With options:
 * `{ values, inverse, counts }`, where `inverse` says for each element which value it has. Every NaN is
 * a value of its own. It has no gradient.
 *
 * @throws {ArgumentError} for an unknown option.
 * @throws {IndexError} when the dimension is out of range.
 * @example
 * import { tensor, unique } from "@chainrule/core";
 * unique(tensor([3, 1, 3, 2])); // → tensor([1, 2, 3])
 * unique(tensor([3, 1, 3, 2]), { returnCounts: true }).counts; // → tensor([1, 1, 2], dtype=int32)
 * unique(tensor([[1, 2], [0, 5], [1, 2]]), { dim: 0 }).toArray(); // → [ [ 0, 5 ], [ 1, 2 ] ]
 */
export function unique(x: TensorLike, options?: { dim?: number }): Tensor;
export function unique(x: TensorLike, options: UniqueOptions): UniqueValues;
export function unique(given: TensorLike, options?: UniqueOptions): Tensor | UniqueValues {
  checkOptions("unique", options, ["returnInverse", "returnCounts", "sorted", "dim"]);
  const { dim, ...flags } = options ?? {};
  for (const [name, value] of Object.entries(flags)) checkBoolean("unique", name, value, false);
  const x = toTensor("unique", given).detach();
  const asked = Object.keys(flags).length > 0;
  if (dim !== undefined) {
    const found = uniqueSlices(x, checkDim("unique", x, dim), true);
    return asked ? found : found.values;
  }
  const { values, indices } = sort(reshape(x, [x.numel()]));
  const sorted = values.storage.data;
  const places = indices.storage.data;
  const inverse = newTensor("int32", x.shape);
  const firsts: number[] = [];
  for (let i = 0; i < sorted.length; i++) {
    // Of two NaN, neither equals the other.
    if (i === 0 || sorted[i] !== sorted[i - 1]) firsts.push(i);
    inverse.storage.data[places[i]!] = firsts.length - 1;
  }
  const found = newTensor(x.dtype, [firsts.length]);
  const counts = newTensor("int32", [firsts.length]);
  for (const [i, first] of firsts.entries()) {
    found.storage.data[i] = sorted[first]!;
    counts.storage.data[i] = (firsts[i + 1] ?? sorted.length) - first;
  }
  return asked ? { values: found, inverse, counts } : found;
}

/** Options of {@link uniqueConsecutive}. */
export interface UniqueConsecutiveOptions {
  /** Ask for where in the result each element of x is, too. */
  returnInverse?: boolean;
  /** Ask for how long each run is, too. */
  returnCounts?: boolean;
  /** Compare whole slices along this dimension, rather than numbers. */
  dim?: number;
}

/**
 * The values of a tensor without the repetitions of neighbours, in row-major order; options and result as those of
 * {@link unique}. It has no gradient.
 *
 * @throws {ArgumentError} for an unknown option.
 * @throws {IndexError} when the dimension is out of range.
 * @example
 * import { tensor, uniqueConsecutive } from "@chainrule/core";
 * uniqueConsecutive(tensor([1, 1, 2, 2, 1])); // → tensor([1, 2, 1])
 */
export function uniqueConsecutive(x: TensorLike, options?: { dim?: number }): Tensor;
export function uniqueConsecutive(x: TensorLike, options: UniqueConsecutiveOptions): UniqueValues;
export function uniqueConsecutive(
  given: TensorLike,
  options?: UniqueConsecutiveOptions,
): Tensor | UniqueValues {
  checkOptions("uniqueConsecutive", options, ["returnInverse", "returnCounts", "dim"]);
  const { dim, ...flags } = options ?? {};
  for (const [name, value] of Object.entries(flags))
    checkBoolean("uniqueConsecutive", name, value, false);
  const x = toTensor("uniqueConsecutive", given).detach();
  const asked = Object.keys(flags).length > 0;
  if (dim !== undefined) {
    const found = uniqueSlices(x, checkDim("uniqueConsecutive", x, dim), false);
    return asked ? found : found.values;
  }
  const { values, inverse, counts } = uniqueSlices(x.reshape([x.numel()]), 0, false);
  return asked ? { values, inverse: inverse.reshape([...x.shape]), counts } : values;
}

/** Different slices along a dimension: all of them in lexicographic order, or runs of equal neighbours. */
function uniqueSlices(x: Tensor, dim: number, sorted: boolean): UniqueValues {
  const count = x.shape[dim]!;
  const rows = x.movedim(dim, 0).reshape([count, count === 0 ? 0 : x.numel() / count]);
  const width = rows.shape[1]!;
  const numbers = rows.toTypedArray();
  const compare = (i: number, j: number): number => {
    for (let k = 0; k < width; k++) {
      const [a, b] = [numbers[i * width + k]!, numbers[j * width + k]!];
      if (a !== b) return a < b ? -1 : 1;
    }
    return 0;
  };
  const order = Array.from({ length: count }, (_, i) => i);
  if (sorted) order.sort(compare);
  const inverse = newTensor("int32", [count]);
  const firsts: number[] = [];
  const lengths: number[] = [];
  for (const [place, i] of order.entries()) {
    if (place === 0 || compare(order[place - 1]!, i) !== 0) {
      firsts.push(i);
      lengths.push(0);
    }
    lengths[lengths.length - 1]! += 1;
    inverse.storage.data[i] = firsts.length - 1;
  }
  return {
    values: indexSelect(x, dim, tensor(firsts, { dtype: "int32" })),
    inverse,
    counts: tensor(lengths, { dtype: "int32" }),
  };
}

/** Options of {@link bincount}. */
export interface BinCountOptions {
  /** The least length of the result; 0 unless given. */
  minlength?: number;
}

/**
 * How often each whole number from 0 on occurs, along one dimension as long as the largest needs: int32.
 * With `weights`, of the shape of x: the sum of the weights at its places, in their type. It has no gradient.
 *
 * @throws {DTypeError} when x does not hold whole numbers.
 * @throws {ArgumentError} when one of them is negative, or for an unknown option.
 * @throws {ShapeError} when x does not have one dimension, or the weights have another shape.
 * @example
 * import { bincount } from "@chainrule/core";
 * import { tensor } from "@chainrule/core";
 * bincount(tensor([0, 2, 2], { dtype: "int32" })); // → tensor([1, 0, 2], dtype=int32)
 */
export function bincount(x: Tensor, weights?: Tensor, options?: BinCountOptions): Tensor {
  checkOptions("bincount", options, ["minlength"]);
  const least = checkInteger("bincount", "minlength", options?.minlength ?? 0, 0);
  const operand = toTensor("bincount", x, "int32");
  if (operand.dtype !== "int32") {
    throw new DTypeError(
      `bincount: only int32 can be counted, not ${operand.dtype}. Convert it: x.to("int32").`,
      { dtype: operand.dtype },
    );
  }
  if (operand.ndim !== 1) {
    throw new ShapeError(
      `bincount: x must have one dimension, not shape ${formatShape(operand.shape)}. Flatten it.`,
      { shape: operand.shape },
    );
  }
  if (weights !== undefined && !sameShape(weights.shape, operand.shape)) {
    throw new ShapeError(
      `bincount: x has shape ${formatShape(operand.shape)}, but the weights have ${formatShape(weights.shape)}. They must be equal.`,
      { x: operand.shape, weights: weights.shape },
    );
  }
  const numbers = operand.toTypedArray();
  const shares = weights?.toTypedArray();
  let length = least;
  for (const number of numbers) {
    if (number < 0) {
      throw new ArgumentError(`bincount: ${number} is negative and has no bin.`, { number });
    }
    if (number >= length) length = number + 1;
  }
  const sums = new Float64Array(length);
  for (let i = 0; i < numbers.length; i++) sums[numbers[i]!]! += shares?.[i] ?? 1;
  const result = newTensor(weights?.dtype ?? "int32", [length]);
  result.storage.data.set(sums);
  return result;
}

/** Options of {@link histc}. */
export interface HistogramOptions {
  /** The number of bins; 100 unless given. */
  bins?: number;
  /** The lower end of the first bin; the least element unless `min` and `max` differ. */
  min?: number;
  /** The upper end of the last bin, which belongs to it. */
  max?: number;
}

/**
 * How many elements lie in each of `bins` intervals of equal width from `min` to `max`, in the type of x. Elements
 * outside, and NaN, are not counted. Unless the ends differ, they are the least and the largest element. It has no
 * gradient.
 *
 * @throws {ArgumentError} when an option is unknown or out of range, or the range is not finite.
 * @example
 * import { histc, tensor } from "@chainrule/core";
 * histc(tensor([1, 2, 1]), { bins: 4, min: 0, max: 3 }); // → tensor([0, 2, 1, 0])
 */
export function histc(given: TensorLike, options?: HistogramOptions): Tensor {
  checkOptions("histc", options, ["bins", "min", "max"]);
  const bins = checkInteger("histc", "bins", options?.bins ?? 100, 1);
  let low = checkNumber("histc", "min", options?.min ?? 0);
  let high = checkNumber("histc", "max", options?.max ?? 0);
  const x = toTensor("histc", given);
  const numbers = x.toTypedArray();
  if (low === high && numbers.length > 0) {
    low = Number.POSITIVE_INFINITY;
    high = Number.NEGATIVE_INFINITY;
    for (const number of numbers) {
      low = Math.min(low, number);
      high = Math.max(high, number);
    }
  }
  if (low === high) [low, high] = [low - 1, high + 1];
  if (!Number.isFinite(high - low) || low > high) {
    throw new ArgumentError(
      `histc: there are no bins from ${low} to ${high}. Give finite ends with min ≤ max.`,
      { min: low, max: high },
    );
  }
  const result = newTensor(x.dtype, [bins]);
  const counts = result.storage.data;
  for (const number of numbers) {
    if (!(number >= low && number <= high)) continue;
    const bin = Math.floor(((number - low) / (high - low)) * bins);
    counts[Math.min(bin, bins - 1)]! += 1;
  }
  return result;
}
