/**
 * The graph behind a tensor as text: one line for each recorded op, operands before results.
 */
import { getDefaultDType } from "../dtype.ts";
import { ArgumentError, checkInteger, checkOptions, quoted } from "../errors.ts";
import { formatShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import type { GraphNode } from "./node.ts";
import { topologicalOrder } from "./order.ts";

/** Options of {@link graphToText}. */
export interface GraphTextOptions {
  /** The most ops that are shown; of a larger graph the first and the last ones. 100 unless given. */
  maxNodes?: number;
}

/**
 * Writes down how a tensor was computed: a line `%n = op(operands) → shape` for each recorded op, in the order in which
 * they could run, under the scopes in which they were recorded.
 *
 * `%n` is the result of the line with that number, so what is used twice is written once. Leaves are called by their names,
 * or x1, x2, …; those that get a gradient bear a ∂. Single numbers are shown as such. The length is that of the graph, and
 * nothing recurses: a chain of a million ops is no problem.
 *
 * @throws {ArgumentError} for anything that is no tensor, and unknown options.
 * @throws {GradError} when the graph was freed by a backward pass.
 * @example
 * import { graphToText, tensor, withScope } from "@chainrule/core";
 * const w = tensor([3, 4], { requiresGrad: true, name: "w" });
 * const y = withScope("layer", () => w.mul([1, 2]).tanh());
 * console.log(graphToText(y.add(y).sum()));
 * // →
 * // layer
 * //   %1 = mul(∂w [2], x1 [2]) → [2]
 * //   %2 = tanh(%1) → [2]
 * // %3 = add(%2, %2) → [2]
 * // %4 = sum(%3) → 3.9901
 */
export function graphToText(output: Tensor, options: GraphTextOptions = {}): string {
  checkOptions("graphToText", options, ["maxNodes"]);
  const maxNodes = checkInteger("graphToText", "maxNodes", options.maxNodes ?? 100, 1);
  if (!(output instanceof Tensor)) {
    throw new ArgumentError(`graphToText: expected a tensor, not ${quoted(output)}.`, { output });
  }
  const names = new LeafNames();
  if (output.node === null) return names.of(output);
  const order = topologicalOrder(output.node);
  const places = new Map(order.map((node, i) => [node, i + 1]));
  const head = Math.ceil(maxNodes / 2);
  const tail = order.length - (maxNodes - head);
  const lines: string[] = [];
  let scope = "";
  for (const [i, node] of order.entries()) {
    if (i >= head && i < tail) {
      if (i === head) lines.push(`… ${tail - head} more …`);
      scope = "";
      continue;
    }
    if (node.scope !== scope && node.scope !== "") lines.push(node.scope);
    scope = node.scope;
    const operands = node.operands.map((operand) =>
      operand.node === null ? names.of(operand) : resultName(operand, places),
    );
    const indent = scope === "" ? "" : "  ";
    lines.push(`${indent}%${i + 1} = ${node.op.name}(${operands.join(", ")}) → ${outcome(node)}`);
  }
  return lines.join("\n");
}

/** `%3`, or `%3.1` for the second of several results. */
function resultName(x: Tensor, places: ReadonlyMap<GraphNode, number>): string {
  const node = x.node!;
  return `%${places.get(node)}${node.results.length > 1 ? `.${x.resultIndex}` : ""}`;
}

function outcome(node: GraphNode): string {
  return node.results.map((x) => (x.ndim === 0 ? number(x) : described(x))).join(", ");
}

/** The shape, and the type where it is not the default. */
function described(x: Tensor): string {
  return `${x.dtype === getDefaultDType() ? "" : `${x.dtype} `}${formatShape(x.shape)}`;
}

function number(x: Tensor): string {
  // Inside of vmap there is not one number.
  if (x.batch !== null) return "[]";
  const value = x.item();
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}

/** Names of leaves: their own, or a number in the order in which they appear. */
class LeafNames {
  private readonly numbered = new Map<Tensor, string>();

  of(x: Tensor): string {
    const mark = x.requiresGrad ? "∂" : "";
    if (x.name === null && x.ndim === 0 && !x.requiresGrad) return number(x);
    return `${mark}${x.name ?? this.numberedName(x)} ${described(x)}`;
  }

  private numberedName(x: Tensor): string {
    let name = this.numbered.get(x);
    if (name === undefined) {
      name = `x${this.numbered.size + 1}`;
      this.numbered.set(x, name);
    }
    return name;
  }
}
