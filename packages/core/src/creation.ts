/**
 * Making tensors from numbers.
 */
import type { DType, TypedArray } from "./dtype.ts";
import { checkDType, getDefaultDType } from "./dtype.ts";
import {
  ArgumentError,
  checkInteger,
  checkNumber,
  checkOptions,
  DTypeError,
  quoted,
  ShapeError,
} from "./errors.ts";
import type { NestedArray } from "./reading.ts";
import { readTypedArray } from "./reading.ts";
import { newStorage } from "./recycling.ts";
import type { Shape } from "./shape.ts";
import { checkShape, elementCount, formatShape } from "./shape.ts";
import { Storage, singleNumber } from "./storage.ts";
import { Tensor } from "./tensor.ts";

/** What can stand wherever a tensor is expected: numbers, booleans and nested arrays take the type of their partner. */
export type TensorLike = Tensor | number | boolean | readonly NestedNumbers[] | TypedArray;
/** Arrays nested to any depth, all rows of the same length. */
export type NestedNumbers = number | boolean | readonly NestedNumbers[];

/** Options of everything that makes tensors. */
export interface CreationOptions {
  /** Element type; float32 unless `setDefaultDType` changed it. */
  dtype?: DType;
  /** Whether gradients are to be computed for it. */
  requiresGrad?: boolean;
  /** A name for people. */
  name?: string;
}

const creationOptionNames = ["dtype", "requiresGrad", "name"] as const;

function finish(x: Tensor, options: CreationOptions | undefined): Tensor {
  if (options?.requiresGrad !== undefined) x.requiresGrad = options.requiresGrad;
  if (options?.name !== undefined) x.named(options.name);
  return x;
}

function dtypeFrom(where: string, options: CreationOptions | undefined, otherwise: DType): DType {
  checkOptions(where, options, creationOptionNames);
  return options?.dtype === undefined ? otherwise : checkDType(where, options.dtype);
}

/** A tensor over new contiguous storage; for kernels. */
export function newTensor(dtype: DType, shape: Shape): Tensor {
  return new Tensor(newStorage(dtype, elementCount(shape)), dtype, shape);
}

/** The same for kernels that write every element: what is in it before is anything. */
export function unfilledTensor(dtype: DType, shape: Shape): Tensor {
  return new Tensor(newStorage(dtype, elementCount(shape), false), dtype, shape);
}

function isTypedArray(value: unknown): value is TypedArray {
  return (
    value instanceof Float32Array ||
    value instanceof Float64Array ||
    value instanceof Int32Array ||
    value instanceof Uint8Array
  );
}

/**
 * A tensor from a number, a boolean, nested arrays, a typed array or another tensor. The numbers are copied.
 *
 * Numbers become the default type (float32), booleans bool; typed arrays keep their own type (Uint8Array becomes int32).
 *
 * @throws {ShapeError} when rows differ in length.
 * @throws {ArgumentError} for anything that is not a number.
 * @throws {DTypeError} for a number that an int32 cannot hold.
 * @example
 * import { tensor } from "@chainrule/core";
 * tensor([[1, 2], [3, 4]]).shape; // → [ 2, 2 ]
 * tensor([true, false]).dtype; // → bool
 */
export function tensor(values: TensorLike, options?: CreationOptions): Tensor {
  if (values instanceof Tensor) {
    const dtype = dtypeFrom("tensor", options, values.dtype);
    return finish(fromFlat("tensor", readTypedArray(values), values.shape, dtype), options);
  }
  if (isTypedArray(values)) {
    const dtype = dtypeFrom("tensor", options, dtypeOfArray(values));
    return finish(fromFlat("tensor", values, [values.length], dtype), options);
  }
  const { flat, shape, allBoolean } = flatten("tensor", values);
  const dtype = dtypeFrom(
    "tensor",
    options,
    allBoolean && flat.length > 0 ? "bool" : getDefaultDType(),
  );
  return finish(fromFlat("tensor", flat, shape, dtype), options);
}

function dtypeOfArray(values: TypedArray): DType {
  if (values instanceof Float32Array) return "float32";
  if (values instanceof Float64Array) return "float64";
  return "int32";
}

/** Copies flat numbers into a new tensor, refusing what the type cannot hold. */
function fromFlat(where: string, flat: ArrayLike<number>, shape: Shape, dtype: DType): Tensor {
  const x = newTensor(dtype, shape);
  const { data } = x.storage;
  if (dtype === "bool") {
    for (let i = 0; i < flat.length; i++) data[i] = flat[i] ? 1 : 0;
  } else if (dtype === "int32") {
    for (let i = 0; i < flat.length; i++) {
      const value = flat[i]!;
      if (value !== (value | 0)) {
        throw new DTypeError(
          `${where}: ${value} does not fit into int32. Use float64, or round it first.`,
          { value },
        );
      }
      data[i] = value;
    }
  } else {
    data.set(flat as ArrayLike<number>);
  }
  return x;
}

/** Flattens nested arrays level by level, checking that they are rectangular and hold nothing but numbers. */
function flatten(
  where: string,
  values: unknown,
): { flat: number[]; shape: number[]; allBoolean: boolean } {
  const shape: number[] = [];
  let level: readonly unknown[] = [values];
  while (level.length > 0 && level.some((entry) => Array.isArray(entry) || isTypedArray(entry))) {
    const next: unknown[] = [];
    const first = level[0] as ArrayLike<unknown>;
    for (const entry of level) {
      const isRow = Array.isArray(entry) || isTypedArray(entry);
      if (!isRow || entry.length !== first.length) {
        const found = isRow ? `a row of ${entry.length}` : quoted(entry);
        const expected =
          Array.isArray(first) || isTypedArray(first) ? `a row of ${first.length}` : "a number";
        throw new ShapeError(
          `${where}: nested arrays must be rectangular, but at depth ${shape.length} there is ${found} beside ${expected}.`,
          { depth: shape.length },
        );
      }
      for (let i = 0; i < entry.length; i++) next.push(entry[i]);
    }
    shape.push(first.length);
    level = next;
  }
  let allBoolean = true;
  const flat = new Array<number>(level.length);
  for (let i = 0; i < level.length; i++) {
    const value = level[i];
    if (typeof value === "boolean") flat[i] = value ? 1 : 0;
    else if (typeof value === "number") {
      allBoolean = false;
      flat[i] = value;
    } else {
      const advice =
        value instanceof Tensor
          ? " To join tensors, use stack or cat."
          : value === undefined
            ? " Is it a weight that nothing was assigned to yet?"
            : "";
      throw new ArgumentError(
        `${where}: expected numbers, booleans or nested arrays of them, not ${quoted(value)}.${advice}`,
        {
          value,
        },
      );
    }
  }
  return { flat, shape, allBoolean };
}

/**
 * A tensor that shares the memory of a typed array: no copy, and later changes of the array are seen. Uint8Array is taken
 * as bool and must hold 0 and 1 only.
 *
 * @throws {ShapeError} when the shape does not have as many elements as the array.
 * @throws {ArgumentError} for any other kind of array.
 * @example
 * import { fromTypedArray } from "@chainrule/core";
 * fromTypedArray(new Float32Array([1, 2, 3, 4]), [2, 2]).toArray(); // → [ [ 1, 2 ], [ 3, 4 ] ]
 */
export function fromTypedArray(
  data: TypedArray,
  shape: Shape = [data.length],
  options?: CreationOptions,
): Tensor {
  if (!isTypedArray(data)) {
    throw new ArgumentError(
      `fromTypedArray: expected a Float32Array, Float64Array, Int32Array or Uint8Array, not ${quoted(data)}.`,
      { data },
    );
  }
  const own = data instanceof Uint8Array ? "bool" : dtypeOfArray(data);
  const dtype = dtypeFrom("fromTypedArray", options, own);
  if (dtype !== own) {
    throw new DTypeError(
      `fromTypedArray: the array holds ${own}, not ${dtype}. Convert afterwards: x.to("${dtype}").`,
      {
        own,
        dtype,
      },
    );
  }
  const checked = checkShape("fromTypedArray", shape);
  if (elementCount(checked) !== data.length) {
    throw new ShapeError(
      `fromTypedArray: shape ${formatShape(checked)} has ${elementCount(checked)} elements, but the array has ${data.length}.`,
      { shape, length: data.length },
    );
  }
  if (data instanceof Uint8Array) {
    const odd = data.find((value) => value > 1);
    if (odd !== undefined) {
      throw new DTypeError(`fromTypedArray: a bool array holds 0 and 1, not ${odd}.`, {
        value: odd,
      });
    }
  }
  return finish(new Tensor(new Storage(data), dtype, checked), options);
}

function filled(
  where: string,
  shape: Shape,
  value: number,
  dtype: DType,
  options?: CreationOptions,
): Tensor {
  const x = newTensor(dtype, checkShape(where, shape));
  if (value !== 0) x.storage.data.fill(value);
  return finish(x, options);
}

/**
 * Zeros. @throws {ShapeError} for a shape with a negative or broken length.
 *
 * @example
 * import { zeros } from "@chainrule/core";
 * zeros([3]); // → tensor([0, 0, 0])
 */
export function zeros(shape: Shape, options?: CreationOptions): Tensor {
  return filled("zeros", shape, 0, dtypeFrom("zeros", options, getDefaultDType()), options);
}

/** Ones. @throws {ShapeError} for a shape with a negative or broken length. */
export function ones(shape: Shape, options?: CreationOptions): Tensor {
  return filled("ones", shape, 1, dtypeFrom("ones", options, getDefaultDType()), options);
}

/**
 * One number everywhere; `true` and `false` give bool. @throws {ShapeError} for a broken shape.
 *
 * @example
 * import { full } from "@chainrule/core";
 * full([2], 7); // → tensor([7, 7])
 */
export function full(shape: Shape, value: number | boolean, options?: CreationOptions): Tensor {
  const dtype = dtypeFrom("full", options, typeof value === "boolean" ? "bool" : getDefaultDType());
  if (typeof value !== "number" && typeof value !== "boolean") {
    throw new ArgumentError(
      `full: the value must be a number or a boolean, not ${quoted(value)}.`,
      { value },
    );
  }
  if (dtype === "int32" && Number(value) !== (Number(value) | 0)) {
    throw new DTypeError(`full: ${value} does not fit into int32.`, { value });
  }
  return filled(
    "full",
    shape,
    dtype === "bool" ? Number(Boolean(value)) : Number(value),
    dtype,
    options,
  );
}

/** An empty tensor's worth of memory, set to zero: as `zeros`, for code that will overwrite it. */
export function empty(shape: Shape, options?: CreationOptions): Tensor {
  return filled("empty", shape, 0, dtypeFrom("empty", options, getDefaultDType()), options);
}

/**
 * The identity matrix, n × m (m = n unless given).
 *
 * @example
 * import { eye } from "@chainrule/core";
 * eye(2).toArray(); // → [ [ 1, 0 ], [ 0, 1 ] ]
 */
export function eye(rows: number, columns: number = rows, options?: CreationOptions): Tensor {
  checkInteger("eye", "rows", rows, 0);
  checkInteger("eye", "columns", columns, 0);
  const x = filled("eye", [rows, columns], 0, dtypeFrom("eye", options, getDefaultDType()));
  for (let i = 0; i < Math.min(rows, columns); i++) x.storage.data[i * columns + i] = 1;
  return finish(x, options);
}

/**
 * start, start + step, … up to but without `end`: `arange(end)`, `arange(start, end)` or `arange(start, end, step)`.
 * int32 when all three are whole numbers, else the default type.
 *
 * @throws {ArgumentError} when the step is 0 or leads away from the end.
 * @example
 * import { arange } from "@chainrule/core";
 * arange(5); // → tensor([0, 1, 2, 3, 4], dtype=int32)
 * arange(0, 1, 0.25); // → tensor([0.00, 0.25, 0.50, 0.75])
 */
export function arange(
  start: number,
  end?: number | CreationOptions,
  step?: number | CreationOptions,
  options?: CreationOptions,
): Tensor {
  if (typeof end === "object") return arange(0, start, 1, end);
  if (typeof step === "object") return arange(start, end, 1, step);
  if (end === undefined) return arange(0, start, 1, options);
  const by = step ?? 1;
  checkNumber("arange", "start", start);
  checkNumber("arange", "end", end);
  checkNumber("arange", "step", by);
  if (by === 0 || (end - start) / by < 0 || !Number.isFinite((end - start) / by)) {
    throw new ArgumentError(`arange: a step of ${by} never leads from ${start} to ${end}.`, {
      start,
      end,
      step: by,
    });
  }
  const whole = Number.isInteger(start) && Number.isInteger(end) && Number.isInteger(by);
  const dtype = dtypeFrom("arange", options, whole ? "int32" : getDefaultDType());
  const length = Math.ceil((end - start) / by);
  const x = newTensor(dtype, checkShape("arange", [length]));
  for (let i = 0; i < length; i++) x.storage.data[i] = start + i * by;
  return finish(x, options);
}

/**
 * `steps` numbers from `start` to `end`, both included, at even distances.
 *
 * @example
 * import { linspace } from "@chainrule/core";
 * linspace(0, 1, 5); // → tensor([0.00, 0.25, 0.50, 0.75, 1.00])
 */
export function linspace(
  start: number,
  end: number,
  steps: number,
  options?: CreationOptions,
): Tensor {
  checkNumber("linspace", "start", start);
  checkNumber("linspace", "end", end);
  checkInteger("linspace", "steps", steps, 0);
  const x = newTensor(dtypeFrom("linspace", options, getDefaultDType()), [steps]);
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  // Each half counts from its own end, so that both ends are exact and the row is symmetric, as in PyTorch.
  for (let i = 0; i < steps; i++)
    x.storage.data[i] = i < steps / 2 ? start + i * step : end - (steps - 1 - i) * step;
  return finish(x, options);
}

/**
 * `steps` numbers from base^start to base^end, both included, at even ratios.
 *
 * @example
 * import { logspace } from "@chainrule/core";
 * logspace(0, 2, 3); // → tensor([1, 10, 100])
 */
export function logspace(
  start: number,
  end: number,
  steps: number,
  options: CreationOptions & { base?: number } = {},
): Tensor {
  const { base = 10, ...creation } = options;
  checkNumber("logspace", "base", base);
  checkNumber("logspace", "start", start);
  checkNumber("logspace", "end", end);
  checkInteger("logspace", "steps", steps, 0);
  const dtype = dtypeFrom("logspace", creation, getDefaultDType());
  const x = newTensor(dtype, [steps]);
  const { data } = linspace(start, end, steps, { dtype: "float64" }).storage;
  for (let i = 0; i < steps; i++) x.storage.data[i] = base ** data[i]!;
  return finish(x, creation);
}

/** Zeros of the shape and type of `x`. */
export function zerosLike(x: Tensor, options?: CreationOptions): Tensor {
  return filled(
    "zerosLike",
    checkTensor("zerosLike", x).shape,
    0,
    dtypeFrom("zerosLike", options, x.dtype),
    options,
  );
}

/** Ones of the shape and type of `x`. */
export function onesLike(x: Tensor, options?: CreationOptions): Tensor {
  return filled(
    "onesLike",
    checkTensor("onesLike", x).shape,
    1,
    dtypeFrom("onesLike", options, x.dtype),
    options,
  );
}

/** One number in the shape and type of `x`. */
export function fullLike(x: Tensor, value: number | boolean, options?: CreationOptions): Tensor {
  return full(checkTensor("fullLike", x).shape, value, {
    ...options,
    dtype: dtypeFrom("fullLike", options, x.dtype),
  });
}

/** As `zerosLike`, for code that will overwrite it. */
export function emptyLike(x: Tensor, options?: CreationOptions): Tensor {
  return filled(
    "emptyLike",
    checkTensor("emptyLike", x).shape,
    0,
    dtypeFrom("emptyLike", options, x.dtype),
    options,
  );
}

/** Refuses what is not a tensor. */
export function checkTensor(where: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  throw new ArgumentError(
    `${where}: expected a tensor, not ${quoted(value)}. Make one with tensor(…).`,
    { value },
  );
}

export { creationOptionNames, dtypeFrom, finish, type NestedArray };

/** A 0-d tensor; the quick way for constants that meet tensors in an op. */
export function scalarTensor(value: number, dtype: DType): Tensor {
  const { storage, offset } = singleNumber(dtype, value);
  return new Tensor(storage, dtype, noDimensions, noDimensions, offset);
}

const noDimensions: Shape = Object.freeze([]);

/**
 * Turns what users may pass for a tensor into one. Numbers and arrays take the type of their partner: a whole number
 * takes any numeric type, a broken one a floating type. `partner` is `undefined` where there is none.
 */
export function toTensor(where: string, value: unknown, partner?: DType): Tensor {
  if (value instanceof Tensor) return value;
  if (typeof value === "number")
    return scalarTensor(value, weakDType(Number.isInteger(value), false, partner));
  if (typeof value === "boolean") return scalarTensor(value ? 1 : 0, partner ?? "bool");
  if (isTypedArray(value)) return tensor(value);
  const { flat, shape, allBoolean } = flatten(where, value);
  return fromFlat(
    where,
    flat,
    shape,
    weakDType(flat.every(Number.isInteger), allBoolean && flat.length > 0, partner),
  );
}

function weakDType(whole: boolean, allBoolean: boolean, partner: DType | undefined): DType {
  if (allBoolean) return partner ?? "bool";
  if (partner === undefined) return getDefaultDType();
  if (partner === "float32" || partner === "float64") return partner;
  return whole ? "int32" : getDefaultDType();
}
