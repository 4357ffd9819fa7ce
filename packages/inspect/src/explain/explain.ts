/**
 * The worked example of a computation, as a lecturer would write it on the board.
 */
import { ArgumentError, checkInteger, checkOptions, quoted, Tensor } from "@chainrule/core";
import type { Language } from "../page/data.ts";
import { plainLine } from "../render/escape.ts";
import { capture } from "../trace/capture.ts";
import { readTrace } from "../trace/read.ts";
import type { Trace } from "../trace/schema.ts";
import type { Board, Symbols } from "./board.ts";
import { boardOf } from "./board.ts";
import type { Section, WorkedExample } from "./document.ts";
import { matrixSections } from "./matrices.ts";
import { neuronSections } from "./neurons.ts";
import { texNotation, textNotation } from "./notation.ts";
import { dictionaries } from "./words.ts";
import { toMarkdown, toPage, toPlainText } from "./write.ts";

/** Options of {@link explain}. */
export interface ExplainOptions {
  /** "en" (English) unless given; "es" is Spanish, with a decimal comma. */
  language?: Language;
  /** "text" for the terminal unless given; "markdown" has TeX between dollar signs; "html" is a page that prints well. */
  format?: "text" | "markdown" | "html";
  /** How many significant digits numbers are rounded to; 4 unless given. */
  digits?: number;
  /** Write out every neuron, or matrices; by the size of the network unless given. */
  detail?: "neurons" | "matrices";
  /** What the elements of named tensors are called: `{ W1: ["w1", "w2", "w3", "w4"] }`, in row-major order. */
  symbols?: Symbols;
}

/** With more numbers than this, matrices say it better than neurons. */
const mostNumbers = 80;
/** With longer sums than this, too. */
const longestSum = 8;

const formats = ["text", "markdown", "html"] as const;

/**
 * Writes a computation and its gradients as a worked example: what is given, the forward pass, the backward pass with the
 * δ of each layer, and the weights after the update, with the numbers put in.
 *
 * Small networks go neuron by neuron: each derivative is ∂L/∂v = Σ ∂L/∂u · ∂u/∂v over what v goes into. Larger ones go
 * matrix by matrix, with shapes and norms where a matrix is large. An op that is not written out in elementary terms is
 * named, and its contributions are those that were captured.
 *
 * `program` is a loss, a function as {@link capture} takes it, or a trace; to have the update, capture it:
 * `capture(loss, { update: () => optimizer.step() })`.
 *
 * @throws {ArgumentError} for an unknown option or an option that is none of its choices, or a trace that is not valid.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { explain } from "@chainrule/inspect";
 * const w = tensor(2, { requiresGrad: true, name: "w" });
 * const loss = w.mul(3).sub(10).square();
 * console.log(explain(loss));
 * // → Given
 * // -----
 * //
 * // The inputs, the targets and the weights before the step.
 * //
 * //   w = 2
 * //
 * // Forward pass
 * // ------------
 * //
 * // Neuron by neuron: first the weighted sum of its inputs, then its activation.
 * //
 * // Loss L
 * //   L = (3·w − 10)² = (3·2 − 10)² = 16
 * //
 * // Backward pass
 * // -------------
 * //
 * // From the loss back to the weights. Each derivative is the one behind it times the local slope.
 * //
 * // Derivatives by w
 * //   ∂L/∂w = 6·(3·w − 10) = 6·(3·2 − 10) = −24
 */
export function explain(
  program: Tensor | (() => Tensor) | (() => void) | Trace,
  options: ExplainOptions = {},
): string {
  checkOptions("explain", options, ["language", "format", "digits", "detail", "symbols"]);
  const { language = "en", format = "text", detail, symbols = {} } = options;
  const digits = checkInteger("explain", "digits", options.digits ?? 4, 1);
  check("language", language, Object.keys(dictionaries));
  check("format", format, formats);
  if (detail !== undefined) check("detail", detail, ["neurons", "matrices"]);
  if (digits > 17)
    throw new ArgumentError(`explain: a number has no ${digits} digits; at most 17.`);

  const trace = withPlainNames(
    program instanceof Tensor || typeof program === "function"
      ? capture(program)
      : readTrace(program),
  );
  const words = dictionaries[language];
  const text = textNotation(words.decimal, digits);
  const board = isSmall(trace) ? boardOf(trace, symbols) : null;
  const wantsNeurons =
    detail === undefined ? board !== null && isReadable(board) : detail === "neurons";
  const sections: Section[] = wantsNeurons
    ? neuronSections(trace, board ?? boardOf(trace, symbols), words, text.number)
    : matrixSections(trace, words, text.number);
  if (trace.error !== null) {
    sections.push({
      heading: trace.error.name,
      blocks: [{ kind: "sentence", text: words.brokeOff(trace.error.message) }],
    });
  }
  const example: WorkedExample = { title: trace.title, sections };
  if (format === "text") return toPlainText(example, text);
  const tex = texNotation(words.decimal, digits);
  return format === "markdown" ? toMarkdown(example, tex) : toPage(example, tex, language);
}

/** What comes from the program as single lines: nothing in it steers a terminal or begins a paragraph. */
function withPlainNames(trace: Trace): Trace {
  const { title, nodes, error } = trace;
  return {
    ...trace,
    title: plainLine(title),
    nodes: nodes.map((node) => ({
      ...node,
      op: node.op === null ? null : plainLine(node.op),
      outputs: node.outputs.map((one) => ({
        ...one,
        name: one.name === null ? null : plainLine(one.name),
      })),
    })),
    error:
      error === null
        ? null
        : { ...error, name: plainLine(error.name), message: plainLine(error.message) },
  };
}

function check(name: string, value: unknown, choices: readonly string[]): void {
  if (choices.includes(value as string)) return;
  throw new ArgumentError(
    `explain: ${name} ${quoted(value)} is unknown. Known: ${choices.join(", ")}.`,
    { [name]: value },
  );
}

/** Whether all tensors are whole and small enough to look at every number. */
function isSmall(trace: Trace): boolean {
  return trace.nodes.every(({ outputs }) =>
    outputs.every(({ value }) => value?.data != null && value.data.length <= mostNumbers),
  );
}

function isReadable({ items }: Board): boolean {
  const numbers = items.reduce((count, { elements }) => count + elements.length, 0);
  const isShort = items.every(
    ({ definitions, role }) =>
      role === "output" ||
      (definitions ?? []).every((one) => one.kind !== "sum" || one.terms.length <= longestSum),
  );
  return numbers <= mostNumbers && isShort;
}
