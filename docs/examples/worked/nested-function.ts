/**
 * A nested function on scalars: f = σ(w20 + w21·tanh(w10 + w11·x1 + w12·x2)), e = ½(y − f)².
 *
 *     node scripts/run.mjs docs/examples/worked/nested-function.ts
 */
import { grad, type Tensor, tensor, valueAndGrad } from "@chainrule/core";

type Weights = Record<"w20" | "w21" | "w10" | "w11" | "w12", Tensor>;

const number = (value: number): Tensor => tensor(value, { dtype: "float64" });

export const nested = ({ w20, w21, w10, w11, w12 }: Weights): Tensor =>
  w11.mul(1).add(w12.mul(2)).add(w10).tanh().mul(w21).add(w20).sigmoid();

export const error = (weights: Weights): Tensor => nested(weights).sub(1).square().mul(0.5);

export function nestedFunction() {
  const weights: Weights = {
    w20: number(0.4),
    w21: number(0.5),
    w10: number(0.1),
    w11: number(0.2),
    w12: number(-0.3),
  };
  const { value, grad: slopes } = valueAndGrad(error)(weights);
  return {
    f: nested(weights).item(),
    e: value.item(),
    slopes: [slopes.w20, slopes.w21, slopes.w10, slopes.w11, slopes.w12].map((slope) =>
      slope.item(),
    ),
    // The same derivative once more, of the slope itself: how steeply the error bends along w20.
    bend: grad((w20: Tensor) => grad((w: Tensor) => error({ ...weights, w20: w }))(w20))(
      number(0.4),
    ).item(),
  };
}

if (process.argv[1]?.includes("nested-function")) console.log(nestedFunction());
