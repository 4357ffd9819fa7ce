/**
 * A function of tensors with a gradient of the user's own.
 */
import type { TensorLike } from "../creation.ts";
import { ArgumentError, checkOptions, GradError, quoted } from "../errors.ts";
import { noGrad } from "../graph/mode.ts";
import type { NodeOp, Recorded } from "../graph/node.ts";
import { observers, watched } from "../graph/observe.ts";
import { recordResult, recordResults, toOperands } from "../record.ts";
import { Tensor } from "../tensor.ts";

/** What {@link customOp} is given. */
export interface CustomOp<
  Operands extends readonly TensorLike[],
  Result extends Tensor | readonly Tensor[],
> {
  readonly name: string;
  /** TeX, for pictures of the graph. */
  readonly formula?: string;
  /** The value. It runs outside of the graph, with the operands as plain tensors. */
  readonly forward: (...operands: { [K in keyof Operands]: Tensor }) => Result;
  /**
   * The gradient of each operand, from the cotangents of the results: one tensor if there is one result, an array (with
   * `null` for results that nothing depends on) if there are several. `null` in the answer: no gradient for that operand.
   * Written with tensor ops, it can be differentiated in turn.
   */
  readonly vjp: (
    cotangent: Result extends Tensor ? Tensor : readonly (Tensor | null)[],
    call: { readonly operands: readonly Tensor[]; readonly results: readonly Tensor[] },
  ) => readonly (Tensor | null)[];
}

/**
 * Makes a function whose gradient is given rather than derived: for what has none (rounding), for what should have
 * another (gradient reversal), or for what has a better one (an implicit function).
 *
 * @throws {ArgumentError} when `forward` or `vjp` is missing.
 * @example
 * import { customOp, tensor } from "@chainrule/core";
 * import type { Tensor } from "@chainrule/core";
 * // The straight-through estimator: rounds forward, passes the gradient on as if it had not.
 * const roundStraightThrough = customOp({
 *   name: "roundStraightThrough",
 *   forward: (x: Tensor) => x.round(),
 *   vjp: (cotangent) => [cotangent],
 * });
 * const x = tensor([0.2, 1.7], { requiresGrad: true });
 * roundStraightThrough(x).sum().backward();
 * x.grad; // → tensor([1, 1])
 */
export function customOp<
  Operands extends readonly Tensor[],
  Result extends Tensor | readonly Tensor[],
>(
  literal: CustomOp<Operands, Result>,
): (...operands: { [K in keyof Operands]: TensorLike }) => Result {
  checkOptions("customOp", literal, ["name", "formula", "forward", "vjp"]);
  const { name, formula = `y = \\operatorname{${name}}(x)`, forward, vjp } = literal;
  if (typeof name !== "string" || typeof forward !== "function" || typeof vjp !== "function") {
    throw new ArgumentError(
      `customOp: needs a name, a function forward and a function vjp, not ${quoted(literal)}.`,
    );
  }
  const op: NodeOp = {
    name,
    formula,
    broadcasts: false,
    batch: null,
    repeat: (operands) => compute(operands).own,
    vjp: (cotangents, node: Recorded) => {
      const operands = node.operands.map((_, i) => node.operand(i));
      const results = cotangents.map((_, i) => node.resultAt(i));
      const given = node.options === "several" ? cotangents : cotangents[0];
      return checkAnswer(
        name,
        vjp(given as Parameters<typeof vjp>[0], { operands, results }),
        operands.length,
      );
    },
  };
  const compute = (operands: readonly Tensor[]): { own: readonly Tensor[]; several: boolean } => {
    const value = noGrad(() =>
      forward(...(operands.map((x) => x.detach()) as { [K in keyof Operands]: Tensor })),
    );
    const results: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (results.length === 0 || !results.every((result) => result instanceof Tensor)) {
      throw new GradError(
        `${name}: forward must return a tensor or an array of tensors, not ${quoted(value)}.`,
      );
    }
    // What forward returned may be an operand itself, or kept elsewhere: the results are tensors of their own.
    const own = (results as readonly Tensor[]).map((result) => result.detach());
    const several = Array.isArray(value);
    if (several) recordResults(op, operands, "several", undefined, own);
    else recordResult(op, operands, "one", undefined, own[0]!);
    return { own, several };
  };
  return (...args) => {
    const call = (): Result => {
      const { own, several } = compute(toOperands(name, args));
      return (several ? own : own[0]) as Result;
    };
    return observers === null ? call() : watched(op, args, call);
  };
}

function checkAnswer(name: string, answer: unknown, count: number): readonly (Tensor | null)[] {
  if (!Array.isArray(answer) || answer.length !== count) {
    throw new GradError(
      `${name}: vjp must return an array with one entry for each of the ${count} operands, not ${quoted(answer)}.`,
      { expected: count },
    );
  }
  return answer;
}

/**
 * x, through which no gradient flows: the same as `x.detach()`, by the name other engines give it.
 *
 * @example
 * import { stopGradient, tensor } from "@chainrule/core";
 * const x = tensor(3, { requiresGrad: true });
 * x.mul(stopGradient(x)).backward();
 * x.grad; // → tensor(3)
 */
export function stopGradient(x: Tensor): Tensor {
  return x.detach();
}
