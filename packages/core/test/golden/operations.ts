/**
 * The cases of ops.jsonl.gz, ops_extra.jsonl and ops_everyday.jsonl.gz: outputs and gradients of single calls.
 */
import { grad, Tensor } from "@chainrule/core";
import type { Signature } from "./signature.ts";
import { callBy, resultsOf } from "./signature.ts";
import type { Golden, GoldenTensor, Precision, Tolerance } from "./values.ts";
import {
  isGoldenTensor,
  mismatch,
  numbersDiffer,
  readCases,
  toArgument,
  within,
} from "./values.ts";

/** One call of PyTorch with its results and gradients. */
export interface OpCase {
  readonly op: string;
  readonly variant: string;
  readonly source: string;
  readonly input: Golden;
  readonly args: readonly Golden[];
  readonly kwargs: Readonly<Record<string, Golden>>;
  readonly output: GoldenTensor | readonly (GoldenTensor | null)[];
  readonly cotangent: GoldenTensor | null | readonly (GoldenTensor | null)[];
  readonly grads: {
    readonly input: Golden;
    readonly args: readonly Golden[];
    readonly kwargs: Readonly<Record<string, Golden>>;
  } | null;
  /** What the call changed, by place among the tensors of input, args and kwargs. */
  readonly changed?: Readonly<Record<string, GoldenTensor>>;
}

/** All cases by PyTorch's name of the op. */
export const opCases: ReadonlyMap<string, readonly OpCase[]> = grouped([
  ...readCases<OpCase>("ops.jsonl.gz"),
  ...readCases<OpCase>("ops_extra.jsonl"),
  ...readCases<OpCase>("ops_everyday.jsonl.gz"),
]);

function grouped(cases: readonly OpCase[]): Map<string, OpCase[]> {
  const groups = new Map<string, OpCase[]>();
  for (const one of cases) {
    const group = groups.get(one.op);
    if (group === undefined) groups.set(one.op, [one]);
    else group.push(one);
  }
  return groups;
}

const float64Tolerance = 1e-10;
/** What PyTorch's own tests ask of float32. */
const float32Tolerance: Tolerance = { absolute: 1e-5, relative: 1.3e-6 };

/** The tensors in arguments, from left to right. */
function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(tensorsIn) : [];
}

/** The gradients in the same order, `null` where there is none. */
function goldenLeaves(value: unknown, like: unknown): (GoldenTensor | null)[] {
  if (like instanceof Tensor) return [isGoldenTensor(value) ? value : null];
  if (Array.isArray(like)) {
    return like.flatMap((part: unknown, i) =>
      goldenLeaves(Array.isArray(value) ? value[i] : null, part),
    );
  }
  if (like === null || typeof like !== "object") return [];
  return Object.entries(like).flatMap(([key, part]: [string, unknown]) =>
    goldenLeaves(
      value !== null && typeof value === "object" ? Reflect.get(value, key) : null,
      part,
    ),
  );
}

interface Outcome {
  readonly outputs: readonly Tensor[];
  readonly gradients: readonly (Tensor | null)[];
  readonly operands: readonly Tensor[];
  /** The golden gradients, by operand. */
  readonly expected: readonly (GoldenTensor | null)[];
}

/** Runs a case; `rounded` rounds its numbers to float32 first. */
function runCase(
  signature: Signature,
  one: OpCase,
  precision: Precision,
  rounded = false,
): Outcome {
  const convert = (golden: Golden): unknown => {
    const value = toArgument(golden, rounded ? "float32" : precision);
    return rounded && precision === "float64" ? widened(value) : value;
  };
  const input = convert(one.input);
  const args = one.args.map(convert);
  const kwargs = Object.fromEntries(
    Object.entries(one.kwargs).map(([key, value]) => [key, convert(value)]),
  );
  const call = [input, args, kwargs];
  const operands = tensorsIn(call);
  const expected = goldenLeaves(
    one.grads === null ? null : [one.grads.input, one.grads.args, one.grads.kwargs],
    call,
  );
  for (const [i, operand] of operands.entries())
    if (expected[i] !== null) operand.requiresGrad = true;
  const outputs = resultsOf(callBy(signature, [input, ...args], kwargs));
  const cotangents = listOf(one.cotangent).map((golden) =>
    golden === null ? null : convert(golden),
  );
  return { outputs, operands, expected, gradients: gradientsOf(outputs, operands, cotangents) };
}

function widened(value: unknown): unknown {
  if (value instanceof Tensor) return value.to(value.dtype === "float32" ? "float64" : value.dtype);
  if (Array.isArray(value)) return value.map(widened);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]: [string, unknown]) => [key, widened(part)]),
  );
}

function gradientsOf(
  outputs: readonly Tensor[],
  operands: readonly Tensor[],
  cotangents: readonly unknown[],
): (Tensor | null)[] {
  const inputs = operands.filter((operand) => operand.requiresGrad);
  const wanted = outputs.flatMap((output, i) =>
    cotangents[i] instanceof Tensor && output.requiresGrad ? [i] : [],
  );
  const found =
    inputs.length === 0 || wanted.length === 0
      ? []
      : grad(
          wanted.map((i) => outputs[i]!),
          inputs,
          { gradOutputs: wanted.map((i) => cotangents[i] as Tensor), allowUnused: true },
        );
  return operands.map((operand) => found[inputs.indexOf(operand)] ?? null);
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

/** Everything that is wrong with a case; empty if nothing is. */
export function checkOpCase(signature: Signature, one: OpCase, precision: Precision): string[] {
  const tolerance =
    precision === "float64" ? within(signature.tolerance ?? float64Tolerance) : float32Tolerance;
  const found = runCase(signature, one, precision);
  const reference = precision === "float32" ? runCase(signature, one, "float64", true) : null;
  const problems: string[] = [];
  const compare = (
    what: string,
    value: Tensor | null,
    golden: GoldenTensor,
    other: Tensor | null | undefined,
  ): void => {
    const zeros = value === null ? golden.data.every((number) => Number(number) === 0) : false;
    const problem =
      value === null ? (zeros ? null : "there is none") : mismatch(value, golden, tolerance);
    if (problem === null) return;
    // Rounding the inputs to float32 moves the result of an ill-conditioned call: what counts then is the result in
    // double precision on the same rounded inputs.
    if (
      other instanceof Tensor &&
      value instanceof Tensor &&
      numbersDiffer(value, other.shape, other.toTypedArray(), tolerance) === null
    )
      return;
    problems.push(`${what}: ${problem}`);
  };
  const outputs = listOf<GoldenTensor | null>(one.output);
  if (outputs.length !== found.outputs.length)
    problems.push(`${found.outputs.length} results for ${outputs.length}`);
  for (const [i, golden] of outputs.entries()) {
    if (golden !== null)
      compare(`output ${i}`, found.outputs[i] ?? null, golden, reference?.outputs[i]);
  }
  for (const [i, golden] of found.expected.entries()) {
    if (golden !== null)
      compare(`gradient of tensor ${i}`, found.gradients[i]!, golden, reference?.gradients[i]);
  }
  for (const [place, golden] of Object.entries(one.changed ?? {})) {
    compare(
      `tensor ${place} after the call`,
      found.operands[Number(place)]!,
      golden,
      reference?.operands[Number(place)],
    );
  }
  return problems;
}

/** The call as text, for messages. */
export function callText(one: OpCase): string {
  const short = (value: Golden): string => {
    if (isGoldenTensor(value)) return `${value.dtype}[${value.shape.join(", ")}]`;
    if (Array.isArray(value)) return `[${value.map(short).join(", ")}]`;
    return JSON.stringify(value);
  };
  const named = Object.entries(one.kwargs).map(([key, value]) => `${key}=${short(value)}`);
  return `${one.op}(${[one.input, ...one.args].map(short).concat(named).join(", ")})`;
}
