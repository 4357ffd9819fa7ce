/**
 * Laws of the transforms: forward mode is the transpose of reverse mode, mapping over samples is going through them, and
 * what is compiled computes the same.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  at,
  compile,
  Generator,
  GradError,
  jvp,
  stack,
  vmap,
} from "@chainrule/core";
import { contiguousTwin, difference } from "../compare.ts";
import { gaussianLike } from "../system.ts";
import type { Law, OpCall } from "./law.ts";
import { LawViolation, orZeros } from "./law.ts";

/** Sums in another order: their rounding may differ, but by no more than this. */
const tolerance = 1e-10;

/** ⟨ȳ, J·v⟩ = ⟨ȳᵀ·J, v⟩ */
export const forwardIsReverse: Law = {
  name: "forward = reverse",
  statement: "⟨ȳ, J·v⟩ by forward mode is ⟨ȳᵀ·J, v⟩ by reverse mode, for random ȳ and v",
  appliesTo: (op) => op.op.vjp !== null,
  onCall: (call) => {
    const inputs = call.differentiable.flatMap((is, i) => (is ? [i] : []));
    if (inputs.length === 0) return;
    const leaves = call.contiguousLeaves();
    const results = call.run(leaves);
    const cotangents = call.cotangents(results);
    const gradients = call.gradients(results, leaves, cotangents);
    const generator = new Generator(call.seed + 1);
    const directions = inputs.map((i) => gaussianLike(leaves[i]!, generator));
    const { tangent } = jvp(
      (...values: Tensor[]) => {
        const operands = leaves.map((leaf) => leaf.detach());
        for (const [k, i] of inputs.entries()) operands[i] = values[k]!;
        return call.run(operands).filter((_, i) => results[i]!.requiresGrad);
      },
      inputs.map((i) => leaves[i]!.detach()),
      directions,
    );
    const live = results.flatMap((result, i) => (result.requiresGrad ? [cotangents[i]!] : []));
    const forward = live.map((cotangent, i) => product(cotangent, tangent[i]!));
    const reverse = inputs.map((i, k) =>
      product(orZeros(gradients[i]!, leaves[i]!), directions[k]!),
    );
    const scale = [...forward, ...reverse].reduce((most, { size }) => Math.max(most, size), 1);
    const left = forward.reduce((sum, { value }) => sum + value, 0);
    const right = reverse.reduce((sum, { value }) => sum + value, 0);
    if (!(Math.abs(left - right) <= tolerance * scale)) {
      throw new LawViolation(`forward mode gives ${left}, but reverse mode ${right}`);
    }
  },
};

/** ⟨a, b⟩, and Σ|aᵢbᵢ|, by which its rounding is bounded. */
function product(a: Tensor, b: Tensor): { value: number; size: number } {
  const terms = a.detach().mul(b.detach()).toTypedArray();
  let value = 0;
  let size = 0;
  for (const term of terms) {
    value += term;
    size += Math.abs(term);
  }
  return { value, size };
}

/** vmap(op) of a stack of samples = the stack of op of each, and so are its gradients. */
export const vmapIsLoop: Law = {
  name: "vmap = loop",
  statement: "vmap(op) on stacked operands is op on each sample, and so are its gradients",
  appliesTo: () => true,
  onCall: (call) => {
    const first = call.operands.map(({ tensor }) => contiguousTwin(tensor));
    if (first.length === 0) return;
    const samples = [first, otherSample(call, first)];
    // All operands have samples, or one of them alone.
    const only = call.seed % (first.length + 1);
    const batched = first.map((_, i) => only === first.length || i === only);
    const leaves = first.map((operand, i) => {
      const leaf = batched[i] ? stack(samples.map((sample) => sample[i]!)) : operand.detach();
      leaf.requiresGrad = call.differentiable[i]!;
      return leaf;
    });
    const inDims = batched.map((is) => (is ? 0 : null));
    const mapped = unlessRefused("inside vmap", () =>
      vmap((...operands: Tensor[]) => call.run(operands), { inDims })(...leaves),
    );
    if (mapped === null) return;
    const loops = samples.map((_, s) =>
      call.run(leaves.map((leaf, i) => (batched[i] ? at(leaf, s) : leaf))),
    );
    const expected = mapped.map((_, k) => stack(loops.map((results) => results[k]!)));
    compare("result", mapped, expected);
    const cotangents = call.cotangents(mapped);
    const gradients = call.gradients(mapped, leaves, cotangents);
    const wanted = call.gradients(expected, leaves, cotangents);
    compare(
      "the gradient of operand",
      gradients.map((gradient, i) => orZeros(gradient, leaves[i]!)),
      wanted.map((gradient, i) => orZeros(gradient, leaves[i]!)),
    );
  },
};

/** Where the numbers of an operand decide the shape of the result, an op may say that a transform cannot apply it. */
function unlessRefused(words: string, transform: () => Tensor[]): Tensor[] | null {
  try {
    return transform();
  } catch (error) {
    const isRefusal = error instanceof ArgumentError || error instanceof GradError;
    if (isRefusal && error.message.includes(words)) return null;
    throw error;
  }
}

/** What refuses to be compiled says so in these words. */
const notKnown = "not known while";

/** compile(op)(x) = op(x), and so are the gradients, also where it was compiled for other numbers than x. */
export const compiledIsCalled: Law = {
  name: "compiled = called",
  statement: "what is compiled gives the same results and gradients, for other numbers, too",
  appliesTo: () => true,
  onCall: (call, tally) => {
    const first = call.operands.map(({ tensor }) => contiguousTwin(tensor));
    if (first.length === 0) return;
    const cotangents = call.cotangents(call.run(first));
    const outcome = (...leaves: Tensor[]): Tensor[] => {
      const results = call.run(leaves);
      const gradients = call.gradients(results, leaves, cotangents);
      return [...results, ...gradients.filter((one) => one !== null)].map((x) => x.detach());
    };
    const compiled = compile(outcome);
    for (const operands of [first, otherSample(call, first)]) {
      const leaves = operands.map((operand, i) => {
        const leaf = operand.detach();
        leaf.requiresGrad = call.differentiable[i]!;
        return leaf;
      });
      const found = unlessRefused(notKnown, () => compiled(...leaves));
      if (found === null) {
        tally.notCompiled++;
        return;
      }
      const expected = outcome(...leaves);
      if (found.length !== expected.length) {
        throw new LawViolation(
          `compiled it gives ${found.length} results and gradients, called ${expected.length}`,
        );
      }
      for (const [i, tensor] of found.entries()) {
        const gap = difference(tensor, expected[i]!, tolerance);
        if (gap !== null)
          throw new LawViolation(`compiled it does not give what it gives when called: ${gap}`);
      }
    }
  },
};

/** The operands with their numbers in reverse order, if the op accepts them so; else the same again. */
function otherSample(call: OpCall, operands: readonly Tensor[]): Tensor[] {
  const reversed = operands.map((operand) => {
    const other = contiguousTwin(operand);
    // A mask may decide the shape of the result, which must be the same for all samples.
    if (operand.dtype !== "bool") other.storage.data.reverse();
    return other;
  });
  try {
    call.run(reversed);
    return reversed;
  } catch {
    return operands.slice();
  }
}

function compare(what: string, found: readonly Tensor[], expected: readonly Tensor[]): void {
  for (const [i, tensor] of found.entries()) {
    const gap = difference(tensor.detach(), expected[i]!.detach(), tolerance);
    if (gap !== null)
      throw new LawViolation(`${what} ${i} by vmap is not that of the loop: ${gap}`);
  }
}
