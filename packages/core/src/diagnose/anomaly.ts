/**
 * Finding the first number that is not finite.
 */
import { ArgumentError, ChainruleError, checkOptions } from "../errors.ts";
import type { GraphNode, NodeOp } from "../graph/node.ts";
import type { Observer } from "../graph/observe.ts";
import { observe } from "../graph/observe.ts";
import { currentSite, recordSourceLines } from "../graph/site.ts";
import type { Tensor } from "../tensor.ts";
import { describe, summarize } from "./summary.ts";

/** Thrown by {@link detectAnomaly}: an op or a gradient gave NaN or an infinity from finite numbers. */
export class AnomalyError extends ChainruleError {}

/** Options of {@link detectAnomaly}. */
export interface AnomalyOptions {
  /** Let infinities pass and stop at NaN only. */
  allowInfinity?: boolean;
}

/**
 * Runs `body` and stops at the first op, forward or backward, that makes NaN or an infinity from numbers that had none:
 * the error names the op, its operands, and the line of the program that called it. What was not finite before, such as
 * a mask of −∞ made on purpose, is let through until it becomes NaN.
 *
 * Source lines are recorded meanwhile, and every number is looked at: for debugging, not for training.
 *
 * @throws {AnomalyError} at the first such op.
 * @example
 * import { detectAnomaly, tensor } from "@chainrule/core";
 * const x = tensor([1, 0], { requiresGrad: true });
 * detectAnomaly(() => x.log().sum()); // → throws detectAnomaly: log made 1 infinite
 */
export function detectAnomaly<T>(body: () => T, options: AnomalyOptions = {}): T {
  checkOptions("detectAnomaly", options, ["allowInfinity"]);
  const { allowInfinity = false } = options;
  const observer: Observer = {
    computed: (op, operands, _options, results) => {
      for (const result of results) checkResult(op, operands, result, allowInfinity);
    },
    contributed: (node, index, _raw, summed) =>
      checkContribution(node, index, summed, allowInfinity),
    reached: (node, cotangents) => {
      arriving = { node, cotangents };
    },
  };
  let arriving: { node: GraphNode; cotangents: readonly (Tensor | null)[] } | undefined;

  const checkContribution = (
    node: GraphNode,
    index: number,
    gradient: Tensor,
    letInfinity: boolean,
  ): void => {
    const broken = findings(gradient, letInfinity);
    if (broken === null || arriving?.node !== node) return;
    const { cotangents } = arriving;
    if (cotangents.some((cotangent) => cotangent !== null && carriesOver(cotangent, gradient)))
      return;
    const list = node.operands.map((operand, i) => `operand ${i}: ${describe(operand)}`);
    const given = cotangents.flatMap((cotangent) =>
      cotangent === null ? [] : [`cotangent: ${describe(cotangent)}`],
    );
    throw new AnomalyError(
      `detectAnomaly: the VJP of ${node.op.name} (operand ${index}) made ${broken}. ${[...list, ...given].join("; ")}.${at(node.site)}`,
      { op: node.op.name, operand: index, direction: "backward", site: node.site },
    );
  };

  const before = recordSourceLines(true);
  try {
    const result = observe(observer, body);
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw new ArgumentError(
        "detectAnomaly: the function is asynchronous. Call detectAnomaly around its synchronous parts.",
      );
    }
    return result;
  } finally {
    recordSourceLines(before);
  }
}

function at(site: string | undefined): string {
  return site === undefined ? "" : ` Called at ${site}.`;
}

/** `3 NaN and 1 infinite`, or `null` if the tensor is in order. */
function findings(x: Tensor, allowInfinity: boolean): string | null {
  if (x.batch !== null) return null;
  const { nan, infinite, count } = summarize(x);
  const parts: string[] = [];
  if (nan > 0) parts.push(`${nan} NaN`);
  if (infinite > 0 && !allowInfinity) parts.push(`${infinite} infinite`);
  return parts.length === 0
    ? null
    : `${parts.join(" and ")} of ${count} number${count === 1 ? "" : "s"}`;
}

/** Whether what is wrong with `result` was wrong with `source` before: NaN from NaN, infinities from infinities. */
function carriesOver(source: Tensor, result: Tensor): boolean {
  if (source.batch !== null) return true;
  const from = summarize(source);
  return summarize(result).nan > 0 ? from.nan > 0 : from.nan + from.infinite > 0;
}

function checkResult(
  op: NodeOp,
  operands: readonly Tensor[],
  result: Tensor,
  allowInfinity: boolean,
): void {
  const broken = findings(result, allowInfinity);
  if (broken === null || operands.some((operand) => carriesOver(operand, result))) return;
  const site = currentSite();
  const list = operands.map((operand, i) => `operand ${i}: ${describe(operand)}`).join("; ");
  throw new AnomalyError(`detectAnomaly: ${op.name} made ${broken}. ${list}.${at(site)}`, {
    op: op.name,
    direction: "forward",
    site,
  });
}
