/**
 * The order of the chain rule: every node after the nodes that made its operands.
 */
import { GradError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import type { GraphNode } from "./node.ts";

let passes = 0;
let depth = 0;

/**
 * A topological order of everything that `roots` were computed from, operands before results.
 *
 * Depth first with an explicit stack, so the depth of a graph is limited by memory only. While `body` runs, `node.slot`
 * is each node's place in the order; an order taken inside of another (a rule that differentiates) puts the outer
 * places back when it ends. Nodes with an id up to `newerThan` are left out, with all before them: what was made later
 * cannot have gone into them.
 */
export function inTopologicalOrder<T>(
  roots: readonly GraphNode[],
  body: (order: readonly GraphNode[]) => T,
  newerThan = 0,
): T {
  const order: GraphNode[] = [];
  const pass = ++passes;
  const outer: { node: GraphNode; pass: number; slot: number }[] = [];
  const stack: GraphNode[] = [];

  const enter = (node: GraphNode): void => {
    if (node.freed) throw freedError(node);
    if (depth > 0) outer.push({ node, pass: node.pass, slot: node.slot });
    node.pass = pass;
    // While a node is on the stack its slot is the place of the operand to look at next.
    node.slot = 0;
    stack.push(node);
  };

  depth++;
  try {
    for (const root of roots) {
      if (root.pass === pass || root.id <= newerThan) continue;
      enter(root);
      let node: GraphNode | undefined = root;
      while (node !== undefined) {
        const operands: readonly Tensor[] = node.operands;
        let child: GraphNode | null = null;
        while (child === null && node.slot < operands.length) {
          const next: GraphNode | null = operands[node.slot++]!.node;
          if (next !== null && next.pass !== pass && next.id > newerThan) child = next;
        }
        if (child !== null) {
          enter(child);
          node = child;
        } else {
          node.slot = order.length;
          order.push(node);
          stack.pop();
          node = stack[stack.length - 1];
        }
      }
    }
    return body(order);
  } finally {
    depth--;
    for (const { node, pass: outerPass, slot } of outer) {
      node.pass = outerPass;
      node.slot = slot;
    }
  }
}

/**
 * The nodes that a tensor was computed from, operands before results: the order in which the chain rule runs backward.
 *
 * @throws {GradError} when part of the graph was freed by a backward pass.
 * @example
 * import { tensor, topologicalOrder } from "@chainrule/core";
 * const x = tensor(2, { requiresGrad: true });
 * const y = x.mul(x).add(1);
 * topologicalOrder(y.node!).map((node) => node.op.name); // → [ 'mul', 'add' ]
 */
export function topologicalOrder(...roots: GraphNode[]): GraphNode[] {
  return inTopologicalOrder(roots, (order) => order.slice());
}

function freedError(node: GraphNode): GradError {
  const site = node.site === undefined ? "" : ` It was recorded at ${node.site}.`;
  return new GradError(
    `backward: the graph was already freed at ${node.op.name} (node ${node.id}) by an earlier backward pass. ` +
      `Give { retainGraph: true } to that pass, or compute the loss anew.${site}`,
    { op: node.op.name, node: node.id, site: node.site },
  );
}
