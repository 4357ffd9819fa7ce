/**
 * Element types, the arrays that hold them, and the rules by which they combine.
 */
import { DTypeError, described, quoted } from "./errors.ts";

/** The element type of a tensor. `float32` is the default; `float64` is true double precision in every op. */
export type DType = "float32" | "float64" | "int32" | "bool";

/** The array behind a storage; `bool` is held as bytes 0 and 1. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** All element types, from the one that gives way to the one that prevails. */
export const dtypes: readonly DType[] = ["bool", "int32", "float32", "float64"];

/** A small number for each type, its rank in {@link dtypes}: kernels are looked up by it. */
export const dtypeCode: Readonly<Record<DType, number>> = {
  bool: 0,
  int32: 1,
  float32: 2,
  float64: 3,
};

/** Bytes of one element. */
export const bytesPerElement: Readonly<Record<DType, number>> = {
  bool: 1,
  int32: 4,
  float32: 4,
  float64: 8,
};

/** A new array of zeros. */
export function allocate(dtype: DType, length: number): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    case "int32":
      return new Int32Array(length);
    case "bool":
      return new Uint8Array(length);
  }
}

export function isFloating(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64";
}

let defaultFloat: "float32" | "float64" = "float32";

/** The type of tensors made from numbers when none is named: float32, unless changed. */
export function getDefaultDType(): "float32" | "float64" {
  return defaultFloat;
}

/**
 * Changes the type of tensors made from numbers when none is named.
 *
 * @throws {DTypeError} for a type that is not floating.
 * @example
 * import { getDefaultDType, setDefaultDType, tensor } from "@chainrule/core";
 * setDefaultDType("float64");
 * tensor([0.1]).dtype; // → float64
 * setDefaultDType("float32");
 */
export function setDefaultDType(dtype: "float32" | "float64"): void {
  if (dtype !== "float32" && dtype !== "float64") {
    throw new DTypeError(
      `setDefaultDType: the default must be "float32" or "float64", not ${quoted(dtype)}.`,
      { dtype },
    );
  }
  defaultFloat = dtype;
}

/** Refuses what is not the name of an element type. */
export function checkDType(where: string, dtype: unknown): DType {
  if (dtype === "float32" || dtype === "float64" || dtype === "int32" || dtype === "bool")
    return dtype;
  throw new DTypeError(
    described(where, `unknown dtype ${quoted(dtype)}. Known: ${dtypes.join(", ")}.`),
    { dtype },
  );
}

/** The type in which two types meet: bool < int32 < float32 < float64. */
export function promote(a: DType, b: DType): DType {
  return dtypeCode[a] >= dtypeCode[b] ? a : b;
}

/** The smallest normal exponent and friends: what `finfo` gives in NumPy and PyTorch. */
export function finfo(dtype: "float32" | "float64"): { eps: number; max: number; tiny: number } {
  return dtype === "float32"
    ? { eps: 2 ** -23, max: (2 - 2 ** -23) * 2 ** 127, tiny: 2 ** -126 }
    : { eps: Number.EPSILON, max: Number.MAX_VALUE, tiny: 2 ** -1022 };
}
