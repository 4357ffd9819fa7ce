/**
 * The gradients of pointwise ops, of any order.
 *
 * cotangent · derivative is a scalar expression as the op itself is, and runs as one loop. Where gradients are to be
 * differentiated again, it is recorded as an op of its own, whose gradients are expressions in turn, derived when they
 * are first needed.
 */
import { newTensor } from "../creation.ts";
import { dispatchBatched, isBatched } from "../graph/batch.ts";
import { isGradEnabled } from "../graph/mode.ts";
import type { OperandVJP, Recorded } from "../graph/node.ts";
import { PointwiseKernel } from "../kernels/pointwise.ts";
import { recordResult } from "../record.ts";
import { differentiate, product } from "../scalar/differentiate.ts";
import type { Expression, ExpressionBuilder, Input } from "../scalar/expression.ts";
import { inputsOf } from "../scalar/expression.ts";
import { toTeX } from "../scalar/tex.ts";
import { broadcastShapes, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { computePointwise } from "./compute.ts";
import type { Parameters, PointwiseDefinition } from "./literal.ts";

/** What a gradient is made from: an op, or the gradient of one. */
export interface Differentiable {
  readonly name: string;
  readonly parameters: Parameters;
  readonly builder: ExpressionBuilder;
  /** The inputs of the expressions that stand for the operands, in their order. */
  readonly operands: readonly Input[];
  /** The input that stands for the result; `null` where no gradient reads it. */
  readonly result: Input | null;
  readonly cotangent: Input;
  /** cotangent · ∂value/∂operand. */
  readonly gradient: (operand: number) => Expression;
}

/** A VJP for each operand. */
export function gradientRules(of: Differentiable): OperandVJP[] {
  return of.operands.map((_, i) => {
    let rule: OperandVJP | undefined;
    return (cotangent, node) => {
      rule ??= gradientRule(of, i);
      return rule(cotangent, node);
    };
  });
}

function gradientRule(of: Differentiable, operand: number): OperandVJP {
  const gradient = of.gradient(operand);
  const read = inputsOf(gradient);
  const kernel = new PointwiseKernel(gradient, read);
  if (gradient === of.cotangent) return (cotangent) => cotangent;
  if (read.length === 0) return (cotangent) => newTensor(cotangent.dtype, cotangent.shape);
  const sources = read.map((input) => sourceOf(of, input));
  let op: GradientOp | undefined;
  return (cotangent, node) => {
    const given: Tensor[] = [];
    for (let i = 0; i < sources.length; i++) given.push(sources[i]!(cotangent, node));
    const options = node.options as Parameters;
    op ??= gradientOp(of, operand, gradient, kernel);
    if (isGradEnabled() || isBatched(given)) return op.record(given, options);
    return computePointwise(
      op.definition,
      kernel,
      given,
      options,
      cotangent.dtype,
      cotangent.shape,
    );
  };
}

/** Where the rule of a recorded call finds an input. */
function sourceOf(of: Differentiable, input: Input): (cotangent: Tensor, node: Recorded) => Tensor {
  if (input === of.cotangent) return (cotangent) => cotangent;
  if (input === of.result) return (_cotangent, node) => node.result;
  const position = of.operands.indexOf(input);
  return (_cotangent, node) => node.operand(position);
}

interface GradientOp {
  readonly definition: PointwiseDefinition;
  /** Computes it as a call in the graph. */
  readonly record: (operands: readonly Tensor[], options: Parameters) => Tensor;
}

/** The gradient as an op: its operands are what the expression reads, the cotangent last. */
function gradientOp(
  of: Differentiable,
  operand: number,
  gradient: Expression,
  kernel: PointwiseKernel,
): GradientOp {
  const { builder, parameters } = of;
  const read = inputsOf(gradient);
  const cotangent = builder.input(of.cotangent.index + 1, `${of.cotangent.name}'`);
  const name = `${of.name}Gradient${of.operands.length > 1 ? capitalized(of.operands[operand]!.name) : ""}`;
  const derivative = (i: number): Expression => differentiate(gradient, read[i]!, builder);
  const secondGradient = (i: number): Expression => product(cotangent, derivative(i), builder);
  const vjp = gradientRules({
    name,
    parameters,
    builder,
    operands: read,
    result: null,
    cotangent,
    gradient: secondGradient,
  });
  const definition: PointwiseDefinition = {
    kind: "pointwise",
    name,
    operands: read.map((input) => input.name),
    inputs: read,
    parameters,
    result: "same",
    condition: false,
    check: null,
    value: gradient,
    get gradients() {
      return read.map((_, i) => secondGradient(i));
    },
    get formula() {
      return `y = ${toTeX(gradient)}`;
    },
    get derivativeFormulas() {
      return read.map((_, i) => toTeX(derivative(i)));
    },
    broadcasts: read.length > 1,
    batch: "pointwise",
    repeat: (given, options) => [evaluate(given, options)],
    vjp,
    confined: vjp,
    samples: [],
    rejects: [],
    edges: [],
  };
  const evaluate = (operands: readonly Tensor[], options: Parameters): Tensor => {
    if (isBatched(operands)) return dispatchBatched(definition, operands, options, evaluate);
    let { shape } = operands[0]!;
    for (const tensor of operands) {
      if (!sameShape(shape, tensor.shape)) shape = broadcastShapes(name, shape, tensor.shape);
    }
    const { dtype } = operands[operands.length - 1]!;
    const result = computePointwise(definition, kernel, operands, options, dtype, shape);
    recordResult(definition, operands, options, undefined, result);
    return result;
  };
  return { definition, record: evaluate };
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
