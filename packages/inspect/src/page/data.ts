/**
 * What a page is given: the trace, what of it is shown, and formulas as MathML.
 */
import type { Trace } from "../trace/schema.ts";
import type { SealedScope } from "../view/abridged.ts";
import type { View } from "../view/view.ts";
import type { PageScope } from "./scopes.ts";

export type Language = "en" | "es";

/** What stands in the file. */
export interface PageData {
  readonly language: Language;
  /** Without numbers that nobody can ask for; a sealed scope is a single node. */
  readonly trace: Trace;
  /** All scopes, the outermost one first. */
  readonly scopes: readonly PageScope[];
  /** The places of those that are open at first. */
  readonly open: readonly number[];
  /** Scopes that cannot be opened, by the id of the node that stands for one. */
  readonly sealed: Readonly<Record<number, SealedScope>>;
  /** How many contributions one stands for, by its place, where it is not one. */
  readonly merged: Readonly<Record<number, number>>;
  /** η, where the update was a plain step against the gradient. */
  readonly rate: number | null;
  /** Which way the picture runs. */
  readonly direction: "LR" | "TB";
  /** By node id − 1 and output: what tensors are called. */
  readonly names: readonly (readonly string[])[];
  /** MathML by its TeX. */
  readonly math: Readonly<Record<string, string>>;
  /** Gradients beside central differences, if they were asked for. */
  readonly checks: readonly PageCheck[];
}

/** What is shown: the trace as it is now, and the picture of the one that was captured. */
export interface Shown extends PageData {
  readonly view: View;
  /** Whether there was an update that cannot be repeated with the numbers that are shown. */
  readonly lostUpdate: boolean;
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
}

/** What the engine that is packed into the page can do. */
export interface PageEngine {
  /** The names of the ops that it knows. */
  readonly ops: readonly string[];
  /** The trace with other numbers in its leaves: everything computed anew. */
  replay(trace: Trace, leaves: Readonly<Record<number, readonly number[]>>): Trace;
}
