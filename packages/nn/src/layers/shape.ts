/**
 * Layers that change nothing but the shape.
 */
import type { Tensor } from "@chainrule/core";
import { checkOptions, flatten } from "@chainrule/core";
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

/** Gives its input back: for a place where a layer may stand. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}
