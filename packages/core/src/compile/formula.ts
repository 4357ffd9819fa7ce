/**
 * The expressions of several pointwise calls, put into one another.
 */
import type { PointwiseDefinition } from "../pointwise/literal.ts";
import type { Expression } from "../scalar/expression.ts";
import { ExpressionBuilder, interpret } from "../scalar/expression.ts";
import { Tensor } from "../tensor.ts";
import type { Operand, ProgramCall } from "./program.ts";

/** A pointwise call of a floating type, on that type or on conditions. */
export interface PointwiseCall extends ProgramCall {
  readonly op: PointwiseDefinition;
}

/** Whether a tensor shows one number, once or again and again. */
function isOneNumber({ shape, strides }: Tensor): boolean {
  return shape.every((length, i) => length === 1 || (length > 1 && strides[i] === 0));
}

/** What calls compute together, as expressions in what they read of others. */
export class Formula {
  readonly builder: ExpressionBuilder = new ExpressionBuilder();
  /** What is read of others; operand i is input i. */
  readonly operands: Operand[] = [];
  private readonly places = new Map<string | Tensor, number>();
  /** By the slot that it fills, the result of each call. */
  readonly results: Map<number, Expression> = new Map();
  /** The result of the last call. */
  readonly root: Expression;

  private readonly isConstant: (x: Tensor) => boolean;

  /** `isConstant` tells constants from tensors from outside. */
  constructor(calls: readonly PointwiseCall[], isConstant: (x: Tensor) => boolean) {
    this.isConstant = isConstant;
    let root: Expression | undefined;
    for (const call of calls) {
      root = this.resultOf(call);
      this.results.set(call.results[0]!.slot, root);
    }
    this.root = root!;
  }

  private resultOf({ op, operands, options }: PointwiseCall): Expression {
    const { builder } = this;
    const parameters = options as Readonly<Record<string, number>>;
    const given = new Map<number, Expression>();
    for (const [i, { index }] of op.inputs.entries()) {
      // Kernels see by themselves which exponents are small whole numbers.
      given.set(index, this.read(operands[i]!, op.name !== "pow"));
    }
    return interpret<Expression>(
      [op.value],
      {
        constant: (value) => builder.constant(value),
        input: (index) => given.get(index)!,
        parameter: (name) => builder.constant(parameters[name]!),
      },
      (primitive, parts) => builder.apply(primitive, parts),
    )[0]!;
  }

  private read(operand: Operand, asConstant: boolean): Expression {
    if (operand instanceof Tensor) {
      return asConstant && isOneNumber(operand) && this.isConstant(operand)
        ? this.builder.constant(operand.storage.data[operand.offset]!)
        : this.input(operand, operand);
    }
    const { slot, shape, strides, offset } = operand;
    return this.results.get(slot) ?? this.input(`${slot} ${shape} ${strides} ${offset}`, operand);
  }

  private input(key: string | Tensor, operand: Operand): Expression {
    let place = this.places.get(key);
    if (place === undefined) {
      place = this.operands.push(operand) - 1;
      this.places.set(key, place);
    }
    return this.builder.input(place, `x${place}`);
  }
}
