/**
 * Computing later: while a function is compiled, ops compute nothing but say what they would compute.
 *
 * A capture is what they say it to. Their results are deferred: tensors with a shape and a type, in a graph like any
 * others, whose numbers nobody can read. Without a capture this costs one comparison an op.
 */
import type { DType } from "../dtype.ts";
import { GradError } from "../errors.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { NodeOp } from "./node.ts";

/** A result that is yet to be computed. */
export interface Deferred {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Row by row unless given. */
  readonly strides?: Shape | undefined;
}

/** Draws random numbers, by what the operands say. */
export type Draw = (operands: readonly Tensor[]) => Tensor;

/** Throws where there is something wrong with numbers. */
export type Check = (operands: readonly Tensor[]) => void;

/** What is told of the computation. */
export interface Capture {
  /** Whether a tensor has no numbers yet. */
  isDeferred(x: Tensor): boolean;
  /**
   * Whether a call is to be deferred: it works on deferred tensors, or on tensors from outside, whose numbers may be others
   * when the function runs again. What is computed of constants alone is a constant.
   */
  defers(operands: readonly Tensor[]): boolean;
  /** Notes a call of an op, which `compute` will carry out, and gives its results. */
  call(
    op: NodeOp,
    operands: readonly Tensor[],
    options: unknown,
    results: readonly Deferred[],
    compute: (operands: readonly Tensor[]) => readonly Tensor[],
  ): readonly Tensor[];
  /** Notes random numbers, which are to be drawn each time anew. */
  draw(result: Deferred, operands: readonly Tensor[], make: Draw): Tensor;
  /**
   * Notes that `x` is to get the numbers of `value`, in place: `assign` gives it those that are there then. False where both
   * are constants, for which it is to be done at once.
   */
  assign(where: string, x: Tensor, value: Tensor, assign: (now: Tensor) => void): boolean;
  /** Notes a check of numbers, which is to be made each time. */
  check(operands: readonly Tensor[], check: Check): void;
  /** Notes that a cotangent is to be added to the gradient of a leaf. */
  accumulate(leaf: Tensor, cotangent: Tensor): void;
  /** Refuses what can be done once only, when the function is compiled. */
  refuse(what: string, instead: string): never;
  /** Notes that the function takes a tensor to be what it is: whether it requires gradients, and where its numbers are. */
  sees(x: Tensor): void;
  /** Notes that the function reads numbers, which may be those of a tensor from outside. */
  reads(x: Tensor): void;
}

/** The capture in force; `null` almost always. */
export let capture: Capture | null = null;

let forgotten = 0;

/** How often compiled functions had to be forgotten. */
export function timesForgotten(): number {
  return forgotten;
}

/**
 * Lets all compiled functions be compiled anew when they are next called: after a change of something that they cannot see
 * in their arguments, such as a setting that the function reads. Modules do it when `train()` or `eval()` changes their mode,
 * and hooks when they come and go.
 *
 * @example
 * import { compile, forgetCompiled, type Tensor, tensor } from "@chainrule/core";
 * let factor = 2;
 * const scaled = compile((x: Tensor) => x.mul(factor));
 * scaled(tensor(1)).item(); // → 2
 * factor = 3;
 * scaled(tensor(1)).item(); // → 2
 * forgetCompiled();
 * scaled(tensor(1)).item(); // → 3
 */
export function forgetCompiled(): void {
  forgotten++;
}

/** Runs `body` with a capture. */
export function capturing<T>(by: Capture | null, body: () => T): T {
  const before = capture;
  capture = by;
  try {
    return body();
  } finally {
    capture = before;
  }
}

/** Random numbers: drawn by `make` now, or, while a function is compiled, each time that it runs. */
export function drawing(result: Deferred, operands: readonly Tensor[], make: Draw): Tensor {
  return capture === null ? make(operands) : capture.draw(result, operands, make);
}

/** Checks numbers now, or, while a function is compiled, each time that it runs. */
export function checking(operands: readonly Tensor[], check: Check): void {
  if (capture?.defers(operands) === true) capture.check(operands, check);
  else check(operands);
}

/** Stands for what an op saved for its rule, where it has not been computed and cannot be foreseen. */
export function unforeseen(op: NodeOp): unknown {
  const refuse = (): never => {
    throw new GradError(
      `compile: the rule of ${op.name} reads what the forward computation saved, which is not known while a function is compiled. Give its definition \`saves\`, or make what it saves a second result of the op.`,
      { op: op.name },
    );
  };
  return new Proxy(Object.freeze({}), { get: refuse, getPrototypeOf: refuse });
}
