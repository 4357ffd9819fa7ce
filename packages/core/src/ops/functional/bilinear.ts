/**
 * Products of two vectors through a third-order tensor.
 */
import type { TensorLike } from "../../creation.ts";
import { ShapeError } from "../../errors.ts";
import { toOperands } from "../../record.ts";
import { elementCount, formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add } from "../arithmetic.ts";
import { matmul } from "../matmul.ts";
import { reshape } from "../reshape.ts";
import { permute } from "../transpose.ts";

/**
 * y[…, o] = Σᵢⱼ a[…, i] · weight[o, i, j] · b[…, j] + bias[o], for a of shape [*, I], b of [*, J], weight of [O, I, J] and bias of
 * [O], which may be left out.
 *
 * @throws {ShapeError} when the leading dimensions of a and b differ, or the features do not fit to the weight.
 * @example
 * import { bilinear, tensor } from "@chainrule/core";
 * bilinear(tensor([1, 2]), tensor([3]), tensor([[[10], [1]]])); // → tensor([36])
 */
export function bilinear(
  a: TensorLike,
  b: TensorLike,
  weight: TensorLike,
  bias?: TensorLike | null,
): Tensor {
  const given = bias === undefined || bias === null ? [a, b, weight] : [a, b, weight, bias];
  const [x, y, w, shift] = toOperands("bilinear", given) as [Tensor, Tensor, Tensor, Tensor?];
  const [out, first, second] = w.shape as [number, number, number];
  const lead = x.shape.slice(0, -1);
  const fits =
    w.ndim === 3 &&
    x.ndim > 0 &&
    sameShape(lead, y.shape.slice(0, -1)) &&
    x.shape.at(-1) === first &&
    y.shape.at(-1) === second;
  if (!fits || (shift !== undefined && !sameShape(shift.shape, [out]))) {
    throw new ShapeError(
      `bilinear: operands of shapes ${formatShape(x.shape)} and ${formatShape(y.shape)} do not fit to the weight of shape ${formatShape(w.shape)}${shift === undefined ? "" : ` and the bias of shape ${formatShape(shift.shape)}`}. They must be [*, I], [*, J], [O, I, J] and [O].`,
      { a: x.shape, b: y.shape, weight: w.shape },
    );
  }
  const rows = elementCount(lead);
  // [n, I] · [I, O·J] is [n, O, J], and a product with [n, J, 1] is left.
  const turned = reshape(permute(w, [1, 0, 2]), [first, out * second]);
  const half = reshape(matmul(reshape(x, [rows, first]), turned), [rows, out, second]);
  const product = reshape(matmul(half, reshape(y, [rows, second, 1])), [...lead, out]);
  return shift === undefined ? product : add(product, shift);
}
