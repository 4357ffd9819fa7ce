/**
 * Laws of sameness: again, by the other interpreter, by the method.
 */
import type { Tensor } from "@chainrule/core";
import * as core from "@chainrule/core";
import { bitDifference } from "../compare.ts";
import type { AnyOp, Law, OpCall } from "./law.ts";
import { LawViolation, orZeros } from "./law.ts";
import { compareAll } from "./layouts.ts";

interface Outcome {
  readonly results: readonly Tensor[];
  readonly gradients: readonly (Tensor | null)[];
}

function outcomeOf(
  call: OpCall,
  leaves: readonly Tensor[],
  f?: (...args: never[]) => unknown,
): Outcome {
  const results = call.run(leaves, f);
  return { results, gradients: call.gradients(results, leaves) };
}

function compareOutcomes(
  found: Outcome,
  expected: Outcome,
  leaves: readonly Tensor[],
  one: string,
  other: string,
): void {
  compareAll(found.results, expected.results, one, other);
  for (const [i, leaf] of leaves.entries()) {
    const gap = bitDifference(
      orZeros(found.gradients[i]!, leaf),
      orZeros(expected.gradients[i]!, leaf),
    );
    if (gap !== null)
      throw new LawViolation(
        `the gradient of operand ${i} by ${one} is not that by ${other}: ${gap}`,
      );
  }
}

/** Generated loops and interpreted expressions give the same bits. */
export const generatedIsInterpreted: Law = {
  name: "generated = interpreted",
  statement: "generated code and the interpreter give the same bits, forward and backward",
  appliesTo: (op) => op.op.kind === "pointwise",
  onCall: (call) => {
    const leaves = call.leaves();
    const generated = outcomeOf(call, leaves);
    const before = core.setInterpreted(true);
    try {
      compareOutcomes(
        outcomeOf(call, leaves),
        generated,
        leaves,
        "interpretation",
        "generated code",
      );
    } finally {
      core.setInterpreted(before);
    }
  },
};

/** The same call gives the same bits, and leaves its operands alone. */
export const deterministic: Law = {
  name: "deterministic",
  statement:
    "the same call gives the same bits again, forward and backward, and changes none of its operands",
  appliesTo: () => true,
  onCall: (call) => {
    const leaves = call.leaves();
    const versions = leaves.map(({ storage }) => storage.version);
    const numbers = leaves.map(({ storage }) => storage.data.slice());
    const first = outcomeOf(call, leaves);
    compareOutcomes(outcomeOf(call, leaves), first, leaves, "the second call", "the first");
    for (const [i, { storage }] of leaves.entries()) {
      if (
        storage.version !== versions[i] ||
        !storage.data.every((value, k) => Object.is(value, numbers[i]![k]))
      ) {
        throw new LawViolation(`the call changed its operand ${i}`);
      }
    }
  },
};

/** `x.op(…)` is `op(x, …)`. */
export const methodIsFunction: Law = {
  name: "method = function",
  statement: "the method of the same name gives what the function gives",
  appliesTo: (op) => methodOf(op) !== null,
  onCall: (call) => {
    if (call.operands[0]?.path !== "[0]") return;
    const method = methodOf(call.op)!;
    const leaves = call.leaves();
    const asMethod = (self: Tensor, ...rest: unknown[]): unknown =>
      Reflect.apply(method, self, rest);
    compareOutcomes(
      outcomeOf(call, leaves, asMethod),
      outcomeOf(call, leaves),
      leaves,
      "the method",
      "the function",
    );
  },
};

/** The method that was made of this very function; a user's op may share its name with one of ours. */
function methodOf(op: AnyOp): ((...args: unknown[]) => unknown) | null {
  const { name } = op.op;
  // A condition comes first in the function, but the method is one of what it chooses from: x.where(condition, other).
  if (op.op.kind === "pointwise" && op.op.condition) return null;
  if (Reflect.get(core, name) !== op) return null;
  const method: unknown = Reflect.get(core.Tensor.prototype, name);
  return typeof method === "function" ? (method as (...args: unknown[]) => unknown) : null;
}
