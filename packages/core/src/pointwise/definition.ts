/**
 * From the literal of a pointwise op to its definition.
 */
import { ArgumentError } from "../errors.ts";
import { differentiate, product, setDerivativeRule } from "../scalar/differentiate.ts";
import type { Expression } from "../scalar/expression.ts";
import { ExpressionBuilder } from "../scalar/expression.ts";
import { parameterName } from "../scalar/javascript.ts";
import { primitives } from "../scalar/primitives.ts";
import { toTeX } from "../scalar/tex.ts";
import type { Tensor } from "../tensor.ts";
import { gradientRules } from "./gradient.ts";
import type { Parameters, PointwiseDefinition, PointwiseLiteral } from "./literal.ts";
import { commonRejections, toSample } from "./rows.ts";

/** Builds the expressions of a literal, and everything that follows from them. */
export function define(
  literal: PointwiseLiteral<readonly string[], Parameters>,
  repeat: (operands: readonly Tensor[], options: Parameters) => readonly Tensor[],
): PointwiseDefinition {
  const { name, operands, parameters = {}, rejects = [], edges = [], condition = false } = literal;
  const builder = new ExpressionBuilder();
  const inputs = operands.map((operand, index) => builder.input(index, operand));
  const placeholders: Record<string, Expression> = {};
  for (const parameter of Object.keys(parameters)) {
    parameterName(parameter);
    placeholders[parameter] = builder.parameter(parameter);
  }
  const arity = operands.length;
  const result = builder.input(arity, "y");
  const cotangent = builder.input(arity + 1, "cotangent");
  const value = literal.value(builder.algebra, ...inputs, placeholders);
  const given = literal.derivative?.(builder.algebra, ...inputs, result, placeholders);
  if (given !== undefined && given.length !== arity) {
    throw new ArgumentError(
      `pointwise: ${name} has ${arity} operand${arity === 1 ? "" : "s"} but ${given.length} derivatives. Give one for each.`,
      { name, operands: arity, derivatives: given.length },
    );
  }
  const hasDerivative = literal.result !== "bool";
  if (isPrimitive(name, arity)) {
    // Within other expressions this op is differentiated as its own literal says.
    setDerivativeRule(name, (s, factors, y) =>
      given === undefined
        ? factors.map(() => s.zero)
        : literal.derivative!(s, ...factors, y, placeholders),
    );
  }
  let derived: readonly Expression[] | undefined;
  const derivatives = (): readonly Expression[] => {
    if (!hasDerivative) return [];
    derived ??= given ?? inputs.map((input) => differentiate(value, input, builder));
    return derived;
  };
  const gradient = (i: number): Expression => product(cotangent, derivatives()[i]!, builder);
  // Rules made of expressions, which are the engine's own whoever wrote the expressions.
  const vjp = hasDerivative
    ? gradientRules({ name, parameters, builder, operands: inputs, result, cotangent, gradient })
    : null;
  const definition: PointwiseDefinition = {
    kind: "pointwise",
    name,
    operands,
    inputs,
    parameters,
    result: literal.result ?? "float",
    condition,
    check: literal.check ?? null,
    value,
    get gradients() {
      return derivatives().map((_, i) => gradient(i));
    },
    formula:
      literal.formula ?? `y = ${hasDerivative ? toTeX(value) : `\\left[${toTeX(value)}\\right]`}`,
    get derivativeFormulas() {
      return literal.derivativeFormulas ?? derivatives().map((one) => toTeX(one));
    },
    broadcasts: arity > 1,
    batch: "pointwise",
    repeat,
    vjp,
    confined: vjp,
    samples: literal.samples.map((sample) =>
      typeof sample === "function" ? sample : toSample(name, arity, sample, condition),
    ),
    rejects:
      literal.facade === true
        ? rejects
        : [...commonRejections(operands, Object.keys(parameters), condition), ...rejects],
    edges,
  };
  return definition;
}

function isPrimitive(name: string, arity: number): boolean {
  return (
    Object.hasOwn(primitives, name) && primitives[name as keyof typeof primitives].arity === arity
  );
}
