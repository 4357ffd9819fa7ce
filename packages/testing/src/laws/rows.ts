/**
 * Laws of the rows in an op's literal: calls that it must refuse, and calls with exact results.
 */
import type { EdgeCase, Rejection, Tensor } from "@chainrule/core";
import { ChainruleError, grad, isFloating, newTensor } from "@chainrule/core";
import { positionOf } from "../compare.ts";
import { callRepeatably } from "../randomness.ts";
import { tensorsIn } from "../structure.ts";
import type { AnyOp, Law } from "./law.ts";
import { LawViolation } from "./law.ts";

/** Each row of `rejects` throws its typed error and changes nothing. */
export const rejects: Law = {
  name: "rejects",
  statement:
    "bad calls throw the typed error that names what is wrong, and leave values, versions and gradients as they were",
  appliesTo: (op) => op.op.rejects.length > 0,
  once: (op, tally) => {
    for (const [row, rejection] of op.op.rejects.entries()) {
      checkRejection(op, row, rejection);
      tally.rejected++;
    }
  },
};

function checkRejection(
  op: AnyOp,
  row: number,
  { call, message, type = ChainruleError }: Rejection,
): void {
  const args = call();
  const operands = tensorsIn(args).map(({ tensor }) => tensor);
  for (const operand of operands)
    if (operand.isLeaf && isFloating(operand.dtype)) operand.requiresGrad = true;
  const before = operands.map(stateOf);
  const fail = (what: string): never => {
    throw new LawViolation(`row ${row} of rejects: ${what}`);
  };
  let thrown: unknown;
  try {
    callRepeatably(op, args);
  } catch (error) {
    thrown = error;
  }
  if (thrown === undefined) fail(`the call was accepted, but should throw ${message}`);
  if (!(thrown instanceof type)) fail(`it threw ${String(thrown)}, which is no ${type.name}`);
  const text = thrown instanceof Error ? thrown.message : "";
  if (!message.test(text)) fail(`the message ${JSON.stringify(text)} does not match ${message}`);
  for (const [i, operand] of operands.entries()) {
    if (stateOf(operand) !== before[i]) fail(`the refused call changed operand ${i}`);
  }
}

function stateOf(x: Tensor): string {
  const grad = x.grad === null ? "" : x.grad.toTypedArray().join();
  return [
    x.storage.version,
    x.requiresGrad,
    x.node === null,
    grad,
    Array.from(x.storage.data, bits).join(),
  ].join(" ");
}

function bits(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Each row of `edges` gives its exact result and gradients: at kinks, ties, poles, for NaN and for nothing at all. */
export const edges: Law = {
  name: "edges",
  statement: "kinks, ties, poles and empty tensors give exactly the pinned results and gradients",
  appliesTo: (op) => op.op.edges.length > 0,
  once: (op, tally) => {
    for (const edge of op.op.edges) {
      checkEdge(op, edge);
      tally.edges++;
    }
  },
};

function checkEdge(op: AnyOp, { note, call, result, gradients }: EdgeCase): void {
  const args = call();
  const operands = tensorsIn(args).map(({ tensor }) => tensor);
  for (const operand of operands)
    if (operand.isLeaf && isFloating(operand.dtype)) operand.requiresGrad = true;
  const results = tensorsIn(callRepeatably(op, args)).map(({ tensor }) => tensor);
  const flat = results.flatMap((tensor) => Array.from(tensor.toTypedArray()));
  const dtype = results.some((tensor) => tensor.dtype === "float32") ? "float32" : "float64";
  expectExactly(`edge "${note}": the result`, flat, result, dtype);
  if (gradients === undefined) return;
  const outputs = results.filter((tensor) => tensor.requiresGrad);
  const inputs = operands.filter((operand) => operand.requiresGrad);
  const found =
    outputs.length === 0 || inputs.length === 0
      ? []
      : grad(outputs, inputs, { gradOutputs: outputs.map(onesLike), allowUnused: true });
  for (const [i, expected] of gradients.entries()) {
    const operand = operands[i];
    const gradient = operand === undefined ? null : (found[inputs.indexOf(operand)] ?? null);
    const where = `edge "${note}": the gradient of operand ${i}`;
    if ((gradient === null) !== (expected === null)) {
      throw new LawViolation(
        `${where} is ${gradient === null ? "none" : String(gradient)}, not ${expected === null ? "none" : expected.join(", ")}`,
      );
    }
    if (gradient !== null && expected !== null)
      expectExactly(where, Array.from(gradient.toTypedArray()), expected, gradient.dtype);
  }
}

function onesLike(x: Tensor): Tensor {
  const ones = newTensor(x.dtype, x.shape);
  ones.storage.data.fill(1);
  return ones;
}

/**
 * NaN is not infinity, and −0 is asked for where it is written. Other numbers may differ in their last two bits, since
 * `Math.exp` and its kin do between engines.
 */
function expectExactly(
  where: string,
  found: readonly number[],
  expected: readonly number[],
  dtype: string,
): void {
  const round = dtype === "float32" ? Math.fround : (x: number) => x;
  const tolerance = dtype === "float32" ? 2 ** -22 : 2 ** -50;
  const off = found.findIndex((value, i) => {
    const wanted = round(expected[i] ?? Number.NaN);
    if (Object.is(wanted, -0)) return !Object.is(value, -0);
    if (value === wanted || (Number.isNaN(value) && Number.isNaN(wanted))) return false;
    return !(Math.abs(value - wanted) <= tolerance * Math.abs(wanted));
  });
  if (found.length !== expected.length || off >= 0) {
    const place = off >= 0 ? ` at ${positionOf(off, [found.length])}` : "";
    throw new LawViolation(
      `${where} is [${found.map(bits).join(", ")}], not [${expected.map(bits).join(", ")}]${place}`,
    );
  }
}
