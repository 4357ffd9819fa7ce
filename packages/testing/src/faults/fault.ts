/**
 * Planted faults: a right op becomes a wrong one, so that the laws can be seen to catch it.
 */
import type { JointVJP, NodeOp, OperandVJP, Recorded } from "@chainrule/core";
import { GraphNode, Tensor } from "@chainrule/core";
import { difference } from "../compare.ts";
import type { Source } from "../draw.ts";
import type { AnyOp } from "../laws/law.ts";
import { tensorsIn } from "../structure.ts";

/** An op with a fault. */
export interface Planted {
  readonly op: AnyOp;
  /**
   * How often the fault made a difference so far. One that never did (a product of numbers has no transpose) was not
   * planted, and nobody can be asked to find it.
   */
  effects(): number;
}

/** A way to do an op wrong. */
export interface Fault {
  readonly name: string;
  /** Whether it can be done to this op. */
  readonly appliesTo: (op: AnyOp) => boolean;
  /** Does it; `source` chooses among several places. */
  readonly plant: (op: AnyOp, source: Source) => Planted;
}

/** Any VJP as one rule for all operands. */
export function jointRule(vjp: NodeOp["vjp"]): JointVJP | null {
  if (vjp === null || typeof vjp === "function") return vjp as JointVJP | null;
  const rules = vjp as readonly (OperandVJP | null)[];
  return ([cotangent], node) =>
    node.operands.map((_, i) => {
      const rule = rules[i] ?? null;
      return rule === null || !node.needs(i) ? null : rule(cotangent!, node);
    });
}

/** The op with its node in the graph exchanged for one that has another VJP. */
export function withRule(op: AnyOp, change: (right: JointVJP) => JointVJP): AnyOp {
  const faultyOps = new Map<NodeOp, NodeOp>();
  const faultyOf = (right: NodeOp): NodeOp => {
    let faulty = faultyOps.get(right);
    if (faulty === undefined) {
      faulty = { ...right, vjp: change(jointRule(right.vjp)!) };
      faultyOps.set(right, faulty);
    }
    return faulty;
  };
  return withForward(op, (right) => (...args) => {
    const result = right(...args);
    const exchanged = new Map<GraphNode, GraphNode>();
    for (const { tensor } of tensorsIn(result)) {
      const { node } = tensor;
      // An op that found nothing to do hands its operand back; under vmap the op's own node is inside of the batch.
      if (node === null || args.includes(tensor) || node.op.name === "hide") continue;
      let faulty = exchanged.get(node);
      if (faulty === undefined) {
        faulty = new GraphNode(faultyOf(node.op), node.operands, node.options, node.saved);
        faulty.results = node.results;
        exchanged.set(node, faulty);
      }
      tensor.attach(faulty, tensor.resultIndex);
    }
    return result;
  });
}

/** The op with another forward computation, and, where given, another definition. */
export function withForward(
  op: AnyOp,
  change: (
    right: (...args: readonly unknown[]) => unknown,
  ) => (...args: readonly unknown[]) => unknown,
  definition: AnyOp["op"] = op.op,
): AnyOp {
  const right = (...args: readonly unknown[]): unknown => Reflect.apply(op, undefined, args);
  return Object.assign(change(right), { op: definition });
}

/** Counts how often a fault made a difference. */
export class Effects {
  private count = 0;

  note(): void {
    this.count++;
  }

  /**
   * Hands the faulty gradient on, and notes whether its numbers differ from the right one's. The sign of a zero is no
   * difference: nobody promises it of a gradient.
   */
  compared(faulty: Tensor, right: Tensor): Tensor {
    if (difference(faulty, right, 0) !== null) this.count++;
    return faulty;
  }

  readonly total = (): number => this.count;
}

/** What a rule sees of a call, with some of it changed. */
export function misread(
  node: Recorded,
  change: { operand?: (index: number) => Tensor; resultAt?: (index: number) => Tensor },
): Recorded {
  const operand = change.operand ?? ((index) => node.operand(index));
  const resultAt = change.resultAt ?? ((index) => node.resultAt(index));
  return {
    get a() {
      return operand(0);
    },
    get b() {
      return operand(1);
    },
    get c() {
      return operand(2);
    },
    get result() {
      return resultAt(0);
    },
    operand,
    resultAt,
    operands: node.operands,
    shapeOf: (index) => node.shapeOf(index),
    needs: (index) => node.needs(index),
    options: node.options,
    saved: node.saved,
  };
}

/** The tensor read as if it were contiguous: what a kernel sees that forgets strides, offset, or both. */
export function readCarelessly(x: Tensor, forget: { strides?: boolean; offset?: boolean }): Tensor {
  const { shape, storage, dtype } = x;
  const offset = forget.offset ? 0 : x.offset;
  if (offset + x.numel() > storage.data.length) return x;
  const careless = forget.strides
    ? new Tensor(storage, dtype, shape, undefined, offset)
    : new Tensor(storage, dtype, shape, x.strides, offset);
  return careless;
}
