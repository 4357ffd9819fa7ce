/**
 * Elements by their place in row-major order, and by places along a dimension.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { broadcastShapes, formatShape, normalizeDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { IndexPutOptions } from "./advanced.ts";
import { index as indexAt, indexPut } from "./advanced.ts";
import { expand } from "./expand.ts";
import { gather } from "./gather.ts";
import { reshape } from "./reshape.ts";

function checkPlaces(where: string, index: TensorLike): Tensor {
  const places = toTensor(where, index, "int32");
  if (places.dtype === "int32") return places;
  throw new DTypeError(
    `${where}: the index must be int32, not ${places.dtype}. Convert it: x.to("int32").`,
    { dtype: places.dtype },
  );
}

/**
 * The elements of x at places counted in row-major order, negative ones from the end; the result has the shape of the
 * index. Where an element is taken several times, its gradient adds up.
 *
 * @throws {IndexError} when a place is out of range.
 * @throws {DTypeError} when the index is not int32.
 * @example
 * import { take, tensor } from "@chainrule/core";
 * take(tensor([[1, 2], [3, 4]]), [0, -1]).toArray(); // → [ 1, 4 ]
 */
export function take(x: TensorLike, index: TensorLike): Tensor {
  const source = toTensor("take", x);
  return indexAt(reshape(source, [source.numel()]), [checkPlaces("take", index)]);
}

/**
 * x with numbers put at places counted in row-major order, or added there. Of several at one place the last stays, or
 * they add up.
 *
 * @throws {IndexError} when a place is out of range.
 * @throws {ShapeError} when there are not as many numbers as places.
 * @throws {DTypeError} when the index is not int32, or the numbers are of another type than x.
 * @example
 * import { put, tensor } from "@chainrule/core";
 * put(tensor([[1, 2], [3, 4]]), [0, -1], [8, 9]).toArray(); // → [ [ 8, 2 ], [ 3, 9 ] ]
 */
export function put(
  x: TensorLike,
  index: TensorLike,
  source: TensorLike,
  options?: IndexPutOptions,
): Tensor {
  const into = toTensor("put", x);
  const places = checkPlaces("put", index);
  const numbers = toTensor("put", source, into.dtype);
  if (numbers.numel() !== places.numel()) {
    throw new ShapeError(
      `put: ${numbers.numel()} numbers of shape ${formatShape(numbers.shape)} for ${places.numel()} places.`,
      { source: numbers.shape, index: places.shape },
    );
  }
  const flat = reshape(into, [into.numel()]);
  return reshape(indexPut(flat, [places], reshape(numbers, places.shape), options), into.shape);
}

/**
 * Numbers of x picked along a dimension, as {@link gather} does, where x and the index broadcast in all other dimensions:
 * for what `argmax` and `argsort` give. Without a dimension both are taken in row-major order.
 *
 * @throws {IndexError} when an index is out of range (negative ones are), or `dim` is.
 * @throws {ShapeError} when the ranks differ, or the other dimensions do not broadcast.
 * @throws {DTypeError} when the index is not int32.
 * @example
 * import { takeAlongDim, tensor } from "@chainrule/core";
 * takeAlongDim(tensor([[1, 2], [3, 4]]), [[1]], 1).toArray(); // → [ [ 2 ], [ 4 ] ]
 */
export function takeAlongDim(x: TensorLike, indices: TensorLike, dim?: number): Tensor {
  const source = toTensor("takeAlongDim", x);
  const places = checkPlaces("takeAlongDim", indices);
  if (dim === undefined)
    return gather(reshape(source, [source.numel()]), 0, reshape(places, [places.numel()]));
  const along = normalizeDim("takeAlongDim", dim, source.ndim);
  if (source.ndim !== places.ndim) {
    throw new ShapeError(
      `takeAlongDim: the index has shape ${formatShape(places.shape)}, but the tensor ${formatShape(source.shape)}. They must have as many dimensions.`,
      { index: places.shape, shape: source.shape },
    );
  }
  if (source.ndim === 0) return gather(source, 0, places);
  const others = (shape: readonly number[]): number[] =>
    shape.map((length, d) => (d === along ? 1 : length));
  const met = broadcastShapes("takeAlongDim", others(source.shape), others(places.shape));
  const stretched = (part: Tensor): Tensor =>
    expand(
      part,
      met.map((length, d) => (d === along ? part.shape[d]! : length)),
    );
  return gather(stretched(source), along, stretched(places));
}
