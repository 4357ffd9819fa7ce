/**
 * Pointwise ops: a scalar expression and its derivatives, from which everything else follows.
 */
import { toTensor } from "./creation.ts";
import type { DType } from "./dtype.ts";
import { getDefaultDType, isFloating } from "./dtype.ts";
import { ArgumentError, checkOptions, quoted } from "./errors.ts";
import { dispatchBatched, isBatched } from "./graph/batch.ts";
import { observers, watched } from "./graph/observe.ts";
import { PointwiseKernel } from "./kernels/pointwise.ts";
import { computePointwise } from "./pointwise/compute.ts";
import { define } from "./pointwise/definition.ts";
import type {
  Parameters,
  PointwiseDefinition,
  PointwiseFunction,
  PointwiseLiteral,
} from "./pointwise/literal.ts";
import { meetAll, recordResult, toOperands } from "./record.ts";
import { recordedInScope } from "./recycling.ts";
import { primitivesWithoutRule } from "./scalar/differentiate.ts";
import type { Primitive } from "./scalar/primitives.ts";
import { broadcastShapes, sameShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

export type {
  Binary,
  BinaryWith,
  Parameters,
  PointwiseDefinition,
  PointwiseFunction,
  PointwiseLiteral,
  PointwiseSample,
  ResultType,
  Ternary,
  Unary,
  UnaryWith,
} from "./pointwise/literal.ts";

/**
 * Defines an op that works on each element by itself, from its value and, where that serves speed or precision, its
 * derivatives.
 *
 * From the literal follow: the function with broadcasting and type promotion, its gradient of any order, generated and
 * interpreted loops, the TeX formula, and the samples on which the laws of `@chainrule/testing` try it.
 *
 * @throws {ArgumentError} when the literal is broken: the wrong number of derivatives, a parameter that is no number.
 * @example
 * import { grad, pointwise, within } from "@chainrule/core";
 * const cube = pointwise({
 *   name: "cube",
 *   operands: ["x"],
 *   value: (s, x) => s.mul(x, s.mul(x, x)),
 *   derivative: (s, x) => [s.mul(s.constant(3), s.mul(x, x))],
 *   samples: [{ args: [within(-2, 2)] }],
 * });
 * cube(2).item(); // → 8
 * grad(cube)(2).item(); // → 12
 */
export function pointwise<
  const Names extends readonly string[],
  P extends Parameters = Record<never, number>,
>(literal: PointwiseLiteral<Names, P>): PointwiseFunction<Names, P> {
  const definition = define(
    literal as unknown as PointwiseLiteral<readonly string[], Parameters>,
    (operands, options) => [evaluate(operands, options)],
  );
  const kernel = new PointwiseKernel(definition.value, definition.inputs);
  const { name } = definition;
  const parameterNames = Object.keys(definition.parameters);
  const defaults = definition.parameters;
  const arity = definition.operands.length;

  const evaluate = (operands: readonly Tensor[], options: Parameters): Tensor => {
    if (isBatched(operands)) return dispatchBatched(definition, operands, options, evaluate);
    const result =
      observers === null
        ? runForward(definition, kernel, operands, options)
        : runWatched(definition, kernel, operands, options);
    recordResult(definition, operands, options, undefined, result);
    if (result.node !== null) recordedInScope(result.storage);
    return result;
  };

  const readOptions = (args: readonly unknown[]): Parameters => {
    const missing = definition.operands.filter((_, i) => args[i] === undefined);
    if (missing.length > 0) {
      throw new ArgumentError(
        `${name}: operand ${missing.map(quoted).join(", ")} is missing. Is it a weight that nothing was assigned to yet?`,
        { expected: arity, missing },
      );
    }
    if (
      args.length > arity + 1 ||
      (args.length === arity + 1 && parameterNames.length === 0 && args[arity] !== undefined)
    ) {
      throw new ArgumentError(
        `${name}: takes ${arity} operand${arity === 1 ? "" : "s"}${parameterNames.length > 0 ? " and options" : ""}, but ${args.length} arguments were given.`,
        { expected: arity, given: args.length },
      );
    }
    const given = args[arity] as Record<string, unknown> | undefined;
    if (given === undefined) return defaults;
    checkOptions(name, given, parameterNames);
    const options: Record<string, number> = {};
    for (const parameter of parameterNames) {
      const value = given[parameter] ?? defaults[parameter];
      if (typeof value !== "number" || Number.isNaN(value)) {
        throw new ArgumentError(`${name}: ${parameter} must be a number, not ${quoted(value)}.`, {
          [parameter]: value,
        });
      }
      options[parameter] = value;
    }
    return options;
  };

  const call = (...args: unknown[]): Tensor => {
    const options = readOptions(args);
    return evaluate(toOperandsOf(definition, args), options);
  };
  // Ops of one and two tensors are the hot path: no rest arguments for them.
  const unary = (x: unknown, ...rest: unknown[]): Tensor => {
    if (rest.length === 0 && x instanceof Tensor) return evaluate([x], defaults);
    return call(x, ...rest);
  };
  const binary = (a: unknown, b: unknown, ...rest: unknown[]): Tensor => {
    if (rest.length === 0 && a instanceof Tensor) {
      if (b instanceof Tensor) return evaluate([a, b], defaults);
      if (typeof b === "number") return evaluate([a, toTensor(name, b, a.dtype)], defaults);
    }
    return call(a, b, ...rest);
  };
  const chosen = arity === 1 ? unary : arity === 2 ? binary : call;
  const named = Object.defineProperty(chosen, "name", { value: name });
  return Object.assign(named, { op: definition }) as unknown as PointwiseFunction<Names, P>;
}

function toOperandsOf(definition: PointwiseDefinition, args: readonly unknown[]): Tensor[] {
  const given = args.slice(0, definition.operands.length);
  if (!definition.condition) return toOperands(definition.name, given);
  return [
    toTensor(definition.name, given[0], "bool"),
    ...toOperands(definition.name, given.slice(1)),
  ];
}

/** The element type of the result for operands of these types. */
function resultType(definition: PointwiseDefinition, operands: readonly Tensor[]): DType {
  if (definition.result === "bool") return "bool";
  let dtype = operands[0]!.dtype;
  for (let i = 1; i < operands.length; i++) {
    if (operands[i]!.dtype !== dtype) {
      // A condition chooses between numbers and is none itself.
      dtype = meetAll(definition.condition ? operands.slice(1) : operands);
      break;
    }
  }
  if (definition.result === "float" && !isFloating(dtype)) return getDefaultDType();
  return dtype === "bool" && !definition.condition ? "int32" : dtype;
}

function runForward(
  definition: PointwiseDefinition,
  kernel: PointwiseKernel,
  operands: readonly Tensor[],
  options: Parameters,
): Tensor {
  let shape = operands[0]!.shape;
  for (let i = 1; i < operands.length; i++) {
    const next = operands[i]!.shape;
    if (!sameShape(shape, next)) shape = broadcastShapes(definition.name, shape, next);
  }
  const dtype = resultType(definition, operands);
  definition.check?.(operands, dtype, options);
  return computePointwise(definition, kernel, operands, options, dtype, shape);
}

/** {@link runForward} for observers. Apart, since a closure over its arguments would cost every call an allocation. */
function runWatched(
  definition: PointwiseDefinition,
  kernel: PointwiseKernel,
  operands: readonly Tensor[],
  options: Parameters,
): Tensor {
  return watched(definition, operands, () => runForward(definition, kernel, operands, options));
}

/** Whether every primitive of the algebra has its op: the catalogue's own check. */
export function primitivesWithoutOp(): Primitive[] {
  return primitivesWithoutRule();
}
