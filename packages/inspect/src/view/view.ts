/**
 * What is shown of a trace: nodes, and boxes that stand for whole scopes.
 */
import { ArgumentError, checkInteger } from "@chainrule/core";
import type { Trace, TraceNode, TraceRef } from "../trace/schema.ts";
import type { Group } from "./scopes.ts";
import { groupTree, isGroup } from "./scopes.ts";

/** What `expand` is asked about. */
export interface ScopeInfo {
  /** The path of the scope, `"model/encoder"`. */
  readonly path: string;
  readonly depth: number;
  /** How many ops are in it. */
  readonly ops: number;
  /** How many identical scopes were folded into this one; 1 for an ordinary scope. */
  readonly repeats: number;
}

/** Options of all pictures. */
export interface ViewOptions {
  /** Which scopes are opened. Unless given, as many as leave no more than `maxNodes` boxes, the outer ones first. */
  expand?: (scope: ScopeInfo) => boolean;
  /** How many boxes are shown unless `expand` says otherwise; 150 unless given. */
  maxNodes?: number;
}

export const viewOptionNames = ["expand", "maxNodes"] as const;

/** A node, or a closed scope. */
export interface Box {
  /** Its place among the boxes. */
  readonly index: number;
  /** `null` for a closed scope. */
  readonly node: TraceNode | null;
  /** `null` for a node. */
  readonly group: Group | null;
  /** The frame it stands in; `null` outside of all. */
  readonly frame: Frame | null;
}

/** An open scope, drawn around what is in it. */
export interface Frame {
  readonly index: number;
  readonly group: Group;
  readonly frame: Frame | null;
}

/** An edge between boxes; several edges of the trace where a closed scope is at one end. */
export interface ViewEdge {
  readonly from: number;
  readonly to: number;
  /** The tensors that flow, each as operand number `operand` of `node`. */
  readonly uses: readonly {
    readonly ref: TraceRef;
    readonly node: number;
    readonly operand: number;
  }[];
}

/** The picture of a trace before it is drawn. */
export interface View {
  readonly trace: Trace;
  readonly boxes: readonly Box[];
  readonly frames: readonly Frame[];
  readonly edges: readonly ViewEdge[];
  /** For each node of the trace, by id − 1, the box that shows it. */
  readonly boxOf: readonly number[];
}

/** Chooses what is shown. */
export function viewOf(where: string, trace: Trace, options: ViewOptions): View {
  const { root } = groupTree(trace);
  return viewFrom(trace, root, openScopes(where, root, options));
}

/** Which scopes are open, as the options say. */
export function openScopes(where: string, root: Group, options: ViewOptions): ReadonlySet<Group> {
  const maxNodes = checkInteger(where, "maxNodes", options.maxNodes ?? 150, 1);
  return options.expand === undefined
    ? openOuter(root, maxNodes)
    : openWhere(where, root, options.expand);
}

/** What is shown where these scopes are open. */
export function viewFrom(trace: Trace, root: Group, open: ReadonlySet<Group>): View {
  const boxes: Box[] = [];
  const frames: Frame[] = [];
  const boxOf = new Array<number>(trace.nodes.length).fill(-1);
  const stack: { member: TraceNode | Group; frame: Frame | null }[] = [];
  const push = (members: readonly (TraceNode | Group)[], frame: Frame | null): void => {
    for (let i = members.length - 1; i >= 0; i--) stack.push({ member: members[i]!, frame });
  };
  push(root.members, null);
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { member, frame } = entry;
    if (!isGroup(member)) {
      boxOf[member.id - 1] = boxes.length;
      boxes.push({ index: boxes.length, node: member, group: null, frame });
    } else if (open.has(member)) {
      const inner: Frame = { index: frames.length, group: member, frame };
      frames.push(inner);
      push(member.members, inner);
    } else {
      for (const id of nodesIn(member)) boxOf[id - 1] = boxes.length;
      boxes.push({ index: boxes.length, node: null, group: member, frame });
    }
  }
  return { trace, boxes, frames, edges: edgesBetween(trace, boxes, boxOf), boxOf };
}

function openOuter(root: Group, maxNodes: number): ReadonlySet<Group> {
  const open = new Set<Group>();
  let visible = root.members.length;
  const queue = root.members.filter(isGroup);
  for (const group of queue) {
    const more = group.members.length - 1;
    if (group.repeats > 1 || visible + more > maxNodes) continue;
    visible += more;
    open.add(group);
    for (const member of group.members) if (isGroup(member)) queue.push(member);
  }
  return open;
}

function openWhere(
  where: string,
  root: Group,
  expand: (scope: ScopeInfo) => boolean,
): ReadonlySet<Group> {
  if (typeof expand !== "function") {
    throw new ArgumentError(
      `${where}: expand must be a function of a scope that gives true or false.`,
      { expand },
    );
  }
  const open = new Set<Group>();
  const queue = root.members.filter(isGroup);
  for (const group of queue) {
    const { path, depth, ops, repeats } = group;
    if (!expand({ path, depth, ops, repeats })) continue;
    open.add(group);
    for (const member of group.members) if (isGroup(member)) queue.push(member);
  }
  return open;
}

/** The ids of all nodes in a group. */
export function nodesIn(group: Group): number[] {
  const ids: number[] = [];
  const stack: (TraceNode | Group)[] = [group];
  for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
    if (isGroup(member)) stack.push(...member.members);
    else ids.push(member.id);
  }
  return ids;
}

function edgesBetween(trace: Trace, boxes: readonly Box[], boxOf: readonly number[]): ViewEdge[] {
  const edges: { from: number; to: number; uses: ViewEdge["uses"][number][] }[] = [];
  const merged = new Map<string, (typeof edges)[number]>();
  for (const node of trace.nodes) {
    const to = boxOf[node.id - 1]!;
    for (const [operand, ref] of node.operands.entries()) {
      const from = boxOf[ref.node - 1]!;
      if (from === to) continue;
      const use = { ref, node: node.id, operand };
      // Between two nodes every operand is an edge of its own: x·x has two.
      if (boxes[from]!.node !== null && boxes[to]!.node !== null) {
        edges.push({ from, to, uses: [use] });
        continue;
      }
      const key = `${from} ${to}`;
      const known = merged.get(key);
      if (known !== undefined) known.uses.push(use);
      else {
        const edge = { from, to, uses: [use] };
        merged.set(key, edge);
        edges.push(edge);
      }
    }
  }
  return edges;
}
