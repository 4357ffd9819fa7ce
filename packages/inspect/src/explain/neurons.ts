/**
 * The worked example of a small network: neuron by neuron, every number put in.
 */

import { learningRate } from "../trace/rate.ts";
import type { Trace, TraceContribution } from "../trace/schema.ts";
import type { Board, Item } from "./board.ts";
import type { Block, Equation, Section, Side } from "./document.ts";
import type { Expression, Quantity } from "./expression.ts";
import {
  derivative,
  isZero,
  number,
  one,
  partial,
  product,
  quantitiesIn,
  quantity,
  sum,
} from "./expression.ts";
import type { Words } from "./words.ts";

/** Writes numbers where sentences need them. */
export type NumberText = (value: number) => string;

/** The sections of the worked example. */
export function neuronSections(
  trace: Trace,
  board: Board,
  words: Words,
  numberText: NumberText,
): Section[] {
  const sections = [given(board, words), forward(board, words), backward(trace, board, words)];
  const updated = update(trace, board, words, numberText);
  return updated === null ? sections : [...sections, updated];
}

const asWritten = (expression: Expression): Side => ({ expression, substituted: false });
const withNumbers = (expression: Expression): Side => ({ expression, substituted: true });

function given(board: Board, words: Words): Section {
  const equations = board.items
    .filter(({ node }) => node.kind === "leaf")
    .flatMap(({ elements }) =>
      elements.map((element): Equation => equation(element, [number(element.value)])),
    );
  return {
    heading: words.given,
    blocks: [
      { kind: "sentence", text: words.givenText },
      { kind: "equations", equations },
    ],
  };
}

function equation(
  left: Expression,
  right: readonly Expression[],
  remark: string | null = null,
): Equation {
  return { left, right: right.map(asWritten), remark };
}

/** symbols = the same with numbers = the value; what says nothing new is left out. */
function computed(
  left: Expression,
  formula: Expression,
  value: number,
  remark: string | null,
): Equation {
  const isPlain = formula.kind === "number" || formula.kind === "quantity";
  const right: Side[] = [asWritten(formula)];
  if (!isPlain) right.push(withNumbers(formula));
  if (formula.kind !== "number") right.push(asWritten(number(value)));
  return { left, right, remark };
}

function forward(board: Board, words: Words): Section {
  const blocks: Block[] = [{ kind: "sentence", text: words.forwardNeurons }];
  for (const item of board.items) {
    if (item.node.kind === "leaf") continue;
    blocks.push({ kind: "heading", text: forwardHeading(item, board, words) });
    blocks.push({
      kind: "equations",
      equations: item.elements.map((element, i) =>
        item.definitions === null
          ? equation(element, [opaqueCall(item, board), number(element.value)])
          : computed(element, item.definitions[i]!, element.value, null),
      ),
    });
  }
  return { heading: words.forward, blocks };
}

function forwardHeading(item: Item, board: Board, words: Words): string {
  switch (item.role) {
    case "output":
      return words.output(item.name);
    case "sum":
      return words.weightedSum(item.name + item.above);
    case "activation": {
      const of = board.items.find(({ node }) => node.id === item.node.operands[0]?.node);
      return of === undefined
        ? words.computed(item.name)
        : words.activation(item.name, of.name + of.above);
    }
    default:
      return words.computed(item.name);
  }
}

/** An op that is not written out: its name and the names of its operands. */
function opaqueCall(item: Item, board: Board): Expression {
  return {
    kind: "call",
    function: item.node.op!,
    operands: item.node.operands.map(({ node: id }) => {
      const operand = board.items.find(({ node }) => node.id === id);
      return quantity(operand?.name ?? "·", [], Number.NaN);
    }),
  };
}

/** One path back: what an element of a later quantity hands to an element of this one. */
interface Path {
  readonly expression: Expression;
  readonly rule: string | null;
}

function backward(trace: Trace, board: Board, words: Words): Section {
  const { output } = board;
  if (trace.backward === null || output === null) {
    return { heading: words.backward, blocks: [{ kind: "sentence", text: words.notComputed }] };
  }
  const loss = output.name;
  /** ∂L/∂(element), or δ for what goes into an activation. */
  const gradients = new Map<Quantity, Quantity>();
  for (const item of board.items) {
    for (const [i, element] of item.elements.entries()) {
      const value = item.gradient?.[i];
      if (value === undefined) continue;
      const after = activationOf(item, board);
      gradients.set(
        element,
        after === null
          ? partial(loss, element.name, value)
          : quantity("δ", element.name.subscripts, value, after.name),
      );
    }
  }
  const blocks: Block[] = [{ kind: "sentence", text: words.backwardNeurons }];
  for (const item of board.items.slice().reverse()) {
    if (item === output || item.gradient === null) continue;
    const equations: Equation[] = [];
    let most = 1;
    let idle = false;
    for (const [i, element] of item.elements.entries()) {
      const paths = pathsTo(element, i, item, trace, board, gradients);
      most = Math.max(most, paths.length);
      const value = item.gradient[i]!;
      const left = gradients.get(element)!;
      if (paths.length === 0) {
        equations.push(equation(left, [number(0)], words.noPath));
        continue;
      }
      idle ||= item.role === "weights" && value === 0;
      const rules = paths.flatMap(({ rule }) => (rule === null ? [] : [rule]));
      const remark = rules.length === 0 ? null : words.byRule([...new Set(rules)].join(", "));
      equations.push(computed(left, sum(paths.map(({ expression }) => expression)), value, remark));
    }
    const after = activationOf(item, board);
    const name = after === null ? item.name : `δ${after.name}`;
    blocks.push({
      kind: "heading",
      text: after === null ? words.gradientOf(name) : words.delta(name),
    });
    if (after !== null)
      blocks.push({ kind: "sentence", text: words.deltaMeaning(name, item.name + item.above) });
    if (most > 1) blocks.push({ kind: "sentence", text: words.paths(most) });
    blocks.push({ kind: "equations", equations });
    if (idle) blocks.push({ kind: "sentence", text: words.zeroInput });
  }
  return { heading: words.backward, blocks };
}

/** The activation of a weighted sum; `null` for everything else. */
function activationOf(item: Item, board: Board): Item | null {
  if (item.role !== "sum") return null;
  const id = item.node.id;
  return (
    board.items.find(
      ({ role, node }) => role === "activation" && node.operands.some((ref) => ref.node === id),
    ) ?? null
  );
}

function pathsTo(
  element: Quantity,
  index: number,
  item: Item,
  trace: Trace,
  board: Board,
  gradients: ReadonlyMap<Quantity, Quantity>,
): Path[] {
  const paths: Path[] = [];
  for (const later of board.items) {
    if (later.node.id <= item.node.id) continue;
    if (later.definitions === null) {
      for (const value of opaqueContributions(trace, later, item, index))
        paths.push({ expression: number(value), rule: later.node.op });
      continue;
    }
    for (const [i, definition] of later.definitions.entries()) {
      if (!quantitiesIn(definition).has(element)) continue;
      const result = later.elements[i]!;
      const behind = later === board.output ? one : gradients.get(result);
      const slope = derivative(definition, element, result);
      if (behind === undefined || slope === null || isZero(slope)) continue;
      paths.push({ expression: product(behind, slope), rule: null });
    }
  }
  return paths;
}

/** What the rule of an op that is not written out gave to one element. */
function opaqueContributions(trace: Trace, later: Item, item: Item, index: number): number[] {
  return trace
    .backward!.contributions.filter(
      ({ node, operand }: TraceContribution) =>
        node === later.node.id && later.node.operands[operand]?.node === item.node.id,
    )
    .flatMap(({ value }) => (value.data === null ? [] : [Number(value.data[index])]));
}

function update(trace: Trace, board: Board, words: Words, numberText: NumberText): Section | null {
  if (trace.update === null || trace.update.length === 0) return null;
  const rate = learningRate(trace);
  const equations: Equation[] = [];
  for (const { target, before, after } of trace.update) {
    const item = board.items.find(({ node }) => node.id === target.node);
    if (item === undefined || before.data === null || after.data === null) continue;
    for (const [i, element] of item.elements.entries()) {
      const value = Number(after.data[i]);
      const left: Quantity = {
        ...element,
        name: { ...element.name, base: `${element.name.base}′` },
        value,
      };
      const slope = item.gradient?.[i];
      if (rate === null || slope === undefined) {
        equations.push(equation(left, [number(value)]));
        continue;
      }
      const gradient = partial(board.output?.name ?? "L", element.name, slope);
      equations.push(computed(left, sum([element, product(number(-rate), gradient)]), value, null));
    }
  }
  return {
    heading: words.update,
    blocks: [
      {
        kind: "sentence",
        text: rate === null ? words.updateOther : words.updateRate(numberText(rate)),
      },
      { kind: "equations", equations },
    ],
  };
}
