/**
 * The calls on which a pointwise op is tried, and those that it must refuse.
 */
import { newTensor } from "../creation.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import type { Draw, Rejection, Sample } from "../samples.ts";
import type { Tensor } from "../tensor.ts";
import type { PointwiseSample } from "./literal.ts";

/** The calls that every pointwise op refuses, so that its literal need not say so. */
export function commonRejections(
  operands: readonly string[],
  parameters: readonly string[],
  condition: boolean,
): Rejection[] {
  const zeros = (...shape: number[]): Tensor => newTensor("float32", shape);
  const leading = (): Tensor[] =>
    operands.map((_, i) => (condition && i === 0 ? newTensor("bool", []) : zeros(2, 3)));
  const rows: Rejection[] = [
    {
      call: () => leading().slice(1),
      message: /^\w+: operand "\w+" is missing\./,
      type: ArgumentError,
    },
    {
      call: () => [...leading(), { [`${parameters[0] ?? "no"}Such`]: 1 }],
      message: /unknown option ".*Such"|takes \d operands?, but/,
      type: ArgumentError,
    },
  ];
  if (operands.length > (condition ? 2 : 1)) {
    rows.push({
      call: () => [...leading().slice(0, -1), zeros(2, 4)],
      message: /shapes \[2, 3\] and \[2, 4\] do not broadcast: lengths 3 and 4 at dimension -1/,
      type: ShapeError,
    });
  }
  return rows;
}

/** A function that draws the arguments of a call from the domains of a sample. */
export function toSample(
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
