/**
 * Changes in place: for leaves under `noGrad`, and for tensors outside of the graph.
 *
 * The graph relies on the numbers it saved. A change is refused where it would falsify the tensor's own gradient, and is
 * noted in the storage's version otherwise, so that a backward pass which needs the old numbers says so.
 */
import type { TensorLike } from "./creation.ts";
import { toTensor } from "./creation.ts";
import type { DType, TypedArray } from "./dtype.ts";
import { checkDType, isFloating } from "./dtype.ts";
import { checkNumber, checkOptions, DTypeError, GradError, ShapeError } from "./errors.ts";
import { capture } from "./graph/capture.ts";
import { isGradEnabled, noGrad } from "./graph/mode.ts";
import { currentSite } from "./graph/site.ts";
import { copyInto } from "./kernels/copy.ts";
import { contiguousCopy } from "./op.ts";
import type { IndexPutOptions } from "./ops/advanced.ts";
import { putInto } from "./ops/advanced.ts";
import { add, mul, sub } from "./ops/arithmetic.ts";
import { to } from "./ops/convert.ts";
import type { IndexItem } from "./ops/items.ts";
import { layoutOfPart, resolveItems, splitItems } from "./ops/items.ts";
import { sortIndices } from "./ops/places.ts";
import { broadcastShapes, broadcastStrides, formatShape, sameShape } from "./shape.ts";
import { noteChange } from "./storage.ts";
import { Tensor } from "./tensor.ts";

/** Refuses a change that a compiled function would make only once. */
export function refuseToCompile(where: string): void {
  capture?.refuse(
    `changes numbers in place (${where})`,
    "Compute new ones and return them, use copy_, or do it outside of the compiled function",
  );
}

/** Refuses a change that the graph forbids. */
export function checkMutable(where: string, x: Tensor): void {
  if (x.node !== null) {
    throw new GradError(
      `${where}: this tensor is the result of ${x.node.op.name} and part of a graph; it cannot change in place. Compute a new one, or detach() it.`,
      { op: x.node.op.name },
    );
  }
  if (x.requiresGrad && isGradEnabled()) {
    throw new GradError(
      `${where}: a leaf that requires gradients cannot change in place while the graph is recorded. Wrap it: noGrad(() => x.${where}(…)).`,
    );
  }
  if (x.batch !== null)
    throw new GradError(
      `${where}: a tensor cannot change in place inside vmap. Compute a new one.`,
    );
  if (x.numel() > 0 && x.strides.some((step, i) => step === 0 && x.shape[i]! > 1)) {
    throw new GradError(
      `${where}: an expanded tensor shows the same number in several places; change a clone of it.`,
    );
  }
}

/** x = value, element by element; the value broadcasts to x's shape. */
function assign(where: string, x: Tensor, value: Tensor): Tensor {
  checkMutable(where, x);
  const fits =
    value.ndim <= x.ndim && sameShape(broadcastShapes(where, x.shape, value.shape), x.shape);
  if (!fits) {
    throw new ShapeError(
      `${where}: shape ${formatShape(value.shape)} does not broadcast to ${formatShape(x.shape)}, which cannot change its shape in place.`,
      { from: value.shape, to: x.shape },
    );
  }
  if (capture?.assign(where, x, value, (now) => assign(where, x.detach(), now)) === true) {
    noteChange(x.storage, currentSite());
    return x;
  }
  // A value that lies in the same storage may be read where it was just overwritten: it is copied first.
  const source = value.storage === x.storage ? contiguousCopy(value) : value;
  const strides = broadcastStrides(source.shape, source.strides, x.shape);
  copyInto(
    x.storage.data,
    x.offset,
    x.strides,
    source.storage.data,
    source.offset,
    strides,
    x.shape,
  );
  noteChange(x.storage, currentSite());
  return x;
}

/**
 * Copies a value into x, in place; it broadcasts to x's shape and takes x's type.
 *
 * @throws {GradError} when x belongs to a graph, or requires gradients outside of `noGrad`.
 * @throws {ShapeError} when the value does not broadcast to x's shape.
 */
export function copy_(x: Tensor, value: TensorLike): Tensor {
  return assign("copy_", x, castable("copy_", x, value));
}

/** A value that may be copied into x. */
function castable(where: string, x: Tensor, value: TensorLike): Tensor {
  const source = toTensor(where, value, x.dtype);
  if (x.dtype === "bool" && source.dtype !== "bool") {
    throw new DTypeError(
      `${where}: a bool tensor takes bool values, not ${source.dtype}. Compare first: value.ne(0).`,
      { dtype: source.dtype },
    );
  }
  return source;
}

/**
 * Copies a value into part of x, in place: `x.setAt([0, "1:3"], 5)` changes what `x.at(0, "1:3")` reads. The items are
 * those of `at`; a single one need not stand in an array. The value broadcasts to the part and takes x's type. Where
 * indices name a place several times the last value stays, or with `accumulate` all are added to what is there.
 *
 * @throws {GradError} when x belongs to a graph, or requires gradients outside of `noGrad`.
 * @throws {ShapeError} when the value does not broadcast to the part.
 * @throws {IndexError} when an index is out of range, or there are more of them than dimensions.
 * @example
 * import { setAt, zeros } from "@chainrule/core";
 * const x = zeros([2, 3]);
 * setAt(x, [0, "1:"], [1, 2]);
 * setAt(x, x.eq(0), 9);
 * x.toArray(); // → [ [ 9, 1, 2 ], [ 9, 9, 9 ] ]
 */
export function setAt(
  x: Tensor,
  items: IndexItem | readonly IndexItem[],
  value: TensorLike,
  options?: IndexPutOptions,
): Tensor {
  checkOptions("setAt", options, ["accumulate"]);
  checkMutable("setAt", x);
  const source = castable("setAt", x, value);
  const list = Array.isArray(items) ? items : [items as IndexItem];
  const { plain, indices } = splitItems("setAt", x.shape, list);
  const layout = layoutOfPart(x, resolveItems("setAt", x.shape, plain));
  const part = new Tensor(x.storage, x.dtype, layout.shape, layout.strides, layout.offset);
  if (indices === null && options?.accumulate !== true) {
    assign("setAt", part, source);
    return x;
  }
  refuseToCompile("setAt");
  const values = to(source, x.dtype).detach();
  // A value that lies in the same storage may be read where it was just overwritten: it is copied first.
  const own = values.storage === x.storage ? contiguousCopy(values) : values;
  if (indices === null) assign("setAt", part, add(part, own));
  else {
    const sorted = sortIndices("setAt", part.shape, indices);
    putInto("setAt", part, sorted, own, options?.accumulate ?? false);
    noteChange(x.storage, currentSite());
  }
  return x;
}

/** Sets every element to a number, in place. @throws {GradError} as `copy_`. */
export function fill_(x: Tensor, value: number): Tensor {
  return assign("fill_", x, toTensor("fill_", checkNumber("fill_", "value", value), x.dtype));
}

/** Sets every element to 0, in place. @throws {GradError} as `copy_`. */
export function zero_(x: Tensor): Tensor {
  return assign("zero_", x, toTensor("zero_", 0, x.dtype));
}

/** x += value, in place. @throws {GradError} as `copy_`. */
export function add_(x: Tensor, value: TensorLike): Tensor {
  return updated("add_", x, value, add);
}

/** x −= value, in place. @throws {GradError} as `copy_`. */
export function sub_(x: Tensor, value: TensorLike): Tensor {
  return updated("sub_", x, value, sub);
}

/** x ·= value, in place. @throws {GradError} as `copy_`. */
export function mul_(x: Tensor, value: TensorLike): Tensor {
  return updated("mul_", x, value, mul);
}

function updated(
  where: string,
  x: Tensor,
  value: TensorLike,
  op: (a: TensorLike, b: TensorLike) => Tensor,
): Tensor {
  checkMutable(where, x);
  return assign(where, x, op(x.detach(), toTensor(where, value, x.dtype).detach()));
}

/**
 * Changes the element type of a leaf, in place: whoever holds the tensor, an optimizer say, holds the converted one. Its
 * gradient is converted, too. Views of the tensor keep the old numbers.
 *
 * @throws {GradError} when x belongs to a graph, or requires gradients and would become int32 or bool.
 * @throws {DTypeError} for an unknown type.
 * @example
 * import { tensor, to_ } from "@chainrule/core";
 * const x = tensor([1.5, 2]);
 * to_(x, "float64");
 * x.dtype; // → float64
 */
export function to_(x: Tensor, dtype: DType): Tensor {
  if (checkDType("to_", dtype) === x.dtype) return x;
  if (x.requiresGrad && !isFloating(dtype)) {
    throw new GradError(
      `to_: a tensor that requires gradients cannot become ${dtype}; only float32 and float64 have gradients.`,
      { dtype },
    );
  }
  refuseToCompile("to_");
  const { grad } = x;
  noGrad(() => {
    checkMutable("to_", x);
    x.replaceStorage(to(x.detach(), dtype));
    if (grad !== null) x.grad = to(grad.detach(), dtype);
  });
  noteChange(x.storage, currentSite());
  return x;
}

/**
 * The array behind a contiguous tensor, to be written to: for optimizers and other loops that must not allocate. Asking
 * for it counts as a change.
 *
 * @throws {GradError} as `copy_`.
 */
export function writable(x: Tensor): TypedArray {
  refuseToCompile("writable");
  checkMutable("writable", x);
  if (!x.isContiguous()) {
    throw new ShapeError(
      "writable: the tensor is not contiguous. Use copy_, or make a contiguous clone.",
      {
        strides: x.strides,
      },
    );
  }
  noteChange(x.storage, currentSite());
  const { data } = x.storage;
  return x.numel() === data.length ? data : data.subarray(x.offset, x.offset + x.numel());
}
