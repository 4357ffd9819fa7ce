/**
 * Rounding, and other functions that are flat between jumps: their derivative is 0.
 */
import type { Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * The largest whole number ⌊x⌋ that is not above x.
 *
 * @example
 * import { floor, tensor } from "@chainrule/core";
 * floor(tensor([1.5, -1.5])); // → tensor([1, -2])
 */
export const floor: Unary = pointwise({
  name: "floor",
  operands: ["x"],
  value: (s, x) => s.floor(x),
  derivative: (s) => [s.zero],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [-3, -2, -1, 0, 1, 2, 3] })] }],
});

/**
 * The smallest whole number ⌈x⌉ that is not below x.
 *
 * @example
 * import { ceil, tensor } from "@chainrule/core";
 * ceil(tensor([1.5, -1.5])); // → tensor([2, -1])
 */
export const ceil: Unary = pointwise({
  name: "ceil",
  operands: ["x"],
  value: (s, x) => s.ceil(x),
  derivative: (s) => [s.zero],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [-3, -2, -1, 0, 1, 2, 3] })] }],
});

/**
 * The nearest whole number; halves go to the even one.
 *
 * @example
 * import { round, tensor } from "@chainrule/core";
 * round(tensor([1.5, 2.5])); // → tensor([2, 2])
 */
export const round: Unary = pointwise({
  name: "round",
  operands: ["x"],
  value: (s, x) => s.round(x),
  derivative: (s) => [s.zero],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5] })] }],
});

/**
 * x without its decimals.
 *
 * @example
 * import { trunc, tensor } from "@chainrule/core";
 * trunc(tensor([1.5, -1.5])); // → tensor([1, -1])
 */
export const trunc: Unary = pointwise({
  name: "trunc",
  operands: ["x"],
  value: (s, x) => s.trunc(x),
  derivative: (s) => [s.zero],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [-3, -2, -1, 0, 1, 2, 3] })] }],
});

/**
 * −1, 0 or 1; 0 of NaN, as in PyTorch.
 *
 * @example
 * import { sign, tensor } from "@chainrule/core";
 * sign(tensor([3, -2, 0])); // → tensor([1, -1, 0])
 */
export const sign: Unary = pointwise({
  name: "sign",
  operands: ["x"],
  value: (s, x) => s.sign(x),
  derivative: (s) => [s.zero],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [-3, -2, -1, 0, 1, 2, 3] })] }],
});
