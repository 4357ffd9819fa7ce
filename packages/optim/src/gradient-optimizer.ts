/**
 * What optimizers share in which each parameter follows its own gradient.
 */
import type { Tensor } from "@chainrule/core";
import {
  contiguousOperand,
  enableGrad,
  formatShape,
  noGrad,
  ShapeError,
  sameShape,
  updateTogether,
} from "@chainrule/core";
import type { CommonOptions, ParameterState, PenaltyOptions } from "./groups.ts";
import { checkValues, named } from "./groups.ts";
import { Optimizer } from "./optimizer.ts";

/**
 * The base of optimizers in which each parameter follows its own gradient: a kind says in `update` how.
 *
 * @example
 * import type { Tensor } from "@chainrule/core";
 * import { tensor } from "@chainrule/core";
 * import { GradientOptimizer, notNegative } from "@chainrule/optim";
 * class SignSGD extends GradientOptimizer<{ lr: number }> {
 *   constructor(params: Iterable<Tensor>, lr: number) {
 *     super(params, { name: "SignSGD", rules: { lr: notNegative }, remembers: {} }, {}, { lr });
 *   }
 *   protected override update(x: Tensor, gradient: Tensor, { lr }: { lr: number }): void {
 *     x.sub_(gradient.sign().mul(lr));
 *   }
 * }
 * const w = tensor([1, -1], { requiresGrad: true });
 * w.square().sum().backward();
 * new SignSGD([w], 0.5).step();
 * w; // → tensor([ 0.5, -0.5], requiresGrad=true)
 */
export abstract class GradientOptimizer<
  Options extends CommonOptions,
  State extends ParameterState = ParameterState,
> extends Optimizer<Options, State> {
  /**
   * The class's own `update`, if that is known to keep nothing of the gradient: gradients that nobody else has seen are
   * used again then. Another `update` in a derived class is not the same and does not inherit this.
   */
  protected readonly borrower: unknown = null;

  /** Moves one parameter along its gradient: contiguous, of the parameter's shape and type. */
  protected abstract update(parameter: Tensor, gradient: Tensor, options: Readonly<Options>): void;

  /**
   * Moves every parameter that has a gradient. A closure computes the loss, with gradients, before the step.
   *
   * @throws {ShapeError} when a gradient put there by hand has another shape or type; nothing has moved then.
   * @throws {ArgumentError} when an option of a group was changed to what it cannot be.
   */
  override step(): void;
  override step(closure: () => Tensor): Tensor;
  override step(closure?: () => Tensor): Tensor | undefined {
    const loss = closure === undefined ? undefined : enableGrad(closure);
    for (const group of this.paramGroups) {
      checkValues(this.kind, this.kind.name, group);
      for (const parameter of group.params) {
        const gradient = this.gradientOf(parameter);
        if (gradient !== null) this.checkGradient(parameter, gradient);
      }
    }
    const move = (): void => {
      for (const group of this.paramGroups) {
        const l1 = l1Of(group);
        for (const parameter of group.params) {
          const found = this.gradientOf(parameter);
          if (found === null) continue;
          const gradient = contiguousOperand(found);
          this.update(parameter, l1 === 0 ? gradient : lassoed(gradient, parameter, l1), group);
        }
      }
    };
    // Another class's update may read what it has changed.
    noGrad(() => (this.isBorrower() ? updateTogether(move) : move()));
    return loss;
  }

  /** Whether all that look at gradients are this package's own, and known to keep nothing. */
  private isBorrower(): boolean {
    return (
      this.update === this.borrower &&
      this.checkGradient === GradientOptimizer.prototype.checkGradient
    );
  }

  /** The gradient of a parameter: lent, if all that look at it are known to keep nothing. */
  private gradientOf(parameter: Tensor): Tensor | null {
    return this.isBorrower() ? parameter.lentGrad() : parameter.grad;
  }

  /** Refuses a gradient before anything has moved. */
  protected checkGradient(parameter: Tensor, gradient: Tensor): void {
    if (!sameShape(gradient.shape, parameter.shape) || gradient.dtype !== parameter.dtype) {
      throw new ShapeError(
        `${this.kind.name}: the gradient${named(parameter)} is ${gradient.dtype} ${formatShape(gradient.shape)}, but its parameter ${parameter.dtype} ${formatShape(parameter.shape)}. They must be equal.`,
        { gradient: gradient.shape, parameter: parameter.shape },
      );
    }
  }
}

/** How strong the L1 penalty of a group is, as a part of the gradient of what is to be descended or climbed. */
function l1Of(group: CommonOptions & Partial<PenaltyOptions>): number {
  const { l1 = 0, maximize = false } = group;
  return maximize ? -l1 : l1;
}

/** gradient + l1·sign(θ), contiguous. */
function lassoed(gradient: Tensor, parameter: Tensor, l1: number): Tensor {
  return contiguousOperand(gradient.add(parameter.detach().sign().mul(l1)));
}
