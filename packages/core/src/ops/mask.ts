/**
 * Elements chosen by a mask.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { broadcastShapes, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { index, indexPut } from "./advanced.ts";
import { at } from "./at.ts";
import { expand } from "./expand.ts";
import { nonzeroOf } from "./nonzero.ts";
import { reshape } from "./reshape.ts";
import { where as choose } from "./selection.ts";

function checkMask(where: string, mask: TensorLike): Tensor {
  const given = toTensor(where, mask, "bool");
  if (given.dtype !== "bool") {
    throw new DTypeError(`${where}: the mask must be bool, not ${given.dtype}. Compare: x.ne(0).`, {
      dtype: given.dtype,
    });
  }
  return given;
}

/**
 * x with one number where the mask is true. x and the mask broadcast; the result has the type of x.
 *
 * @throws {DTypeError} when the mask is not bool, or x cannot hold the value.
 * @throws {ShapeError} when the shapes do not broadcast, or the value is no single number.
 * @example
 * import { maskedFill, tensor } from "@chainrule/core";
 * const x = tensor([1, -2, 3]);
 * maskedFill(x, x.lt(0), 0); // → tensor([1, 0, 3])
 */
export function maskedFill(x: TensorLike, mask: TensorLike, value: TensorLike): Tensor {
  const source = toTensor("maskedFill", x);
  const chosen = checkMask("maskedFill", mask);
  const wanted = source.dtype === "bool" && typeof value === "number" ? value !== 0 : value;
  const number = toTensor("maskedFill", wanted, source.dtype);
  if (number.ndim !== 0) {
    throw new ShapeError(
      `maskedFill: the value is a single number, not of shape ${formatShape(number.shape)}. Use where.`,
      { value: number.shape },
    );
  }
  const filled = choose(chosen, number, source);
  if (filled.dtype !== source.dtype) {
    throw new DTypeError(
      `maskedFill: a tensor of ${source.dtype} cannot hold the value ${number.item()} of ${number.dtype}. Convert it: x.to("${number.dtype}").`,
      { dtype: source.dtype, value: number.dtype },
    );
  }
  return filled;
}

/**
 * The elements of x where the mask is true, in row-major order, as one dimension. x and the mask broadcast.
 *
 * @throws {DTypeError} when the mask is not bool.
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { maskedSelect, tensor } from "@chainrule/core";
 * const x = tensor([[1, -2], [3, -4]]);
 * maskedSelect(x, x.gt(0)); // → tensor([1, 3])
 */
export function maskedSelect(x: TensorLike, mask: TensorLike): Tensor {
  const source = toTensor("maskedSelect", x);
  const chosen = checkMask("maskedSelect", mask);
  const shape = broadcastShapes("maskedSelect", source.shape, chosen.shape);
  const flat = shape.length === 0 ? [1] : shape;
  return index(expand(source, flat), [expand(chosen, flat)]);
}

/**
 * x with the elements where the mask is true replaced by those of `source`, in row-major order. The mask broadcasts to x.
 *
 * @throws {DTypeError} when the mask is not bool, or the source is of another type than x.
 * @throws {ShapeError} when the source has fewer elements than the mask has places.
 * @example
 * import { maskedScatter, tensor } from "@chainrule/core";
 * maskedScatter(tensor([1, 2, 3]), tensor([true, false, true]), [8, 9]); // → tensor([8, 2, 9])
 */
export function maskedScatter(x: TensorLike, mask: TensorLike, source: TensorLike): Tensor {
  const into = toTensor("maskedScatter", x);
  const chosen = checkMask("maskedScatter", mask);
  const shape = broadcastShapes("maskedScatter", into.shape, chosen.shape);
  const given = toTensor("maskedScatter", source, into.dtype);
  const flat = shape.length === 0 ? [1] : shape;
  const places = expand(chosen, flat);
  const count = nonzeroOf("maskedScatter", places)[0]!.numel();
  if (count > given.numel()) {
    throw new ShapeError(
      `maskedScatter: the mask has ${count} places, but the source only ${given.numel()} elements.`,
      { places: count, source: given.shape },
    );
  }
  const values = at(reshape(given, [given.numel()]), { stop: count });
  return reshape(indexPut(expand(into, flat), [places], values), shape);
}
