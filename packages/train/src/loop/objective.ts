/**
 * From a batch to a loss.
 */
import { ArgumentError, formatShape, quoted, ShapeError, Tensor } from "@chainrule/core";
import type { Module } from "@chainrule/nn";
import { firstNonFinite } from "../data/dataset.ts";

/** A loss: a function such as `crossEntropy`, or a module such as `new nn.CrossEntropyLoss()`. */
export type Loss<Output = Tensor> =
  | ((output: Output, target: Tensor) => Tensor)
  | { forward(output: Output, target: Tensor): Tensor };

/** What a step of one's own gives: the loss, and for metrics the output and the target. */
export interface StepResult {
  readonly loss: Tensor;
  readonly output?: Tensor;
  readonly target?: Tensor;
}

/** From a batch to a loss, in one's own words. */
export type Step<Batch, M extends Module> = (batch: Batch, model: M) => Tensor | StepResult;

/** How `fit` and `evaluate` come to a loss: with `loss`, or with `step`. */
export interface ObjectiveOptions<Batch, M extends Module> {
  /**
   * The loss of outputs and targets, as a mean over the samples. A batch is [input, target], or several inputs and then
   * the target: `model.forward` is given all but the last.
   */
  loss?: Loss<ReturnType<M["forward"]>>;
  /** Computes the loss of a batch where it is not that of outputs and targets; instead of `loss`. */
  step?: Step<Batch, M>;
}

/** What a batch gave. */
export interface Outcome {
  readonly loss: Tensor;
  readonly output: Tensor | null;
  readonly target: Tensor | null;
}

/** Computes the loss of a batch. */
export type Objective = (batch: unknown) => Outcome;

/**
 * The objective that the options describe.
 *
 * @throws {ArgumentError} unless there is either a loss or a step.
 */
export function objectiveOf<Batch, M extends Module>(
  where: string,
  model: M,
  { loss, step }: ObjectiveOptions<Batch, M>,
): Objective {
  if (step !== undefined) {
    if (loss !== undefined) {
      throw new ArgumentError(`${where}: there is both a loss and a step; give one of them.`);
    }
    if (typeof step !== "function") {
      throw new ArgumentError(`${where}: step must be a function of a batch, not ${quoted(step)}.`);
    }
    return (batch) => {
      // The types of fit tie batches and step together; in between they are not known.
      const result = step(batch as Batch, model);
      const { loss: value, output, target } = result instanceof Tensor ? { loss: result } : result;
      return {
        loss: checkedLoss(where, value),
        output: output ?? null,
        target: target ?? null,
      };
    };
  }
  const compute = lossFunction(where, loss);
  const forward = model.forward as (...inputs: readonly Tensor[]) => ReturnType<M["forward"]>;
  return (batch) => {
    const { inputs, target } = pairOf(where, batch);
    const output = forward(...inputs);
    return {
      loss: checkedLoss(where, compute(output, target)),
      output: output instanceof Tensor ? output : null,
      target,
    };
  };
}

function lossFunction<Output>(
  where: string,
  loss: Loss<Output> | undefined,
): (output: Output, target: Tensor) => Tensor {
  if (typeof loss === "function") return (output, target) => loss(output, target);
  if (loss !== null && typeof loss === "object" && typeof loss.forward === "function") {
    return (output, target) => loss.forward(output, target);
  }
  throw new ArgumentError(
    `${where}: loss must be a function such as crossEntropy or a module such as new nn.MSELoss(), not ${quoted(loss)}.`,
    { loss },
  );
}

/** Inputs and target of a batch. */
function pairOf(where: string, batch: unknown): { inputs: readonly Tensor[]; target: Tensor } {
  const parts: readonly unknown[] = Array.isArray(batch) ? batch : [batch];
  const tensors = parts.filter((part): part is Tensor => part instanceof Tensor);
  if (tensors.length !== parts.length || tensors.length < 2) {
    throw new ArgumentError(
      `${where}: a batch must be [input, target], not ${quoted(batch)}. For other batches, give a step: (batch, model) => loss. A model that is to reproduce its input is trained on [x, x].`,
      { batch },
    );
  }
  return { inputs: tensors.slice(0, -1), target: tensors.at(-1)! };
}

function checkedLoss(where: string, loss: unknown): Tensor {
  if (!(loss instanceof Tensor)) {
    throw new ArgumentError(`${where}: the loss must be a tensor, not ${quoted(loss)}.`, { loss });
  }
  if (loss.numel() !== 1) {
    throw new ShapeError(
      `${where}: the loss must be a single number, not of shape ${formatShape(loss.shape)}. Take its mean, or leave reduction: "none" out.`,
      { shape: loss.shape },
    );
  }
  return loss;
}

/** The number of samples in a batch: the length of its first tensor. */
export function samplesIn(where: string, batch: unknown): number {
  const stack: unknown[] = [batch];
  while (stack.length > 0) {
    const part = stack.pop();
    if (part instanceof Tensor && part.ndim > 0) {
      const count = part.size(0);
      if (count > 0) return count;
      throw new ArgumentError(
        `${where}: an empty batch, of shape ${formatShape(part.shape)}: there is nothing to learn from.`,
        { shape: part.shape },
      );
    }
    if (part === null || typeof part !== "object" || part instanceof Tensor) continue;
    if (Array.isArray(part) && part.length === 0) continue;
    stack.push(...Object.values(part).slice(0, 64).reverse());
  }
  return 1;
}

/**
 * Refuses a batch that is the reason why a loss is NaN or infinite, because there are such numbers in it. A loss that comes
 * to that by itself passes: it is the business of `StopOnNaN`.
 */
export function refuseNonFinite(where: string, batch: unknown, loss: number): void {
  if (Number.isFinite(loss)) return;
  const stack: (readonly [path: string, part: unknown])[] = [["", batch]];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const [path, part] = entry;
    if (part instanceof Tensor) {
      const found = firstNonFinite(part, path === "" ? "the batch" : `entry ${path}`);
      if (found === null) continue;
      throw new ArgumentError(
        `${where}: the loss is ${loss}, because ${found.text}. Nothing was learned from it. Repair or leave out such samples.`,
        { loss, path, sample: found.sample, value: found.value },
      );
    }
    if (part === null || typeof part !== "object") continue;
    const inner = Object.entries(part).slice(0, 64).reverse();
    for (const [key, value] of inner) stack.push([path === "" ? key : `${path}.${key}`, value]);
  }
}
