/**
 * A product or a quotient added to a tensor, in one pass.
 */
import type { TensorLike } from "../creation.ts";
import { tensor } from "../creation.ts";
import type { PointwiseDefinition } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";
import type { Tensor } from "../tensor.ts";

/** An op of three operands with a factor for the term that is added. */
export interface AddedTerm {
  (x: TensorLike, a: TensorLike, b: TensorLike, options?: { value?: number }): Tensor;
  readonly op: PointwiseDefinition;
}

const anywhere = within(-2, 2);

/**
 * x + value · a · b, element by element with broadcasting; `value` is 1 unless given.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { addcmul, tensor } from "@chainrule/core";
 * addcmul(1, tensor([1, 2]), tensor([3, 4]), { value: 10 }); // → tensor([31, 81])
 */
export const addcmul: AddedTerm = pointwise({
  name: "addcmul",
  operands: ["x", "a", "b"],
  parameters: { value: 1 },
  value: (s, x, a, b, { value }) => s.add(x, s.mul(value, s.mul(a, b))),
  derivative: (s, _x, a, b, _y, { value }) => [s.one, s.mul(value, b), s.mul(value, a)],
  result: "same",
  samples: [
    { args: [anywhere, anywhere, anywhere] },
    { args: [anywhere, anywhere, anywhere], options: { value: -0.5 } },
  ],
  edges: [
    {
      note: "0 · ∞ is no number, even with value 0",
      call: () => [tensor([1, 1]), tensor([0, 2]), tensor([Infinity, 3]), { value: 0 }],
      result: [Number.NaN, 1],
    },
  ],
});

/**
 * x + value · a / b, element by element with broadcasting; `value` is 1 unless given.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { addcdiv, tensor } from "@chainrule/core";
 * addcdiv(1, tensor([1, 6]), tensor([2, 3])); // → tensor([1.5, 3.0])
 */
export const addcdiv: AddedTerm = pointwise({
  name: "addcdiv",
  operands: ["x", "a", "b"],
  parameters: { value: 1 },
  value: (s, x, a, b, { value }) => s.add(x, s.div(s.mul(value, a), b)),
  derivative: (s, _x, a, b, _y, { value }) => [
    s.one,
    s.div(value, b),
    s.neg(s.div(s.div(s.mul(value, a), b), b)),
  ],
  samples: [
    { args: [anywhere, anywhere, within(-2, 2, { avoid: [0], margin: 0.5 })] },
    { args: [anywhere, anywhere, within(0.5, 2)], options: { value: 3 } },
  ],
  edges: [
    {
      note: "division by 0",
      call: () => [tensor([1, 1]), tensor([1, 0]), tensor([0, 0])],
      result: [Infinity, Number.NaN],
    },
  ],
});
