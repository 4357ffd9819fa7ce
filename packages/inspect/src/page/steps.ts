/**
 * A trace as a sequence of steps: forward, seed, every contribution of the chain rule, update.
 */
import type { TraceValue } from "../trace/schema.ts";
import type { Shown } from "./data.ts";

/** What happens in a step. A closed scope is one step each way. */
export type StepEvent =
  | { readonly kind: "leaves" }
  | { readonly kind: "forward"; readonly node: number }
  | { readonly kind: "forwardScope"; readonly box: number; readonly count: number }
  | { readonly kind: "seed"; readonly seed: number }
  | { readonly kind: "vjp"; readonly contribution: number }
  | { readonly kind: "sum"; readonly contribution: number }
  | { readonly kind: "backwardScope"; readonly box: number; readonly count: number }
  | { readonly kind: "update"; readonly change: number }
  | { readonly kind: "noUpdate" }
  | { readonly kind: "error" };

/** A step, and what is known after it. */
export interface Step {
  readonly event: StepEvent;
  /** Nodes with ids up to this one have been computed. */
  readonly nodes: number;
  /** So many seeds are set, contributions delivered, leaves updated. */
  readonly seeds: number;
  readonly contributions: number;
  readonly changes: number;
}

/** All steps of a page, in order. */
export function stepsOf({ trace, sealed, merged, lostUpdate, view }: Shown): Step[] {
  const { boxes, boxOf } = view;
  const steps: Step[] = [];
  const done = { nodes: 0, seeds: 0, contributions: 0, changes: 0 };
  const add = (event: StepEvent): void => void steps.push({ event, ...done });
  const failed = trace.error?.phase === "forward" ? trace.error.node : null;
  const isClosed = (box: number): boolean => boxes[box]!.node === null;
  add({ kind: "leaves" });
  for (let i = 0; i < trace.nodes.length; i++) {
    const node = trace.nodes[i]!;
    done.nodes = node.id;
    if (node.kind === "leaf" || node.id === failed) continue;
    const box = boxOf[i]!;
    const last = steps.at(-1)!.event;
    const ops = sealed[node.id]?.ops ?? 1;
    if (!isClosed(box)) add({ kind: "forward", node: node.id });
    else if (last.kind === "forwardScope" && last.box === box) {
      steps[steps.length - 1] = { event: { ...last, count: last.count + ops }, ...done };
    } else add({ kind: "forwardScope", box, count: ops });
  }
  const { backward, update, error } = trace;
  for (let seed = 0; backward !== null && seed < backward.seeds.length; seed++) {
    done.seeds = seed + 1;
    add({ kind: "seed", seed });
  }
  for (const [i, { node, raw }] of (backward?.contributions ?? []).entries()) {
    const box = boxOf[node - 1]!;
    if (isClosed(box)) {
      done.contributions = i + 1;
      const count = merged[i] ?? 1;
      const last = steps.at(-1)!.event;
      if (last.kind === "backwardScope" && last.box === box)
        steps[steps.length - 1] = { event: { ...last, count: last.count + count }, ...done };
      else add({ kind: "backwardScope", box, count });
      continue;
    }
    if (raw !== null) add({ kind: "vjp", contribution: i });
    done.contributions = i + 1;
    add(raw === null ? { kind: "vjp", contribution: i } : { kind: "sum", contribution: i });
  }
  for (let change = 0; change < (update?.length ?? 0); change++) {
    done.changes = change + 1;
    add({ kind: "update", change });
  }
  if (lostUpdate) add({ kind: "noUpdate" });
  if (error !== null) add({ kind: "error" });
  return steps;
}

/** Where a reader is who was at some step when scopes open or close: there still, or where as much is known. */
export function sameMoment(steps: readonly Step[], moment: Step): number {
  const isWhole = moment.event.kind !== "forwardScope" && moment.event.kind !== "backwardScope";
  const same = isWhole ? steps.findIndex(({ event }) => isSame(event, moment.event)) : -1;
  if (same >= 0) return same;
  const found = steps.findIndex(
    ({ nodes, seeds, contributions, changes }) =>
      nodes >= moment.nodes &&
      seeds >= moment.seeds &&
      contributions >= moment.contributions &&
      changes >= moment.changes,
  );
  return found < 0 ? steps.length - 1 : found;
}

function isSame(a: StepEvent, b: StepEvent): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What stands in a tensor, and what has arrived at it so far; `null` where nothing has. */
export interface TensorState {
  readonly value: TraceValue | null;
  readonly gradient: TraceValue | null;
}

/** The state of all tensors after a step, by `node.output`. It follows from the step alone: going back is exact. */
export function stateAfter({ trace }: Shown, step: Step): Map<string, TensorState> {
  const state = new Map<string, TensorState>();
  for (const node of trace.nodes) {
    const known = node.kind === "leaf" || node.id <= step.nodes;
    for (const [output, { value }] of node.outputs.entries())
      state.set(`${node.id}.${output}`, { value: known ? value : null, gradient: null });
  }
  const arrive = (key: string, gradient: TraceValue): void => {
    const before = state.get(key);
    if (before !== undefined) state.set(key, { ...before, gradient });
  };
  for (const { target, value } of trace.backward?.seeds.slice(0, step.seeds) ?? [])
    arrive(`${target.node}.${target.output}`, value);
  for (const { node, operand, value, total } of trace.backward?.contributions.slice(
    0,
    step.contributions,
  ) ?? []) {
    const ref = trace.nodes[node - 1]!.operands[operand]!;
    arrive(`${ref.node}.${ref.output}`, total ?? value);
  }
  for (const { target, after } of trace.update?.slice(0, step.changes) ?? []) {
    const key = `${target.node}.${target.output}`;
    const before = state.get(key);
    if (before !== undefined) state.set(key, { ...before, value: after });
  }
  return state;
}
