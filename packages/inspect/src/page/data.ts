/**
 * What a page is given: the trace, what of it is shown, and formulas as MathML.
 */
import type { Trace } from "../trace/schema.ts";

export type Language = "en" | "es";

/** A box of the picture: a node, or a closed scope with what it is called. */
export interface PageBox {
  readonly node: number | null;
  readonly title: string;
}

export interface PageData {
  readonly language: Language;
  readonly trace: Trace;
  readonly boxes: readonly PageBox[];
  /** For each node, by id − 1, its box. */
  readonly boxOf: readonly number[];
  readonly edges: readonly {
    readonly from: number;
    readonly to: number;
    readonly uses: readonly (readonly [node: number, operand: number])[];
  }[];
  /** By node id − 1 and output: what tensors are called. */
  readonly names: readonly (readonly string[])[];
  /** MathML by its TeX. */
  readonly math: Readonly<Record<string, string>>;
  /** Gradients beside central differences, if they were asked for. */
  readonly checks: readonly PageCheck[];
}

/** One row of the comparison with finite differences. */
export interface PageCheck {
  readonly tensor: string;
  readonly where: string;
  readonly index: string;
  readonly analytic: string;
  readonly numeric: string;
  readonly error: string;
  readonly verdict: "ok" | "wrong" | "kink";
  readonly box: number;
}

/** What the engine that is packed into the page can do. */
export interface PageEngine {
  /** The names of the ops that it knows. */
  readonly ops: readonly string[];
  /** The trace with other numbers in its leaves: everything computed anew. */
  replay(trace: Trace, leaves: Readonly<Record<number, readonly number[]>>): Trace;
}
