/**
 * A node of the graph: one recorded application of an op.
 *
 * The graph is plain data for whoever wants to read it: from a tensor to `tensor.node`, to `node.operands` in order, to
 * their nodes. It is also what the rules of differentiation work on: they read operands and results through `a`, `b`,
 * `c`, `result`, which check that nobody changed the numbers in the meantime.
 */
import { GradError } from "../errors.ts";
import { endUse, noteUse } from "../recycling.ts";
import type { Shape } from "../shape.ts";
import { changeSite, currentClock } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { currentScope } from "./mode.ts";
import { currentSite } from "./site.ts";

/** The gradient of one operand: from the cotangent of the (first) result to the cotangent of the operand. */
export type OperandVJP<Options = unknown> = (cotangent: Tensor, node: Recorded<Options>) => Tensor;

/**
 * The gradients of all operands at once, from the cotangents of all results, for ops with several results, a variable
 * number of operands, or gradients that share work. `null` stands for a result that nothing depends on, and for an
 * operand that needs no gradient (`node.needs(i)` tells).
 */
export type JointVJP<Options = unknown> = (
  cotangents: readonly (Tensor | null)[],
  node: Recorded<Options>,
) => readonly (Tensor | null)[];

/**
 * How an op is applied to many samples at once. Each operand comes with the samples along its first dimension, or, if it
 * is the same for all of them (`batched[i]` is false), as it is. The result has the samples along its first dimension; a
 * rule of an op with several results gives them as the op does.
 */
export type BatchRule<Options = unknown> = (
  operands: readonly Tensor[],
  batched: readonly boolean[],
  options: Options,
) => Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/** What the engine and the tools need to know of an op. */
export interface NodeOp {
  readonly name: string;
  /** TeX of the forward computation. */
  readonly formula: string;
  /** Whether operands were broadcast, so that gradients are to be summed back to their shapes. */
  readonly broadcasts: boolean;
  /** One rule an operand (`null`: not differentiable in it), or one rule for all, or `null`: no derivative at all. */
  readonly vjp: readonly (OperandVJP<never> | null)[] | JointVJP<never> | null;
  /** How `vmap` applies it; `"pointwise"`: by broadcasting; `null`: sample by sample. */
  readonly batch: BatchRule<never> | "pointwise" | null;
  /**
   * The rules themselves if they are known to run no code of users, and to keep nothing of what they are given or make:
   * the engine then uses their buffers again, see `recycling.ts`. Other rules in a copy of the definition do not inherit
   * it, since they are not the same.
   */
  readonly confined?: NodeOp["vjp"];
  /**
   * Computes the results anew from operands and options as a node holds them; recorded like any call. `null` for what
   * cannot be repeated by itself, such as a checkpoint.
   */
  readonly repeat: ((operands: readonly Tensor[], options: never) => readonly Tensor[]) | null;
}

/** What a VJP rule sees of the recorded call. */
export interface Recorded<Options = unknown> {
  /** The first operand; as all of these, refused if its numbers were changed since. */
  readonly a: Tensor;
  readonly b: Tensor;
  readonly c: Tensor;
  operand(index: number): Tensor;
  /** The operands without that check: for their number and shapes. */
  readonly operands: readonly Tensor[];
  /** The (first) result. */
  readonly result: Tensor;
  resultAt(index: number): Tensor;
  /** The shape of an operand; needs none of its numbers. */
  shapeOf(index: number): Shape;
  /** Whether the operand takes part in differentiation. */
  needs(index: number): boolean;
  readonly options: Options;
  /** What the forward computation left for the rule, such as the places of the maxima. */
  readonly saved: unknown;
}

const nothing: readonly Tensor[] = Object.freeze([]);

let nextNodeId = 1;

/** The id of the latest node: whatever is recorded from now on has a larger one. */
export function latestNode(): number {
  return nextNodeId - 1;
}

/** One recorded application of an op. */
export class GraphNode implements Recorded {
  // Declared only, see Tensor.
  /** Rises with every node recorded: operands always have smaller ids than results. */
  declare readonly id: number;
  declare readonly op: NodeOp;
  /** The operands, in order; one that is used twice stands here twice. Empty once the graph was freed. */
  declare operands: readonly Tensor[];
  declare readonly options: unknown;
  declare saved: unknown;
  /** The results; most ops have one. Empty once the graph was freed. */
  declare results: readonly Tensor[];
  /** The path of the scopes in which it was recorded. */
  declare readonly scope: string;
  /** The user's line that made it, when source lines are recorded. */
  declare readonly site: string | undefined;
  /** The clock of changes when it was recorded. */
  declare readonly clock: number;
  declare freed: boolean;
  /** The pass that last ordered this node, and its place in that order; see `topologicalOrder`. */
  declare pass: number;
  declare slot: number;

  constructor(op: NodeOp, operands: readonly Tensor[], options: unknown, saved: unknown) {
    this.id = nextNodeId++;
    this.op = op;
    this.operands = operands;
    this.options = options;
    this.saved = saved;
    this.results = nothing;
    this.scope = currentScope();
    this.site = currentSite();
    this.clock = currentClock();
    this.freed = false;
    this.pass = 0;
    this.slot = 0;
  }

  get a(): Tensor {
    return this.operand(0);
  }

  get b(): Tensor {
    return this.operand(1);
  }

  get c(): Tensor {
    return this.operand(2);
  }

  get result(): Tensor {
    return this.resultAt(0);
  }

  operand(index: number): Tensor {
    const tensor = this.operands[index]!;
    if (tensor.storage.version > this.clock) this.refuseChanged(tensor, `operand ${index}`);
    return tensor;
  }

  resultAt(index: number): Tensor {
    const tensor = this.results[index]!;
    if (tensor.storage.version > this.clock) this.refuseChanged(tensor, "the result");
    return tensor;
  }

  shapeOf(index: number): Shape {
    return this.operands[index]!.shape;
  }

  needs(index: number): boolean {
    return this.operands[index]!.requiresGrad;
  }

  /** Tells the memory of operands, results and of a tensor that was saved that a node refers to it. */
  countUses(): void {
    const { operands, results, saved } = this;
    for (let i = 0; i < operands.length; i++) noteUse(operands[i]!.storage);
    for (let i = 0; i < results.length; i++) noteUse(results[i]!.storage);
    if (isTensor(saved)) noteUse(saved.storage);
  }

  /** Lets go of operands, results and what was saved. */
  free(): void {
    const { operands, results, saved } = this;
    for (let i = 0; i < operands.length; i++) endUse(operands[i]!.storage);
    for (let i = 0; i < results.length; i++) endUse(results[i]!.storage);
    if (isTensor(saved)) endUse(saved.storage);
    this.operands = nothing;
    this.results = nothing;
    this.saved = undefined;
    this.freed = true;
  }

  private refuseChanged(tensor: Tensor, role: string): never {
    const named = tensor.name === null ? "" : ` (${JSON.stringify(tensor.name)})`;
    const changedAt = changeSite(tensor.storage);
    const where =
      this.site === undefined
        ? " Call recordSourceLines(true) to see both lines."
        : ` Saved at ${this.site}; changed at ${changedAt ?? "a line that was not recorded"}.`;
    throw new GradError(
      `${this.op.name}: ${role}${named} of shape [${tensor.shape.join(", ")}] was changed in place after it was saved for the gradient. ` +
        `Change it after backward, or change a clone.${where}`,
      { op: this.op.name, role, savedAt: this.site, changedAt },
    );
  }
}

function isTensor(saved: unknown): saved is Tensor {
  return typeof saved === "object" && saved !== null && "storage" in saved;
}
