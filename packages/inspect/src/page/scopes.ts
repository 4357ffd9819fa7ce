/**
 * The tree of scopes as a flat list, and back.
 */
import type { TraceNode } from "../trace/schema.ts";
import type { Group } from "../view/scopes.ts";
import { isGroup } from "../view/scopes.ts";

/** A scope of a page: the root is the first of the list, and parents stand before what is in them. */
export interface PageScope {
  readonly name: string;
  readonly path: string;
  /** How many ops it holds, at any depth. */
  readonly ops: number;
  readonly repeats: number;
  /** What is in it: the ids of nodes, and the places of scopes as −1, −2, … */
  readonly members: readonly number[];
}

/** Groups, outer ones first, as a list. */
export function flatScopes(all: readonly Group[]): PageScope[] {
  const places = new Map(all.map((group, i) => [group, i]));
  return all.map(({ name, path, ops, repeats, members }) => ({
    name,
    path,
    ops,
    repeats,
    members: members.map((member) => (isGroup(member) ? -places.get(member)! : member.id)),
  }));
}

/** The groups in the order of the list. */
export function groupsFrom(scopes: readonly PageScope[], nodes: readonly TraceNode[]): Group[] {
  const groups = scopes.map(
    ({ name, path, ops, repeats }, i): Group => ({
      key: String(i),
      name,
      path,
      depth: 0,
      parent: null,
      members: [],
      ops,
      repeats,
    }),
  );
  for (const [i, { members }] of scopes.entries()) {
    const group = groups[i]!;
    for (const member of members) {
      if (member > 0) {
        group.members.push(nodes[member - 1]!);
        continue;
      }
      const inner = groups[-member]!;
      Object.assign(inner, { parent: group, depth: group.depth + 1 });
      group.members.push(inner);
    }
  }
  return groups;
}
