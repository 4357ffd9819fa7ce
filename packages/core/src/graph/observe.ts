/**
 * Watching the engine at work: every result of an op, and every contribution of the chain rule.
 *
 * Anomaly detection, explanations and the inspector are observers. Without one, watching costs one comparison an op.
 */
import type { Tensor } from "../tensor.ts";
import type { GraphNode, NodeOp } from "./node.ts";

/** What an observer is told; it may throw to stop the computation. */
export interface Observer {
  /** An op was computed, recorded or not. */
  computed?(
    op: NodeOp,
    operands: readonly Tensor[],
    options: unknown,
    results: readonly Tensor[],
  ): void;
  /** A call was refused or broke off: the arguments as they were given, or the operands that were made of them. */
  failed?(op: NodeOp, args: readonly unknown[], error: unknown): void;
  /** A backward pass begins, with the cotangents of its outputs. Passes nest where a rule runs one of its own. */
  began?(outputs: readonly Tensor[], seeds: readonly Tensor[]): void;
  /** The pass that began last is over: what arrived at leaves, and at results whose gradient was wanted. */
  ended?(gradients: ReadonlyMap<Tensor, Tensor>): void;
  /** A backward pass reached a node with the cotangents of its results. */
  reached?(node: GraphNode, cotangents: readonly (Tensor | null)[]): void;
  /** A rule gave the contribution of one operand: as the rule gave it, and summed over broadcast axes. */
  contributed?(node: GraphNode, operand: number, raw: Tensor, summed: Tensor): void;
  /** A contribution was added to what had arrived at a tensor before. */
  accumulated?(tensor: Tensor, before: Tensor, contribution: Tensor, after: Tensor): void;
}

/** The observers in force; `null` when there are none, so that the hot path asks one question. */
export let observers: readonly Observer[] | null = null;

/** Runs a call of an op for observers, which are told if it throws. */
export function watched<T>(op: NodeOp, args: readonly unknown[], run: () => T): T {
  try {
    return run();
  } catch (error) {
    for (const observer of observers ?? []) observer.failed?.(op, args, error);
    throw error;
  }
}

/** Runs `body` with an observer. */
export function observe<T>(observer: Observer, body: () => T): T {
  const before = observers;
  observers = [...(before ?? []), observer];
  try {
    return body();
  } finally {
    observers = before;
  }
}
