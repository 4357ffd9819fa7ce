/**
 * The chain rule: cotangents flow from the outputs back through the graph, node by node, and add up where paths meet.
 */
import { acceleratedUpdate } from "../accelerated/update.ts";
import { GradError, quoted } from "../errors.ts";
import { contiguousCopy } from "../op.ts";
import { add } from "../ops/arithmetic.ts";
import { to } from "../ops/convert.ts";
import { sumTo } from "../ops/expand.ts";
import { expose, hold, isRecycling, letGo, noteStorages, sweep } from "../recycling.ts";
import { addRows, copyOfRows } from "../row-sparse.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Storage } from "../storage.ts";
import { storageWatermark } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { capture } from "./capture.ts";
import { callAccumulationHooks, throughHooks } from "./hooks.ts";
import { enableGrad, noGrad } from "./mode.ts";
import type { GraphNode, JointVJP, OperandVJP } from "./node.ts";
import { observers } from "./observe.ts";
import { inTopologicalOrder } from "./order.ts";

/** What a pass is to do. */
export interface Pass {
  readonly createGraph: boolean;
  readonly retainGraph: boolean;
  /** The tensors whose gradients are wanted; `null`: all leaves, and those that retain theirs. */
  readonly targets: readonly Tensor[] | null;
  /** Nodes with ids up to this one are left out. */
  readonly newerThan: number;
  /** What to throw for a target that no gradient reached; `null`: nothing. */
  readonly complain: ((target: Tensor, index: number) => GradError) | null;
}

/**
 * One backward pass. With targets it returns what arrived at them; without, it adds to `grad`, and what it returns is of
 * no use to anybody.
 */
export function runPass(
  outputs: readonly Tensor[],
  seeds: readonly Tensor[],
  pass: Pass,
): ReadonlyMap<Tensor, Arrived> {
  const roots: GraphNode[] = [];
  for (const { node } of outputs) if (node !== null) roots.push(node);
  return inTopologicalOrder(
    roots,
    (order) => {
      const run = new BackwardRun(order, pass);
      const go = (): void => run.go(outputs, seeds);
      if (observers !== null) for (const observer of observers) observer.began?.(outputs, seeds);
      if (pass.createGraph) enableGrad(go);
      else noGrad(go);
      const found = run.collected();
      if (observers !== null) {
        const gradients = new Map(
          Array.from(found, ([tensor, { cotangent }]) => [tensor, cotangent]),
        );
        for (const observer of observers) observer.ended?.(gradients);
      }
      if (pass.complain !== null) {
        for (const [i, target] of pass.targets!.entries())
          if (!found.has(target)) throw pass.complain(target, i);
      }
      if (pass.targets === null) for (const [leaf, arrived] of found) accumulate(leaf, arrived);
      else for (const { cotangent } of found.values()) expose(cotangent.storage);
      if (!pass.retainGraph) for (let i = 0; i < order.length; i++) order[i]!.free();
      // A compiled function calls them when it has added to the gradients.
      if (pass.targets === null && capture === null)
        for (const leaf of found.keys()) callAccumulationHooks(leaf);
      return found;
    },
    pass.newerThan,
  );
}

/**
 * A cotangent on its way, and whether this pass alone holds its storage: a rule that may keep things has not made it, no
 * hook has seen it, and it waits in no other place.
 */
export interface Arrived {
  cotangent: Tensor;
  owned: boolean;
}

/** What has arrived at a node: at its one result, or at each of its results. */
type Arrivals = (Arrived | undefined)[] | Arrived;

class BackwardRun {
  private readonly order: readonly GraphNode[];
  private readonly createGraph: boolean;
  private readonly newerThan: number;
  /** By slot: the cotangents of each node's results that have arrived so far. */
  private readonly waiting: (Arrivals | undefined)[];
  /** By slot: whether the gradient of a wanted tensor passes through the node; `null`: all are wanted. */
  private readonly needed: boolean[] | null;
  /** What arrived at leaves, and at results whose gradient is wanted. */
  private readonly arrived = new Map<Tensor, Arrived>();
  private readonly targets: ReadonlySet<Tensor> | null;
  /** Whether buffers are used again: nobody watches, and nothing is recorded. */
  private readonly recycles: boolean;
  /** The storages that the rules of the node at hand have made. */
  private readonly made: Storage[] = [];

  constructor(order: readonly GraphNode[], pass: Pass) {
    this.order = order;
    this.createGraph = pass.createGraph;
    this.newerThan = pass.newerThan;
    this.waiting = new Array(order.length).fill(undefined);
    this.targets = pass.targets === null ? null : new Set(pass.targets);
    this.needed = this.targets === null ? null : pathsTo(this.targets, order, pass.newerThan);
    this.recycles = !pass.createGraph && observers === null && isRecycling();
  }

  /** Everything up to what arrives at the leaves. */
  go(outputs: readonly Tensor[], seeds: readonly Tensor[]): void {
    // A rule of an outer pass may be running this one; what is made here is none of its business.
    const outer = noteStorages(null);
    try {
      for (const [i, output] of outputs.entries()) this.deliver(output, seeds[i]!, false);
      this.propagate();
      this.callLeafHooks();
    } finally {
      noteStorages(outer);
    }
  }

  /** Runs the rules of all nodes that a cotangent reaches, results before operands. */
  private propagate(): void {
    for (let slot = this.order.length - 1; slot >= 0; slot--) {
      const arrived = this.waiting[slot];
      if (arrived === undefined) continue;
      this.waiting[slot] = undefined;
      const node = this.order[slot]!;
      if (this.isSeen(node)) {
        this.callHooks(node, arrived);
        this.keepWanted(node, arrived);
      }
      if (this.needed !== null && !this.needed[slot]) continue;
      if (observers !== null) tellObservers(node, arrived);
      const { vjp, confined } = node.op;
      const isConfined = vjp === confined;
      const recycles = isConfined && this.recycles;
      // Rules of users may keep what they are given.
      if (recycles) noteStorages(this.made);
      else forEachStorage(arrived, expose);
      if (typeof vjp === "function")
        this.applyJointRule(node, vjp as JointVJP, arrived, isConfined);
      else if (vjp !== null)
        this.applyRules(node, vjp as readonly (OperandVJP | null)[], arrived, isConfined);
      if (!recycles) continue;
      noteStorages(null);
      if (this.made.length > 0) sweep(this.made);
      forEachStorage(arrived, letGo);
    }
  }

  /** Whether somebody may want to see what arrives at the results of a node; false for almost all. */
  private isSeen({ results }: GraphNode): boolean {
    if (this.targets !== null) return true;
    for (let i = 0; i < results.length; i++)
      if (results[i]!.hooks !== null || results[i]!.retainsGrad) return true;
    return false;
  }

  collected(): ReadonlyMap<Tensor, Arrived> {
    return this.arrived;
  }

  private applyRules(
    node: GraphNode,
    rules: readonly (OperandVJP | null)[],
    arrived: Arrivals,
    isConfined: boolean,
  ): void {
    const { cotangent } = Array.isArray(arrived) ? arrived[0]! : arrived;
    const { operands } = node;
    for (let i = 0; i < operands.length; i++) {
      const operand = operands[i]!;
      if (!this.isWanted(operand)) continue;
      const rule = rules[i];
      if (rule === null || rule === undefined) continue;
      const watermark = storageWatermark();
      this.deliver(operand, this.fitted(node, i, rule(cotangent, node)), isConfined, watermark);
    }
  }

  private applyJointRule(
    node: GraphNode,
    rule: JointVJP,
    arrived: Arrivals,
    isConfined: boolean,
  ): void {
    const cotangents = node.results.map((_, i) => {
      const one = Array.isArray(arrived) ? arrived[i] : i === 0 ? arrived : undefined;
      return one?.cotangent ?? null;
    });
    const watermark = storageWatermark();
    const found = rule(cotangents, node);
    // Two operands may have been given the same tensor, or views of one: neither owns it then.
    const storages = new Set<Storage>();
    let count = 0;
    for (const cotangent of found) {
      if (cotangent === null || cotangent === undefined) continue;
      storages.add(cotangent.storage);
      count++;
    }
    const mayOwn = isConfined && storages.size === count;
    for (const [i, operand] of node.operands.entries()) {
      const cotangent = found[i] ?? null;
      if (cotangent === null || !this.isWanted(operand)) continue;
      this.deliver(operand, this.fitted(node, i, cotangent), mayOwn, watermark);
    }
  }

  private isWanted(operand: Tensor): boolean {
    if (!operand.requiresGrad) return false;
    if (this.targets === null || this.targets.has(operand)) return true;
    return (
      operand.node !== null && operand.node.id > this.newerThan && this.needed![operand.node.slot]!
    );
  }

  /** Sums a gradient over broadcast axes, gives it the operand's type, and asserts its shape. */
  private fitted(node: GraphNode, index: number, cotangent: Tensor): Tensor {
    const operand = node.operands[index]!;
    let fitted = cotangent;
    if (!(fitted instanceof Tensor))
      throw brokenRule(node, index, `gave ${quoted(cotangent)}, not a tensor`);
    if (!sameShape(fitted.shape, operand.shape)) {
      if (!node.op.broadcasts || !broadcastsTo(operand.shape, fitted.shape)) {
        throw brokenRule(
          node,
          index,
          `gave shape ${formatShape(fitted.shape)}, but the operand has ${formatShape(operand.shape)}`,
        );
      }
      fitted = sumTo(fitted, operand.shape);
    }
    if (fitted.dtype !== operand.dtype) fitted = to(fitted, operand.dtype);
    if (observers !== null)
      for (const observer of observers) observer.contributed?.(node, index, cotangent, fitted);
    return fitted;
  }

  /** Adds a cotangent to what has arrived at a tensor. It may be kept without a copy if it was made since `watermark`. */
  deliver(
    tensor: Tensor,
    cotangent: Tensor,
    mayOwn: boolean,
    watermark = Number.POSITIVE_INFINITY,
  ): void {
    const owned =
      mayOwn &&
      cotangent.storage.rows === null &&
      cotangent.storage.id >= watermark &&
      cotangent.batch === null &&
      (cotangent.ndim === 0 || cotangent.numel() === cotangent.storage.data.length) &&
      cotangent.isContiguous();
    const { node } = tensor;
    if (node === null || node.id <= this.newerThan) {
      this.arrived.set(tensor, this.joined(tensor, this.arrived.get(tensor), cotangent, owned));
    } else if (node.results.length === 1) {
      this.waiting[node.slot] = this.joined(
        tensor,
        this.waiting[node.slot] as Arrived | undefined,
        cotangent,
        owned,
      );
    } else {
      let slots = this.waiting[node.slot] as (Arrived | undefined)[] | undefined;
      if (slots === undefined) {
        slots = new Array(node.results.length).fill(undefined);
        this.waiting[node.slot] = slots;
      }
      slots[tensor.resultIndex] = this.joined(tensor, slots[tensor.resultIndex], cotangent, owned);
    }
  }

  private joined(
    tensor: Tensor,
    before: Arrived | undefined,
    cotangent: Tensor,
    owned: boolean,
  ): Arrived {
    if (before === undefined) {
      hold(cotangent.storage);
      return { cotangent, owned };
    }
    if (observers === null && before.owned && !this.createGraph && cotangent.batch === null) {
      addInto(before.cotangent, cotangent);
      return before;
    }
    const sum = added(before.cotangent, cotangent, this.createGraph);
    hold(sum.storage);
    letGo(before.cotangent.storage);
    if (observers !== null) {
      for (const observer of observers)
        observer.accumulated?.(tensor, before.cotangent, cotangent, sum);
    }
    // To add into the table of a row-sparse sum would make its rows untrue.
    return { cotangent: sum, owned: sum.batch === null && sum.storage.rows === null };
  }

  /** The hooks of a node's results see their gradients once all paths have been added up, and may replace them. */
  private callHooks(node: GraphNode, arrived: Arrivals): void {
    for (let i = 0; i < node.results.length; i++) {
      const result = node.results[i]!;
      if (result.hooks === null) continue;
      const one = Array.isArray(arrived) ? arrived[i] : arrived;
      if (one !== undefined) replaceThroughHooks(result, one);
    }
  }

  /** The same for leaves, when the pass is over. */
  callLeafHooks(): void {
    for (const [tensor, one] of this.arrived)
      if (tensor.node === null && tensor.hooks !== null) replaceThroughHooks(tensor, one);
  }

  private keepWanted(node: GraphNode, arrived: Arrivals): void {
    for (let i = 0; i < node.results.length; i++) {
      const result = node.results[i]!;
      if (this.targets === null ? !result.retainsGrad : !this.targets.has(result)) continue;
      const one = Array.isArray(arrived) ? arrived[i] : arrived;
      if (one === undefined) continue;
      // It travels on as well, so it is not ours alone.
      one.owned = false;
      expose(one.cotangent.storage);
      this.arrived.set(result, { cotangent: one.cotangent, owned: false });
    }
  }
}

function forEachStorage(arrived: Arrivals, action: (storage: Storage) => void): void {
  if (!Array.isArray(arrived)) action(arrived.cotangent.storage);
  else for (const one of arrived) if (one !== undefined) action(one.cotangent.storage);
}

/** Apart from the loop over nodes, since a closure there would cost every node an allocation. */
function tellObservers(node: GraphNode, arrived: Arrivals): void {
  const cotangents = node.results.map(
    (_, i) => (Array.isArray(arrived) ? arrived[i] : arrived)?.cotangent ?? null,
  );
  for (const observer of observers ?? []) observer.reached?.(node, cotangents);
}

function replaceThroughHooks(tensor: Tensor, arrived: Arrived): void {
  // A hook may keep what it is given: from here on it is not ours alone.
  expose(arrived.cotangent.storage);
  const gradient = throughHooks(tensor, arrived.cotangent);
  arrived.owned = false;
  arrived.cotangent = gradient;
}

/** For each node of the order, whether it was computed from one of the tensors. */
function pathsTo(
  targets: ReadonlySet<Tensor>,
  order: readonly GraphNode[],
  newerThan: number,
): boolean[] {
  const needed = new Array<boolean>(order.length).fill(false);
  for (const [slot, node] of order.entries()) {
    needed[slot] = node.operands.some(
      (operand) =>
        targets.has(operand) ||
        (operand.node !== null &&
          operand.node.id > newerThan &&
          needed[operand.node.slot] === true),
    );
  }
  return needed;
}

function broadcastsTo(from: readonly number[], target: readonly number[]): boolean {
  const lead = target.length - from.length;
  return lead >= 0 && from.every((length, i) => length === 1 || length === target[lead + i]);
}

function brokenRule(node: GraphNode, index: number, what: string): GradError {
  return new GradError(
    `${node.op.name}: the VJP of operand ${index} ${what}. This is a fault in the op's definition, not in its use.`,
    { op: node.op.name, operand: index },
  );
}

/** Sums of float32 numbers round alike in single and in double precision: these are those of the plain loop. */
const addAccelerated = acceleratedUpdate({
  arrays: ["target", "addend"],
  parameters: [],
  values: (s, { target, addend }) => ({ target: s.add(target, addend) }),
});

/** target += addend, on a buffer that only this pass holds. */
function addInto(target: Tensor, addend: Tensor): void {
  const { data } = target.storage;
  const other = addend.isContiguous() ? addend : contiguousCopy(addend);
  const from = other.storage.data;
  const length = target.numel();
  if (addAccelerated([data, from], [target.offset, other.offset], length, [])) return;
  const shift = other.offset - target.offset;
  const end = target.offset + length;
  for (let i = target.offset; i < end; i++) data[i]! += from[i + shift]!;
}

/** a + b; row-sparse where both are, unless the sum is recorded. */
function added(a: Tensor, b: Tensor, recorded: boolean): Tensor {
  const rowSparse = a.storage.rows !== null && b.storage.rows !== null && !recorded;
  return (rowSparse ? addRows(a, b) : null) ?? add(a, b);
}

/**
 * leaf.grad += cotangent. A gradient owns its storage, so that changing one tensor never changes another's gradient; one
 * that somebody has read is not added to but replaced, so that it does not change under their feet.
 */
export function accumulate(leaf: Tensor, { cotangent, owned }: Arrived): void {
  if (capture !== null) {
    capture.accumulate(leaf, cotangent);
    return;
  }
  const { storage } = cotangent;
  const before = leaf.lentGrad();
  if (before !== null) {
    if (before.storage.holders === 1 && cotangent.node === null && cotangent.batch === null)
      addInto(before, cotangent);
    else leaf.grad = added(before, cotangent, false);
    letGo(storage);
    return;
  }
  // A single number may lie in an array that it shares with others: a gradient has its own.
  if (owned && cotangent.numel() === storage.data.length) {
    // The hold of the pass becomes that of the leaf.
    leaf.grad = cotangent;
  } else if (cotangent.node !== null || cotangent.batch !== null) {
    expose(storage);
    leaf.grad = cotangent;
  } else {
    const rows = storage.rows === null ? null : copyOfRows(cotangent);
    leaf.grad = rows ?? contiguousCopy(cotangent);
    letGo(storage);
  }
}
