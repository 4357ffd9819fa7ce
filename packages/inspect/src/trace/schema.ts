/**
 * The schema of a trace: everything that happened between the leaves and their gradients, as plain data.
 *
 * A trace survives `JSON.parse(JSON.stringify(trace))` unchanged; `readTrace` checks one that comes from elsewhere.
 * Nodes stand in the order in which they were computed, so operands always come before results, and their ids are their
 * places in that order, beginning with 1: the same program gives the same ids. Operands are ordered and may name the same
 * tensor twice, so the edges form a multigraph.
 */
import type { DType } from "@chainrule/core";

/** The version of the schema; a trace of another one is refused. */
export const traceVersion = 1;

/** A number as JSON can hold it: what is not finite, and −0, is spelt out. */
export type TraceNumber = number | "NaN" | "Infinity" | "-Infinity" | "-0";

/** Plain data: what the options of an op are made of. Numbers that JSON cannot hold stand as `{ $number: "NaN" }`. */
export type TraceData =
  | null
  | boolean
  | number
  | string
  | readonly TraceData[]
  | { readonly [key: string]: TraceData };

/** Counts and measures of a large tensor's numbers; the measures are those of its finite numbers. */
export interface TraceSummary {
  readonly nan: number;
  readonly infinite: number;
  readonly zero: number;
  /** `"NaN"` if no number is finite; so are the others. */
  readonly least: TraceNumber;
  readonly most: TraceNumber;
  readonly mean: TraceNumber;
  /** √(mean of the squares). */
  readonly rms: TraceNumber;
}

/** The numbers of a tensor at one moment, copied. Large tensors are not kept whole. */
export interface TraceValue {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** All numbers in row-major order (booleans as 0 and 1), or `null` where there were too many. */
  readonly data: readonly TraceNumber[] | null;
  /** Of a tensor that is not whole. */
  readonly summary: TraceSummary | null;
  /** Of a tensor that is not whole: its first elements along each of the last two dimensions, at index 0 of the others. */
  readonly slice: {
    readonly shape: readonly number[];
    readonly data: readonly TraceNumber[];
  } | null;
}

/** One tensor: which result of which node. */
export interface TraceRef {
  readonly node: number;
  /** Which of the node's outputs; 0 for all ops with one result, and for leaves. */
  readonly output: number;
}

/** A tensor in the graph: a leaf, or a result of an op. */
export interface TraceTensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** What the user called it. */
  readonly name: string | null;
  readonly requiresGrad: boolean;
  /** `null` where there is not one value, as inside of vmap. */
  readonly value: TraceValue | null;
  /** The gradient when all contributions had been added up; `null`: not computed, which is not the same as zero. */
  readonly grad: TraceValue | null;
}

/** What an op kept for its gradient rule beside its operands and results, such as the places of the maxima. */
export interface TraceSaved {
  readonly name: string;
  readonly value: TraceValue;
}

/** A leaf, or one application of an op. */
export interface TraceNode {
  /** Its place in the list, from 1. */
  readonly id: number;
  readonly kind: "leaf" | "op";
  /** The name of the op; `null` for leaves. */
  readonly op: string | null;
  /** TeX of the forward computation; `null` for leaves. */
  readonly formula: string | null;
  /** What the formula of a pointwise op calls its operands; empty for all others. */
  readonly symbols: readonly string[];
  /** TeX of the partial derivative for each operand of a pointwise op; empty for all others. */
  readonly derivatives: readonly string[];
  /** Whether operands broadcast: their contributions are then summed back to their shapes. */
  readonly broadcasts: boolean;
  readonly operands: readonly TraceRef[];
  /** The options with all defaults filled in; `{ $unknown: "…" }` for a part that is no plain data. */
  readonly options: TraceData;
  /** The path of the scopes, `"model/encoder"`; `""` outside of all. */
  readonly scope: string;
  /** The line of the program, where source lines were recorded. */
  readonly site: string | null;
  readonly saved: readonly TraceSaved[];
  /** The leaf's tensor, or the op's results; empty for a call that failed. */
  readonly outputs: readonly TraceTensor[];
}

/** The cotangent with which the backward pass began at an output. */
export interface TraceSeed {
  readonly target: TraceRef;
  readonly value: TraceValue;
}

/** One contribution of the chain rule: what one rule of one node gave to one of its operands. */
export interface TraceContribution {
  readonly node: number;
  /** Which operand; its tensor is `nodes[node - 1].operands[operand]`. */
  readonly operand: number;
  /** As the rule gave it, before it was summed over broadcast axes; `null` where nothing was to be summed. */
  readonly raw: TraceValue | null;
  /** As it was delivered, in the operand's shape. */
  readonly value: TraceValue;
  /** The sum of all contributions up to this one; `null` for the first, which is added to nothing. */
  readonly total: TraceValue | null;
}

/** A backward pass, contribution by contribution in the order in which they arrived. */
export interface TraceBackward {
  readonly seeds: readonly TraceSeed[];
  readonly contributions: readonly TraceContribution[];
}

/** A leaf that an update changed. */
export interface TraceChange {
  readonly target: TraceRef;
  readonly before: TraceValue;
  readonly after: TraceValue;
}

/** Where the program broke off. */
export interface TraceError {
  readonly phase: "forward" | "backward" | "update";
  /** The class and text of the error. */
  readonly name: string;
  readonly message: string;
  /** The call that failed, as a node without outputs (forward) or the node whose rule failed; `null` if unknown. */
  readonly node: number | null;
  /** Which of its operands are to blame. */
  readonly operands: readonly number[];
}

/** A computation with its gradients; see {@link capture}. */
export interface Trace {
  readonly format: "chainrule-trace";
  readonly version: typeof traceVersion;
  readonly title: string;
  readonly nodes: readonly TraceNode[];
  /** What was computed, usually the loss; empty when the program broke off. */
  readonly outputs: readonly TraceRef[];
  /** `null` when no backward pass was run. */
  readonly backward: TraceBackward | null;
  /** The leaves that changed after the backward pass; `null` when no update was captured. */
  readonly update: readonly TraceChange[] | null;
  /** `null` when all went well. */
  readonly error: TraceError | null;
}
