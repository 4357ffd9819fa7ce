/**
 * From what a user gave to the operands of a general op: tensors of the kinds that the op takes, of one element type.
 */
import { toTensor } from "./creation.ts";
import type { DType } from "./dtype.ts";
import { getDefaultDType, isFloating } from "./dtype.ts";
import { ArgumentError, DTypeError } from "./errors.ts";
import { meetAll, toOperands } from "./record.ts";
import { Tensor } from "./tensor.ts";

/**
 * What an operand may be. `"float"`: float32 or float64; whole numbers are converted. `"number"`: any type, met with the
 * other numbers. `"any"`: taken as it is. `"index"`: int32. `"mask"`: bool.
 */
export type OperandKind = "float" | "number" | "any" | "index" | "mask";

/** How an op converts an operand, with a record in the graph; set by the op `to`, which itself is made with defineOp. */
let converter: ((x: Tensor, dtype: DType) => Tensor) | undefined;

/** For the op `to`. */
export function setConverter(convertTo: (x: Tensor, dtype: DType) => Tensor): void {
  converter = convertTo;
}

function converted(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : converter!(x, dtype);
}

function kindAt(kinds: readonly OperandKind[], index: number): OperandKind {
  return kinds[Math.min(index, kinds.length - 1)]!;
}

function isNumeric(kind: OperandKind): boolean {
  return kind === "float" || kind === "number";
}

/** Makes tensors of what was given, and brings those that compute with one another to one element type. */
export function convert(
  where: string,
  kinds: readonly OperandKind[],
  values: readonly unknown[],
): readonly Tensor[] {
  if (values.length === 1) {
    const kind = kinds[0]!;
    const x = toTensor(
      where,
      values[0],
      kind === "index" ? "int32" : kind === "mask" ? "bool" : undefined,
    );
    if (kind === "float") return isFloating(x.dtype) ? [x] : [converted(x, getDefaultDType())];
    if (isNumeric(kind) || kind === "any") return [x];
    return [checkKind(where, kind, x, 0)];
  }
  // A copy: the list may be one that the user goes on to change.
  if (areOfOneType(kinds, values)) return values.slice();
  const numeric = values.filter((_, i) => isNumeric(kindAt(kinds, i)));
  const tensors = toOperands(where, numeric);
  let dtype = meetAll(tensors);
  if (!isFloating(dtype) && values.some((_, i) => kindAt(kinds, i) === "float"))
    dtype = getDefaultDType();
  let next = 0;
  return values.map((value, i) => {
    const kind = kindAt(kinds, i);
    if (isNumeric(kind)) return converted(tensors[next++]!, dtype);
    return checkKind(where, kind, toTensor(where, value, kind === "index" ? "int32" : "bool"), i);
  });
}

/** Whether these are tensors of one floating type, each where a number is expected: nothing is to be converted then. */
function areOfOneType(
  kinds: readonly OperandKind[],
  values: readonly unknown[],
): values is readonly Tensor[] {
  let dtype: DType | undefined;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(value instanceof Tensor) || !isNumeric(kindAt(kinds, i))) return false;
    dtype ??= value.dtype;
    if (value.dtype !== dtype) return false;
  }
  return dtype !== undefined && isFloating(dtype);
}

function checkKind(where: string, kind: OperandKind, x: Tensor, index: number): Tensor {
  if (kind === "index" && x.dtype !== "int32") {
    throw new DTypeError(
      `${where}: operand ${index} holds indices and must be int32, not ${x.dtype}. Convert it: x.to("int32").`,
      {
        operand: index,
        dtype: x.dtype,
      },
    );
  }
  if (kind === "mask" && x.dtype !== "bool") {
    throw new DTypeError(
      `${where}: operand ${index} is a mask and must be bool, not ${x.dtype}. Compare: x.ne(0).`,
      {
        operand: index,
        dtype: x.dtype,
      },
    );
  }
  return x;
}

/** The element type of a result for which there is no rule: that of the first operand that holds numbers. */
export function numberType(kinds: readonly OperandKind[], operands: readonly Tensor[]): DType {
  for (const [i, operand] of operands.entries()) {
    const kind = kindAt(kinds, i);
    if (isNumeric(kind) || kind === "any") return operand.dtype;
  }
  throw new ArgumentError("defineOp: an op without a numeric operand needs a dtype rule.");
}
