/**
 * Updates of several tensors at once, element by element: the steps of optimizers.
 */
import type { UpdateLiteral } from "./accelerated/update.ts";
import { acceleratedUpdate, collectUpdates, finishUpdates } from "./accelerated/update.ts";
import type { TypedArray } from "./dtype.ts";
import { ArgumentError, ShapeError } from "./errors.ts";
import { writable } from "./inplace.ts";
import { UpdateLoops } from "./kernels/update.ts";
import { contiguousOperand } from "./op.ts";
import type { Expression, Input } from "./scalar/expression.ts";
import { ExpressionBuilder } from "./scalar/expression.ts";
import { formatShape, sameShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** Changes tensors of one shape in place; the numbers belong to the call. */
export type ElementwiseUpdate<Arrays extends string, Parameters extends string> = (
  tensors: Readonly<Record<Arrays, Tensor>>,
  parameters: Readonly<Record<Parameters, number>>,
) => void;

/**
 * An update of several tensors of one shape, element by element and in one pass: what optimizers do with parameters,
 * gradients and averages. The new elements are written once as expressions of the old ones; loops for each element type,
 * and for large float32 tensors in WebAssembly, are made from them. All old elements are read before new ones are written,
 * so nothing lies between them.
 *
 * In loops everything between is computed in double precision, in WebAssembly in float32.
 *
 * @throws {ArgumentError} in use, for what is no tensor.
 * @throws {ShapeError} in use, for tensors of different shapes, and for one that changes but is not contiguous.
 * @throws {GradError} in use, for a tensor that must not change, as `copy_`.
 * @example
 * import { elementwiseUpdate, noGrad, tensor } from "@chainrule/core";
 * const roll = elementwiseUpdate({
 *   arrays: ["theta", "gradient", "velocity"],
 *   parameters: ["lr", "momentum"],
 *   values: (s, { theta, gradient, velocity }, { lr, momentum }) => {
 *     const next = s.add(s.mul(momentum, velocity), gradient);
 *     return { velocity: next, theta: s.sub(theta, s.mul(lr, next)) };
 *   },
 * });
 * const [theta, velocity] = [tensor([1, 2]), tensor([0, 4])];
 * noGrad(() => roll({ theta, gradient: tensor([2, 2]), velocity }, { lr: 0.25, momentum: 0.5 }));
 * theta; // → tensor([0.5, 1.0])
 * velocity; // → tensor([2, 4])
 */
export function elementwiseUpdate<const Arrays extends string, const Parameters extends string>(
  literal: UpdateLiteral<Arrays, Parameters>,
): ElementwiseUpdate<Arrays, Parameters> {
  const accelerated = acceleratedUpdate(literal);
  const { arrays: names, parameters: parameterNames } = literal;
  let made: Made | undefined;
  return (tensors, parameters) => {
    made ??= madeFrom(literal);
    const first = tensors[names[0]!];
    const arrays: TypedArray[] = [];
    const starts: number[] = [];
    for (let i = 0; i < names.length; i++) {
      const x = tensors[names[i]!];
      if (i > 0 || !(x instanceof Tensor)) checkOperand(names[i]!, x, first);
      if (made.changes[i]) {
        // What is written to begins where its array does.
        arrays.push(writable(x));
        starts.push(0);
      } else {
        const { storage, offset } = contiguousOperand(x);
        arrays.push(storage.data);
        starts.push(offset);
      }
    }
    const numbers: number[] = [];
    for (let i = 0; i < parameterNames.length; i++) numbers.push(parameters[parameterNames[i]!]);
    const length = first.numel();
    if (!accelerated(arrays, starts, length, numbers))
      made.loops.run(length, numbers, arrays, starts);
  };
}

/**
 * Runs `body`, in which updates made by {@link elementwiseUpdate} need not be done at once: those of large tensors wait for
 * one another, and at the end all threads do them as one job. Until then `body` must not read what it has had changed,
 * unless it calls {@link finishUpdates} first; another update of the same tensor waits for the first by itself. Without
 * several threads, and for small tensors, nothing waits. The bits are the same.
 *
 * @example
 * import { elementwiseUpdate, noGrad, tensor, updateTogether } from "@chainrule/core";
 * const descend = elementwiseUpdate({
 *   arrays: ["theta", "gradient"],
 *   parameters: ["lr"],
 *   values: (s, { theta, gradient }, { lr }) => ({ theta: s.sub(theta, s.mul(lr, gradient)) }),
 * });
 * const weights = [tensor([1, 2]), tensor([3])];
 * noGrad(() =>
 *   updateTogether(() => {
 *     for (const theta of weights) descend({ theta, gradient: theta.clone() }, { lr: 0.5 });
 *   }),
 * );
 * weights[0]; // → tensor([0.5, 1.0])
 */
export function updateTogether<T>(body: () => T): T {
  const before = collectUpdates(true);
  try {
    return body();
  } finally {
    collectUpdates(before);
  }
}

export { finishUpdates };

interface Made {
  /** Whether each of the arrays changes. */
  readonly changes: readonly boolean[];
  readonly loops: UpdateLoops;
}

function madeFrom<Arrays extends string, Parameters extends string>({
  arrays,
  parameters,
  values,
}: UpdateLiteral<Arrays, Parameters>): Made {
  const builder = new ExpressionBuilder();
  const inputs = Object.fromEntries(arrays.map((name, i) => [name, builder.input(i, name)]));
  const numbers = Object.fromEntries(parameters.map((name) => [name, builder.parameter(name)]));
  const found = values(
    builder.algebra,
    inputs as Readonly<Record<Arrays, Input>>,
    numbers as Readonly<Record<Parameters, Expression>>,
  );
  const results = arrays.flatMap((name, at) => {
    const value = found[name];
    return value === undefined ? [] : [{ at, value }];
  });
  return {
    changes: arrays.map((name) => found[name] !== undefined),
    loops: new UpdateLoops({ parameterNames: parameters, arrays: arrays.length, results }),
  };
}

function checkOperand(name: string, x: Tensor, first: Tensor): void {
  if (!(x instanceof Tensor))
    throw new ArgumentError(`elementwiseUpdate: ${name} is no tensor.`, { [name]: x });
  if (!sameShape(x.shape, first.shape)) {
    throw new ShapeError(
      `elementwiseUpdate: ${name} has shape ${formatShape(x.shape)}, but the first tensor ${formatShape(first.shape)}. They must be equal.`,
      { first: first.shape, other: x.shape },
    );
  }
}
