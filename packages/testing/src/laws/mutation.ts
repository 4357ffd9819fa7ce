/**
 * The law of changes in place.
 */
import type { Tensor } from "@chainrule/core";
import { GradError, newTensor, noGrad } from "@chainrule/core";
import { bitDifference } from "../compare.ts";
import type { Law, OpCall, Tally } from "./law.ts";
import { LawViolation, orZeros } from "./law.ts";

/** Who changes a tensor between forward and backward gets a GradError, or the gradient of before; never a wrong one. */
export const mutation: Law = {
  name: "mutation",
  statement:
    "a change in place between forward and backward is refused by backward, or does not matter",
  appliesTo: (op) => op.op.vjp !== null,
  onCall: (call, tally) => {
    if (!call.differentiable.includes(true)) return;
    const leaves = call.contiguousLeaves();
    const expected = call.gradients(call.run(leaves), leaves);
    const results = call.run(leaves).length;
    for (let i = 0; i < leaves.length; i++)
      tryChange(call, `operand ${i}`, expected, tally, (operands) => operands[i]!);
    for (let i = 0; i < results; i++)
      tryChange(call, `result ${i}`, expected, tally, (_, made) => made[i]!);
  },
};

function tryChange(
  call: OpCall,
  role: string,
  expected: readonly (Tensor | null)[],
  tally: Tally,
  choose: (leaves: readonly Tensor[], results: readonly Tensor[]) => Tensor,
): void {
  const leaves = call.contiguousLeaves();
  const results = call.run(leaves);
  const cotangents = call.cotangents(results);
  if (!changeInPlace(choose(leaves, results))) return;
  tally.mutations++;
  let gradients: readonly (Tensor | null)[];
  try {
    gradients = call.gradients(results, leaves, cotangents);
  } catch (error) {
    if (!(error instanceof GradError)) throw error;
    tally.mutationsRefused++;
    return;
  }
  for (const [i, leaf] of leaves.entries()) {
    const gap = bitDifference(orZeros(gradients[i]!, leaf), orZeros(expected[i]!, leaf));
    if (gap !== null) {
      throw new LawViolation(
        `${role} was changed in place after forward, and backward gave another gradient for operand ${i} without an error: ${gap}`,
      );
    }
  }
}

/** Changes every number; false where nothing can be changed. */
function changeInPlace(x: Tensor): boolean {
  if (x.numel() === 0) return false;
  const other = newTensor(x.dtype, x.shape);
  const values = x.toTypedArray();
  for (let i = 0; i < values.length; i++) {
    if (x.dtype === "bool") other.storage.data[i] = 1 - values[i]!;
    else if (x.dtype !== "int32") other.storage.data[i] = values[i]! * 0.5 + 0.125;
  }
  try {
    noGrad(() => x.detach().copy_(other));
  } catch (error) {
    if (error instanceof GradError) return false;
    throw error;
  }
  return true;
}
