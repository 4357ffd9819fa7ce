/**
 * Einstein's summation convention.
 */
import type { TensorLike } from "../creation.ts";
import { ArgumentError, quoted, ShapeError } from "../errors.ts";
import { toOperands } from "../record.ts";
import { formatShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { diagonal } from "./diagonal.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { sum } from "./sum.ts";
import { permute } from "./transpose.ts";

/**
 * Names a dimension: the letter of the equation, or, for those that an ellipsis stands for, their place from the right
 * (`".1"` is the last), since ellipses of different rank broadcast from the right.
 */
type Label = string;

/** A factor of the product: a tensor and the names of its dimensions. */
interface Term {
  readonly x: Tensor;
  readonly labels: readonly Label[];
}

/**
 * Sums of products of elements by Einstein's convention: each dimension of each operand has a letter, and y is the sum,
 * over all letters that are not in the output, of the products of the operands' elements.
 *
 * `"ij,jk->ik"` is the matrix product, `"ii->i"` the diagonal, `"ii"` the trace, `"bij->bji"` a transposition, `"i,j->ij"`
 * the outer product, `"i,i"` the dot product. Letters are upper or lower case; spaces do not count. Without `->` the
 * output has the letters that occur once, in the order A–Z a–z. `...` stands for the dimensions that have no letter; they
 * broadcast, come first in the output if that is not given, and are summed over where it leaves them out. A dimension of
 * length 1 broadcasts to that of another operand with the same letter.
 *
 * Any number of operands, as further arguments or in one array. Each step joins the two operands that leave the smallest
 * result, as a stack of matrix products.
 *
 * @throws {ArgumentError} when the equation cannot be read, or does not have one term for each operand.
 * @throws {ShapeError} when a term does not fit the rank of its operand, or lengths under one letter differ.
 * @example
 * import { einsum, tensor } from "@chainrule/core";
 * const a = tensor([[1, 2], [3, 4]]);
 * einsum("ij,jk->ik", a, a).toArray(); // → [ [ 7, 10 ], [ 15, 22 ] ]
 * einsum("ii", a); // → tensor(5)
 * einsum("...ij->...ji", a).toArray(); // → [ [ 1, 3 ], [ 2, 4 ] ]
 */
export function einsum(
  equation: string,
  ...operands: readonly TensorLike[] | readonly [readonly TensorLike[]]
): Tensor {
  const [first] = operands;
  const isList =
    operands.length === 1 &&
    Array.isArray(first) &&
    first.some((entry: unknown) => entry instanceof Tensor);
  const tensors = toOperands("einsum", isList ? (first as readonly TensorLike[]) : operands);
  const { inputs, output } = readEquation(equation, tensors);
  const lengths = lengthsOf(inputs, tensors);
  const kept = new Set(output);
  let terms: readonly Term[] = tensors.map((x, i) => prepared({ x, labels: inputs[i]! }, lengths));
  terms = terms.map((term, i) => summed(term, neededBeside(terms, [i], kept)));
  while (terms.length > 1) {
    const [i, j] = cheapestPair(terms, kept, lengths);
    const joined = contracted(terms[i]!, terms[j]!, neededBeside(terms, [i, j], kept));
    terms = [...terms.filter((_, n) => n !== i && n !== j), joined];
  }
  const { x, labels } = terms[0]!;
  const order = output.map((label) => labels.indexOf(label));
  return x === tensors[0] || order.some((dim, i) => dim !== i) ? permute(x, order) : x;
}

/** The labels that the output or one of the other terms has. */
function neededBeside(
  terms: readonly Term[],
  left: readonly number[],
  output: ReadonlySet<Label>,
): Set<Label> {
  const needed = new Set(output);
  for (const [i, { labels }] of terms.entries()) {
    if (!left.includes(i)) for (const label of labels) needed.add(label);
  }
  return needed;
}

/** A term with each label once, and without the dimensions of length 1 that broadcast against a longer one. */
function prepared(term: Term, lengths: ReadonlyMap<Label, number>): Term {
  let { x, labels } = term;
  for (let repeated = firstRepeated(labels); repeated !== null; repeated = firstRepeated(labels)) {
    const [i, j] = repeated;
    const others = labels.flatMap((_, dim) => (dim === i || dim === j ? [] : [dim]));
    const label = labels[i]!;
    x = diagonal(x, { dim1: i, dim2: j });
    labels = [...others.map((dim) => labels[dim]!), label];
  }
  const own = labels.filter((label, dim) => x.shape[dim] === lengths.get(label));
  if (own.length === labels.length) return { x, labels };
  return {
    x: reshape(
      x,
      own.map((label) => lengths.get(label)!),
    ),
    labels: own,
  };
}

function firstRepeated(labels: readonly Label[]): readonly [number, number] | null {
  for (let j = 1; j < labels.length; j++) {
    const i = labels.indexOf(labels[j]!);
    if (i < j) return [i, j];
  }
  return null;
}

/** A term summed over the labels that nobody needs. */
function summed({ x, labels }: Term, needed: ReadonlySet<Label>): Term {
  const dims = labels.flatMap((label, dim) => (needed.has(label) ? [] : [dim]));
  if (dims.length === 0) return { x, labels };
  return { x: sum(x, dims), labels: labels.filter((label) => needed.has(label)) };
}

/**
 * The product of two terms, summed over the labels that they share and nobody else needs. Shared labels that are needed
 * number the matrices of a stack; those of one term alone are the rows, those of the other the columns.
 */
function contracted(a: Term, b: Term, needed: ReadonlySet<Label>): Term {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const stack = shared.filter((label) => needed.has(label));
  const along = shared.filter((label) => !needed.has(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const left = ordered(a, [...stack, ...rows, ...along]);
  const right =
    along.length === 0
      ? ordered(b, [...stack, ...columns])
      : ordered(b, [...stack, ...along, ...columns]);
  const labels = [...stack, ...rows, ...columns];
  const [s, r] = [stack.length, rows.length];
  if (along.length === 0) {
    // Nothing is summed: the operands broadcast, the rows of one against the columns of the other.
    const ones = (count: number): number[] => new Array<number>(count).fill(1);
    const { shape } = right;
    const stretched = reshape(right, [...shape.slice(0, s), ...ones(r), ...shape.slice(s)]);
    return { x: mul(reshape(left, [...left.shape, ...ones(columns.length)]), stretched), labels };
  }
  const lead = left.shape.slice(0, s);
  const rowShape = left.shape.slice(s, s + r);
  const columnShape = right.shape.slice(s + along.length);
  const k = count(left.shape.slice(s + r));
  const batch = s === 0 ? [] : [count(lead)];
  const product = matmul(
    reshape(left, [...batch, count(rowShape), k]),
    reshape(right, [...batch, k, count(columnShape)]),
  );
  return { x: reshape(product, [...lead, ...rowShape, ...columnShape]), labels };
}

function ordered({ x, labels }: Term, wanted: readonly Label[]): Tensor {
  const order = wanted.map((label) => labels.indexOf(label));
  return order.every((dim, i) => dim === i) ? x : permute(x, order);
}

function count(lengths: readonly number[]): number {
  return lengths.reduce((product, n) => product * n, 1);
}

/** The pair of terms whose product takes the least room, compared with what it replaces. */
function cheapestPair(
  terms: readonly Term[],
  output: ReadonlySet<Label>,
  lengths: ReadonlyMap<Label, number>,
): readonly [number, number] {
  let best: readonly [number, number] = [0, 1];
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; terms.length > 2 && i < terms.length; i++) {
    for (let j = i + 1; j < terms.length; j++) {
      const needed = neededBeside(terms, [i, j], output);
      const union = new Set([...terms[i]!.labels, ...terms[j]!.labels]);
      const left = Array.from(union).filter((label) => needed.has(label));
      const size = count(left.map((label) => lengths.get(label)!));
      const growth = size - terms[i]!.x.numel() - terms[j]!.x.numel();
      if (growth < least) {
        least = growth;
        best = [i, j];
      }
    }
  }
  return best;
}

/** The length under each label, the longest where others are 1. */
function lengthsOf(
  inputs: readonly (readonly Label[])[],
  operands: readonly Tensor[],
): Map<Label, number> {
  const lengths = new Map<Label, number>();
  for (const [i, labels] of inputs.entries()) {
    const { shape } = operands[i]!;
    for (const [dim, label] of labels.entries()) {
      const length = shape[dim]!;
      const before = lengths.get(label);
      const own = shape[labels.indexOf(label)]!;
      if (
        own !== length ||
        (before !== undefined && before !== length && before !== 1 && length !== 1)
      ) {
        const name = label.startsWith(".")
          ? `dimension -${label.slice(1)} of "..."`
          : quoted(label);
        throw new ShapeError(
          `einsum: ${name} has length ${length} in operand ${i} (${formatShape(shape)}), but ${own !== length ? own : before} elsewhere. Lengths under one letter must agree.`,
          { label, operand: i, shape },
        );
      }
      if (before === undefined || before === 1) lengths.set(label, length);
    }
  }
  return lengths;
}

/** The labels of the operands' dimensions, and those of the output. */
function readEquation(
  equation: string,
  operands: readonly Tensor[],
): { inputs: Label[][]; output: Label[] } {
  if (typeof equation !== "string") {
    throw new ArgumentError(
      `einsum: the equation is a text such as "ij,jk->ik", not ${quoted(equation)}.`,
      { equation },
    );
  }
  const [inputText, outputText, ...more] = equation.replaceAll(" ", "").split("->");
  if (more.length > 0) throw unreadable(equation, `"->" can stand only once`);
  const terms = inputText!.split(",");
  if (terms.length !== operands.length || operands.length === 0) {
    throw new ArgumentError(
      `einsum: ${quoted(equation)} has ${terms.length} term${terms.length === 1 ? "" : "s"} for ${operands.length} operand${operands.length === 1 ? "" : "s"}. Separate terms by commas, one for each operand.`,
      { equation, terms: terms.length, operands: operands.length },
    );
  }
  const inputs = terms.map((term, i) => labelsOf(equation, term, operands[i]!, i));
  const all = inputs.flat();
  const ellipsis = ellipsisLabels(all);
  if (outputText === undefined) {
    const once = all.filter((label) => !label.startsWith(".") && isOnce(label, all));
    return { inputs, output: [...ellipsis, ...once.sort(byCode)] };
  }
  const output = splitTerm(equation, outputText).flatMap((part) =>
    part === "..." ? ellipsis : [part],
  );
  for (const label of output) {
    if (!isOnce(label, output))
      throw unreadable(equation, `${quoted(label)} stands twice in the output`);
    if (!all.includes(label))
      throw unreadable(equation, `no operand has the ${quoted(label)} of the output`);
  }
  return { inputs, output };
}

function isOnce(label: Label, labels: readonly Label[]): boolean {
  return labels.indexOf(label) === labels.lastIndexOf(label);
}

/** A before Z before a before z, whatever the language of the machine. */
function byCode(a: Label, b: Label): number {
  return a < b ? -1 : 1;
}

/** Those that ellipses stand for, in the order of the dimensions. */
function ellipsisLabels(labels: readonly Label[]): Label[] {
  const places = labels.flatMap((label) => (label.startsWith(".") ? [Number(label.slice(1))] : []));
  const rank = places.reduce((most, place) => Math.max(most, place), 0);
  return Array.from({ length: rank }, (_, i) => `.${rank - i}`);
}

function labelsOf(equation: string, term: string, { shape }: Tensor, operand: number): Label[] {
  const parts = splitTerm(equation, term);
  const hasEllipsis = parts.includes("...");
  const named = parts.length - (hasEllipsis ? 1 : 0);
  if (hasEllipsis ? named > shape.length : named !== shape.length) {
    throw new ShapeError(
      `einsum: term ${quoted(term)} of ${quoted(equation)} names ${named} dimension${named === 1 ? "" : "s"}, but operand ${operand} has shape ${formatShape(shape)}. Give each dimension a letter, or use "...".`,
      { equation, operand, shape },
    );
  }
  const rest = shape.length - named;
  return parts.flatMap((part) =>
    part === "..." ? Array.from({ length: rest }, (_, i) => `.${rest - i}`) : [part],
  );
}

/** A term as letters and at most one `"..."`. */
function splitTerm(equation: string, term: string): string[] {
  const parts = term.match(/\.\.\.|[A-Za-z]/g) ?? [];
  if (parts.join("") !== term) {
    throw unreadable(equation, `${quoted(term)} must consist of letters and at most one "..."`);
  }
  if (!isOnce("...", parts))
    throw unreadable(equation, `"..." can stand only once in ${quoted(term)}`);
  return parts;
}

function unreadable(equation: string, why: string): ArgumentError {
  return new ArgumentError(
    `einsum: cannot read ${quoted(equation)}: ${why}. An example: "bij,bjk->bik".`,
    { equation },
  );
}
