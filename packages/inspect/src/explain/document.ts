/**
 * A worked example before it is written down: headings, sentences and chains of equations.
 */
import type { Expression } from "./expression.ts";

/** An expression as it stands, or with numbers put in for its quantities. */
export interface Side {
  readonly expression: Expression;
  readonly substituted: boolean;
}

/** left = right = right = …, the last of which is usually a number. */
export interface Equation {
  readonly left: Expression;
  readonly right: readonly Side[];
  /** What is said behind it. */
  readonly remark: string | null;
}

/** Several numbers in a rectangle, with the name of what they are. */
export interface Table {
  readonly name: Expression;
  /** What it was computed as; `null` for what was given. */
  readonly formula: Expression | null;
  readonly rows: readonly (readonly number[])[] | null;
  readonly remark: string | null;
}

export type Block =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "sentence"; readonly text: string }
  | { readonly kind: "equations"; readonly equations: readonly Equation[] }
  | { readonly kind: "table"; readonly table: Table };

export interface Section {
  readonly heading: string;
  readonly blocks: readonly Block[];
}

export interface WorkedExample {
  readonly title: string;
  readonly sections: readonly Section[];
}
