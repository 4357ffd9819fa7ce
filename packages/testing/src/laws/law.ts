/**
 * What a law is, and the calls on which laws are tried.
 */
import type { OpDefinition, PointwiseDefinition, Tensor } from "@chainrule/core";
import { Generator, grad, isFloating, newTensor } from "@chainrule/core";
import { contiguousTwin } from "../compare.ts";
import { callRepeatably } from "../randomness.ts";
import type { Placed } from "../structure.ts";
import { tensorsIn, withTensors } from "../structure.ts";
import { gaussianLike } from "../system.ts";

/** An op as its function: what `defineOp` and `pointwise` return. */
export interface AnyOp {
  (...args: never[]): unknown;
  readonly op: OpDefinition | PointwiseDefinition;
}

/** What is counted while laws are tried. */
export interface Tally {
  kinkSkips: number;
  /** Calls with at least one kink skip. */
  kinkCalls: number;
  /** Slopes compared with differences. */
  slopes: number;
  /** Changes in place between forward and backward. */
  mutations: number;
  /** Those that backward refused; the others left the gradient what it was. */
  mutationsRefused: number;
  /** Calls that cannot be compiled, since numbers decide what is computed. */
  notCompiled: number;
  /** Rows of calls that the op must refuse. */
  rejected: number;
  /** Rows with exact results. */
  edges: number;
}

export function emptyTally(): Tally {
  return {
    kinkSkips: 0,
    kinkCalls: 0,
    slopes: 0,
    mutations: 0,
    mutationsRefused: 0,
    notCompiled: 0,
    rejected: 0,
    edges: 0,
  };
}

/** A law that every op must obey. */
export interface Law {
  readonly name: string;
  /** What it says, in a sentence. */
  readonly statement: string;
  /** Whether it says anything about this op. */
  readonly appliesTo: (op: AnyOp) => boolean;
  /** Tries it on a drawn call; throws a {@link LawViolation} where it does not hold. */
  readonly onCall?: (call: OpCall, tally: Tally) => void;
  /** Tries it once for the op; throws a {@link LawViolation} where it does not hold. */
  readonly once?: (op: AnyOp, tally: Tally) => void;
}

/** Thrown by a law that does not hold. */
export class LawViolation extends Error {
  override readonly name = "LawViolation";
}

/** One call of an op, with arguments drawn by a sample. */
export class OpCall {
  readonly op: AnyOp;
  readonly args: readonly unknown[];
  /** The tensors among the arguments, from left to right. */
  readonly operands: readonly Placed[];
  /** For the random numbers that laws need beside those of the call. */
  readonly seed: number;
  private differentiableOnes: readonly boolean[] | undefined;

  constructor(op: AnyOp, args: readonly unknown[], seed: number) {
    this.op = op;
    this.args = args;
    this.operands = tensorsIn(args);
    this.seed = seed;
  }

  /** Calls the op with other tensors in place of its operands, and gives the tensors in the result. */
  run(operands: readonly Tensor[], f: (...args: never[]) => unknown = this.op): Tensor[] {
    const args = withTensors(this.args, operands) as readonly unknown[];
    return tensorsIn(callRepeatably(f, args)).map(({ tensor }) => tensor);
  }

  /** The operands as they lie in memory, those of a floating type as new leaves that require gradients. */
  leaves(): Tensor[] {
    return this.operands.map(({ tensor }) => tracked(tensor.detach()));
  }

  /** The operands in row-major copies, those of a floating type as leaves that require gradients. */
  contiguousLeaves(): Tensor[] {
    return this.operands.map(({ tensor }) => tracked(contiguousTwin(tensor)));
  }

  /** By operand: whether the op has a gradient for it. */
  get differentiable(): readonly boolean[] {
    if (this.differentiableOnes === undefined) {
      const leaves = this.contiguousLeaves();
      const gradients = this.op.op.vjp === null ? [] : this.gradients(this.run(leaves), leaves);
      this.differentiableOnes = leaves.map((_, i) => (gradients[i] ?? null) !== null);
    }
    return this.differentiableOnes;
  }

  /** The cotangents with which this call is tested. */
  cotangents(results: readonly Tensor[]): Tensor[] {
    const generator = new Generator(this.seed);
    return results.map((result) => gaussianLike(result, generator));
  }

  /** The gradients with respect to all leaves; `null` where there is none. */
  gradients(
    results: readonly Tensor[],
    leaves: readonly Tensor[],
    cotangents: readonly Tensor[] = this.cotangents(results),
  ): (Tensor | null)[] {
    const outputs = results.flatMap((result, i) => (result.requiresGrad ? [i] : []));
    const inputs = leaves.flatMap((leaf, i) => (leaf.requiresGrad ? [i] : []));
    const found: (Tensor | null)[] = leaves.map(() => null);
    if (outputs.length === 0 || inputs.length === 0) return found;
    const gradients = grad(
      outputs.map((i) => results[i]!),
      inputs.map((i) => leaves[i]!),
      { gradOutputs: outputs.map((i) => cotangents[i]!), retainGraph: true, allowUnused: true },
    );
    for (const [k, i] of inputs.entries()) found[i] = gradients[k] ?? null;
    return found;
  }

  /** The call as a line of a program. */
  toString(): string {
    return `${this.op.op.name}(${this.args.map(argumentText).join(", ")})`;
  }
}

function tracked(x: Tensor): Tensor {
  if (isFloating(x.dtype)) x.requiresGrad = true;
  return x;
}

/** Zeros for a result without a gradient, so that gradients can be compared in pairs. */
export function orZeros(gradient: Tensor | null, like: Tensor): Tensor {
  return gradient ?? newTensor(like.dtype, like.shape);
}

function argumentText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(argumentText).join(", ")}]`;
  if (value === null || typeof value !== "object") {
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  }
  const placed = tensorsIn(value);
  if (placed.length === 1 && placed[0]!.path === "") return tensorText(placed[0]!.tensor);
  if (value instanceof Generator) return "generator";
  const fields = Object.entries(value).map(([key, field]) => `${key}: ${argumentText(field)}`);
  return `{ ${fields.join(", ")} }`;
}

function tensorText(x: Tensor): string {
  const values =
    x.numel() > 24 ? "…" : JSON.stringify(x.toArray(), (_key, value: unknown) => rounded(value));
  const shape = x.numel() === 0 || x.numel() > 24 ? `, shape [${x.shape.join(", ")}]` : "";
  const layout = x.isContiguous() ? "" : `, strides [${x.strides.join(", ")}]`;
  return `tensor(${values}${shape}${layout}${x.offset > 0 ? `, offset ${x.offset}` : ""}, ${x.dtype})`;
}

function rounded(value: unknown): unknown {
  if (typeof value !== "number") return value;
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : String(value);
}
