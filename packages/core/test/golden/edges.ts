/**
 * The cases of edges.jsonl: expressions with pinned results and gradients at kinks, ties, poles, for NaN and for nothing.
 */
import type { Tensor } from "@chainrule/core";
import { grad } from "@chainrule/core";
import { parseExpression } from "./expression.ts";
import { resultsOf } from "./signature.ts";
import type { GoldenTensor } from "./values.ts";
import { mismatch, numbersOf, readCases, toTensor } from "./values.ts";

export interface EdgeCase {
  readonly id: string;
  readonly category: string;
  readonly expr: string;
  readonly note: string;
  readonly signed_zero: boolean;
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  readonly output: GoldenTensor | readonly GoldenTensor[];
  readonly cotangent: GoldenTensor | null | readonly (GoldenTensor | null)[];
  readonly grads: Readonly<Record<string, GoldenTensor | null>> | null;
}

/** The last digits of `exp` and its kin are the engine's; zeros, infinities, NaN and whole numbers are exact anyway. */
const exactly = { absolute: 0, relative: 1e-13 };

/** All cases. */
export const edgeCases: readonly EdgeCase[] = readCases<EdgeCase>("edges.jsonl");

/** Everything that is wrong with a case; empty if nothing is. */
export function checkEdgeCase({
  expr,
  inputs,
  output,
  cotangent,
  grads,
  signed_zero,
}: EdgeCase): string[] {
  const names = Object.keys(inputs);
  const tensors = names.map((name) => {
    const x = toTensor(inputs[name]!, "float64");
    if ((grads?.[name] ?? null) !== null) x.requiresGrad = true;
    return x;
  });
  const results = resultsOf(
    parseExpression(expr)(Object.fromEntries(names.map((name, i) => [name, tensors[i]]))),
  );
  const outputs = listOf(output);
  const problems = outputs.flatMap((golden, i) => {
    const problem =
      mismatch(results[i], golden, exactly) ??
      (signed_zero ? zeroSigns(results[i]!, golden) : null);
    return problem === null ? [] : [`output ${i}: ${problem}`];
  });
  if (results.length !== outputs.length)
    problems.push(`${results.length} results for ${outputs.length}`);
  const cotangents = listOf(cotangent).map((golden) =>
    golden === null ? null : toTensor(golden, "float64"),
  );
  const wanted = results.flatMap((result, i) =>
    result.requiresGrad && (cotangents[i] ?? null) !== null ? [i] : [],
  );
  const leaves = tensors.filter((x) => x.requiresGrad);
  const found =
    wanted.length === 0
      ? []
      : grad(
          wanted.map((i) => results[i]!),
          leaves,
          { gradOutputs: wanted.map((i) => cotangents[i]!), allowUnused: true },
        );
  for (const [i, name] of names.entries()) {
    const golden = grads?.[name] ?? null;
    if (golden === null) continue;
    const gradient = found[leaves.indexOf(tensors[i]!)] ?? null;
    const isZero = numbersOf(golden).every((value) => value === 0);
    const problem =
      gradient === null ? (isZero ? null : "there is none") : mismatch(gradient, golden, exactly);
    if (problem !== null) problems.push(`gradient of ${name}: ${problem}`);
  }
  return problems;
}

function zeroSigns(found: Tensor, golden: GoldenTensor): string | null {
  const wanted = numbersOf(golden);
  const at = Array.from(found.toTypedArray()).findIndex(
    (value, i) => value === 0 && !Object.is(value, wanted[i]),
  );
  return at < 0 ? null : `the zero at element ${at} has the wrong sign`;
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}
