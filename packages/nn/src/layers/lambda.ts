/**
 * A function as a layer.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, quoted } from "@chainrule/core";
import { Module } from "../module.ts";

/**
 * A function of a tensor as a layer, for where a layer is wanted; `Sequential` makes one of each function by itself.
 *
 * @throws {ArgumentError} for anything that is no function.
 * @example
 * import type { Tensor } from "@chainrule/core";
 * import { tensor } from "@chainrule/core";
 * import { Lambda } from "@chainrule/nn";
 * const double = (x: Tensor) => x.mul(2);
 * new Lambda(double).forward(tensor([1, 2])); // → tensor([2, 4])
 * new Lambda(double); // → Lambda(double)
 */
export class Lambda extends Module {
  readonly f: (x: Tensor) => Tensor;

  constructor(f: (x: Tensor) => Tensor) {
    super();
    if (typeof f !== "function") {
      throw new ArgumentError(`Lambda: expected a function of a tensor, not ${quoted(f)}.`);
    }
    this.f = f;
  }

  override forward(x: Tensor): Tensor {
    return this.f(x);
  }

  override extraRepr(): string {
    return this.f.name;
  }
}
