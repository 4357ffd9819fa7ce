/**
 * Between two tensors.
 */
import { tensor } from "../creation.ts";
import type { Ternary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * a + weight·(b − a), element by element: a at weight 0, b at weight 1, both exactly. The weight is a number or a tensor; all
 * three broadcast, and whole numbers become floating.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { lerp, tensor } from "@chainrule/core";
 * lerp(tensor([0, 10]), tensor([1, 20]), 0.5); // → tensor([0.5, 15.0])
 */
export const lerp: Ternary = pointwise({
  name: "lerp",
  operands: ["a", "b", "weight"],
  formula: String.raw`y = a + \mathrm{weight} \cdot \left(b - a\right)`,
  // From the nearer end, so that both ends are met exactly.
  value: (s, a, b, weight) => {
    const span = s.sub(b, a);
    return s.where(
      s.lt(s.abs(weight), s.constant(0.5)),
      s.add(a, s.mul(weight, span)),
      s.sub(b, s.mul(span, s.sub(s.one, weight))),
    );
  },
  derivative: (s, a, b, weight) => [s.sub(s.one, weight), weight, s.sub(b, a)],
  samples: [{ args: [within(-3, 3), within(-3, 3), within(-1, 2)] }],
  edges: [
    {
      note: "the ends are met exactly",
      call: () => [tensor([0.1, 0.1]), tensor([0.7, 0.7]), tensor([0, 1])],
      result: [Math.fround(0.1), Math.fround(0.7)],
      gradients: [
        [1, 0],
        [0, 1],
        [
          Math.fround(Math.fround(0.7) - Math.fround(0.1)),
          Math.fround(Math.fround(0.7) - Math.fround(0.1)),
        ],
      ],
    },
  ],
});
