/**
 * Reading calls whose trailing tensors may be left out.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Shape } from "../../shape.ts";
import { formatShape, sameShape } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import { addcmul } from "../addcmul.ts";
import { add, mul } from "../arithmetic.ts";

/** What may stand in the place of an optional tensor: nothing, or the options already. */
export type OptionalTensor<Options> = TensorLike | null | Options;

/** Whether an argument is an options object rather than something to compute with. */
function isOptions<Options extends object>(
  value: TensorLike | null | undefined | Options,
): value is Options {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Tensor) &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value)
  );
}

/** Optional tensors, and the options that follow wherever they end. */
export function readOptional<Options extends object>(
  where: string,
  tensors: readonly (OptionalTensor<Options> | undefined)[],
  options: Options | undefined,
): { tensors: (TensorLike | null)[]; options: Options | undefined } {
  const found: (TensorLike | null)[] = tensors.map(() => null);
  for (const [i, value] of tensors.entries()) {
    if (!isOptions(value)) {
      found[i] = value ?? null;
      continue;
    }
    if (options !== undefined || tensors.slice(i + 1).some((later) => later !== undefined)) {
      throw new ArgumentError(
        `${where}: the options come last, but there is another argument behind them. Give null for tensors that are missing.`,
      );
    }
    return { tensors: found, options: value };
  }
  return { tensors: found, options };
}

/** An optional tensor of a given shape. */
export function checkedParameter(
  where: string,
  name: string,
  value: TensorLike | null,
  shape: Shape,
  partner: Tensor,
): Tensor | null {
  if (value === null) return null;
  const parameter = toTensor(where, value, partner.dtype);
  if (!sameShape(parameter.shape, shape)) {
    throw new ShapeError(
      `${where}: the ${name} has shape ${formatShape(parameter.shape)}, but must have ${formatShape(shape)}.`,
      { [name]: parameter.shape, expected: shape },
    );
  }
  return parameter;
}

/** x · weight + bias with broadcasting, either of which may be missing. */
export function scaledAndShifted(x: Tensor, weight: Tensor | null, bias: Tensor | null): Tensor {
  if (weight === null) return bias === null ? x : add(x, bias);
  return bias === null ? mul(x, weight) : addcmul(bias, x, weight);
}
