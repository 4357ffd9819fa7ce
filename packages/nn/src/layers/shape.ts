/**
 * Layers that change nothing but the shape.
 */
import type { Shape, Tensor } from "@chainrule/core";
import { checkInteger, checkOptions, flatten, formatShape, unflatten } from "@chainrule/core";
import { Module } from "../module.ts";

/** Options of {@link Flatten}. */
export interface FlattenOptions {
  /** The first dimension that is joined; 1 unless given, which leaves the batch alone. */
  startDim?: number;
  /** The last one; −1 unless given. */
  endDim?: number;
}

/**
 * Joins dimensions into one: [N, 1, 28, 28] becomes [N, 784].
 *
 * @example
 * import { zeros } from "@chainrule/core";
 * import { Flatten } from "@chainrule/nn";
 * new Flatten().forward(zeros([5, 1, 28, 28])).shape; // → [ 5, 784 ]
 */
export class Flatten extends Module {
  static override readonly isConfined = true;

  readonly startDim: number;
  readonly endDim: number;

  constructor(options: FlattenOptions = {}) {
    super();
    checkOptions("Flatten", options, ["startDim", "endDim"]);
    this.startDim = options.startDim ?? 1;
    this.endDim = options.endDim ?? -1;
  }

  override forward(x: Tensor): Tensor {
    return flatten(x, this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return `startDim=${this.startDim}, endDim=${this.endDim}`;
  }
}

/**
 * Divides a dimension into several: the adjoint of {@link Flatten}. One length may be −1 and is what is left.
 *
 * @throws {ArgumentError} for a dimension that is no whole number.
 * @throws {ShapeError} in `forward`, when the lengths do not make up the dimension.
 * @example
 * import { zeros } from "@chainrule/core";
 * import { Unflatten } from "@chainrule/nn";
 * new Unflatten(1, [1, 28, 28]).forward(zeros([5, 784])).shape; // → [ 5, 1, 28, 28 ]
 */
export class Unflatten extends Module {
  static override readonly isConfined = true;

  readonly dim: number;
  readonly sizes: Shape;

  constructor(dim: number, sizes: Shape) {
    super();
    this.dim = checkInteger("Unflatten", "dim", dim);
    for (const size of sizes) checkInteger("Unflatten", "sizes", size, -1);
    this.sizes = [...sizes];
  }

  override forward(x: Tensor): Tensor {
    return unflatten(x, this.dim, this.sizes);
  }

  override extraRepr(): string {
    return `dim=${this.dim}, sizes=${formatShape(this.sizes)}`;
  }
}

/** Gives its input back: for a place where a layer may stand. */
export class Identity extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return x;
  }
}
