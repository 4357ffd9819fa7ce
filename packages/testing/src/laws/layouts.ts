/**
 * Laws of memory: broadcasting is copying, and a view is worth its copy.
 */
import type { Shape, Tensor } from "@chainrule/core";
import { broadcastShapes, expand, sameShape } from "@chainrule/core";
import { bitDifference, contiguousTwin, difference } from "../compare.ts";
import { transposedTwin, withGaps, withOffset } from "../draw.ts";
import { withTensors } from "../structure.ts";
import type { Law, OpCall } from "./law.ts";
import { LawViolation, orZeros } from "./law.ts";

/** Gradients are sums over copies: their rounding may differ, but by no more than this. */
const sumTolerance = 1e-11;

/** op(x, y) = op(expanded copies of x and y), and gradients are the sums over the copies. */
export const broadcasts: Law = {
  name: "broadcasts",
  statement:
    "op(x, y) is op of the operands copied out to the shape in which they meet, and so are its gradients",
  appliesTo: (op) => op.op.broadcasts,
  onCall: (call) => {
    const shapes = expandedShapes(call);
    if (shapes === null) return;
    const leaves = call.contiguousLeaves();
    const copies = leaves.map((leaf, i) => {
      const copy = contiguousTwin(expand(leaf.detach(), shapes[i]!));
      copy.requiresGrad = leaf.requiresGrad;
      return copy;
    });
    const results = call.run(leaves);
    const expected = call.run(copies);
    compareAll(results, expected, "broadcast", "copied out");
    const gradients = call.gradients(results, leaves);
    for (const [i, whole] of call.gradients(expected, copies).entries()) {
      const gradient = gradients[i] ?? null;
      if (gradient === null || whole === null) continue;
      const gap = difference(gradient, summedTo(whole, leaves[i]!.shape), sumTolerance);
      if (gap !== null)
        throw new LawViolation(
          `the gradient of operand ${i} is not the sum over its copies: ${gap}`,
        );
    }
  },
};

/**
 * The shapes of the operands copied out. An op that is not pointwise may broadcast its leading dimensions only (matmul
 * does): as many trailing ones are left alone as its shape rule asks for. `null` where nothing broadcasts.
 */
function expandedShapes(call: OpCall): Shape[] | null {
  const { op } = call.op;
  const shapes = call.operands.map(({ tensor }) => tensor.shape);
  if (op.kind === "pointwise") {
    const whole = shapes.reduce((met, shape) => broadcastShapes(op.name, met, shape), []);
    return shapes.every((shape) => sameShape(shape, whole)) ? null : shapes.map(() => whole);
  }
  const expected = op.shapesOf(call.args);
  const [result] = expected;
  if (result === undefined) return null;
  for (let trailing = result.length - 1; trailing >= 1; trailing--) {
    const lead = result.slice(0, result.length - trailing);
    const wanted = shapes.map((shape) =>
      shape.length < trailing ? shape : [...lead, ...shape.slice(shape.length - trailing)],
    );
    if (
      !wanted.every((shape, i) => stretches(shapes[i]!, shape)) ||
      wanted.every((shape, i) => sameShape(shape, shapes[i]!))
    )
      continue;
    const operands = call.operands.map(({ tensor }, i) => expand(tensor, wanted[i]!));
    try {
      const found = op.shapesOf(withTensors(call.args, operands) as readonly unknown[]);
      if (found.every((shape, i) => sameShape(shape, expected[i]!))) return wanted;
    } catch {
      // These dimensions do not broadcast in this op.
    }
  }
  return null;
}

function stretches(from: Shape, wanted: Shape): boolean {
  const lead = wanted.length - from.length;
  return lead >= 0 && from.every((length, i) => length === 1 || length === wanted[lead + i]);
}

function summedTo(x: Tensor, shape: Shape): Tensor {
  const lead = x.ndim - shape.length;
  const dims = x.shape.flatMap((length, i) =>
    i < lead || (shape[i - lead] === 1 && length !== 1) ? [i] : [],
  );
  return dims.length === 0 ? x : x.sum(dims, { keepdim: true }).reshape(shape);
}

/** A transposed, stepped or shifted view gives what its contiguous copy gives, bit for bit. */
export const viewsAreCopies: Law = {
  name: "views = copies",
  statement:
    "operands and cotangents in any memory layout give the bits that their contiguous copies give",
  appliesTo: () => true,
  onCall: (call) => {
    const plain = call.contiguousLeaves();
    const expected = call.run(plain);
    const cotangents = call.cotangents(expected);
    const expectedGradients = call.gradients(expected, plain, cotangents);
    const layouts = [(x: Tensor) => x, transposedTwin, (x: Tensor) => withGaps(x, 0), withOffset];
    // The layout that was drawn, and one of the others in turn.
    for (const layout of [layouts[0]!, layouts[1 + (call.seed % 3)]!]) {
      const leaves = call.operands.map(({ tensor }, i) => {
        const leaf = layout === layouts[0] ? tensor.detach() : layout(tensor.detach());
        leaf.requiresGrad = plain[i]!.requiresGrad;
        return leaf;
      });
      const results = call.run(leaves);
      compareAll(results, expected, "a view", "a copy");
      const gradients = call.gradients(
        results,
        leaves,
        cotangents.map((v) => layout(v)),
      );
      for (const [i, leaf] of plain.entries()) {
        const gap = bitDifference(
          orZeros(gradients[i]!, leaf),
          orZeros(expectedGradients[i]!, leaf),
        );
        if (gap !== null)
          throw new LawViolation(
            `the gradient of operand ${i} on a view is not that on a copy: ${gap}`,
          );
      }
    }
  },
};

/** Refuses results that differ in any bit. */
export function compareAll(
  found: readonly Tensor[],
  expected: readonly Tensor[],
  one: string,
  other: string,
): void {
  if (found.length !== expected.length) {
    throw new LawViolation(
      `${found.length} results for ${one}, but ${expected.length} for ${other}`,
    );
  }
  for (const [i, result] of found.entries()) {
    const gap = bitDifference(result, expected[i]!);
    if (gap !== null)
      throw new LawViolation(`result ${i} on ${one} is not that on ${other}: ${gap}`);
  }
}
