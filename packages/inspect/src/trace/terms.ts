/**
 * The sum behind one element of a contribution: row times column, or whatever the op's rule adds up.
 */

import { numbersOf } from "./data.ts";
import type { Trace, TraceContribution, TraceNode } from "./schema.ts";

/** What an element of a contribution is made of: Σ left·right, or Σ left where there is no right. */
export interface Terms {
  readonly terms: readonly { readonly left: number; readonly right: number | null }[];
  readonly result: number;
}

/** The cotangent of a node's first output when its rules ran: the last total that had arrived there. */
export function cotangentOf(trace: Trace, id: number, before: number): readonly number[] | null {
  const { backward } = trace;
  if (backward === null) return null;
  for (let i = before - 1; i >= 0; i--) {
    const { node, operand, value, total } = backward.contributions[i]!;
    const ref = trace.nodes[node - 1]!.operands[operand]!;
    if (ref.node === id && ref.output === 0) return numbersOf(total ?? value);
  }
  const seed = backward.seeds.find(({ target }) => target.node === id && target.output === 0);
  return seed === undefined ? null : numbersOf(seed.value);
}

/** The sum over broadcast axes behind an element. */
export function broadcastTerms(contribution: TraceContribution, element: number): Terms | null {
  const raw = numbersOf(contribution.raw);
  const summed = numbersOf(contribution.value);
  if (raw === null || summed === null) return null;
  const from = contribution.raw!.shape;
  const to = contribution.value.shape;
  const terms = raw.flatMap((left, i) =>
    broadcastIndex(i, from, to) === element ? [{ left, right: null }] : [],
  );
  return { terms, result: summed[element]! };
}

/** Where an element goes when its tensor is summed to a shape that broadcasts to its own. */
export function broadcastIndex(
  index: number,
  from: readonly number[],
  to: readonly number[],
): number {
  const lead = from.length - to.length;
  let rest = index;
  let target = 0;
  let stride = 1;
  for (let dim = from.length - 1; dim >= 0; dim--) {
    const length = from[dim]!;
    const place = rest % length;
    rest = (rest - place) / length;
    if (dim < lead) continue;
    const own = to[dim - lead]!;
    if (own !== 1) target += place * stride;
    stride *= own;
  }
  return target;
}

/** The sum behind an element of what a rule gave, where the op is one whose sum can be told. */
export function termsOf(trace: Trace, contribution: number, element: number): Terms | null {
  const given = trace.backward!.contributions[contribution]!;
  const node = trace.nodes[given.node - 1]!;
  const result = numbersOf(given.raw ?? given.value)?.[element];
  const cotangent = cotangentOf(trace, given.node, contribution);
  if (result === undefined || cotangent === null) return null;
  const pairs = pairsOf(trace, node, given.operand, element, cotangent);
  return pairs === null ? null : { terms: pairs, result };
}

function pairsOf(
  trace: Trace,
  node: TraceNode,
  operand: number,
  element: number,
  cotangent: readonly number[],
): Terms["terms"] | null {
  const tensors = node.operands.map((ref) => trace.nodes[ref.node - 1]!.outputs[ref.output]!);
  const numbers = tensors.map(({ value }) => numbersOf(value));
  if (node.op === "matmul" && tensors.every(({ shape }) => shape.length <= 2)) {
    const [a, b] = numbers;
    if (a == null || b == null) return null;
    // A vector on the left is a row, one on the right a column.
    const rows = tensors[0]!.shape.length === 2 ? tensors[0]!.shape[0]! : 1;
    const inner = tensors[0]!.shape.at(-1)!;
    const columns = tensors[1]!.shape.length === 2 ? tensors[1]!.shape[1]! : 1;
    if (operand === 0) {
      const [i, k] = [Math.floor(element / inner), element % inner];
      return range(columns, (j) => ({
        left: cotangent[i * columns + j]!,
        right: b[k * columns + j]!,
      }));
    }
    const [k, j] = [Math.floor(element / columns), element % columns];
    return range(rows, (i) => ({ left: a[i * inner + k]!, right: cotangent[i * columns + j]! }));
  }
  if (node.op === "linear") {
    const [x, weight] = numbers;
    if (x == null || weight == null) return null;
    const [outs, ins] = [tensors[1]!.shape[0]!, tensors[1]!.shape[1]!];
    const samples = x.length / ins;
    const [row, column] = [Math.floor(element / ins), element % ins];
    if (operand === 0)
      return range(outs, (o) => ({
        left: cotangent[row * outs + o]!,
        right: weight[o * ins + column]!,
      }));
    if (operand === 1)
      return range(samples, (n) => ({
        left: cotangent[n * outs + row]!,
        right: x[n * ins + column]!,
      }));
    return range(samples, (n) => ({ left: cotangent[n * outs + element]!, right: null }));
  }
  return null;
}

function range<T>(count: number, item: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => item(i));
}
