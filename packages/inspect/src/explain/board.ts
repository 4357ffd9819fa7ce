/**
 * From a trace to the quantities of a worked example: which tensors get a name, and by which expression each of their
 * elements comes from those before.
 *
 * Sums, products and powers are written out in place, so that a neuron is one line; the result of a function, what goes
 * into it, and whatever is used twice or was named by the user gets a name.
 */
import type { Trace, TraceNode, TraceTensor } from "../trace/schema.ts";
import type { Expression, Quantity } from "./expression.ts";
import {
  isKnownFunction,
  negative,
  number,
  power,
  product,
  quantity,
  quotient,
  sum,
} from "./expression.ts";

/** A named tensor with the expressions of its elements. */
export interface Item {
  readonly node: TraceNode;
  readonly tensor: TraceTensor;
  readonly name: string;
  /** The activation that a weighted sum belongs to; empty for everything else. */
  readonly above: string;
  readonly role: "given" | "weights" | "sum" | "activation" | "value" | "output";
  readonly elements: readonly Quantity[];
  /** How each element was computed; `null` for leaves, and for ops that are not written out. */
  readonly definitions: readonly Expression[] | null;
  readonly gradient: readonly number[] | null;
}

/** Everything that is written on the board, in the order in which it was computed. */
export interface Board {
  readonly items: readonly Item[];
  readonly output: Item | null;
}

/** Ops whose results have the numbers of their operand, in the same row-major order. */
const renaming = new Set(["reshape", "alias", "clone", "to", "contiguous"]);

/** Shapes and elements of an operand. */
interface Operand {
  readonly shape: readonly number[];
  readonly elements: readonly Expression[];
}

/** The element of an operand that meets element `flat` of the result when shapes broadcast. */
function broadcastElement(operand: Operand, shape: readonly number[], flat: number): Expression {
  let index = 0;
  let stride = 1;
  let rest = flat;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    const length = shape[dim]!;
    const position = rest % length;
    rest = Math.floor(rest / length);
    const own = operand.shape[dim - shape.length + operand.shape.length];
    if (own === undefined) continue;
    if (own !== 1) index += position * stride;
    stride *= own;
  }
  return operand.elements[index]!;
}

/** Matrices, with the dimensions that a row or column lacks. */
function matrixOf({ shape, elements }: Operand, isLeft: boolean) {
  const [rows, columns] =
    shape.length === 2 ? shape : isLeft ? [1, elements.length] : [elements.length, 1];
  return {
    rows: rows!,
    columns: columns!,
    at: (i: number, j: number) => elements[i * columns! + j]!,
  };
}

/** The expressions of a result's elements, or `null` where the op is not written out. */
function elementsOf(
  node: TraceNode,
  operands: readonly Operand[],
  shape: readonly number[],
): Expression[] | null {
  const count = shape.reduce((product, length) => product * length, 1);
  const eachOf = (make: (...parts: Expression[]) => Expression): Expression[] =>
    Array.from({ length: count }, (_, i) =>
      make(...operands.map((operand) => broadcastElement(operand, shape, i))),
    );
  const [a, b] = operands;
  if (renaming.has(node.op!)) return a!.elements.slice();
  switch (node.op) {
    case "add":
      return eachOf((x, y) => sum([x!, y!]));
    case "sub":
      return eachOf((x, y) => sum([x!, negative(y!)]));
    case "mul":
      return eachOf((x, y) => product(x!, y!));
    case "div":
      return eachOf((x, y) => quotient(x!, y!));
    case "neg":
      return eachOf((x) => negative(x!));
    case "square":
      return eachOf((x) => power(x!, 2));
    case "pow": {
      const [exponent] = b!.elements;
      if (b!.elements.length !== 1 || exponent?.kind !== "number") return null;
      return eachOf((x) => power(x!, exponent.value));
    }
    case "sum":
    case "mean": {
      // All elements become one number, or none of this is written out.
      if (count !== 1) return null;
      const total = sum(a!.elements);
      return [
        node.op === "sum" || a!.elements.length === 0
          ? total
          : product(number(1 / a!.elements.length), total),
      ];
    }
    case "matmul":
    case "linear": {
      if (operands.some((operand) => operand.shape.length > 2)) return null;
      const [x, w] = [matrixOf(a!, true), matrixOf(b!, false)];
      const isLinear = node.op === "linear";
      const columns = isLinear ? w.rows : w.columns;
      const bias = operands[2];
      return Array.from({ length: x.rows * columns }, (_, flat) => {
        const [i, j] = [Math.floor(flat / columns), flat % columns];
        const terms = Array.from({ length: x.columns }, (_unused, k) =>
          product(isLinear ? w.at(j, k) : w.at(k, j), x.at(i, k)),
        );
        return sum(bias === undefined ? terms : [...terms, bias.elements[j]!]);
      });
    }
    default:
      return isKnownFunction(node.op!) && operands.length === 1
        ? a!.elements.map((x): Expression => ({ kind: "call", function: node.op!, operands: [x] }))
        : null;
  }
}

/** Letters for what nobody named. */
class Letters {
  private readonly taken: Set<string>;

  constructor(trace: Trace) {
    this.taken = new Set(
      trace.nodes.flatMap(({ outputs }) =>
        outputs.flatMap(({ name }) => (name === null ? [] : [name])),
      ),
    );
  }

  /** The letter itself, or with the first number that is free. */
  free(letter: string): string {
    let name = letter;
    for (let i = 2; this.taken.has(name); i++) name = `${letter}${i}`;
    this.taken.add(name);
    return name;
  }
}

/** What nodes do with each result: by node id. */
function consumersOf(trace: Trace): ReadonlyMap<number, readonly TraceNode[]> {
  const consumers = new Map<number, TraceNode[]>();
  for (const node of trace.nodes) {
    for (const { node: id } of node.operands) {
      const list = consumers.get(id);
      if (list === undefined) consumers.set(id, [node]);
      else list.push(node);
    }
  }
  return consumers;
}

/** What a reader calls the elements of tensors, by the tensor's name. */
export type Symbols = Readonly<Record<string, readonly string[]>>;

/** Lays out a trace for the board; tensors must be whole. */
export function boardOf(trace: Trace, symbols: Symbols = {}): Board {
  const consumers = consumersOf(trace);
  const letters = new Letters(trace);
  const outputId = trace.outputs[0]?.node ?? null;
  const functions = trace.nodes.filter(({ op }) => op !== null && isKnownFunction(op));
  const names = new Map<number, string>();
  const lastWeights = trace.nodes.reduce(
    (last, { id, op }) => (op === "matmul" || op === "linear" ? id : last),
    0,
  );
  for (const [i, node] of functions.entries()) {
    // The last activation is the network's output, unless other weights come behind it.
    const isOutput = i === functions.length - 1 && node.id > lastWeights;
    const hidden = functions.length > 2 ? `h${i + 1}` : "h";
    names.set(node.id, node.outputs[0]?.name ?? letters.free(isOutput ? "o" : hidden));
  }
  const operandsOf = new Map<number, Operand>();
  const items: Item[] = [];
  for (const node of trace.nodes) {
    const [tensor] = node.outputs;
    if (tensor === undefined) continue;
    const { shape } = tensor;
    const values = tensor.value?.data?.map(Number) ?? [];
    if (node.kind === "leaf" && isConstant(tensor)) {
      operandsOf.set(node.id, { shape, elements: [number(values[0]!)] });
      continue;
    }
    const operands = node.operands.map(({ node: id }) => operandsOf.get(id)!);
    const isWhole = node.outputs.length === 1 && operands.every((operand) => operand !== undefined);
    const found = node.kind === "op" && isWhole ? elementsOf(node, operands, shape) : null;
    const uses = consumers.get(node.id) ?? [];
    const isPlain = found?.every(({ kind }) => kind === "quantity" || kind === "number") ?? false;
    const isNamed =
      node.kind === "leaf" ||
      found === null ||
      tensor.name !== null ||
      node.id === outputId ||
      names.has(node.id) ||
      (!isPlain &&
        (uses.length > 1 || uses.some(({ op, id }) => names.has(id) || !isWritten(op!))));
    if (!isNamed) {
      operandsOf.set(node.id, { shape, elements: found! });
      continue;
    }
    const role = roleOf(node, tensor, uses, outputId, names);
    const above = role === "sum" && tensor.name === null ? activationOf(uses, names) : "";
    const name =
      tensor.name ??
      names.get(node.id) ??
      (above === "" ? letters.free(letterFor(role, node, uses)) : "z");
    const own = symbols[name];
    const elements = values.map((value, i) =>
      own?.[i] === undefined
        ? quantity(name, subscriptsOf(i, shape), value, above)
        : quantity(own[i]!, [], value),
    );
    operandsOf.set(node.id, { shape, elements });
    items.push({
      node,
      tensor,
      name,
      above,
      role,
      elements,
      definitions: found,
      gradient: tensor.grad?.data?.map(Number) ?? null,
    });
  }
  return { items, output: items.find(({ role }) => role === "output") ?? null };
}

/** A plain number in the program: it is shown as itself. */
function isConstant(tensor: TraceTensor): boolean {
  return tensor.shape.length === 0 && !tensor.requiresGrad && tensor.name === null;
}

function isWritten(op: string): boolean {
  const known = [
    "add",
    "sub",
    "mul",
    "div",
    "neg",
    "square",
    "pow",
    "sum",
    "mean",
    "matmul",
    "linear",
  ];
  return known.includes(op) || renaming.has(op) || isKnownFunction(op);
}

function roleOf(
  node: TraceNode,
  tensor: TraceTensor,
  uses: readonly TraceNode[],
  outputId: number | null,
  names: ReadonlyMap<number, string>,
): Item["role"] {
  if (node.id === outputId) return "output";
  if (node.kind === "leaf") return tensor.requiresGrad ? "weights" : "given";
  if (names.has(node.id)) return "activation";
  return uses.some(({ id }) => names.has(id)) ? "sum" : "value";
}

/** The name of the activation that is computed from it. */
function activationOf(uses: readonly TraceNode[], names: ReadonlyMap<number, string>): string {
  return uses.map(({ id }) => names.get(id)).find((name) => name !== undefined) ?? "";
}

function letterFor(role: Item["role"], node: TraceNode, uses: readonly TraceNode[]): string {
  switch (role) {
    case "output":
      return "L";
    case "weights":
      return node.outputs[0]!.shape.length === 1 ? "b" : "w";
    case "sum":
      return "z";
    case "given":
      return uses.some(({ op }) => op === "sub") ? "t" : "x";
    default:
      return "v";
  }
}

/** Subscripts from 1, without those of dimensions of length 1; none for a single number. */
function subscriptsOf(flat: number, shape: readonly number[]): number[] {
  const subscripts: number[] = [];
  let rest = flat;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    const length = shape[dim]!;
    if (length > 1) subscripts.unshift((rest % length) + 1);
    rest = Math.floor(rest / length);
  }
  return subscripts;
}
