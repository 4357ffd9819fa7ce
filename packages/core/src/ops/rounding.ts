/**
 * Rounding to whole numbers and to decimals. Steps have a derivative of 0.
 */
import type { TensorLike } from "../creation.ts";
import { tensor } from "../creation.ts";
import { ArgumentError, checkInteger, checkOptions } from "../errors.ts";
import type { Unary, UnaryWith } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";
import type { Tensor } from "../tensor.ts";

/**
 * ⌊x⌋, the largest whole number that is not above x, element by element. The gradient is 0.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
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
  edges: [
    {
      note: "whole numbers, halves and zeros",
      call: () => [tensor([-1.5, -1, -0.5, -0, 0.5, Infinity])],
      result: [-2, -1, -1, -0, 0, Infinity],
      gradients: [[0, 0, 0, 0, 0, 0]],
    },
  ],
});

/**
 * ⌈x⌉, the smallest whole number that is not below x, element by element; ⌈−0.5⌉ is −0. The gradient is 0.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
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
  edges: [
    {
      note: "whole numbers, halves and zeros",
      call: () => [tensor([-1.5, -1, -0.5, -0, 0.5, Infinity])],
      result: [-1, -1, -0, -0, 1, Infinity],
      gradients: [[0, 0, 0, 0, 0, 0]],
    },
  ],
});

/**
 * x without its decimals, element by element; −0.5 gives −0. The gradient is 0.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
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
  edges: [
    {
      note: "whole numbers, halves and zeros",
      call: () => [tensor([-1.5, -1, -0.5, -0, 0.5, -Infinity])],
      result: [-1, -1, -0, -0, 0, -Infinity],
      gradients: [[0, 0, 0, 0, 0, 0]],
    },
  ],
});

/**
 * The decimals of x, x − trunc(x), with the sign of x, element by element; NaN for infinities. The gradient is 1.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { frac, tensor } from "@chainrule/core";
 * frac(tensor([1.5, -1.5])); // → tensor([0.5, -0.5])
 */
export const frac: Unary = pointwise({
  name: "frac",
  operands: ["x"],
  value: (s, x) => s.sub(x, s.trunc(x)),
  derivative: (s) => [s.one],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [-3, -2, -1, 0, 1, 2, 3] })] }],
  edges: [
    {
      note: "whole numbers and infinity",
      call: () => [tensor([-1.5, 2, Infinity])],
      result: [-0.5, 0, Number.NaN],
      gradients: [[1, 1, 1]],
    },
  ],
});

const halves = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5];

const toWhole = pointwise({
  name: "round",
  operands: ["x"],
  value: (s, x) => s.round(x),
  derivative: (s) => [s.zero],
  result: "same",
  samples: [
    { args: [within(-3, 3, { avoid: halves })] },
    (draw) => [
      draw.tensor(draw.shape(0, 3, 0), within(0.36, 0.44, { margin: 0 })),
      { decimals: draw.pick([1, 0, -1]) },
    ],
  ],
  rejects: [
    {
      call: () => [1, { decimals: 0.5 }],
      message: /round: decimals must be a whole number from -300 to 300, not 0.5/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "halves go to even numbers, with their sign",
      call: () => [
        tensor([0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, -0, 2 ** 52 + 1, Infinity], {
          dtype: "float64",
        }),
      ],
      result: [0, 2, 2, -0, -2, 0, -0, 2 ** 52 + 1, Infinity],
      gradients: [[0, 0, 0, 0, 0, 0, 0, 0, 0]],
    },
  ],
});

const toDecimals = pointwise({
  name: "round",
  operands: ["x"],
  parameters: { decimals: 0 },
  value: (s, x, p) => {
    const scale = s.pow(s.constant(10), s.abs(p.decimals));
    return s.where(
      s.lt(p.decimals, s.zero),
      s.mul(s.round(s.div(x, scale)), scale),
      s.div(s.round(s.mul(x, scale)), scale),
    );
  },
  derivative: (s) => [s.zero],
  result: "same",
  facade: true,
  samples: [],
});

/** To how many decimals {@link round} rounds. */
export interface RoundOptions {
  /** 0 unless given; −2 rounds to hundreds. */
  readonly decimals?: number;
}

function roundOf(x: TensorLike, options?: RoundOptions): Tensor {
  if (options === undefined) return toWhole(x);
  checkOptions("round", options, ["decimals"]);
  const decimals = checkInteger("round", "decimals", options.decimals ?? 0, -300, 300);
  return decimals === 0 ? toWhole(x) : toDecimals(x, { decimals });
}

/**
 * The nearest whole number, or the nearest multiple of 10⁻ᵈ with `{ decimals: d }`, element by element. Halves go to the
 * even one. The gradient is 0.
 *
 * @throws {ArgumentError} for an unknown option, or decimals that are no whole number.
 * @example
 * import { round, tensor } from "@chainrule/core";
 * round(tensor([1.5, 2.5])); // → tensor([2, 2])
 * round(tensor([1.26]), { decimals: 1 }); // → tensor([1.3])
 */
export const round: UnaryWith<RoundOptions> = Object.assign(roundOf, { op: toWhole.op });
