/**
 * The calls that several pointwise calls become.
 */
import { scalarTensor, unfilledTensor } from "../creation.ts";
import { withSpecialFunctions } from "../kernels/loops.ts";
import { PointwiseKernel } from "../kernels/pointwise.ts";
import { inputsOf } from "../scalar/expression.ts";
import { allToJavaScript, inputName } from "../scalar/javascript.ts";
import { Tensor } from "../tensor.ts";
import type { PointwiseCall } from "./formula.ts";
import { Formula } from "./formula.ts";
import type { Operand, ProgramCall } from "./program.ts";

function nameOf(calls: readonly PointwiseCall[]): string {
  const names = calls.map(({ name }) => name);
  const shown = names.length > 6 ? [...names.slice(0, 3), "…", ...names.slice(-2)] : names;
  return shown.join("·");
}

/** One loop that computes the result of the last call. */
export function loopOf(
  calls: readonly PointwiseCall[],
  formula: Formula,
  last: PointwiseCall,
): ProgramCall {
  const { root, operands } = formula;
  const [{ dtype, shape }] = last.results as readonly [ProgramCall["results"][0]];
  // An operand that came to be multiplied by nothing is not read.
  const inputs = inputsOf(root);
  const kernel = new PointwiseKernel(root, inputs);
  const compute: ProgramCall["compute"] = (given) => {
    if (shape.length === 0) return [scalarTensor(kernel.single(given, {}, dtype), dtype)];
    const result = unfilledTensor(dtype, shape);
    kernel.run(result, given, {});
    return [result];
  };
  const read = inputs.map(({ index }) => operands[index]!);
  return {
    name: nameOf(calls),
    op: null,
    operands: read,
    options: {},
    results: last.results,
    compute,
  };
}

/** So many numbers are computed by one function: compilers give up on functions that are longer. */
const mostNumbers = 2000;

/** Computes some of the numbers from operands and from numbers that were computed before, and adds them to these. */
type Numbers = (given: readonly number[], numbers: Float64Array) => void;

/** Calls that compute single numbers as functions of numbers; `read`: those whose results others read. */
export function numbersOf(
  calls: readonly PointwiseCall[],
  read: readonly PointwiseCall[],
  isConstant: (x: Tensor) => boolean,
): ProgramCall {
  const parts: PointwiseCall[][] = [];
  for (let at = 0; at < calls.length; at += mostNumbers)
    parts.push(calls.slice(at, at + mostNumbers));
  const formulas = parts.map((part) => new Formula(part, isConstant));
  const slotOf = (call: PointwiseCall): number => call.results[0]!.slot;
  /** Where numbers lie that are read by another function than that which computes them, or by others. */
  const places = new Map<number, number>();
  const own = new Set(calls.map(slotOf));
  const operands: Operand[] = [];
  for (const formula of formulas) {
    for (const operand of formula.operands) {
      if (operand instanceof Tensor || !own.has(operand.slot)) operands.push(operand);
      else if (!places.has(operand.slot)) places.set(operand.slot, places.size);
    }
  }
  for (const call of read) if (!places.has(slotOf(call))) places.set(slotOf(call), places.size);

  let given = 0;
  const functions = formulas.map((formula, i): Numbers => {
    const kept = parts[i]!.map(slotOf).filter((slot) => places.has(slot));
    const { invariants, statements, results } = allToJavaScript(
      kept.map((slot) => formula.results.get(slot)!),
      false,
    );
    const loads = formula.operands.map((operand, input) => {
      const isOwn = !(operand instanceof Tensor) && own.has(operand.slot);
      const from = isOwn ? `numbers[${places.get(operand.slot)}]` : `given[${given++}]`;
      return `const ${inputName(input)} = ${from};`;
    });
    const stores = kept.map((slot, j) => `numbers[${places.get(slot)}] = ${results[j]};`);
    return withSpecialFunctions<Numbers>(
      `"use strict"; return function (given, numbers) { ${loads.join(" ")} ${invariants}${statements}${stores.join(" ")} };`,
    );
  });

  const numbers = new Float64Array(places.size);
  const results = read.map((call) => call.results[0]!);
  return {
    name: nameOf(calls),
    op: null,
    operands,
    options: {},
    results,
    compute: (tensors) => {
      const values = tensors.map(({ storage, offset }) => storage.data[offset]!);
      for (const one of functions) one(values, numbers);
      return results.map(({ slot, dtype }) => scalarTensor(numbers[places.get(slot)!]!, dtype));
    },
  };
}
