/**
 * Watches a program run, and keeps what it sees as drafts of nodes.
 */
import type { NodeOp, Observer, Tensor } from "@chainrule/core";
import { currentScope, type GraphNode, isGradEnabled, topologicalOrder } from "@chainrule/core";
import type { TraceSaved, TraceValue } from "./schema.ts";
import { savedValues, tensorValue } from "./values.ts";

/** A node before its id is known: what turns out not to lead to the outputs is dropped. */
export interface Draft {
  readonly op: NodeOp | null;
  readonly operands: readonly Place[];
  readonly options: unknown;
  readonly scope: string;
  site: string | null;
  saved: readonly TraceSaved[];
  readonly outputs: readonly DraftOutput[];
}

/** A tensor of a draft, with its numbers as they were when it was first seen. */
export interface DraftOutput {
  readonly tensor: Tensor;
  readonly value: TraceValue | null;
  readonly version: number;
}

/** Which output of which draft a tensor is. */
export interface Place {
  readonly draft: Draft;
  readonly output: number;
}

/** A contribution as the observer is told of it. */
export interface DraftContribution {
  readonly draft: Draft;
  readonly operand: number;
  readonly raw: TraceValue | null;
  readonly value: TraceValue;
  total: TraceValue | null;
}

/** One backward pass. */
export interface DraftPass {
  readonly outputs: readonly Tensor[];
  readonly seeds: readonly Tensor[];
  readonly contributions: DraftContribution[];
  /** Gradients, all contributions added up and hooks called. */
  readonly gradients: Map<Tensor, TraceValue>;
  over: boolean;
}

/** A call that threw. */
export interface DraftFailure {
  readonly draft: Draft;
  readonly error: unknown;
}

/** Sees every op, every contribution and every failure. */
export class Recorder implements Observer {
  readonly drafts: Draft[] = [];
  readonly passes: DraftPass[] = [];
  failure: DraftFailure | null = null;
  /** The node whose rule is running, for errors in a backward pass. */
  reachedLast: Draft | null = null;
  private readonly places = new Map<Tensor, Place>();
  private readonly running: DraftPass[] = [];
  private readonly maxElements: number;
  /** The last op computed. Its node is made after the observer is told: it is looked at with the next event. */
  private unsettled: Draft | null = null;

  constructor(maxElements: number) {
    this.maxElements = maxElements;
  }

  /** Whether a backward pass is running. */
  get inPass(): boolean {
    return this.running.length > 0;
  }

  computed(
    op: NodeOp,
    operands: readonly Tensor[],
    options: unknown,
    results: readonly Tensor[],
  ): void {
    this.settle();
    // What a rule computes to find a gradient is no part of the program, unless it is to be differentiated in turn.
    if (this.running.length > 0 && !isGradEnabled()) return;
    const scope = currentScope();
    const draft = this.add(
      op,
      operands.map((x) => this.place(x)),
      options,
      scope,
      results,
    );
    this.unsettled = draft;
  }

  failed(op: NodeOp, args: readonly unknown[], error: unknown): void {
    this.settle();
    if (this.failure?.error === error) return;
    const operands = tensorsIn(args).map((x) => this.place(x));
    const scope = currentScope();
    const draft = { op, operands, options: {}, scope, site: null, saved: [], outputs: [] };
    this.failure = { draft, error };
  }

  began(outputs: readonly Tensor[], seeds: readonly Tensor[]): void {
    this.settle();
    for (const output of outputs) this.place(output);
    const gradients = new Map<Tensor, TraceValue>();
    const pass = { outputs, seeds, contributions: [], gradients, over: false };
    this.passes.push(pass);
    this.running.push(pass);
  }

  reached(node: GraphNode, cotangents: readonly (Tensor | null)[]): void {
    this.settle();
    this.reachedLast = this.places.get(node.results[0]!)?.draft ?? null;
    for (const [i, cotangent] of cotangents.entries()) {
      const value = cotangent === null ? null : tensorValue(cotangent, this.maxElements);
      if (value !== null) this.running.at(-1)?.gradients.set(node.results[i]!, value);
    }
  }

  contributed(node: GraphNode, operand: number, raw: Tensor, summed: Tensor): void {
    const draft = this.places.get(node.results[0]!)?.draft;
    const value = tensorValue(summed, this.maxElements);
    if (draft === undefined || value === null) return;
    const wasSummed = raw.shape.join() !== summed.shape.join();
    this.running.at(-1)?.contributions.push({
      draft,
      operand,
      raw: wasSummed ? tensorValue(raw, this.maxElements) : null,
      value,
      total: null,
    });
  }

  accumulated(_tensor: Tensor, _before: Tensor, _contribution: Tensor, after: Tensor): void {
    const last = this.running.at(-1)?.contributions.at(-1);
    if (last !== undefined) last.total = tensorValue(after, this.maxElements);
  }

  ended(gradients: ReadonlyMap<Tensor, Tensor>): void {
    this.settle();
    const pass = this.running.pop();
    if (pass === undefined) return;
    for (const [tensor, gradient] of gradients) {
      const value = tensorValue(gradient, this.maxElements);
      if (value !== null) pass.gradients.set(tensor, value);
    }
    pass.over = true;
  }

  /** Forgets passes that broke off. */
  stop(): void {
    this.settle();
    this.running.length = 0;
  }

  /** Where a tensor stands; what is not known yet becomes a leaf, after the recorded history that it has. */
  place(x: Tensor): Place {
    const known = this.places.get(x);
    // A leaf whose numbers were changed since is a new leaf: what is computed from here on sees the new numbers.
    if (
      known !== undefined &&
      (x.node !== null || known.draft.outputs[known.output]!.version === x.storage.version)
    )
      return known;
    if (x.node !== null && !x.node.freed) {
      for (const node of historyOf(x.node)) {
        if (this.places.has(node.results[0]!)) continue;
        const operands = node.operands.map((operand) =>
          operand.node === null
            ? this.place(operand)
            : (this.places.get(operand) ?? this.leaf(operand)),
        );
        const draft = this.add(node.op, operands, node.options, node.scope, node.results);
        this.readNode(draft, node);
      }
      const found = this.places.get(x);
      if (found !== undefined) return found;
    }
    return this.leaf(x);
  }

  private leaf(x: Tensor): Place {
    this.add(null, [], {}, "", [x]);
    return this.places.get(x)!;
  }

  private add(
    op: NodeOp | null,
    operands: readonly Place[],
    options: unknown,
    scope: string,
    tensors: readonly Tensor[],
  ): Draft {
    const outputs = tensors.map((tensor) => ({
      tensor,
      value: tensorValue(tensor, this.maxElements),
      version: tensor.storage.version,
    }));
    const draft: Draft = { op, operands, options, scope, site: null, saved: [], outputs };
    this.drafts.push(draft);
    for (const [output, tensor] of tensors.entries()) this.places.set(tensor, { draft, output });
    return draft;
  }

  private settle(): void {
    const draft = this.unsettled;
    this.unsettled = null;
    const node = draft?.outputs.find(({ tensor }) => tensor.node !== null)?.tensor.node ?? null;
    if (draft !== null && node !== null) this.readNode(draft, node);
  }

  private readNode(draft: Draft, node: GraphNode): void {
    draft.site = node.site ?? null;
    draft.saved = savedValues(node.saved, this.maxElements);
  }
}

/** The nodes before a node, operands first; none where part of the graph was freed. */
function historyOf(node: GraphNode): GraphNode[] {
  try {
    return topologicalOrder(node);
  } catch {
    return [];
  }
}

/** The tensors among arguments, looking into arrays (cat, stack) once. */
function tensorsIn(args: readonly unknown[]): Tensor[] {
  const isTensor = (value: unknown): value is Tensor =>
    typeof value === "object" && value !== null && "storage" in value && "requiresGrad" in value;
  return args.flatMap((arg) =>
    Array.isArray(arg) ? arg.filter(isTensor) : isTensor(arg) ? [arg] : [],
  );
}
