/**
 * The tree of scopes behind a trace: which nodes were recorded in which call of which part of the program.
 */
import type { Trace, TraceNode } from "../trace/schema.ts";

/** One stay in a scope; a module that is called twice has two. */
export interface Group {
  /** Unlike that of any other group; the root's is `""`. */
  readonly key: string;
  /** The last part of the path, or what stands for it. */
  readonly name: string;
  readonly path: string;
  readonly depth: number;
  readonly parent: Group | null;
  /** Nodes and groups in the order in which they began. */
  readonly members: (TraceNode | Group)[];
  /** How many ops it holds, at any depth. */
  ops: number;
  /** How many identical groups this one stands for, itself not being one of them; 1 for an ordinary group. */
  readonly repeats: number;
}

export function isGroup(member: TraceNode | Group): member is Group {
  return "members" in member;
}

/** How many members of one group are looked at without a scope of their own before they are gathered in heaps. */
const maxLoose = 150;

/** The least number of identical neighbours that are folded into one. */
const leastRepeats = 3;

/** Builds the tree. Leaves belong to where they are used; inputs and targets, which have names, stand outside. */
export function groupTree(trace: Trace): { root: Group; parents: ReadonlyMap<number, Group> } {
  const root = newGroup("", "", null, 1);
  const parents = new Map<number, Group>();
  const calls = new Map<string, number>();
  const enter = (parent: Group, name: string): Group => {
    const path = parent.path === "" ? name : `${parent.path}/${name}`;
    const call = (calls.get(path) ?? 0) + 1;
    calls.set(path, call);
    const group = newGroup(call === 1 ? path : `${path}#${call}`, path, parent, 1);
    parent.members.push(group);
    return group;
  };

  // A scope is left when an op from outside of it comes; leaves come when they are first used and decide nothing.
  let current = root;
  for (const node of trace.nodes) {
    if (node.kind === "leaf") continue;
    while (!isWithin(node.scope, current.path)) current = current.parent!;
    const rest =
      node.scope === current.path
        ? ""
        : node.scope.slice(current.path === "" ? 0 : current.path.length + 1);
    for (const name of rest === "" ? [] : rest.split("/")) current = enter(current, name);
    current.members.push(node);
    parents.set(node.id, current);
    for (let group: Group | null = current; group !== null; group = group.parent) group.ops++;
  }
  placeLeaves(trace, root, parents);
  gatherLoose(root, parents);
  foldRepeats(root, parents);
  return { root, parents };
}

function newGroup(key: string, path: string, parent: Group | null, repeats: number): Group {
  return {
    key,
    name: path.slice(path.lastIndexOf("/") + 1),
    path,
    depth: parent === null ? 0 : parent.depth + 1,
    parent,
    members: [],
    ops: 0,
    repeats,
  };
}

function isWithin(path: string, scope: string): boolean {
  return scope === "" || path === scope || path.startsWith(`${scope}/`);
}

function placeLeaves(trace: Trace, root: Group, parents: Map<number, Group>): void {
  const homes = new Map<number, Group>();
  for (const node of trace.nodes) {
    for (const { node: id } of node.operands) {
      if (trace.nodes[id - 1]!.kind !== "leaf") continue;
      const user = parents.get(node.id)!;
      const home = homes.get(id);
      homes.set(id, home === undefined ? user : commonGroup(home, user));
    }
  }
  const first = new Map<Group, TraceNode[]>();
  for (const node of trace.nodes) {
    if (node.kind !== "leaf") continue;
    const { requiresGrad, name } = node.outputs[0]!;
    const home = requiresGrad || name === null ? (homes.get(node.id) ?? root) : root;
    parents.set(node.id, home);
    const list = first.get(home);
    if (list === undefined) first.set(home, [node]);
    else list.push(node);
  }
  // A leaf stands where it is first used, so that neighbours in the list are neighbours in the graph.
  for (const [group, leaves] of first) {
    const order = new Map(group.members.map((member) => [member, firstId(member)]));
    for (const leaf of leaves) order.set(leaf, leaf.id);
    const sorted = [...order].sort(([, a], [, b]) => a - b).map(([member]) => member);
    group.members.length = 0;
    for (const member of sorted) group.members.push(member);
  }
}

/** The id of the first node in it. A group is made for its first op, which may be in a group of its own. */
function firstId(member: TraceNode | Group): number {
  let first = member;
  while (isGroup(first)) first = first.members.find((one) => isGroup(one) || one.kind === "op")!;
  return first.id;
}

function commonGroup(a: Group, b: Group): Group {
  let x = a;
  let y = b;
  while (x !== y) {
    if (x.depth >= y.depth) x = x.parent!;
    else y = y.parent!;
  }
  return x;
}

/** A group and all that are in it, outer ones first. */
export function groupsOf(root: Group): Group[] {
  const all: Group[] = [root];
  for (const group of all)
    for (const member of group.members) if (isGroup(member)) all.push(member);
  return all;
}

/** Long stretches without scopes become heaps of consecutive nodes, and heaps of heaps. */
function gatherLoose(root: Group, parents: Map<number, Group>): void {
  const groups = groupsOf(root);
  for (const group of groups) {
    let level = 0;
    while (group.members.length > maxLoose) {
      level++;
      const size = Math.max(2, Math.ceil(group.members.length / maxLoose));
      const before = group.members.splice(0);
      for (let start = 0; start < before.length; start += size) {
        const part = before.slice(start, start + size);
        if (part.length === 1) {
          group.members.push(part[0]!);
          continue;
        }
        const heap: Group = {
          ...newGroup(`${group.key}@${level}.${start / size + 1}`, group.path, group, 1),
          name: heapName(part),
        };
        for (const member of part) adopt(heap, member, parents);
        group.members.push(heap);
        groups.push(heap);
      }
    }
  }
}

function heapName(part: readonly (TraceNode | Group)[]): string {
  const ids = part.flatMap((member) => (isGroup(member) ? [] : [member.id]));
  return ids.length === 0 ? `${part.length} parts` : `nodes ${ids[0]}–${ids.at(-1)}`;
}

function adopt(group: Group, member: TraceNode | Group, parents: Map<number, Group>): void {
  group.members.push(member);
  if (isGroup(member)) {
    group.ops += member.ops;
    Object.assign(member, { parent: group, depth: group.depth + 1 });
  } else {
    if (member.kind === "op") group.ops++;
    parents.set(member.id, group);
  }
}

/** Neighbours that do the same, such as the blocks of a transformer, become one group that stands for all of them. */
function foldRepeats(root: Group, parents: Map<number, Group>): void {
  const signatures = new Signatures();
  for (const group of groupsOf(root)) {
    if (group.members.filter(isGroup).length < leastRepeats) continue;
    const folded: (TraceNode | Group)[] = [];
    let run: Group[] = [];
    const flush = (): void => {
      if (run.length < leastRepeats) folded.push(...run);
      else {
        const fold: Group = {
          ...newGroup(`${run[0]!.key}×${run.length}`, run[0]!.path, group, run.length),
          name: commonName(run.map(({ name }) => name)),
        };
        for (const one of run) adopt(fold, one, parents);
        folded.push(fold);
      }
      run = [];
    };
    for (const member of group.members) {
      if (isGroup(member)) {
        if (run.length > 0 && signatures.of(run[0]!) !== signatures.of(member)) flush();
        run.push(member);
      } else {
        flush();
        folded.push(member);
      }
    }
    flush();
    group.members.length = 0;
    for (const member of folded) group.members.push(member);
  }
}

/** What `layers0`, `layers1` have in common; `Block` for bare numbers. */
function commonName(names: readonly string[]): string {
  const bare = names[0]!.replace(/[\d.#]+$/, "");
  return bare !== "" && names.every((name) => name.startsWith(bare)) ? bare : "Block";
}

/** What a group computes, as text: ops, shapes and wiring, whatever the numbers and the names. */
class Signatures {
  private readonly known = new Map<Group, string>();

  of(group: Group): string {
    let signature = this.known.get(group);
    if (signature === undefined) {
      signature = this.written(group);
      this.known.set(group, signature);
    }
    return signature;
  }

  private written(group: Group): string {
    const places = new Map<number, number>();
    const parts: string[] = [];
    const stack: (TraceNode | Group)[] = group.members.toReversed();
    for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
      if (isGroup(member)) {
        parts.push(`(${member.repeats}`);
        stack.push(...member.members.toReversed());
        continue;
      }
      places.set(member.id, places.size);
      const operands = member.operands.map(
        ({ node, output }) => `${places.get(node) ?? "x"}.${output}`,
      );
      const shapes = member.outputs.map(({ shape }) => shape.join("x"));
      parts.push(`${member.op}[${shapes.join(";")}](${operands.join()})`);
    }
    return parts.join(" ");
  }
}
