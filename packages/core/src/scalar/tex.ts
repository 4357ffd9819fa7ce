/**
 * Scalar expressions as TeX.
 */
import type { Expression } from "./expression.ts";
import { interpret } from "./expression.ts";
import type { TeX } from "./primitives.ts";
import { binding, primitives } from "./primitives.ts";

/** Numbers that have a name. */
const named: readonly (readonly [number, string])[] = [
  [Math.PI, "\\pi"],
  [Math.SQRT1_2, "\\tfrac{1}{\\sqrt{2}}"],
  [Math.sqrt(2 / Math.PI), "\\sqrt{\\tfrac{2}{\\pi}}"],
  [2 / Math.sqrt(Math.PI), "\\tfrac{2}{\\sqrt{\\pi}}"],
  [1 / Math.sqrt(2 * Math.PI), "\\tfrac{1}{\\sqrt{2\\pi}}"],
  [0.5, "\\tfrac{1}{2}"],
];

/** Writes an expression as TeX; `symbols` maps inputs and parameters to what they are to be called. */
export function toTeX(root: Expression, symbols: (name: string) => string = symbol): string {
  const atom = (text: string): TeX => ({ text, binding: binding.atom });
  const leaves = {
    constant: (value: number): TeX => {
      const name = named.find(([number]) => number === value)?.[1] ?? String(value);
      return value < 0 ? { text: name, binding: binding.sum } : atom(name);
    },
    input: (_index: number, name: string) => atom(symbols(name)),
    parameter: (name: string) => atom(symbols(name)),
  };
  const [result] = interpret<TeX>([root], leaves, (primitive, operands) =>
    primitives[primitive].tex(...operands),
  );
  return result!.text;
}

const greek = new Set(["alpha", "beta", "gamma", "delta", "lambda", "theta", "mu", "sigma"]);

/** One letter stays a letter, a Greek name becomes its letter, a word is set upright. */
function symbol(name: string): string {
  if (name.length === 1) return name;
  if (name === "cotangent") return "\\bar{y}";
  return greek.has(name) ? `\\${name}` : `\\mathrm{${name}}`;
}
