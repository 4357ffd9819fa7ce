/**
 * The learning rate behind an update, where it was a plain step against the gradient.
 */
import type { DType } from "@chainrule/core";
import { fromTraceNumber } from "./data.ts";
import type { Trace } from "./schema.ts";

/** A plain step of gradient descent, from and to numbers as their type stores them. */
export function stepped(before: number, slope: number, rate: number, dtype: DType): number {
  if (dtype !== "float32") return before - rate * slope;
  // A trace has float32 numbers with fewer digits.
  return Math.fround(Math.fround(before) - rate * Math.fround(slope));
}

/** η with after = before − η·gradient for every number that changed; `null` where there is no such η. */
export function learningRate(trace: Trace): number | null {
  const steps: { slope: number; change: number; size: number; isSingle: boolean }[] = [];
  for (const { target, before, after } of trace.update ?? []) {
    const tensor = trace.nodes[target.node - 1]?.outputs[target.output];
    const slopes = tensor?.grad?.data;
    if (slopes == null || before.data === null || after.data === null) return null;
    for (const [i, slope] of slopes.entries()) {
      const [from, to] = [fromTraceNumber(before.data[i]!), fromTraceNumber(after.data[i]!)];
      steps.push({
        slope: fromTraceNumber(slope),
        change: from - to,
        size: Math.max(Math.abs(from), Math.abs(to)),
        isSingle: before.dtype === "float32",
      });
    }
  }
  // The steepest slope tells the rate with the fewest lost digits.
  const steepest = steps.reduce(
    (best, step) => (Math.abs(step.slope) > Math.abs(best.slope) ? step : best),
    {
      slope: 0,
      change: 0,
      size: 0,
      isSingle: false,
    },
  );
  if (steepest.slope === 0) return null;
  const rough = steepest.change / steepest.slope;
  const rate = Number(rough.toPrecision(steepest.isSingle ? 4 : 9));
  const isPlain = steps.every(({ slope, change, size, isSingle }) => {
    const rounding = (isSingle ? 2 ** -22 : 2 ** -50) * (size + Math.abs(rate * slope));
    return (
      Math.abs(change - rate * slope) <=
      rounding + Math.abs(rate * slope) * (isSingle ? 1e-3 : 1e-8)
    );
  });
  return isPlain && rate > 0 ? rate : null;
}
