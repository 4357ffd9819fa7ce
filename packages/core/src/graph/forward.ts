/**
 * Forward mode: tangents flow through the graph in the order of the computation.
 *
 * No op needs a rule of its own for it. The VJP u ↦ uᵀ·J of an op is linear in the cotangent u, so differentiating
 * ⟨VJP(u), v⟩ with respect to u gives J·v: the transpose of the transpose.
 */
import { newTensor, zerosLike } from "../creation.ts";
import { isFloating } from "../dtype.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { expand, sumTo } from "../ops/expand.ts";
import { sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { gradients } from "./backward.ts";
import { enableGrad, noGrad } from "./mode.ts";
import type { GraphNode, JointVJP, OperandVJP } from "./node.ts";
import { latestNode } from "./node.ts";
import { inTopologicalOrder } from "./order.ts";

/**
 * The derivatives of outputs along a direction: Σᵢ ∂output/∂inputᵢ·tangentᵢ for each output. With `createGraph` they can
 * be differentiated in turn.
 */
export function pushForward(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  tangents: readonly Tensor[],
  createGraph: boolean,
  newerThan = 0,
): Tensor[] {
  const roots = outputs.flatMap((output) => (output.node === null ? [] : [output.node]));
  return inTopologicalOrder(
    roots,
    (order) => {
      const found = new Map<Tensor, Tensor>();
      for (const [i, input] of inputs.entries()) found.set(input, tangents[i]!);
      const push = (): void => {
        for (const node of order) {
          for (const [i, tangent] of tangentsOf(node, found, createGraph).entries()) {
            const result = node.results[i]!;
            // An input may itself be the result of an op: there the direction was given.
            if (tangent !== null && !found.has(result)) found.set(result, tangent);
          }
        }
      };
      if (createGraph) enableGrad(push);
      else noGrad(push);
      return outputs.map((output) => found.get(output) ?? zerosLike(output));
    },
    newerThan,
  );
}

/** The tangents of a node's results from those of its operands; `null` where none arrives. */
function tangentsOf(
  node: GraphNode,
  known: ReadonlyMap<Tensor, Tensor>,
  createGraph: boolean,
): (Tensor | null)[] {
  const live = node.operands.flatMap((operand, i) => (known.has(operand) ? [i] : []));
  if (live.length === 0 || node.op.vjp === null) return node.results.map(() => null);
  if (node.op.batch === "pointwise" && !createGraph) return [alongDiagonal(node, live, known)];
  return enableGrad(() => {
    const before = latestNode();
    // The cotangents are variables that stand for nothing: only what is linear in them is used.
    const cotangents = node.results.map((result) => {
      const variable = zeroCotangent(result);
      if (isFloating(result.dtype)) variable.requiresGrad = true;
      return variable;
    });
    const given = cotangents.map((cotangent) => (cotangent.requiresGrad ? cotangent : null));
    const { vjp } = node.op;
    const products: Tensor[] = [];
    const directions: Tensor[] = [];
    const joint = typeof vjp === "function" ? (vjp as JointVJP)(given, node) : null;
    for (const i of live) {
      const rule = joint === null ? (vjp as readonly (OperandVJP | null)[])[i] : null;
      const product = joint === null ? rule?.(cotangents[0]!, node) : joint[i];
      if (product === null || product === undefined || !product.requiresGrad) continue;
      products.push(node.op.broadcasts ? sumTo(product, node.shapeOf(i)) : product);
      directions.push(known.get(node.operands[i]!)!);
    }
    if (products.length === 0) return node.results.map(() => null);
    const variables = cotangents.filter((cotangent) => cotangent.requiresGrad);
    const options = { gradOutputs: directions, createGraph, allowUnused: true };
    const transposed = gradients(products, variables, options, before);
    let next = 0;
    return cotangents.map((cotangent) =>
      cotangent.requiresGrad ? (transposed[next++] ?? null) : null,
    );
  });
}

/** A cotangent of which only shape and type matter; one for each sample where the result has samples. */
function zeroCotangent(result: Tensor): Tensor {
  if (result.batch === null) return newTensor(result.dtype, result.shape);
  return noGrad(() => mul(result.detach(), 0)).detach();
}

/** The Jacobian of a pointwise op is diagonal: the rule that multiplies a cotangent by it multiplies a tangent as well. */
function alongDiagonal(
  node: GraphNode,
  live: readonly number[],
  known: ReadonlyMap<Tensor, Tensor>,
): Tensor | null {
  const rules = node.op.vjp as readonly (OperandVJP | null)[];
  const { shape } = node.results[0]!;
  let total: Tensor | null = null;
  for (const i of live) {
    const tangent = known.get(node.operands[i]!)!;
    const along = rules[i]?.(
      sameShape(tangent.shape, shape) ? tangent : expand(tangent, shape),
      node,
    );
    if (along !== undefined) total = total === null ? along : add(total, along);
  }
  return total;
}
