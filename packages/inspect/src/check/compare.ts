/**
 * Gradients beside finite differences, for leaves and for every edge of the graph.
 */
import type { NodeOp, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkOptions,
  fromTypedArray,
  isFloating,
  noGrad,
} from "@chainrule/core";
import type { CaptureOptions, LiveCall } from "../trace/capture.ts";
import { capture, captureLive } from "../trace/capture.ts";
import { numbersOf } from "../trace/data.ts";
import type { Trace, TraceRef, TraceValue } from "../trace/schema.ts";
import { checkSlope } from "./slope.ts";

/** Options of {@link compareGradients}. */
export interface CompareOptions extends Pick<CaptureOptions, "names" | "cotangent" | "title"> {
  /** Whether every rule is tried by itself as well, edge by edge; false unless given. */
  edges?: boolean;
  /** How many elements of a tensor are tried, spread evenly; 64 unless given. */
  maxElements?: number;
  /** The relative error that is let pass; 10⁻⁵ unless given. */
  rtol?: number;
}

/** One element of one gradient. */
export interface GradientRow {
  /** The tensor whose gradient is looked at. */
  readonly target: TraceRef;
  /** For an edge: the node whose rule gives to the tensor, and which operand that is. `null` for leaves. */
  readonly node: number | null;
  readonly operand: number | null;
  readonly index: readonly number[];
  readonly analytic: number;
  /** By central differences. */
  readonly numeric: number;
  readonly relativeError: number;
  readonly verdict: "ok" | "wrong" | "kink";
}

/** What the comparison found; see {@link compareGradients}. */
export interface GradientCheck {
  readonly trace: Trace;
  /** Leaves first, in the order of the nodes; then edges, in the order in which the chain rule went. */
  readonly rows: readonly GradientRow[];
  /**
   * The first row that is wrong, an edge if edges were tried: the chain rule was right until there, so it names the op
   * whose rule is wrong. `null` if all are right.
   */
  readonly firstWrong: GradientRow | null;
}

/**
 * Compares the gradients of a program with central differences, in float64, element by element: `"ok"`, `"wrong"`, or
 * `"kink"` where the slopes on both sides differ and there is no derivative. With `{ edges: true }` each rule is also tried
 * by itself, so that a wrong one is found at the op it belongs to and not only at the leaves behind it.
 *
 * The ops are repeated on perturbed operands; the program itself runs once, so random numbers stay as they were.
 *
 * @throws {ArgumentError} for an unknown option, a program that throws or has no backward pass, and ops that cannot be
 * repeated (vmap, checkpoint).
 * @example
 * import { customOp, tensor } from "@chainrule/core";
 * import type { Tensor } from "@chainrule/core";
 * import { compareGradients } from "@chainrule/inspect";
 * const wrongSquare = customOp({
 *   name: "wrongSquare",
 *   forward: (x: Tensor) => x.mul(x),
 *   vjp: (cotangent, { operands: [x] }) => [cotangent.mul(x!)], // forgot the 2
 * });
 * const x = tensor(3, { requiresGrad: true, name: "x" });
 * const { trace, firstWrong } = compareGradients(() => wrongSquare(x.exp()).log(), { edges: true });
 * trace.nodes[firstWrong!.node! - 1]?.op; // → wrongSquare
 * firstWrong!.analytic / firstWrong!.numeric; // → 0.5…
 */
export function compareGradients(
  program: () => Tensor,
  options: CompareOptions = {},
): GradientCheck {
  checkOptions("compareGradients", options, [
    "names",
    "cotangent",
    "title",
    "edges",
    "maxElements",
    "rtol",
  ]);
  const { names, cotangent, title, rtol = 1e-5 } = options;
  const edges = checkBoolean("compareGradients", "edges", options.edges, false);
  const most = checkInteger("compareGradients", "maxElements", options.maxElements ?? 64, 1);
  if (typeof program !== "function")
    throw new ArgumentError("compareGradients: expected a function that computes the loss.");
  const given = {
    ...(names === undefined ? {} : { names }),
    ...(cotangent === undefined ? {} : { cotangent }),
    ...(title === undefined ? {} : { title }),
  };
  const { trace, calls } = captureLive(program, given);
  if (trace.error !== null)
    throw new ArgumentError(`compareGradients: the program threw. ${trace.error.message}`);
  if (trace.backward === null || trace.outputs.length !== 1) {
    throw new ArgumentError(
      "compareGradients: there is no gradient to look at. The program must return a tensor that requires gradients; one that is no single number needs a cotangent.",
    );
  }
  const repeated = new Repeated(trace, calls);
  const leafRows = repeated.leafRows(most, rtol);
  const edgeRows = edges ? repeated.edgeRows(most, rtol) : [];
  const isWrong = ({ verdict }: GradientRow): boolean => verdict === "wrong";
  return {
    trace,
    rows: [...leafRows, ...edgeRows],
    firstWrong: edgeRows.find(isWrong) ?? leafRows.find(isWrong) ?? null,
  };
}

/** The computation in float64, to be repeated with one number changed. */
class Repeated {
  private readonly trace: Trace;
  private readonly calls: readonly LiveCall[];
  /** The results of all nodes. */
  private readonly results: (readonly Tensor[])[] = [];
  /** The computation and its gradients in float64. */
  private readonly exact: Trace;

  constructor(trace: Trace, calls: readonly LiveCall[]) {
    this.trace = trace;
    this.calls = calls;
    const [output] = trace.outputs;
    const cotangent = trace.backward!.seeds[0]!.value;
    this.exact = capture(
      () => {
        for (const { id } of trace.nodes) this.results.push(this.compute(id, this.results));
        return this.results[output!.node - 1]![output!.output]!;
      },
      {
        sourceLines: false,
        maxElements: Number.MAX_SAFE_INTEGER,
        cotangent: tensorFrom(numbersOf(cotangent)!, cotangent.shape),
      },
    );
    if (this.exact.error !== null)
      throw new ArgumentError(`compareGradients: ${this.exact.error.message}`);
    if (this.exact.nodes.length !== trace.nodes.length)
      throw new ArgumentError("compareGradients: the ops did something else in float64.");
  }

  private compute(id: number, results: readonly (readonly Tensor[])[]): readonly Tensor[] {
    const { op, options, tensors } = this.calls[id - 1]!;
    if (op === null) return [inDouble(tensors[0]!)];
    const operands = this.trace.nodes[id - 1]!.operands.map(
      (ref) => results[ref.node - 1]![ref.output]!,
    );
    return this.repeat(op, operands, options);
  }

  private repeat(op: NodeOp, operands: readonly Tensor[], options: unknown): readonly Tensor[] {
    if (op.repeat === null || operands.some(({ batch }) => batch !== null))
      throw new ArgumentError(`compareGradients: ${op.name} cannot be repeated by itself.`);
    return op.repeat(operands, options as never);
  }

  leafRows(most: number, rtol: number): GradientRow[] {
    const [output] = this.trace.outputs;
    const seed = numbersOf(this.exact.backward!.seeds[0]!.value)!;
    const rows: GradientRow[] = [];
    for (const node of this.trace.nodes) {
      const { requiresGrad } = node.outputs[0]!;
      if (node.kind !== "leaf" || !requiresGrad) continue;
      const { grad, value, shape } = this.exact.nodes[node.id - 1]!.outputs[0]!;
      if (grad === null) continue;
      const after = this.downstreamOf(node.id);
      const loss = (leaf: Tensor): number => {
        const results = this.results.slice();
        results[node.id - 1] = [leaf];
        noGrad(() => {
          for (const id of after) results[id - 1] = this.compute(id, results);
        });
        return weighted(results[output!.node - 1]![output!.output]!, seed);
      };
      const target = { node: node.id, output: 0 };
      rows.push(
        ...rowsFor({ target, node: null, operand: null }, value!, shape, grad, loss, most, rtol),
      );
    }
    return rows;
  }

  edgeRows(most: number, rtol: number): GradientRow[] {
    const rows: GradientRow[] = [];
    for (const { node: id, operand, value: contribution } of this.exact.backward!.contributions) {
      const node = this.exact.nodes[id - 1]!;
      const target = node.operands[operand]!;
      const { op, options } = this.calls[id - 1]!;
      const { value, shape } = this.exact.nodes[target.node - 1]!.outputs[target.output]!;
      const cotangents = node.outputs.map(({ grad }) => numbersOf(grad));
      const given = node.operands.map((ref) => this.results[ref.node - 1]![ref.output]!);
      const loss = (changed: Tensor): number => {
        const operands = given.map((one, i) => (i === operand ? changed : one));
        const results = noGrad(() => this.repeat(op!, operands, options));
        return results.reduce((sum, result, i) => {
          const cotangent = cotangents[i];
          return cotangent == null ? sum : sum + weighted(result, cotangent);
        }, 0);
      };
      rows.push(
        ...rowsFor({ target, node: id, operand }, value!, shape, contribution, loss, most, rtol),
      );
    }
    return rows;
  }

  private downstreamOf(id: number): number[] {
    const reached = new Set([id]);
    for (const node of this.trace.nodes)
      if (node.operands.some((ref) => reached.has(ref.node))) reached.add(node.id);
    reached.delete(id);
    return [...reached];
  }
}

function rowsFor(
  place: Pick<GradientRow, "target" | "node" | "operand">,
  value: TraceValue,
  shape: readonly number[],
  gradient: TraceValue,
  loss: (changed: Tensor) => number,
  most: number,
  rtol: number,
): GradientRow[] {
  const numbers = numbersOf(value)!;
  const analytic = numbersOf(gradient)!;
  const count = Math.min(most, numbers.length);
  return Array.from({ length: count }, (_, i): GradientRow => {
    const element = Math.floor((i * numbers.length) / count);
    const along = (x: number): number => {
      const changed = numbers.slice();
      changed[element] = x;
      return loss(tensorFrom(changed, shape));
    };
    const found = checkSlope(along, numbers[element]!, analytic[element]!, rtol);
    return { ...place, index: indexOf(element, shape), analytic: analytic[element]!, ...found };
  });
}

function tensorFrom(numbers: readonly number[], shape: readonly number[]): Tensor {
  return fromTypedArray(Float64Array.from(numbers), shape.slice());
}

function inDouble(x: Tensor): Tensor {
  if (!isFloating(x.dtype)) return x;
  const copy = fromTypedArray(Float64Array.from(x.toTypedArray()), x.shape.slice());
  if (x.requiresGrad) copy.requiresGrad = true;
  return copy;
}

/** Σ cotangent·result. */
function weighted(result: Tensor, cotangent: readonly number[]): number {
  const numbers = result.toTypedArray();
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) {
    // What nothing depends on may be infinite.
    if (cotangent[i] !== 0) sum += numbers[i]! * cotangent[i]!;
  }
  return sum;
}

function indexOf(element: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = element;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    index.unshift(rest % shape[dim]!);
    rest = Math.floor(rest / shape[dim]!);
  }
  return index;
}
