/**
 * Backpropagation done wrong, beside the right answer: why there is a topological order, why gradients add up, and why
 * they are set to zero.
 */
import type { GraphNode, JointVJP, OperandVJP } from "@chainrule/core";
import {
  ArgumentError,
  grad,
  noGrad,
  onesLike,
  sumTo,
  Tensor,
  topologicalOrder,
} from "@chainrule/core";

/** A way to do it wrong. */
export type WrongMode = "naiveRecursion" | "noAccumulation" | "forgottenZeroGrad";

/** The gradients of one leaf: the right ones, and what each mistake gives. */
export interface MistakenGradient {
  readonly name: string;
  readonly right: Tensor;
  readonly naiveRecursion: Tensor;
  readonly noAccumulation: Tensor;
  readonly forgottenZeroGrad: Tensor;
}

/** What {@link mistakenGradients} gives: a row for each leaf, and a table as text. */
export interface MistakenGradients {
  readonly rows: readonly MistakenGradient[];
  toString(): string;
}

/** Naive recursion walks every path by itself; a graph with many of them would take forever. */
const mostSteps = 100_000;

/**
 * The gradients of a loss by three wrong ways of backpropagation, beside the right ones:
 *
 * - *naive recursion*: each node hands on its gradient as soon as something arrives, without waiting for the rest (no
 *   topological order), and hands it on again, grown, when more arrives;
 * - *no accumulation*: what arrives replaces what was there, instead of being added to it;
 * - *forgotten zeroGrad*: the right gradients of a second step, added to those of the first.
 *
 * The graph is left as it was, and no `grad` is touched.
 *
 * @throws {ArgumentError} when the loss is no single number that requires a gradient, or has too many paths to walk.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { mistakenGradients } from "@chainrule/inspect";
 * const a = tensor(1, { requiresGrad: true, name: "a" });
 * const b = a.add(a);
 * const c = b.add(b);
 * console.log(`${mistakenGradients(c)}`);
 * // → leaf  right  naive recursion  no accumulation  forgotten zeroGrad
 * // a         4                6                1                   8
 */
export function mistakenGradients(loss: Tensor): MistakenGradients {
  if (!(loss instanceof Tensor) || loss.numel() !== 1 || loss.node === null) {
    throw new ArgumentError(
      "mistakenGradients: expected a loss: a tensor with a single number that was computed from leaves with requiresGrad.",
    );
  }
  const order = topologicalOrder(loss.node);
  const leaves = new Set<Tensor>();
  for (const { operands } of order)
    for (const operand of operands)
      if (operand.node === null && operand.requiresGrad) leaves.add(operand);
  const inputs = [...leaves];
  const right = grad([loss], inputs, { retainGraph: true });
  const naive = naiveRecursion(loss);
  const replaced = withoutAccumulation(loss, order);
  const rows = inputs.map((leaf, i): MistakenGradient => {
    const gradient = right[i]!;
    return {
      name: leaf.name ?? `x${i + 1}`,
      right: gradient,
      naiveRecursion: naive.get(leaf) ?? gradient.mul(0),
      noAccumulation: replaced.get(leaf) ?? gradient.mul(0),
      forgottenZeroGrad: gradient.mul(2),
    };
  });
  return { rows, toString: () => tableOf(rows) };
}

/** What the rule of a node gives to its operands, in their shapes; `null` where nothing goes. */
function contributions(node: GraphNode, cotangents: readonly (Tensor | null)[]): (Tensor | null)[] {
  const { vjp } = node.op;
  const given = noGrad(() =>
    typeof vjp === "function"
      ? (vjp as JointVJP)(cotangents, node)
      : node.operands.map((_, i) => {
          const rule = (vjp as readonly (OperandVJP | null)[] | null)?.[i] ?? null;
          const [cotangent] = cotangents;
          return rule === null || !node.needs(i) || cotangent == null
            ? null
            : rule(cotangent, node);
        }),
  );
  return node.operands.map((operand, i) => {
    const one = given[i];
    return one == null || !operand.requiresGrad ? null : noGrad(() => sumTo(one, operand.shape));
  });
}

function cotangentsFor(node: GraphNode, of: Tensor, cotangent: Tensor): (Tensor | null)[] {
  return node.results.map((_, i) => (i === of.resultIndex ? cotangent : null));
}

/** Every node hands on all that it has so far, each time that something arrives. */
function naiveRecursion(loss: Tensor): ReadonlyMap<Tensor, Tensor> {
  const gathered = new Map<Tensor, Tensor>();
  // The recursion, with a stack of its own: deep graphs have no place on the engine's.
  const stack: { readonly tensor: Tensor; readonly arriving: Tensor }[] = [
    { tensor: loss, arriving: onesLike(loss) },
  ];
  let steps = 0;
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (++steps > mostSteps) {
      throw new ArgumentError(
        `mistakenGradients: naive recursion walks more than ${mostSteps} paths here. Take a smaller graph.`,
      );
    }
    const { tensor, arriving } = top;
    const before = gathered.get(tensor);
    const total = before === undefined ? arriving : noGrad(() => before.add(arriving));
    gathered.set(tensor, total);
    const { node } = tensor;
    if (node === null) continue;
    const given = contributions(node, cotangentsFor(node, tensor, total));
    for (let i = node.operands.length - 1; i >= 0; i--) {
      const one = given[i];
      if (one != null) stack.push({ tensor: node.operands[i]!, arriving: one });
    }
  }
  return gathered;
}

/** In the right order, but what arrives last replaces what was there. */
function withoutAccumulation(
  loss: Tensor,
  order: readonly GraphNode[],
): ReadonlyMap<Tensor, Tensor> {
  const last = new Map<Tensor, Tensor>([[loss, onesLike(loss)]]);
  for (const node of order.slice().reverse()) {
    const cotangents = node.results.map((result) => last.get(result) ?? null);
    if (cotangents.every((one) => one === null)) continue;
    for (const [i, one] of contributions(node, cotangents).entries())
      if (one !== null) last.set(node.operands[i]!, one);
  }
  return last;
}

function tableOf(rows: readonly MistakenGradient[]): string {
  const head = ["leaf", "right", "naive recursion", "no accumulation", "forgotten zeroGrad"];
  const cell = (x: Tensor): string => {
    const numbers = Array.from(x.toTypedArray(), (value) => String(Number(value.toPrecision(4))));
    return x.ndim === 0
      ? numbers[0]!
      : `[${numbers.slice(0, 4).join(", ")}${numbers.length > 4 ? ", …" : ""}]`;
  };
  const body = rows.map((row) => [
    row.name,
    cell(row.right),
    cell(row.naiveRecursion),
    cell(row.noAccumulation),
    cell(row.forgottenZeroGrad),
  ]);
  const widths = head.map((title, i) =>
    Math.max(title.length, ...body.map((row) => row[i]!.length)),
  );
  return [head, ...body]
    .map((row) =>
      row
        .map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
        .join("  "),
    )
    .join("\n");
}
