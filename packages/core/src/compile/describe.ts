/**
 * Programs as text, for people and for tests.
 */
import { formatShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import type { Operand, Program } from "./program.ts";

/** A line `%n = op(operands) → shape` for each call, as `graphToText` writes them; arguments are the first numbers. */
export function describe({ inputs, calls, outputs, accumulations }: Program): string {
  const lines = [`(${Array.from({ length: inputs }, (_, i) => `%${i}`).join(", ")})`];
  for (const { name, operands, results, changes } of calls) {
    const made = results.map(({ slot }) => `%${slot}`).join(", ");
    const shapes = results.map(({ shape }) => formatShape(shape)).join(", ");
    const call = `${name}(${operands.map(textOf).join(", ")})`;
    const on = changes === undefined ? "" : `${textOf(changes)}.`;
    lines.push(results.length === 0 ? on + call : `${made} = ${call} → ${shapes}`);
  }
  for (const { leaf, cotangent } of accumulations)
    lines.push(
      `${leaf instanceof Tensor ? textOf(leaf) : `%${leaf}`}.grad += ${textOf(cotangent)}`,
    );
  lines.push(`return ${outputs.map(textOf).join(", ")}`.trimEnd());
  return lines.join("\n");
}

function textOf(operand: Operand): string {
  if (!(operand instanceof Tensor)) return `%${operand.slot}`;
  if (operand.name !== null) return operand.name;
  // Six digits are enough to know a number by.
  return operand.numel() === 1
    ? String(Number(operand.item().toPrecision(6)))
    : formatShape(operand.shape);
}
