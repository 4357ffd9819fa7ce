/**
 * What outputs say of classes.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, formatShape, IndexError, isFloating, ShapeError } from "@chainrule/core";

/** The options of metrics that compare classes. */
export interface ThresholdOptions {
  /**
   * From where on an output counts as class 1, where there is one output a sample: 0 for scores (logits), 0.5 for
   * probabilities. It must be given for such outputs, because a wrong guess would give a wrong figure in silence.
   */
  threshold: number | null;
}

/** The class that was predicted and the true one, for each place; and how many classes there are. */
export interface ClassPairs {
  readonly predicted: ArrayLike<number>;
  readonly actual: ArrayLike<number>;
  readonly classes: number;
}

/** Whether the outputs are one score a sample, for two classes. */
export function isBinary(output: Tensor, target: Tensor): boolean {
  return (
    isFloating(output.dtype) &&
    withoutLastOne(output).join() === withoutLastOne(target).join() &&
    (output.ndim <= 1 || output.size(output.ndim - 1) === 1)
  );
}

function withoutLastOne({ shape }: Tensor): readonly number[] {
  return shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape;
}

/**
 * Predicted and true classes from outputs as models give them: scores along dimension 1 and class numbers without it (or
 * as many rows with a one in them), one score a sample, or classes themselves (int32, bool).
 *
 * @throws {ShapeError} when outputs and targets do not belong together.
 * @throws {IndexError} for a target that is no class.
 */
export function classPairs(
  where: string,
  output: Tensor,
  target: Tensor,
  { threshold }: ThresholdOptions,
): ClassPairs {
  if (!isFloating(output.dtype)) {
    if (output.shape.join() !== target.shape.join()) throw unlike(where, output, target);
    const predicted = output.toTypedArray();
    const actual = target.toTypedArray();
    const classes = Math.max(largest(predicted), largest(actual)) + 1;
    checkClasses(where, predicted, classes, "output");
    checkClasses(where, actual, classes, "target");
    return { predicted, actual, classes: Math.max(classes, 2) };
  }
  if (isBinary(output, target)) {
    if (threshold === null) {
      throw new ArgumentError(
        `${where}: there is one output a sample (shape ${formatShape(output.shape)}), and it is not known where class 1 begins. Give { threshold: 0 } for scores (logits) or { threshold: 0.5 } for probabilities: ${where}.with({ threshold: 0 }).`,
      );
    }
    const predicted = output.ge(threshold).toTypedArray();
    const actual = target.toTypedArray();
    checkClasses(where, actual, 2, "target");
    return { predicted, actual, classes: 2 };
  }
  const rest = output.shape.filter((_, dim) => dim !== 1);
  if (output.ndim < 2) throw unlike(where, output, target);
  const oneHot = output.shape.join() === target.shape.join();
  if (!oneHot && rest.join() !== target.shape.join()) throw unlike(where, output, target);
  const predicted = output.argmax(1).toTypedArray();
  const actual = oneHot ? target.argmax(1).toTypedArray() : target.toTypedArray();
  const classes = output.size(1);
  checkClasses(where, actual, classes, "target");
  return { predicted, actual, classes };
}

export function unlike(where: string, output: Tensor, target: Tensor): ShapeError {
  return new ShapeError(
    `${where}: outputs of shape ${formatShape(output.shape)} and targets of shape ${formatShape(target.shape)} do not belong together. Expected scores [samples, classes, …] with class numbers [samples, …], one score a sample, or classes of one shape.`,
    { output: output.shape, target: target.shape },
  );
}

export function checkClasses(
  where: string,
  values: ArrayLike<number>,
  classes: number,
  what: string,
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isInteger(value) && value >= 0 && value < classes) continue;
    throw new IndexError(
      `${where}: ${what} ${i} is ${value}, which is no class: there are ${classes}, counted from 0.`,
      { place: i, value, classes },
    );
  }
}

function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > most) most = values[i]!;
  return most;
}
