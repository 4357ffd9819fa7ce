/**
 * Why a gradient is missing, zero or not finite.
 */
import { onesLike } from "../creation.ts";
import { isFloating } from "../dtype.ts";
import { checkOptions } from "../errors.ts";
import { gradients } from "../graph/backward.ts";
import type { GraphNode } from "../graph/node.ts";
import { observe } from "../graph/observe.ts";
import { topologicalOrder } from "../graph/order.ts";
import type { Tensor } from "../tensor.ts";
import { describe, summarize } from "./summary.ts";

/** One reason for the state of a gradient. */
export interface GradReason {
  readonly kind:
    | "integer"
    | "not required"
    | "detached"
    | "made under noGrad"
    | "not a leaf"
    | "backward not called"
    | "graph freed"
    | "loss not differentiable"
    | "unreachable"
    | "blocked"
    | "became not finite"
    | "arrived";
  readonly message: string;
  /** The op at which it happened. */
  readonly op?: string;
  /** The node of the graph. */
  readonly node?: number;
  /** The line of the program, if source lines were recorded. */
  readonly site?: string;
}

/** What {@link explainGrad} found. */
export interface GradExplanation {
  readonly status: "missing" | "zero" | "not finite" | "present";
  readonly reasons: readonly GradReason[];
  toString(): string;
}

/** Options of {@link explainGrad}. */
export interface ExplainOptions {
  /** What was, or is to be, differentiated. Its graph must still be there: explain before `backward`, or retain it. */
  loss?: Tensor;
}

/**
 * Explains the gradient of a tensor: why it is missing (an integer type, never required, detached, made under `noGrad`, no
 * leaf, `backward` not called, not reachable from the loss), why it is zero (a relu that is dead for all inputs, a product
 * with zero, a mask), or where it became NaN or infinite. With the `loss`, the chain rule is run again and watched;
 * nothing is changed.
 *
 * Lines of the program are named if they were recorded: `recordSourceLines(true)`.
 *
 * @example
 * import { explainGrad, tensor } from "@chainrule/core";
 * const w = tensor([-1, -2], { requiresGrad: true, name: "w" });
 * const loss = w.relu().sum();
 * const explanation = explainGrad(w, { loss });
 * explanation.status; // → zero
 * explanation.reasons[0]?.op; // → relu
 */
export function explainGrad(x: Tensor, options: ExplainOptions = {}): GradExplanation {
  checkOptions("explainGrad", options, ["loss"]);
  const { loss } = options;
  const blocked = reasonAgainst(x);
  if (blocked !== null) return explanation(x, "missing", [blocked]);
  if (loss !== undefined) return explainThrough(x, loss);
  if (x.grad !== null) return explainValue(x, x.grad);
  if (!x.isLeaf && !x.retainsGrad) {
    return explanation(x, "missing", [
      {
        kind: "not a leaf",
        message: `It is the result of ${x.node!.op.name}; backward leaves gradients in leaves only. Call retainGrad() before backward.`,
        op: x.node!.op.name,
        node: x.node!.id,
        ...siteOf(x.node!),
      },
    ]);
  }
  return explanation(x, "missing", [
    {
      kind: "backward not called",
      message:
        "No backward pass has reached it since it was made (or since its gradient was reset). Give { loss } to learn whether that loss would reach it.",
    },
  ]);
}

function siteOf(node: GraphNode): { site?: string } {
  return node.site === undefined ? {} : { site: node.site };
}

function at(site: string | undefined): string {
  return site === undefined ? "" : ` at ${site}`;
}

/** What forbids any gradient, whatever the loss. */
function reasonAgainst(x: Tensor): GradReason | null {
  if (!isFloating(x.dtype)) {
    return {
      kind: "integer",
      message: `Its dtype is ${x.dtype}; only float32 and float64 have gradients.`,
    };
  }
  if (x.requiresGrad) return null;
  if (x.origin !== null) {
    const { how, site } = x.origin;
    const advice = how === "detached" ? "Use it before detach()." : "Compute it outside of noGrad.";
    return {
      kind: how,
      message: `It was ${how}${at(site)}, so it is outside of the graph. ${advice}`,
      ...(site === undefined ? {} : { site }),
    };
  }
  return {
    kind: "not required",
    message:
      "requiresGrad is false. Set it before computing the loss; a result has it if one of its operands has.",
  };
}

function explanation(
  x: Tensor,
  status: GradExplanation["status"],
  reasons: readonly GradReason[],
): GradExplanation {
  const subject =
    x.name === null
      ? `The gradient of this tensor (${describe(x)})`
      : `The gradient of ${JSON.stringify(x.name)}`;
  return {
    status,
    reasons,
    toString: () =>
      [`${subject} is ${status}.`, ...reasons.map((reason) => `- ${reason.message}`)].join("\n"),
  };
}

function explainValue(x: Tensor, gradient: Tensor): GradExplanation {
  const { count, zero, nan, infinite } = summarize(gradient);
  const status = nan + infinite > 0 ? "not finite" : zero === count ? "zero" : "present";
  const hint =
    status === "present"
      ? ""
      : " Give { loss } with its graph (before backward, or with retainGraph) to learn where this happened.";
  return explanation(x, status, [
    { kind: "arrived", message: `What arrived: ${describe(gradient)}.${hint}` },
  ]);
}

/** Runs the chain rule from the loss to x and looks at every step. */
function explainThrough(x: Tensor, loss: Tensor): GradExplanation {
  if (!loss.requiresGrad) {
    const why =
      loss.origin === null
        ? "none of its operands required gradients"
        : `it was ${loss.origin.how}${at(loss.origin.site)}`;
    return explanation(x, "missing", [
      { kind: "loss not differentiable", message: `The loss is outside of the graph: ${why}.` },
    ]);
  }
  let order: readonly GraphNode[];
  try {
    order = loss.node === null ? [] : topologicalOrder(loss.node);
  } catch {
    const seen = x.grad === null ? null : explainValue(x, x.grad);
    const freed: GradReason = {
      kind: "graph freed",
      message:
        "The graph of the loss was freed by backward. Explain before, or give { retainGraph: true } to backward.",
    };
    return explanation(x, seen?.status ?? "missing", [...(seen?.reasons ?? []), freed]);
  }
  const path = descendants(x, order);
  if (x !== loss && path.size === 0) return explanation(x, "missing", unreachable(x, loss, order));
  const steps: { node: GraphNode; operand: number; incoming: Tensor; outgoing: Tensor }[] = [];
  let incoming: readonly (Tensor | null)[] = [];
  const seed = loss.numel() === 1 ? {} : { gradOutputs: onesLike(loss.detach()) };
  const [gradient] = observe(
    {
      reached: (_node, cotangents) => {
        incoming = cotangents;
      },
      contributed: (node, operand, _raw, outgoing) => {
        const target = node.operands[operand]!;
        const leadsToX = target === x || (target.node !== null && path.has(target.node));
        const given = incoming.find((cotangent) => cotangent !== null);
        if (leadsToX && given) steps.push({ node, operand, incoming: given, outgoing });
      },
    },
    () => gradients([loss], [x], { retainGraph: true, allowUnused: true, ...seed }),
  );
  const { count, zero, nan, infinite } = summarize(gradient!);
  const arrived: GradReason = { kind: "arrived", message: `What arrives: ${describe(gradient!)}.` };
  if (nan + infinite > 0) {
    const isBroken = (t: Tensor): boolean => summarize(t).nan + summarize(t).infinite > 0;
    const first = steps.find((step) => isBroken(step.outgoing) && !isBroken(step.incoming));
    return explanation(
      x,
      "not finite",
      first === undefined ? [arrived] : [notFiniteAt(first), arrived],
    );
  }
  if (zero < count) return explanation(x, "present", [arrived]);
  const isZero = (t: Tensor): boolean => summarize(t).zero === t.numel();
  const stops = steps.filter((step) => isZero(step.outgoing) && !isZero(step.incoming));
  return explanation(x, "zero", [...stops.map(blockedAt), arrived]);
}

/** The nodes of the order that x went into. */
function descendants(x: Tensor, order: readonly GraphNode[]): ReadonlySet<GraphNode> {
  const found = new Set<GraphNode>();
  for (const node of order) {
    if (
      node.operands.some(
        (operand) => operand === x || (operand.node !== null && found.has(operand.node)),
      )
    )
      found.add(node);
  }
  return found;
}

/** Where the way from the loss to x may have been cut: what was detached, or made under noGrad, on the way. */
function unreachable(x: Tensor, loss: Tensor, order: readonly GraphNode[]): GradReason[] {
  const reasons: GradReason[] = [
    {
      kind: "unreachable",
      message: `The loss (${describe(loss)}) was not computed from it, as far as the graph knows.`,
    },
  ];
  const seen = new Set<Tensor>();
  for (const node of order) {
    for (const operand of node.operands) {
      if (operand.requiresGrad || operand.origin === null || seen.has(operand)) continue;
      seen.add(operand);
      const { how, site } = operand.origin;
      const same = operand.storage === x.storage;
      const what = same ? "This very tensor" : `A tensor (${describe(operand)})`;
      reasons.push({
        kind: how,
        message: `${what} went into ${node.op.name} after it was ${how}${at(site)}: no gradient passes there.`,
        op: node.op.name,
        node: node.id,
        ...(site === undefined ? {} : { site }),
      });
    }
  }
  return reasons;
}

type Step = { node: GraphNode; operand: number; incoming: Tensor; outgoing: Tensor };

function place({ node }: Step): Pick<GradReason, "op" | "node" | "site"> {
  return { op: node.op.name, node: node.id, ...siteOf(node) };
}

function operandsOf({ node }: Step): string {
  return node.operands.map((operand, i) => `operand ${i}: ${describe(operand)}`).join("; ");
}

function notFiniteAt(step: Step): GradReason {
  const { node, operand, outgoing } = step;
  const what = summarize(outgoing).nan > 0 ? "NaN" : "an infinity";
  return {
    kind: "became not finite",
    message: `The VJP of ${node.op.name}${at(node.site)} made ${what} for operand ${operand} from a finite cotangent. ${operandsOf(step)}.`,
    ...place(step),
  };
}

/** Ops that pass nothing on where their operand lies outside of a range. */
const gates: Readonly<Record<string, string>> = {
  relu: "all of its inputs are at most 0, so it is dead for them",
  relu6: "all of its inputs are outside of (0, 6)",
  clamp: "all of its inputs are outside of the bounds",
  hardtanh: "all of its inputs are outside of the bounds",
  hardsigmoid: "all of its inputs are in the flat parts",
  sign: "its derivative is 0 everywhere",
  floor: "its derivative is 0 everywhere",
  ceil: "its derivative is 0 everywhere",
  round: "its derivative is 0 everywhere",
  trunc: "its derivative is 0 everywhere",
  sigmoid: "all of its inputs are so large that it is flat",
  tanh: "all of its inputs are so large that it is flat",
};

function blockedAt(step: Step): GradReason {
  const { node, operand } = step;
  const { name } = node.op;
  const other = node.operands.find(
    (candidate, i) => i !== operand && summarize(candidate).zero === candidate.numel(),
  );
  const why =
    gates[name] ??
    (name === "mul" || name === "matmul"
      ? other === undefined
        ? undefined
        : "the other operand is zero everywhere"
      : undefined) ??
    (name === "where" || name === "maskedFill"
      ? "the condition chooses the other branch everywhere"
      : undefined) ??
    "its VJP gave zero";
  return {
    kind: "blocked",
    message: `The gradient ends at ${name}${at(node.site)}: ${why}. ${operandsOf(step)}.`,
    ...place(step),
  };
}
