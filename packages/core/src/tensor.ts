/**
 * The tensor: shape, strides, offset, element type and storage, and its place in the graph.
 *
 * The class holds state. What can be done with tensors are functions, one subject a file; `fluent.ts` installs them as
 * methods.
 */
import type { DType, TypedArray } from "./dtype.ts";
import { isFloating } from "./dtype.ts";
import { ArgumentError, GradError, quoted } from "./errors.ts";
import type { FluentMethods } from "./fluent.ts";
import type { BatchDimension } from "./graph/batch.ts";
import { capture } from "./graph/capture.ts";
import type { TensorHooks } from "./graph/hooks.ts";
import type { GraphNode } from "./graph/node.ts";
import type { Origin } from "./graph/origin.ts";
import { detachedOrigin } from "./graph/origin.ts";
import { format } from "./print.ts";
import type { NestedArray } from "./reading.ts";
import { readItem, readNested, readTypedArray } from "./reading.ts";
import { expose, letGo } from "./recycling.ts";
import type { Shape } from "./shape.ts";
import { contiguousStrides, elementCount, isRowMajor, normalizeDim } from "./shape.ts";
import type { Storage } from "./storage.ts";

export interface Tensor extends FluentMethods {}

function refuseGrad(does: "reads" | "sets"): never {
  return capture!.refuse(
    `${does} the gradient of a tensor`,
    "Let the compiled function end with backward, or return what grad gives, and leave zeroGrad, clipping and the optimizer's step outside",
  );
}

/**
 * An n-dimensional array that remembers how it was computed.
 *
 * Make one with `tensor`, `zeros`, `randn` and their kin, compute with methods or functions, and call `backward()` on a
 * single number to fill `grad` of every leaf that requires it. Tensors are immutable but for leaves under `noGrad`.
 *
 * @example
 * import { tensor } from "@chainrule/core";
 * const x = tensor([1, 2, 3], { requiresGrad: true });
 * x.square().sum().backward();
 * x.grad; // → tensor([2, 4, 6])
 */
export class Tensor {
  // Fields are declared only: the constructor sets each once, instead of first to undefined and then to its value. Making
  // tensors, storages and nodes is a good part of the cost of small ops.
  declare readonly shape: Shape;
  /** The step in the storage from one element to the next along each dimension, in elements. */
  declare readonly strides: Shape;
  /** The place of the first element in the storage. */
  declare readonly offset: number;
  declare readonly dtype: DType;
  declare readonly storage: Storage;
  /** The recorded op that made this tensor; `null` for leaves and for what takes no part in differentiation. */
  declare node: GraphNode | null;
  /** Which of the node's results this is. */
  declare resultIndex: number;
  /** A name for people: shown in pictures, tables and errors. */
  declare name: string | null;
  /** Whether `backward` is to leave a gradient here although this is no leaf; see {@link Tensor.retainGrad}. */
  declare retainsGrad: boolean;
  /** Functions that watch or replace the gradient; see `registerHook`. */
  declare hooks: TensorHooks | null;
  /** Why this tensor takes no part in differentiation although its sources did; for `explainGrad`. */
  declare origin: Origin | null;
  /** Hidden leading dimensions, inside `vmap`; `null` everywhere else. */
  declare readonly batch: BatchDimension | null;
  declare private tracked: boolean;
  declare private gradient: Tensor | null;
  declare private readonly count: number;

  /** For ops; users call `tensor`, `zeros`, `fromTypedArray`, … */
  constructor(
    storage: Storage,
    dtype: DType,
    shape: Shape,
    strides: Shape = contiguousStrides(shape),
    offset = 0,
    batch: BatchDimension | null = null,
  ) {
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.dtype = dtype;
    this.storage = storage;
    this.node = null;
    this.resultIndex = 0;
    this.gradient = null;
    this.name = null;
    this.retainsGrad = false;
    this.hooks = null;
    this.origin = null;
    this.batch = batch;
    this.tracked = false;
    this.count = elementCount(shape);
  }

  /** The number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** The number of elements. */
  numel(): number {
    return this.count;
  }

  /** The shape, or the length along one dimension. */
  size(): Shape;
  size(dim: number): number;
  size(dim?: number): Shape | number {
    if (dim === undefined) return this.shape;
    const at = normalizeDim("size", dim, this.ndim);
    return this.ndim === 0 ? 1 : this.shape[at]!;
  }

  /** Whether the elements lie in row-major order without gaps. */
  isContiguous(): boolean {
    return isRowMajor(this.shape, this.strides);
  }

  /** Whether this tensor was made by the user rather than by a recorded op. */
  get isLeaf(): boolean {
    return this.node === null;
  }

  /**
   * Whether gradients flow to this tensor. It may be set on leaves of a floating type; results of ops have it when an
   * operand has it.
   *
   * @throws {GradError} when set on the result of an op, or on int32 or bool.
   */
  get requiresGrad(): boolean {
    return this.tracked;
  }

  set requiresGrad(value: boolean) {
    if (typeof value !== "boolean") {
      throw new ArgumentError(`requiresGrad: expected true or false, not ${quoted(value)}.`, {
        value,
      });
    }
    if (this.node !== null) {
      if (value) return;
      throw new GradError(
        `requiresGrad: this is the result of ${this.node.op.name}, not a leaf, so it cannot be switched off. Use detach().`,
        { op: this.node.op.name },
      );
    }
    if (value && !isFloating(this.dtype)) {
      throw new GradError(
        `requiresGrad: a tensor of dtype ${this.dtype} has no gradient; only float32 and float64 have. Convert it: x.to("float32").`,
        { dtype: this.dtype },
      );
    }
    this.tracked = value;
  }

  /**
   * The gradient that `backward` accumulated; `null` where none was computed. Set it to `null` to begin anew.
   *
   * It is the reader's to keep: it does not change when further passes add to it or gradients are set to `null`.
   */
  get grad(): Tensor | null {
    if (capture !== null) refuseGrad("reads");
    const { gradient } = this;
    if (gradient !== null) expose(gradient.storage);
    return gradient;
  }

  set grad(value: Tensor | null) {
    if (capture !== null) refuseGrad("sets");
    const { gradient } = this;
    this.gradient = value;
    if (gradient !== null && gradient !== value) letGo(gradient.storage);
  }

  /**
   * {@link Tensor.grad} for one who looks at it, or changes its numbers, and lets go of it before anyone else has a turn:
   * for optimizers and the engine. Its memory is used again when `grad` is set to `null`, unless somebody read `grad`.
   */
  lentGrad(): Tensor | null {
    if (capture !== null) refuseGrad("reads");
    return this.gradient;
  }

  /** Notes that `node` made this tensor. For the recorder. */
  attach(node: GraphNode, resultIndex: number): void {
    this.node = node;
    this.resultIndex = resultIndex;
    this.tracked = true;
  }

  /** Takes over the numbers, type and layout of a tensor of the same shape. For `to_`. */
  replaceStorage(other: Tensor): void {
    const { storage, dtype, strides, offset } = other;
    Object.assign(this, { storage, dtype, strides, offset });
  }

  /** Sets `requiresGrad` and returns the tensor, for chains. */
  requiresGrad_(value = true): this {
    this.requiresGrad = value;
    return this;
  }

  /** Gives the tensor a name and returns it: `x.named("x")`. */
  named(name: string): this {
    if (typeof name !== "string") {
      throw new ArgumentError(`named: a name is a string, not ${quoted(name)}.`, { name });
    }
    this.name = name;
    return this;
  }

  /**
   * Asks `backward` to leave the gradient of this tensor in `grad` although it is no leaf.
   *
   * @throws {GradError} when the tensor does not require gradients.
   */
  retainGrad(): this {
    if (!this.tracked) {
      throw new GradError(
        "retainGrad: this tensor does not require gradients. Set requiresGrad on a leaf that it is computed from.",
      );
    }
    this.retainsGrad = true;
    return this;
  }

  /** The same numbers outside of the graph: shares the storage, requires no gradient. */
  detach(): Tensor {
    capture?.sees(this);
    const alias = new Tensor(
      this.storage,
      this.dtype,
      this.shape,
      this.strides,
      this.offset,
      this.batch,
    );
    alias.name = this.name;
    if (this.tracked) alias.origin = detachedOrigin();
    return alias;
  }

  /**
   * The single number in this tensor (a boolean as 0 or 1).
   *
   * @throws {ShapeError} when there are more or fewer elements than one.
   */
  item(): number {
    return readItem(this);
  }

  /** The numbers as nested arrays, of the tensor's shape; a 0-d tensor gives the number itself. */
  toArray(): NestedArray {
    return readNested(this);
  }

  /** A copy of the numbers, flat and in row-major order, in an array of the tensor's own type. */
  toTypedArray(): TypedArray {
    return readTypedArray(this);
  }

  /** Reads like NumPy's and PyTorch's: `tensor([[1, 2], [3, 4]])`, with the dtype where it is not the default. */
  toString(): string {
    return format(this);
  }

  /** What `console.log` shows in Node and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return format(this);
  }

  /** What `console.log` shows in Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return format(this);
  }

  /** For `JSON.stringify`: dtype, shape and the flat numbers. NaN and the infinities become strings. */
  toJSON(): { dtype: DType; shape: Shape; data: (number | string)[] } {
    const data = Array.from(this.toTypedArray(), (value) =>
      Number.isFinite(value) ? value : String(value),
    );
    return { dtype: this.dtype, shape: this.shape, data };
  }

  /**
   * Refuses conversion to a number unless there is exactly one element, so that `x + 1` on a larger tensor is an error
   * and not the string `"tensor(…)1"`.
   */
  [Symbol.toPrimitive](hint: string): string | number {
    return hint === "string" ? this.toString() : this.item();
  }
}
