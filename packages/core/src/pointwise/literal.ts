/**
 * What a pointwise op is declared by, and what is known of it then.
 */
import type { TensorLike } from "../creation.ts";
import type { DType } from "../dtype.ts";
import type { NodeOp } from "../graph/node.ts";
import type { Domain, EdgeCase, Rejection, Sample } from "../samples.ts";
import type { Expression, Input } from "../scalar/expression.ts";
import type { ScalarAlgebra } from "../scalar/primitives.ts";
import type { Tensor } from "../tensor.ts";

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
  /**
   * The partial derivative for each operand, in terms of the operands and the result. Absent: derived from the value by
   * the chain rule; a comparison has none. Give it where the derived one would be slow, or inexact in the extremes.
   */
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
  /** TeX of the partial derivatives, where their expressions would not read well. */
  readonly derivativeFormulas?: { readonly [K in keyof Names]: string };
  /**
   * Refuses a call by its operands or parameters; runs before anything is computed, with the element type of the result.
   */
  readonly check?: (operands: readonly Tensor[], dtype: DType, parameters: P) => void;
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
  /** The inputs of {@link value} that stand for the operands, in their order. */
  readonly inputs: readonly Input[];
  readonly parameters: Parameters;
  readonly result: ResultType;
  readonly condition: boolean;
  readonly check: PointwiseLiteral<readonly string[], Parameters>["check"] | null;
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

/** The function of any pointwise op. */
export type PointwiseFunction<Names extends readonly string[], P extends Parameters> = {
  (
    ...args: [...{ [K in keyof Names]: TensorLike }, options?: { readonly [K in keyof P]?: number }]
  ): Tensor;
  readonly op: PointwiseDefinition;
};
