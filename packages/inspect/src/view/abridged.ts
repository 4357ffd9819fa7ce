/**
 * The part of a trace that a page holds. What is visible is there whole; of what lies in closed scopes, as much as a reader
 * may want to open and a browser is glad to hold. Any other scope is sealed: one node stands for all of its ops.
 */
import { numbersIn } from "../trace/data.ts";
import { TensorNames } from "../trace/names.ts";
import type { Trace, TraceContribution, TraceNode, TraceRef } from "../trace/schema.ts";
import type { Group } from "./scopes.ts";
import { isGroup } from "./scopes.ts";
import { nodesIn } from "./view.ts";
import { siteText } from "./words.ts";

/** How many nodes are kept in scopes that are closed at first, and how many numbers they may have. */
const mostHiddenNodes = 1500;
const mostHiddenNumbers = 200_000;

/** What a node stands for that is a sealed scope. */
export interface SealedScope {
  readonly ops: number;
}

export interface Abridged {
  /** Nodes are numbered anew. A sealed scope stands where its last op stood. */
  readonly trace: Trace;
  readonly root: Group;
  /** The same groups as before, of the new tree. */
  readonly open: ReadonlySet<Group>;
  readonly names: readonly (readonly string[])[];
  /** By the id of the node that stands for it. */
  readonly sealed: Readonly<Record<number, SealedScope>>;
  /** How many contributions a kept one stands for, by its place, where it is not one. */
  readonly merged: Readonly<Record<number, number>>;
  /** The new id of a node, or of what stands for it; `null` for a leaf in a sealed scope. */
  readonly idOf: (id: number) => number | null;
}

export function abridged(trace: Trace, root: Group, open: ReadonlySet<Group>): Abridged {
  const sealed = sealedGroups(trace, root, open);
  const homes = new Map<number, Group>();
  for (const group of sealed) for (const id of nodesIn(group)) homes.set(id, group);
  const build = new Abridgement(trace, homes);
  return { ...build.result(), ...regrouped(root, open, sealed, build) };
}

/** The closed scopes that there is no room for, from outside in. */
function sealedGroups(trace: Trace, root: Group, open: ReadonlySet<Group>): Set<Group> {
  const costs = trace.nodes.map(({ outputs }) =>
    outputs.reduce((sum, { value, grad }) => sum + numbersIn(value) + numbersIn(grad), 0),
  );
  for (const { node, raw, value, total } of trace.backward?.contributions ?? [])
    costs[node - 1]! += numbersIn(raw) + numbersIn(value) + numbersIn(total);
  const sealed = new Set<Group>();
  const room = { nodes: mostHiddenNodes, numbers: mostHiddenNumbers };
  const queue = [root];
  for (const group of queue) {
    if (group !== root && !open.has(group)) {
      const own = group.members.filter((member) => !isGroup(member)) as TraceNode[];
      const numbers = own.reduce((sum, { id }) => sum + costs[id - 1]!, 0);
      if (group.members.length > room.nodes || numbers > room.numbers) {
        sealed.add(group);
        continue;
      }
      room.nodes -= group.members.length;
      room.numbers -= numbers;
    }
    for (const member of group.members) if (isGroup(member)) queue.push(member);
  }
  return sealed;
}

/** Nodes, and contributions, with sealed scopes as single nodes. The ops of a scope stand together, so order is kept. */
class Abridgement {
  readonly nodes: TraceNode[] = [];
  readonly standIns = new Map<Group, TraceNode>();
  private readonly trace: Trace;
  private readonly homes: ReadonlyMap<number, Group>;
  readonly ids = new Map<number, number>();
  private readonly operands = new Map<Group, RefList>();
  private readonly outputs = new Map<Group, RefList>();
  private readonly names: string[][] = [];
  private readonly sealed: Record<number, SealedScope> = {};

  constructor(trace: Trace, homes: ReadonlyMap<number, Group>) {
    this.trace = trace;
    this.homes = homes;
    const lastOps = this.findBorders();
    const names = new TensorNames(trace);
    for (const node of trace.nodes) {
      const group = homes.get(node.id);
      if (group === undefined) {
        this.ids.set(node.id, this.nodes.length + 1);
        this.names.push(node.outputs.map((_, output) => names.of({ node: node.id, output })));
        this.nodes.push(this.kept(node));
      } else if (lastOps.get(group) === node.id) {
        const standIn = this.standIn(group);
        this.standIns.set(group, standIn);
        this.sealed[standIn.id] = { ops: group.ops };
        this.names.push(this.outputs.get(group)!.refs.map((ref) => names.of(ref)));
        this.nodes.push(standIn);
      }
    }
  }

  result(): Omit<Abridged, "root" | "open"> {
    const { trace } = this;
    const { backward, update, error } = trace;
    const merged: Record<number, number> = {};
    const errorNode = error === null || error.node === null ? null : this.idOf(error.node);
    return {
      trace: {
        ...trace,
        nodes: this.nodes,
        outputs: trace.outputs.map((ref) => this.moved(ref)),
        backward:
          backward === null
            ? null
            : {
                seeds: backward.seeds.map((seed) => ({ ...seed, target: this.moved(seed.target) })),
                contributions: this.contributions(backward.contributions, merged),
              },
        update:
          update
            ?.filter(({ target }) => !this.homes.has(target.node))
            .map((change) => ({ ...change, target: this.moved(change.target) })) ?? null,
        error:
          error === null
            ? null
            : {
                ...error,
                node: errorNode,
                operands: this.homes.has(error.node ?? 0) ? [] : error.operands,
              },
      },
      names: this.names,
      sealed: this.sealed,
      merged,
      idOf: (id) => this.idOf(id),
    };
  }

  private idOf(id: number): number | null {
    const group = this.homes.get(id);
    if (group === undefined) return this.ids.get(id) ?? null;
    return this.trace.nodes[id - 1]!.kind === "leaf" ? null : this.standIns.get(group)!.id;
  }

  /** What goes into and comes out of each sealed scope; the result tells which op is its last. */
  private findBorders(): Map<Group, number> {
    const last = new Map<Group, number>();
    for (const group of new Set(this.homes.values())) {
      this.operands.set(group, new RefList());
      this.outputs.set(group, new RefList());
    }
    const leave = (ref: TraceRef): void => {
      const group = this.homes.get(ref.node);
      if (group !== undefined) this.outputs.get(group)!.add(ref);
    };
    for (const { id, kind, operands } of this.trace.nodes) {
      const group = this.homes.get(id);
      if (group !== undefined && kind === "op") last.set(group, id);
      for (const ref of operands) {
        if (this.homes.get(ref.node) === group) continue;
        leave(ref);
        if (group !== undefined) this.operands.get(group)!.add(ref);
      }
    }
    for (const ref of this.trace.outputs) leave(ref);
    for (const { target } of this.trace.backward?.seeds ?? []) leave(target);
    return last;
  }

  private moved(ref: TraceRef): TraceRef {
    const group = this.homes.get(ref.node);
    if (group === undefined) return { node: this.ids.get(ref.node)!, output: ref.output };
    return { node: this.standIns.get(group)!.id, output: this.outputs.get(group)!.placeOf(ref) };
  }

  /** A page is shown to others: they need not know where the program lies, nor what an op kept for its rule. */
  private kept(node: TraceNode): TraceNode {
    return {
      ...node,
      id: this.nodes.length + 1,
      operands: node.operands.map((ref) => this.moved(ref)),
      site: node.site === null ? null : siteText(node.site),
      saved: [],
    };
  }

  private standIn(group: Group): TraceNode {
    const { nodes } = this.trace;
    return {
      id: this.nodes.length + 1,
      kind: "op",
      op: group.name,
      formula: null,
      symbols: [],
      derivatives: [],
      broadcasts: false,
      operands: this.operands.get(group)!.refs.map((ref) => this.moved(ref)),
      options: {},
      scope: group.path,
      site: null,
      saved: [],
      outputs: this.outputs.get(group)!.refs.map(({ node, output }) => ({
        ...nodes[node - 1]!.outputs[output]!,
        value: null,
        grad: null,
      })),
    };
  }

  /** Of what comes out of a sealed scope in one go, the last for each tensor tells all that has arrived there. */
  private contributions(
    all: readonly TraceContribution[],
    merged: Record<number, number>,
  ): TraceContribution[] {
    const made: TraceContribution[] = [];
    let group: Group | null = null;
    let count = 0;
    let last = new Map<string, TraceContribution>();
    const flush = (): void => {
      for (const contribution of last.values()) {
        merged[made.length] = count;
        made.push(contribution);
        count = 0;
      }
      last = new Map();
    };
    for (const contribution of all) {
      const { node, operand, value, total } = contribution;
      const ref = this.trace.nodes[node - 1]!.operands[operand]!;
      const home = this.homes.get(node) ?? null;
      if (home !== group) flush();
      group = home;
      if (home === null) {
        made.push({ ...contribution, node: this.ids.get(node)! });
        continue;
      }
      count++;
      if (this.homes.has(ref.node)) continue;
      last.set(keyOf(ref), {
        node: this.standIns.get(home)!.id,
        operand: this.operands.get(home)!.placeOf(ref),
        raw: null,
        value: total ?? value,
        total: null,
      });
    }
    flush();
    return made;
  }
}

/** References in the order in which they were met, each once. */
class RefList {
  readonly refs: TraceRef[] = [];
  private readonly places = new Map<string, number>();

  add(ref: TraceRef): void {
    const key = keyOf(ref);
    if (this.places.has(key)) return;
    this.places.set(key, this.refs.length);
    this.refs.push(ref);
  }

  placeOf(ref: TraceRef): number {
    return this.places.get(keyOf(ref))!;
  }
}

function keyOf({ node, output }: TraceRef): string {
  return `${node}.${output}`;
}

/** The tree over the new nodes. */
function regrouped(
  root: Group,
  open: ReadonlySet<Group>,
  sealed: ReadonlySet<Group>,
  { nodes, standIns, ids }: Abridgement,
): Pick<Abridged, "root" | "open"> {
  const newRoot: Group = { ...root, members: [] };
  const newOpen = new Set<Group>();
  const queue: (readonly [before: Group, after: Group])[] = [[root, newRoot]];
  for (const [before, after] of queue) {
    if (open.has(before)) newOpen.add(after);
    if (sealed.has(before)) {
      after.members.push(standIns.get(before)!);
      continue;
    }
    for (const member of before.members) {
      if (!isGroup(member)) after.members.push(nodes[ids.get(member.id)! - 1]!);
      else {
        const inner: Group = { ...member, parent: after, members: [] };
        after.members.push(inner);
        queue.push([member, inner]);
      }
    }
  }
  return { root: newRoot, open: newOpen };
}
