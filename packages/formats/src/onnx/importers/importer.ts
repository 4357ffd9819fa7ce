/**
 * What turns a node of a file into a step of a computation.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError } from "@chainrule/core";
import type { NodeReader } from "../node-reader.ts";

/** Computes the outputs of a node; inputs that are left out are `undefined`. */
export type Step = (...inputs: (Tensor | undefined)[]) => Tensor | readonly Tensor[];

/** Reads a node and says how it is computed. Refuses what is wrong with it or cannot be computed. */
export type Importer = (node: NodeReader) => Step;

/** An input that is certain to be there: the importer has asked for it. */
export function given(x: Tensor | undefined): Tensor {
  if (x === undefined) throw new ArgumentError("importOnnx: an input is missing.");
  return x;
}

/** A node of this many inputs, all given, without attributes. */
export function plain<Count extends 1 | 2 | 3>(
  count: Count,
  compute: (...inputs: Tensor[]) => Tensor,
): Importer {
  return (node) => {
    node.expectInputs(count, count);
    node.expectOutputs(1);
    return (...inputs) => compute(...inputs.map(given));
  };
}

/** A node of at least one input, such as a sum. */
export function variadic(compute: (inputs: readonly Tensor[]) => Tensor): Importer {
  return (node) => {
    node.expectInputs(1, Number.POSITIVE_INFINITY);
    for (let i = 0; i < node.inputs.length; i++)
      if (!node.has(i)) throw node.refuse(`lacks input ${i}`);
    node.expectOutputs(1);
    return (...inputs) => compute(inputs.map(given));
  };
}

/** The whole numbers in a tensor, which a node takes as shape, axes and the like. */
export function numbersIn(x: Tensor): number[] {
  return Array.from(x.toTypedArray());
}

/** The one number in a tensor. */
export function numberIn(x: Tensor): number {
  return Number(x.item());
}

/** A list of whole numbers that was an attribute in old versions and is an input since `since`. */
export function listInput(
  node: NodeReader,
  name: string,
  index: number,
  since: number,
): (inputs: readonly (Tensor | undefined)[]) => number[] | undefined {
  if (node.opset >= since) {
    return (inputs) => {
      const list = inputs[index];
      return list === undefined ? undefined : numbersIn(list);
    };
  }
  const list = node.ints(name)?.slice();
  return () => list;
}

/** A dimension counted from the front. */
export function dimOf(dim: number, rank: number): number {
  return dim < 0 ? dim + rank : dim;
}
