/**
 * The ops behind the gradients of others: not in the op table, but under the same laws.
 */
import type { AnyOp } from "@chainrule/testing";
import { checkOp } from "@chainrule/testing";
import { expect, test } from "vitest";
import "../fluent.ts";
import { shift } from "./cumulative.ts";
import { tieShares } from "./extremum.ts";
import { logcumsumexpGradient } from "./logsumexp.ts";
import { othersAlong } from "./prod.ts";
import { logSoftmaxGradient, softmaxGradient } from "./softmax.ts";

const ops: readonly AnyOp[] = [
  shift,
  tieShares,
  logcumsumexpGradient,
  othersAlong,
  logSoftmaxGradient,
  softmaxGradient,
];

test.each(ops.map((op) => [op.op.name, op] as const))("%s obeys the laws", (_name, op) => {
  const report = checkOp(op);
  expect(report.failures, report.toString()).toEqual([]);
});
