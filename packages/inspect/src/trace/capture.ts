/**
 * From a running program to a trace.
 */
import type { NodeOp } from "@chainrule/core";
import {
  ArgumentError,
  backward,
  checkInteger,
  checkOptions,
  grad,
  observe,
  quoted,
  recordSourceLines,
  setBackend,
  Tensor,
} from "@chainrule/core";
import { toTraceData } from "./data.ts";
import type { NamedTensors } from "./names.ts";
import { namesFrom } from "./names.ts";
import { vouchFor } from "./read.ts";
import type { Draft, DraftPass, Place } from "./recorder.ts";
import { Recorder } from "./recorder.ts";
import type {
  Trace,
  TraceBackward,
  TraceChange,
  TraceError,
  TraceNode,
  TraceRef,
  TraceTensor,
} from "./schema.ts";
import { traceVersion } from "./schema.ts";
import { tensorValue } from "./values.ts";

/** Options of {@link capture}. */
export interface CaptureOptions {
  /** What the page and other pictures are headed with. */
  title?: string;
  /** Names for tensors, before those that they have: a module, an object of tensors, or pairs of name and tensor. */
  names?: NamedTensors;
  /** The cotangent of the output; 1 for a single number. An output that is none has no backward pass without it. */
  cotangent?: Tensor;
  /** Whether a backward pass is run if the program ran none; true unless given. */
  backward?: boolean;
  /** Called after the backward pass to change the parameters: `() => optimizer.step()`. */
  update?: () => void;
  /** The largest number of elements of a tensor that is kept whole; 1024 unless given. */
  maxElements?: number;
  /** Whether to note the line of the program that made each node; true unless given. */
  sourceLines?: boolean;
}

const optionNames = [
  "title",
  "names",
  "cotangent",
  "backward",
  "update",
  "maxElements",
  "sourceLines",
] as const;

/**
 * Captures a computation and its gradients as a {@link Trace}: every node with its operands in order and its numbers, and
 * every contribution of the chain rule in the order in which it arrived.
 *
 * Given a tensor, it reads the graph behind it; given a function, it watches it run, which also shows what takes no part
 * in differentiation (masks, comparisons). A backward pass is run unless the function ran one through what it returns; it
 * touches no `grad`. With `update` it does, so that an optimizer finds gradients, and the trace also has the
 * parameters before and after. A function that does all by itself (`zeroGrad`, `backward`, `step`) is captured as it is.
 *
 * Everything that runs meanwhile is computed by plain loops (`setBackend("reference")`), which give the same bits on every
 * machine and in the page of `toHTML`; accelerated kernels round otherwise in the last digit.
 *
 * A function that throws gives the part of the graph that there is: `trace.error` has the message, and the call and the
 * operands to blame. All numbers are copies: what changes later does not change the trace.
 *
 * @throws {ArgumentError} for an unknown option, an asynchronous function, one that returns no tensor and ran no
 * backward pass, or a graph that was freed.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { capture } from "@chainrule/inspect";
 * const w = tensor(3, { requiresGrad: true, name: "w" });
 * const trace = capture(() => w.mul(w).add(w));
 * trace.nodes.map(({ op }) => op ?? "leaf"); // → [ 'leaf', 'mul', 'add' ]
 * trace.nodes[1]?.operands; // → [ { node: 1, output: 0 }, { node: 1, output: 0 } ]
 * trace.nodes[0]?.outputs[0]?.grad?.data; // → [ 7 ]
 * trace.backward?.contributions.map(({ value, total }) => [value.data, total?.data ?? null]);
 * // → [ [ [ 1 ], null ], [ [ 1 ], null ], [ [ 3 ], [ 4 ] ], [ [ 3 ], [ 7 ] ] ]
 */
export function capture(
  program: Tensor | (() => Tensor) | (() => void),
  options: CaptureOptions = {},
): Trace {
  return captureLive(program, options).trace;
}

/** A node's call as it was made: the op with its options, or the tensor of a leaf. */
export interface LiveCall {
  readonly op: NodeOp | null;
  readonly options: unknown;
  readonly tensors: readonly Tensor[];
}

/** {@link capture}, with the calls behind the nodes, in their order. */
export function captureLive(
  program: Tensor | (() => Tensor) | (() => void),
  options: CaptureOptions,
): { readonly trace: Trace; readonly calls: readonly LiveCall[] } {
  checkOptions("capture", options, optionNames);
  const maxElements = checkInteger("capture", "maxElements", options.maxElements ?? 1024, 1);
  const names = namesFrom(options.names);
  const backend = setBackend("reference");
  try {
    return captured(program, options, names, maxElements);
  } finally {
    setBackend(backend);
  }
}

function captured(
  program: Tensor | (() => Tensor) | (() => void),
  options: CaptureOptions,
  names: ReadonlyMap<Tensor, string>,
  maxElements: number,
): { readonly trace: Trace; readonly calls: readonly LiveCall[] } {
  const recorder = new Recorder(maxElements);
  let outputs: readonly Tensor[] = [];
  let failure: { error: unknown; phase: TraceError["phase"] } | null = null;
  let phase: TraceError["phase"] = "forward";
  if (program instanceof Tensor) {
    if (program.node?.freed === true) {
      throw new ArgumentError(
        "capture: the graph was freed by a backward pass. Capture before it, give it { retainGraph: true }, or capture a function that computes the loss.",
      );
    }
    outputs = [program];
  } else if (typeof program !== "function") {
    throw new ArgumentError(`capture: expected a tensor or a function, not ${quoted(program)}.`, {
      program,
    });
  } else {
    const linesBefore = recordSourceLines(options.sourceLines ?? true);
    try {
      outputs = outputsOf(observe<unknown>(recorder, program), recorder);
    } catch (error) {
      if (error instanceof CaptureError) throw error;
      if (recorder.inPass) phase = "backward";
      failure = { error, phase };
    } finally {
      recordSourceLines(linesBefore);
    }
  }
  recorder.stop();
  let pass: DraftPass | null = null;
  if (failure === null) {
    for (const output of outputs) recorder.place(output);
    try {
      phase = "backward";
      pass = lastPassOf(recorder, outputs);
      if (pass === null && options.backward !== false) {
        pass = runBackward(recorder, outputs, options);
      }
      phase = "update";
      options.update?.();
    } catch (error) {
      failure = { error, phase };
      pass ??= recorder.passes.at(-1) ?? null;
      recorder.stop();
    }
  } else pass = recorder.passes.find(({ over }) => !over) ?? null;
  return assembled({ recorder, outputs, pass, failure, names, maxElements, options });
}

/** Wrong use of capture itself, as opposed to an error of the program that it watches. */
class CaptureError extends ArgumentError {}

function outputsOf(returned: unknown, recorder: Recorder): readonly Tensor[] {
  if (returned instanceof Tensor) return [returned];
  if (returned instanceof Promise) {
    returned.catch(() => undefined);
    throw new CaptureError(
      "capture: the function is asynchronous. Await the data first, and capture the synchronous part.",
    );
  }
  const last = recorder.passes.at(-1);
  if (returned !== undefined || last === undefined) {
    throw new CaptureError(
      `capture: the function must return a tensor, the loss, or run a backward pass; it returned ${quoted(returned)}.`,
      { returned },
    );
  }
  return last.outputs;
}

/** The last backward pass that the program ran from one of the outputs. */
function lastPassOf(recorder: Recorder, outputs: readonly Tensor[]): DraftPass | null {
  return (
    recorder.passes.findLast(
      (pass) => pass.over && pass.outputs.some((output) => outputs.includes(output)),
    ) ?? null
  );
}

function runBackward(
  recorder: Recorder,
  outputs: readonly Tensor[],
  { cotangent, update }: CaptureOptions,
): DraftPass | null {
  const [output] = outputs;
  if (output === undefined || !output.requiresGrad) return null;
  if (output.numel() !== 1 && cotangent === undefined) return null;
  observe(recorder, () => {
    if (update !== undefined) return backward(output, cotangent, { retainGraph: true });
    const leaves = recorder.drafts.flatMap((draft) =>
      draft.outputs.flatMap(({ tensor }) => (tensor.isLeaf && tensor.requiresGrad ? [tensor] : [])),
    );
    const seed = cotangent === undefined ? {} : { gradOutputs: cotangent };
    grad([output], [...new Set(leaves)], { retainGraph: true, allowUnused: true, ...seed });
  });
  return recorder.passes.at(-1) ?? null;
}

/** All that is known when the program is over. */
interface Captured {
  readonly recorder: Recorder;
  readonly outputs: readonly Tensor[];
  readonly pass: DraftPass | null;
  readonly failure: { readonly error: unknown; readonly phase: TraceError["phase"] } | null;
  readonly names: ReadonlyMap<Tensor, string>;
  readonly maxElements: number;
  readonly options: CaptureOptions;
}

function assembled(captured: Captured): { trace: Trace; calls: readonly LiveCall[] } {
  const { recorder, outputs, pass, failure, options } = captured;
  const ends = outputs.map((output) => recorder.place(output));
  const broken =
    failure !== null && recorder.failure?.error === failure.error ? recorder.failure : null;
  const kept =
    failure?.phase === "forward"
      ? [...recorder.drafts, ...(broken === null ? [] : [broken.draft])]
      : upstreamOf(ends, recorder.drafts);
  const ids = new Map(kept.map((draft, i) => [draft, i + 1]));
  const refTo = ({ draft, output }: Place): TraceRef => ({ node: ids.get(draft)!, output });
  const trace = vouchFor({
    format: "chainrule-trace",
    version: traceVersion,
    title: options.title ?? "",
    nodes: kept.map((draft) => nodeFrom(draft, ids.get(draft)!, refTo, captured)),
    outputs: ends.map(refTo),
    backward: pass === null ? null : backwardFrom(pass, ids, refTo, captured),
    update:
      failure === null || failure.phase === "update" ? changesOf(kept, refTo, captured) : null,
    error: failure === null ? null : errorFrom(failure, broken?.draft ?? null, ids, recorder),
  });
  const calls = kept.map(
    ({ op, options: given, outputs: made }): LiveCall => ({
      op,
      options: given,
      tensors: made.map(({ tensor }) => tensor),
    }),
  );
  return { trace, calls };
}

/** The drafts that the outputs were computed from, in their order. */
function upstreamOf(ends: readonly Place[], drafts: readonly Draft[]): Draft[] {
  const wanted = new Set<Draft>(ends.map(({ draft }) => draft));
  for (let i = drafts.length - 1; i >= 0; i--) {
    if (wanted.has(drafts[i]!)) for (const { draft } of drafts[i]!.operands) wanted.add(draft);
  }
  return drafts.filter((draft) => wanted.has(draft));
}

function nodeFrom(
  draft: Draft,
  id: number,
  refTo: (place: Place) => TraceRef,
  { names, pass }: Captured,
): TraceNode {
  const { op } = draft;
  const texts = op === null ? null : textsOf(op);
  return {
    id,
    kind: op === null ? "leaf" : "op",
    op: op?.name ?? null,
    formula: op?.formula ?? null,
    symbols: texts?.symbols ?? [],
    derivatives: texts?.derivatives ?? [],
    broadcasts: op?.broadcasts ?? false,
    operands: draft.operands.map(refTo),
    options: toTraceData(draft.options),
    scope: draft.scope,
    site: draft.site,
    saved: draft.saved,
    outputs: draft.outputs.map(
      ({ tensor, value }): TraceTensor => ({
        shape: tensor.shape.slice(),
        dtype: tensor.dtype,
        name: names.get(tensor) ?? tensor.name,
        requiresGrad: tensor.requiresGrad,
        value,
        grad: pass?.gradients.get(tensor) ?? null,
      }),
    ),
  };
}

/** The texts of each op: written once, since a graph has many nodes of one op. */
const textsOfOps = new WeakMap<object, { symbols: string[]; derivatives: string[] }>();

function textsOf(op: object): { symbols: string[]; derivatives: string[] } {
  let texts = textsOfOps.get(op);
  if (texts === undefined) {
    const listed = (key: string): string[] => {
      const list: unknown = Reflect.get(op, key);
      return Array.isArray(list) ? list.filter((text) => typeof text === "string") : [];
    };
    const isPointwise = "kind" in op && op.kind === "pointwise";
    texts = isPointwise
      ? { symbols: listed("operands"), derivatives: listed("derivativeFormulas") }
      : { symbols: [], derivatives: [] };
    textsOfOps.set(op, texts);
  }
  return texts;
}

function backwardFrom(
  pass: DraftPass,
  ids: ReadonlyMap<Draft, number>,
  refTo: (place: Place) => TraceRef,
  { recorder, maxElements }: Captured,
): TraceBackward {
  return {
    seeds: pass.outputs.flatMap((output, i) => {
      const value = tensorValue(pass.seeds[i]!, maxElements);
      return value === null ? [] : [{ target: refTo(recorder.place(output)), value }];
    }),
    contributions: pass.contributions.flatMap(({ draft, operand, raw, value, total }) => {
      const node = ids.get(draft);
      return node === undefined ? [] : [{ node, operand, raw, value, total }];
    }),
  };
}

/** The leaves whose numbers are no longer those that the program saw first; `null` if there are none. */
function changesOf(
  kept: readonly Draft[],
  refTo: (place: Place) => TraceRef,
  { maxElements }: Captured,
): TraceChange[] | null {
  const changes: TraceChange[] = [];
  for (const draft of kept) {
    const [leaf] = draft.outputs;
    if (draft.op !== null || leaf === undefined || leaf.value === null) continue;
    if (!leaf.tensor.requiresGrad || leaf.tensor.storage.version === leaf.version) continue;
    const after = tensorValue(leaf.tensor, maxElements);
    if (after !== null)
      changes.push({ target: refTo({ draft, output: 0 }), before: leaf.value, after });
  }
  return changes.length === 0 ? null : changes;
}

function errorFrom(
  { error, phase }: NonNullable<Captured["failure"]>,
  failed: Draft | null,
  ids: ReadonlyMap<Draft, number>,
  recorder: Recorder,
): TraceError {
  const isError = error instanceof Error;
  const draft = phase === "backward" ? recorder.reachedLast : failed;
  const node = draft === null ? null : (ids.get(draft) ?? null);
  return {
    phase,
    name: isError ? error.name : "Error",
    message: isError ? error.message : String(error),
    node,
    operands: node === null ? [] : blamed(error, draft!),
  };
}

/** The operands that an error speaks of: the one that it names, or all of them. */
function blamed(error: unknown, draft: Draft): number[] {
  const details: unknown = error instanceof Error && "details" in error ? error.details : undefined;
  const named: unknown =
    typeof details === "object" && details !== null ? Reflect.get(details, "operand") : undefined;
  if (typeof named === "number" && named in draft.operands) return [named];
  return draft.operands.map((_, i) => i);
}
