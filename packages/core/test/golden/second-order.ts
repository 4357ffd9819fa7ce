/**
 * The cases of grads2.jsonl: gradients, Jacobians, Hessians and their products with vectors.
 */
import type { Tensor } from "@chainrule/core";
import { grad, mul, newTensor, sum } from "@chainrule/core";
import { parseExpression } from "./expression.ts";
import type { GoldenTensor } from "./values.ts";
import { mismatch, readCases, toTensor, within } from "./values.ts";

export interface SecondOrderCase {
  readonly id: string;
  readonly expr: string;
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  readonly wrt: readonly string[];
  readonly w: GoldenTensor;
  readonly v: readonly GoldenTensor[];
  readonly tangent: readonly GoldenTensor[];
  readonly output: GoldenTensor;
  readonly gradient: readonly GoldenTensor[];
  readonly hessian: readonly (readonly GoldenTensor[])[];
  readonly hvp: readonly GoldenTensor[];
  readonly jacobian: readonly GoldenTensor[];
  readonly jvp: GoldenTensor;
}

const tolerance = within(1e-8);

/** All cases. */
export const secondOrderCases: readonly SecondOrderCase[] =
  readCases<SecondOrderCase>("grads2.jsonl");

const golden = (tensor: GoldenTensor): Tensor => toTensor(tensor, "float64");

/** The derivatives of one output, one row after the other; zeros where it does not depend on an input. */
function rowsOf(output: Tensor, inputs: readonly Tensor[]): Tensor[] {
  const rows = inputs.map((x) => newTensor("float64", [...output.shape, ...x.shape]));
  if (!output.requiresGrad) return rows;
  for (let row = 0; row < output.numel(); row++) {
    const unit = newTensor("float64", output.shape);
    unit.storage.data[row] = 1;
    const found = grad([output], inputs, {
      gradOutputs: [unit],
      retainGraph: true,
      allowUnused: true,
    });
    for (const [i, x] of inputs.entries()) {
      if (found[i] !== null) rows[i]!.storage.data.set(found[i]!.toTypedArray(), row * x.numel());
    }
  }
  return rows;
}

/** Everything that is wrong with a case; empty if nothing is. */
export function checkSecondOrderCase(one: SecondOrderCase): string[] {
  const names = Object.fromEntries(
    Object.entries(one.inputs).map(([name, value]) => [name, golden(value)]),
  );
  const inputs = one.wrt.map((name) => names[name]!);
  for (const x of inputs) x.requiresGrad = true;
  const output = parseExpression(one.expr)(names) as Tensor;
  const loss = sum(mul(output, golden(one.w)));
  const gradient = grad([loss], inputs, { createGraph: true, allowUnused: true }).map(
    (g, i) => g ?? newTensor("float64", inputs[i]!.shape),
  );
  const problems: string[] = [];
  const compare = (what: string, found: Tensor, expected: GoldenTensor): void => {
    const problem = mismatch(found, expected, tolerance);
    if (problem !== null) problems.push(`${what}: ${problem}`);
  };
  compare("output", output, one.output);
  const jacobian = rowsOf(output, inputs);
  const products = hessianProduct(gradient, inputs, one.v.map(golden));
  for (const [i, name] of one.wrt.entries()) {
    compare(`gradient of ${name}`, gradient[i]!, one.gradient[i]!);
    compare(`jacobian of ${name}`, jacobian[i]!, one.jacobian[i]!);
    compare(`hvp of ${name}`, products[i]!, one.hvp[i]!);
    for (const [j, block] of rowsOf(gradient[i]!, inputs).entries()) {
      compare(`hessian of ${name}, ${one.wrt[j]}`, block, one.hessian[i]![j]!);
    }
  }
  compare("jvp", directionalDerivative(jacobian, one.tangent.map(golden), output), one.jvp);
  return problems;
}

/** ∂(Σ gradient·v)/∂inputs: the Hessian times v. */
function hessianProduct(
  gradient: readonly Tensor[],
  inputs: readonly Tensor[],
  v: readonly Tensor[],
): Tensor[] {
  const tracked = gradient.flatMap((g, i) => (g.requiresGrad ? [i] : []));
  const found =
    tracked.length === 0
      ? []
      : grad(
          tracked.map((i) => gradient[i]!),
          inputs,
          { gradOutputs: tracked.map((i) => v[i]!), retainGraph: true, allowUnused: true },
        );
  return inputs.map((x, i) => found[i] ?? newTensor("float64", x.shape));
}

/** Σ Jᵢ·tangentᵢ. */
function directionalDerivative(
  jacobian: readonly Tensor[],
  tangents: readonly Tensor[],
  output: Tensor,
): Tensor {
  const result = newTensor("float64", output.shape);
  const { data } = result.storage;
  for (const [i, tangent] of tangents.entries()) {
    const rows = jacobian[i]!.toTypedArray();
    const direction = tangent.toTypedArray();
    for (let row = 0; row < data.length; row++) {
      for (let k = 0; k < direction.length; k++)
        data[row]! += rows[row * direction.length + k]! * direction[k]!;
    }
  }
  return result;
}
