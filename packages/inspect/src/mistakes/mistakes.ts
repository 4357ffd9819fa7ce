/**
 * Backpropagation done wrong, beside the right answer: why there is a topological order, why gradients add up, and why
 * they are set to zero.
 */
import type { GraphNode, JointVJP, OperandVJP } from "@chainrule/core";
import {
  ArgumentError,
  checkOptions,
  grad,
  noGrad,
  onesLike,
  sumTo,
  Tensor,
  topologicalOrder,
} from "@chainrule/core";
import type { Language } from "../page/data.ts";
import { plainLine } from "../render/escape.ts";
import { checkLanguage } from "../render/html.ts";
import { capture } from "../trace/capture.ts";
import { gradientText, mistakesPage } from "./html.ts";
import type { MistakenGradient } from "./modes.ts";
import { wrongModes } from "./modes.ts";
import { mistakeWords } from "./words.ts";

/** Options of {@link mistakenGradients}. */
export interface MistakenOptions {
  /** "en" (English) unless given, or "es" (Spanish). */
  language?: Language;
}

/** What {@link mistakenGradients} gives: a row for each leaf, and a table as text or page. */
export interface MistakenGradients {
  readonly rows: readonly MistakenGradient[];
  toString(): string;
  /** The table beside the graph, with the reasons, as one file. */
  toHTML(): string;
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
 * @throws {ArgumentError} for an unknown option or language, or when the loss is no single number that requires a gradient, or has too many paths to walk.
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
export function mistakenGradients(loss: Tensor, options: MistakenOptions = {}): MistakenGradients {
  checkOptions("mistakenGradients", options, ["language"]);
  const language = checkLanguage("mistakenGradients", options.language);
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
  const trace = capture(loss);
  return {
    rows,
    toString: () => tableOf(rows, language),
    toHTML: () => mistakesPage(trace, rows, language),
  };
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

function tableOf(rows: readonly MistakenGradient[], language: Language): string {
  const words = mistakeWords[language];
  const head = [words.leaf, words.right, ...wrongModes.map((mode) => words.names[mode])];
  const body = rows.map((row) =>
    [
      row.name,
      ...[row.right, ...wrongModes.map((mode) => row[mode])].map((gradient) =>
        gradientText(gradient, words.decimalComma),
      ),
    ].map(plainLine),
  );
  const widths = head.map((title, i) =>
    body.reduce((most, row) => Math.max(most, row[i]!.length), title.length),
  );
  return [head, ...body]
    .map((row) =>
      row
        .map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
        .join("  "),
    )
    .join("\n");
}
