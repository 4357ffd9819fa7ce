/**
 * Pointwise ops: a scalar expression and its derivatives, from which everything else follows.
 */
import type { TensorLike } from "./creation.ts";
import { newTensor, scalarTensor, toTensor } from "./creation.ts";
import type { DType } from "./dtype.ts";
import { getDefaultDType, isFloating } from "./dtype.ts";
import { ArgumentError, checkOptions, quoted, ShapeError } from "./errors.ts";
import { dispatchBatched, isBatched } from "./graph/batch.ts";
import { isGradEnabled } from "./graph/mode.ts";
import type { NodeOp, OperandVJP, Recorded } from "./graph/node.ts";
import { PointwiseKernel } from "./kernels/pointwise.ts";
import { meetAll, recordResult, toOperands } from "./record.ts";
import type { Domain, Draw, EdgeCase, Rejection, Sample } from "./samples.ts";
import type { Expression } from "./scalar/expression.ts";
import { ExpressionBuilder, interpret, reads, scaledBy } from "./scalar/expression.ts";
import { parameterName } from "./scalar/javascript.ts";
import type { Primitive, ScalarAlgebra } from "./scalar/primitives.ts";
import { primitives } from "./scalar/primitives.ts";
import { toTeX } from "./scalar/tex.ts";
import { broadcastShapes, sameShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** Numbers that belong to a call, such as the slope of a leaky relu. */
export type Parameters = Readonly<Record<string, number>>;

/**
 * The element type of the result. `"float"`: whole numbers become the default floating type first (exp, division).
 * `"same"`: that in which the operands meet, bool counting as int32 (sums, products). `"bool"`: a comparison.
 */
export type ResultType = "float" | "same" | "bool";

/** One call to be tested: a domain for each operand that is a number, and parameters. */
export interface PointwiseSample<P extends Parameters = Parameters> {
  readonly args: readonly Domain[];
  readonly options?: Partial<P>;
}

/** The literal that defines a pointwise op. */
export interface PointwiseLiteral<Names extends readonly string[], P extends Parameters> {
  readonly name: string;
  /** The names of the operands, for formulas and errors: `["x"]`, `["a", "b"]`. */
  readonly operands: Names;
  /** The parameters with their defaults; users give them in a trailing options object. */
  readonly parameters?: P;
  /** The result as an expression in the operands. */
  readonly value: (
    s: ScalarAlgebra<Expression>,
    ...rest: [...{ [K in keyof Names]: Expression }, { readonly [K in keyof P]: Expression }]
  ) => Expression;
  /** The partial derivative for each operand, in terms of the operands and the result; absent: no derivative at all. */
  readonly derivative?: (
    s: ScalarAlgebra<Expression>,
    ...rest: [
      ...{ [K in keyof Names]: Expression },
      Expression,
      { readonly [K in keyof P]: Expression },
    ]
  ) => readonly Expression[];
  readonly result?: ResultType;
  /** The first operand is a condition: it chooses between numbers and has no part in the type of the result. */
  readonly condition?: boolean;
  /** TeX, where the expression itself would not read well. */
  readonly formula?: string;
  /** Calls to be tested: domains from which operands are drawn, or a function that draws all arguments. */
  readonly samples: readonly (PointwiseSample<P> | Sample)[];
  /** Calls to refuse beside those that all pointwise ops do: missing operands, unknown options, shapes that do not meet. */
  readonly rejects?: readonly Rejection[];
  /**
   * What is exported is another function that reads its arguments in its own way and then calls this one: samples and
   * rejected calls are given for that function, and only the rows of the literal count.
   */
  readonly facade?: boolean;
  readonly edges?: readonly EdgeCase[];
}

/** What is known of a pointwise op; found as `op` on its function. */
export interface PointwiseDefinition extends NodeOp {
  readonly kind: "pointwise";
  readonly operands: readonly string[];
  readonly parameters: Parameters;
  readonly result: ResultType;
  readonly condition: boolean;
  readonly value: Expression;
  /** cotangent · ∂value/∂operand for each operand, as expressions. */
  readonly gradients: readonly Expression[];
  /** TeX of each partial derivative. */
  readonly derivativeFormulas: readonly string[];
  readonly samples: readonly Sample[];
  readonly rejects: readonly Rejection[];
  readonly edges: readonly EdgeCase[];
}

/** The function of a pointwise op with one operand. */
export interface Unary {
  (x: TensorLike): Tensor;
  readonly op: PointwiseDefinition;
}
/** With one operand, and parameters. */
export interface UnaryWith<P> {
  (x: TensorLike, options?: P): Tensor;
  readonly op: PointwiseDefinition;
}
/** With two operands. */
export interface Binary {
  (a: TensorLike, b: TensorLike): Tensor;
  readonly op: PointwiseDefinition;
}
/** With two operands, and parameters. */
export interface BinaryWith<P> {
  (a: TensorLike, b: TensorLike, options?: P): Tensor;
  readonly op: PointwiseDefinition;
}
/** With three operands. */
export interface Ternary {
  (a: TensorLike, b: TensorLike, c: TensorLike): Tensor;
  readonly op: PointwiseDefinition;
}

type PointwiseFunction<Names extends readonly string[], P extends Parameters> = {
  (
    ...args: [...{ [K in keyof Names]: TensorLike }, options?: { readonly [K in keyof P]?: number }]
  ): Tensor;
  readonly op: PointwiseDefinition;
};

/** The op of each primitive: how the algebra computes on tensors. Filled as the ops are defined. */
const tensorOperations = new Map<Primitive, (...operands: TensorLike[]) => Tensor>();

/**
 * Defines an op that works on each element by itself, from its value and its derivatives.
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
  const definition = define(literal as unknown as PointwiseLiteral<readonly string[], Parameters>);
  const kernel = new PointwiseKernel(definition.value);
  const { name } = definition;
  const parameterNames = Object.keys(definition.parameters);
  const defaults = definition.parameters;
  const arity = definition.operands.length;

  const evaluate = (operands: readonly Tensor[], options: Parameters): Tensor => {
    if (isBatched(operands)) return dispatchBatched(definition, operands, options, evaluate);
    const result = runForward(definition, kernel, operands, options);
    recordResult(definition, operands, options, undefined, result);
    return result;
  };

  const readOptions = (args: readonly unknown[]): Parameters => {
    const missing = definition.operands.filter((_, i) => args[i] === undefined);
    if (missing.length > 0) {
      throw new ArgumentError(`${name}: operand ${missing.map(quoted).join(", ")} is missing.`, {
        expected: arity,
        missing,
      });
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
  const op = Object.assign(named, { op: definition }) as unknown as PointwiseFunction<Names, P>;
  if (name in primitives && !tensorOperations.has(name as Primitive)) {
    tensorOperations.set(name as Primitive, op as unknown as (...operands: TensorLike[]) => Tensor);
  }
  return op;
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
  if (shape.length === 0) return scalarTensor(kernel.single(operands, options), dtype);
  const result = newTensor(dtype, shape);
  kernel.run(result, operands, options);
  return result;
}

function define(literal: PointwiseLiteral<readonly string[], Parameters>): PointwiseDefinition {
  const { name, operands, parameters = {}, rejects = [], edges = [] } = literal;
  const builder = new ExpressionBuilder();
  const inputs = operands.map((operand, index) => builder.input(index, operand));
  const placeholders: Record<string, Expression> = {};
  for (const parameter of Object.keys(parameters)) {
    parameterName(parameter);
    placeholders[parameter] = builder.parameter(parameter);
  }
  const result = builder.input(operands.length, "y");
  const cotangent = builder.input(operands.length + 1, "cotangent");
  const value = literal.value(builder.algebra, ...inputs, placeholders);
  const derivatives = literal.derivative?.(builder.algebra, ...inputs, result, placeholders) ?? [];
  if (literal.derivative !== undefined && derivatives.length !== operands.length) {
    throw new ArgumentError(
      `pointwise: ${name} has ${operands.length} operand${operands.length === 1 ? "" : "s"} but ${derivatives.length} derivatives. Give one for each.`,
      { name, operands: operands.length, derivatives: derivatives.length },
    );
  }
  const gradients = derivatives.map((derivative) => scaledBy(cotangent, derivative, builder));
  const samples = literal.samples.map((sample) =>
    typeof sample === "function"
      ? sample
      : toSample(name, operands.length, sample, literal.condition ?? false),
  );
  return {
    kind: "pointwise",
    name,
    operands,
    parameters,
    result: literal.result ?? "float",
    condition: literal.condition ?? false,
    value,
    gradients,
    formula: literal.formula ?? `y = ${toTeX(value)}`,
    derivativeFormulas: derivatives.map((derivative) => toTeX(derivative)),
    broadcasts: operands.length > 1,
    batch: "pointwise",
    vjp:
      literal.derivative === undefined
        ? null
        : gradients.map((gradient, i) => gradientRule(gradient, derivatives[i]!, operands.length)),
    samples,
    rejects: [
      ...(literal.facade === true
        ? []
        : commonRejections(operands, Object.keys(parameters), literal.condition ?? false)),
      ...rejects,
    ],
    edges,
  };
}

/** The calls that every pointwise op refuses, so that its literal need not say so. */
function commonRejections(
  operands: readonly string[],
  parameters: readonly string[],
  condition: boolean,
): Rejection[] {
  const zeros = (...shape: number[]): Tensor => newTensor("float32", shape);
  const leading = operands.map((_, i) =>
    condition && i === 0 ? newTensor("bool", []) : zeros(2, 3),
  );
  const rows: Rejection[] = [
    {
      call: () => leading.slice(1),
      message: /^\w+: operand "\w+" is missing\./,
      type: ArgumentError,
    },
    {
      call: () => [...leading, { [`${parameters[0] ?? "no"}Such`]: 1 }],
      message: parameters.length > 0 ? /unknown option ".*Such"/ : /takes \d operands?, but/,
      type: ArgumentError,
    },
  ];
  if (operands.length > (condition ? 2 : 1)) {
    rows.push({
      call: () => [...leading.slice(0, -1), zeros(2, 4)],
      message: /shapes \[2, 3\] and \[2, 4\] do not broadcast: lengths 3 and 4 at dimension -1/,
      type: ShapeError,
    });
  }
  return rows;
}

/**
 * The VJP of one operand. Without a graph of gradients, cotangent · derivative runs as one generated loop; with one, the
 * same expression is carried out by tensor ops, which are recorded in turn.
 */
function gradientRule(gradient: Expression, derivative: Expression, arity: number): OperandVJP {
  const kernel = new PointwiseKernel(gradient);
  const resultIndex = arity;
  const cotangentIndex = arity + 1;
  const isZero = derivative.kind === "constant" && derivative.value === 0;
  const readsResult = reads(gradient, resultIndex);
  const readsOperand = Array.from({ length: arity }, (_, i) => reads(gradient, i));
  return (cotangent, node) => {
    if (kernel.onlyInput === cotangentIndex) return cotangent;
    if ((isGradEnabled() && !isZero) || cotangent.batch !== null)
      return onTensors(gradient, cotangent, node, arity);
    const inputs: (Tensor | undefined)[] = [];
    for (let i = 0; i < arity; i++) inputs.push(readsOperand[i] ? node.operand(i) : undefined);
    inputs.push(readsResult ? node.result : undefined, cotangent);
    const options = node.options as Parameters;
    if (cotangent.ndim === 0) return scalarTensor(kernel.single(inputs, options), cotangent.dtype);
    const out = newTensor(cotangent.dtype, cotangent.shape);
    kernel.run(out, inputs, options);
    return out;
  };
}

/** Carries an expression out with tensor ops. */
function onTensors(root: Expression, cotangent: Tensor, node: Recorded, arity: number): Tensor {
  const options = node.options as Parameters;
  const [result] = interpret<Tensor | number>(
    [root],
    {
      constant: (value) => value,
      input: (index) =>
        index === arity + 1 ? cotangent : index === arity ? node.result : node.operand(index),
      parameter: (name) => options[name]!,
    },
    (primitive, operands) => {
      if (operands.every((operand) => typeof operand === "number")) {
        return primitives[primitive].evaluate(...(operands as [number, number, number]));
      }
      return tensorOperations.get(primitive)!(...operands);
    },
  );
  // A gradient that reads no tensor is a constant: it is spread over the shape of the cotangent.
  if (typeof result !== "number") return result!;
  const out = newTensor(cotangent.dtype, cotangent.shape);
  out.storage.data.fill(result);
  return out;
}

/** Whether every primitive of the algebra has its tensor op: the catalogue's own check. */
export function primitivesWithoutOp(): Primitive[] {
  return (Object.keys(primitives) as Primitive[]).filter(
    (primitive) => !tensorOperations.has(primitive),
  );
}

function toSample(
  name: string,
  arity: number,
  sample: PointwiseSample,
  condition: boolean,
): Sample {
  const numbers = condition ? arity - 1 : arity;
  if (sample.args.length !== numbers) {
    throw new ArgumentError(
      `pointwise: a sample of ${name} has ${sample.args.length} domains for ${numbers} operands.`,
      { name, domains: sample.args.length, operands: numbers },
    );
  }
  return (draw: Draw) => {
    const shape = draw.shape(0, 4, 0);
    // One operand has the whole shape, chosen at random; the others may broadcast to it.
    const whole = draw.integer(0, arity - 1);
    const shapeOf = (i: number): readonly number[] =>
      i === whole ? shape : draw.broadcastable(shape);
    const mask = condition ? [draw.mask(shapeOf(0))] : [];
    const tensors = sample.args.map((domain, i) => draw.tensor(shapeOf(i + mask.length), domain));
    const operands = [...mask, ...tensors];
    return sample.options === undefined ? operands : [...operands, sample.options];
  };
}
