/**
 * One step for the gradients of several batches.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, checkInteger, checkOptions, div } from "@chainrule/core";
import { scaleGradients } from "./clip.ts";
import { Optimizer } from "./optimizer.ts";

/** What {@link GradientAccumulation} needs of an optimizer. */
export interface Accumulating {
  parameters(): Tensor[];
  zeroGrad(): void;
  step(): void;
}

/** Options of {@link GradientAccumulation}. */
export interface GradientAccumulationOptions {
  /** The number of batches for one step. */
  steps: number;
}

/**
 * Lets an optimizer step once for several batches, as if they were one: for batches that are too large for the memory.
 *
 * `backward(loss)` differentiates loss/steps, where the loss is a mean over the batch; `step()` after each batch moves the
 * parameters after every `steps`-th one, forgets the gradients then, and says so. `flush()` makes the step of what is left
 * at the end of an epoch.
 *
 * @throws {ArgumentError} for what is no optimizer, and unless `steps` is a whole number of at least 1.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { GradientAccumulation, SGD } from "@chainrule/optim";
 * const w = tensor(0, { requiresGrad: true });
 * const accumulation = new GradientAccumulation(new SGD([w], { lr: 0.5 }), { steps: 2 });
 * for (const target of [1, 3, 10]) {
 *   accumulation.backward(w.sub(target).square());
 *   console.log(accumulation.step(), w.item());
 * }
 * // → false 0
 * // true 2
 * // false 2
 * accumulation.flush();
 * w.item(); // → 10
 */
export class GradientAccumulation {
  private readonly optimizer: Accumulating;
  private readonly steps: number;
  private batches = 0;

  constructor(optimizer: Accumulating, options: GradientAccumulationOptions) {
    checkOptions("GradientAccumulation", options, ["steps"]);
    if (!(optimizer instanceof Optimizer)) {
      throw new ArgumentError("GradientAccumulation: expected an optimizer such as new SGD(…).", {
        optimizer,
      });
    }
    this.steps = checkInteger("GradientAccumulation", "steps", options?.steps, 1);
    this.optimizer = optimizer;
  }

  /** How many batches have been differentiated since the last step. */
  get pending(): number {
    return this.batches;
  }

  /** Whether the next `step` moves the parameters: the time to clip gradients. */
  get isDue(): boolean {
    return this.batches >= this.steps;
  }

  /** Adds the gradient of a batch, with the share that it has in the step. */
  backward(loss: Tensor): void {
    div(loss, this.steps).backward();
    this.batches++;
  }

  /** Moves the parameters if enough batches were differentiated; says whether it did. */
  step(): boolean {
    if (!this.isDue) return false;
    this.optimizer.step();
    this.optimizer.zeroGrad();
    this.batches = 0;
    return true;
  }

  /** Moves the parameters by the mean gradient of the batches that are left; says whether there were any. */
  flush(): boolean {
    if (this.batches === 0) return false;
    // Each batch had the share of a whole step.
    scaleGradients("GradientAccumulation", this.optimizer.parameters(), this.steps / this.batches);
    this.batches = this.steps;
    return this.step();
  }
}
