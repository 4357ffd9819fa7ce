/**
 * Changing the element type.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import type { DType } from "../dtype.ts";
import { checkDType } from "../dtype.ts";
import { DTypeError } from "../errors.ts";
import { copyStrided } from "../kernels/copy.ts";
import type { Op } from "../op.ts";
import { contiguousOperand, defineOp } from "../op.ts";
import { setConverter } from "../operands.ts";
import { Tensor } from "../tensor.ts";

const cast: Op<(x: TensorLike, dtype: DType) => Tensor> = defineOp({
  name: "to",
  formula: "y = x",
  call: (x: TensorLike, dtype: DType) => ({
    operands: [x],
    options: { dtype: checkDType("to", dtype) },
  }),
  kinds: ["any"],
  shape: ([x]) => x!.shape,
  dtype: (_operands, { dtype }) => dtype,
  fills: true,
  forward: ([x], y, { dtype }) => {
    const { data } = y.storage;
    if (dtype === "bool") {
      const { storage, offset } = contiguousOperand(x!);
      for (let i = 0; i < data.length; i++) data[i] = storage.data[offset + i] ? 1 : 0;
    } else {
      // A typed array cuts decimals off towards zero when it holds whole numbers, as C and PyTorch do.
      copyStrided(data, 0, x!.storage.data, x!.offset, x!.shape, x!.strides);
    }
  },
  // The engine gives each gradient the type of its operand, which is all there is to do.
  vjp: [(cotangent) => cotangent],
  batch: ([x], _batched, { dtype }) => to(x!, dtype),
  samples: [(draw) => [draw.tensor(draw.shape(0, 3, 0)), "float64"]],
  edges: [
    {
      note: "decimals are cut off towards zero",
      call: () => [tensor([1.7, -1.7]), "int32"],
      result: [1, -1],
    },
    {
      note: "a number beyond float32 becomes infinite; the gradient passes",
      call: () => [tensor([1e300, -0], { dtype: "float64" }), "float32"],
      result: [Number.POSITIVE_INFINITY, -0],
      gradients: [[1, 1]],
    },
  ],
  rejects: [
    { call: () => [zeros([2]), "float16"], message: /unknown dtype "float16"/, type: DTypeError },
  ],
});

/**
 * x with another element type; x itself if it has it already. Decimals are cut off towards zero for int32; anything but
 * 0 is true for bool. Gradients pass through between floating types.
 *
 * @throws {DTypeError} for an unknown type.
 * @example
 * import { tensor, to } from "@chainrule/core";
 * to(tensor([1.7, -1.7]), "int32"); // → tensor([1, -1], dtype=int32)
 */
export const to: Op<(x: TensorLike, dtype: DType) => Tensor> = Object.assign(
  (x: TensorLike, dtype: DType): Tensor =>
    x instanceof Tensor && x.dtype === dtype ? x : cast(x, dtype),
  { op: cast.op },
);

setConverter(to);
