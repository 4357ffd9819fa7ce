/**
 * From watched runs to the nodes of a graph.
 */
import type { Tensor } from "@chainrule/core";
import type { AlignedTraces } from "./aligned.ts";
import { named, sameNumbers } from "./aligned.ts";
import { emitVaryingConstant } from "./constants.ts";
import { elementTypes, writeTensor } from "./elements.ts";
import type { Value } from "./emitter.ts";
import { Emitter, Names } from "./emitter.ts";
import { OnnxExportError } from "./errors.ts";
import type { Described, MappedCall, Mapping, Operand } from "./mapping.ts";
import { isOfCatalogue, isPointwise, mappingOf } from "./mappings/index.ts";
import { emitPointwise } from "./mappings/pointwise.ts";
import type { GraphMessage, NodeMessage, TensorMessage, ValueInfoMessage } from "./messages.ts";
import type { Size } from "./sizes.ts";
import { nameOfSize } from "./sizes.ts";
import type { TracedCall } from "./trace.ts";

/** A tensor with the name that it is to have in the file. */
export type NamedTensor = readonly [name: string, tensor: Tensor];

/** What a run returns: the inputs that it was given and the outputs that it made, always in the same order. */
export interface Run {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** Writes the graph that leads from inputs and state (parameters, buffers) to outputs. */
export class GraphWriter {
  private readonly runs: AlignedTraces<Run>;
  private readonly names = new Names();
  private readonly e: Emitter;
  private readonly inputNames: readonly string[];
  private readonly outputNames: readonly string[];
  /** The values of tensors of the sample run. */
  private readonly values = new Map<Tensor, Value>();
  /** Parameters and buffers; written when they are first read. */
  private readonly state: ReadonlyMap<Tensor, string>;
  private readonly initializers: TensorMessage[] = [];
  private readonly infos: ValueInfoMessage[] = [];
  /** Calls that depend on inputs or state. */
  private readonly live: readonly boolean[];
  private readonly needed: boolean[];

  constructor(
    runs: AlignedTraces<Run>,
    inputNames: readonly string[],
    outputNames: readonly string[],
    state: readonly NamedTensor[],
  ) {
    this.runs = runs;
    this.inputNames = inputNames.map((name) => this.names.claim(name));
    this.outputNames = outputNames.map((name) => this.names.claim(name));
    this.state = new Map(state.map(([name, tensor]) => [tensor, this.names.claim(name)]));
    this.e = new Emitter(this.names, this.inputNames);
    const { inputs } = runs.sample.value;
    for (const [i, input] of inputs.entries()) this.values.set(input, this.inputNames[i]!);
    this.live = this.findLive(inputs);
    this.needed = new Array<boolean>(runs.sample.calls.length).fill(false);
  }

  /** The whole graph. */
  write(graphName: string): GraphMessage {
    const { inputs, outputs } = this.runs.sample.value;
    const constants = this.findNeeded(outputs);
    for (const [i, call] of this.runs.sample.calls.entries())
      if (this.needed[i]) this.writeCall(i, call, constants);
    this.e.enter("", "the outputs");
    const names = this.nameOutputs(outputs, constants);
    const rename = (value: Value): Value => names.get(value) ?? value;
    return {
      name: graphName,
      node: usedNodes(this.e.nodes, new Set(names.keys())).map(
        (node): NodeMessage => ({
          ...node,
          input: node.input.map(rename),
          output: node.output.map(rename),
        }),
      ),
      initializer: this.initializers,
      input: inputs.map((_, i) =>
        this.info(
          this.inputNames[i]!,
          this.described((run) => run.inputs[i]!, "an input"),
        ),
      ),
      output: outputs.map((_, i) =>
        this.info(
          this.outputNames[i]!,
          this.described((run) => run.outputs[i]!, "an output"),
        ),
      ),
      valueInfo: this.infos.filter(({ name }) => !names.has(name!)),
    };
  }

  /** @throws {OnnxExportError} for the first op that outputs need and that has no counterpart. */
  checkMappings(): void {
    this.findNeeded(this.runs.sample.value.outputs);
    for (const [i, call] of this.runs.sample.calls.entries()) {
      if (!this.needed[i] || isPointwise(call.op) || this.insideOf(call) !== null) continue;
      counterpartOf(call);
    }
  }

  private described(read: (run: Run) => Tensor, what: string): Described {
    return this.runs.describe(
      this.runs.traces.map(({ value }) => read(value)),
      () => what,
    );
  }

  private info(name: string, { dtype, shape }: Described): ValueInfoMessage {
    const dim = shape.map((size: Size) => {
      if (typeof size === "number") return { dimValue: size };
      const dimParam = nameOfSize(size);
      return dimParam === undefined ? {} : { dimParam };
    });
    return { name, type: { tensorType: { elemType: elementTypes[dtype], shape: { dim } } } };
  }

  private findLive(inputs: readonly Tensor[]): boolean[] {
    const { sample } = this.runs;
    const sources = new Set<Tensor>([...inputs, ...this.state.keys()]);
    const live: boolean[] = [];
    for (const { operands } of sample.calls) {
      live.push(
        operands.some((operand) => {
          const known = sample.known(operand);
          const place = sample.placeOf(known);
          return place === undefined ? sources.has(known) : live[place.call]!;
        }),
      );
    }
    return live;
  }

  /** Marks the calls that outputs need, from the last to the first, and finds the constants among their operands. */
  private findNeeded(outputs: readonly Tensor[]): Map<Tensor, readonly Tensor[]> {
    const { sample, traces } = this.runs;
    const constants = new Map<Tensor, readonly Tensor[]>();
    const need = (tensors: readonly Tensor[]): void => {
      const known = sample.known(tensors[0]!);
      const place = sample.placeOf(known);
      if (place === undefined) {
        if (!this.values.has(known) && !this.state.has(known)) constants.set(known, tensors);
        return;
      }
      const counterparts = this.runs.resultsAt(place);
      // Made of constants only: a constant itself, unless it follows the lengths.
      if (!this.live[place.call] && agree(counterparts)) constants.set(known, counterparts);
      else this.needed[place.call] = true;
    };
    for (const [i] of outputs.entries()) need(traces.map(({ value }) => value.outputs[i]!));
    for (let i = this.needed.length - 1; i >= 0; i--) {
      if (!this.needed[i]) continue;
      const calls = this.runs.callsAt(i);
      const inner = calls.map((call, run) => this.insideOf(call, run));
      if (inner[0] !== null) {
        // What is no part of another run stands for itself, and is found to differ.
        for (const [k, tensor] of inner[0]!.entries()) {
          need(inner.map((tensors, run) => tensors?.[k] ?? calls[run]!.results[k] ?? tensor));
        }
        continue;
      }
      const sources = calls[0]!.operands;
      for (const [k] of sources.entries()) need(calls.map(({ operands }) => operands[k]!));
    }
    return constants;
  }

  /**
   * For an op whose own computation was watched (a custom op, a checkpoint): the tensors inside of it that its results
   * are. `null` for all others.
   */
  private insideOf({ op, results }: TracedCall, run = 0): readonly Tensor[] | null {
    if (isPointwise(op) || mappingOf(op) !== undefined) return null;
    const trace = this.runs.traces[run]!;
    const inner = results.map((result) => trace.madeBefore(result));
    return inner.every((tensor) => tensor !== undefined) ? inner : null;
  }

  private writeCall(
    index: number,
    call: TracedCall,
    constants: ReadonlyMap<Tensor, readonly Tensor[]>,
  ): void {
    this.e.enter(call.scope, named(call));
    const inner = this.insideOf(call);
    if (inner !== null) {
      for (const [i, result] of call.results.entries())
        this.values.set(result, this.valueOf(inner[i]!, constants));
      return;
    }
    const calls = this.runs.callsAt(index);
    const operands = call.operands.map((sample, k): Operand => {
      const tensors = calls.map(({ operands }) => operands[k]!);
      const value = this.valueOf(sample, constants);
      return {
        ...this.runs.describe(tensors, () => `operand ${k} of ${named(call)}`),
        value,
      };
    });
    const results = call.results.map((_, r) =>
      this.runs.describe(
        calls.map(({ results }) => results[r]!),
        () => `the result of ${named(call)}`,
      ),
    );
    const values = this.emit(index, call, {
      op: call.op,
      where: named(call),
      options: call.options,
      vary: this.runs.vary(index),
      operands,
      results,
    });
    for (const [i, result] of call.results.entries()) {
      const value = values[i];
      // What a call left for its gradient has a value only where the mapping knows of it.
      if (value === undefined) continue;
      this.values.set(result, value);
      if (result.batch === null && !operands.some((operand) => operand.value === value))
        this.infos.push(this.info(value, results[i]!));
    }
  }

  private emit(index: number, call: TracedCall, mapped: MappedCall): readonly Value[] {
    const { op } = call;
    if (isPointwise(op)) {
      this.runs.checkOptions(index, []);
      return [emitPointwise(this.e, mapped, op, isOfCatalogue(op))];
    }
    const mapping = counterpartOf(call);
    this.runs.checkOptions(index, mapping.varies);
    const values = mapping.emit(this.e, mapped);
    return typeof values === "string" ? [values] : values;
  }

  /** The value of a tensor of the sample run. */
  private valueOf(tensor: Tensor, constants: ReadonlyMap<Tensor, readonly Tensor[]>): Value {
    const known = this.runs.sample.known(tensor);
    let value = this.values.get(known);
    if (value === undefined) {
      const name = this.state.get(known);
      if (this.runs.sample.wasChanged(known)) {
        throw new OnnxExportError(
          `exportOnnx: ${name ?? "a tensor"} of shape [${known.shape.join(", ")}] is changed in place after ${this.e.writing} has used it, which a file cannot say. Compute a new tensor instead, or call model.eval().`,
          { name, shape: known.shape },
        );
      }
      if (name === undefined) value = this.constantOf(known, constants.get(known) ?? [known]);
      else {
        this.initializers.push(writeTensor(name, known));
        value = name;
      }
      this.values.set(known, value);
    }
    return value;
  }

  private constantOf(tensor: Tensor, counterparts: readonly Tensor[]): Value {
    if (agree(counterparts)) {
      return tensor.ndim === 0
        ? this.e.scalar(tensor.item() as number, tensor.dtype)
        : this.e.tensor(tensor, tensor.name ?? "constant");
    }
    const described = this.runs.describe(counterparts, () => "a constant");
    const value = emitVaryingConstant(this.e, counterparts, described);
    if (value !== null) return value;
    throw new OnnxExportError(
      `exportOnnx: a constant of shape [${tensor.shape.join(", ")}], read by ${this.e.writing}, is another one with other inputs. It was computed from them outside of the graph (item(), toArray()), ` +
        "is random (call model.eval()), or follows a length in a way that is not known: compute it with ops, or make it an input.",
      { shape: tensor.shape },
    );
  }

  /** Gives outputs their names: what is an input, a parameter, or an output already, goes through a node of its own. */
  private nameOutputs(
    outputs: readonly Tensor[],
    constants: ReadonlyMap<Tensor, readonly Tensor[]>,
  ): Map<Value, Value> {
    const renamed = new Map<Value, Value>();
    const computed = new Set(this.e.nodes.flatMap(({ output }) => output));
    for (const [i, output] of outputs.entries()) {
      const value = this.valueOf(output, constants);
      const own = computed.has(value) && !renamed.has(value);
      renamed.set(own ? value : this.e.op("Identity", [value]), this.outputNames[i]!);
    }
    return renamed;
  }
}

/** The nodes that lead to wanted values: a mapping may write what it then does not need. */
function usedNodes(nodes: readonly NodeMessage[], wanted: Set<Value>): NodeMessage[] {
  const used: NodeMessage[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    if (!node.output.some((value) => wanted.has(value))) continue;
    for (const value of node.input) wanted.add(value);
    used.push(node);
  }
  return used.reverse();
}

function agree([first, ...others]: readonly Tensor[]): boolean {
  return others.every((other) => other.batch === null && sameNumbers(first!, other));
}

/** How a call that is not pointwise is written. */
function counterpartOf(call: TracedCall): Mapping {
  const mapping = mappingOf(call.op);
  if (mapping !== undefined && !("unmapped" in mapping)) return mapping;
  const why =
    mapping === undefined
      ? "it is an op of your own. Write it with ops of the catalogue, or define it with pointwise"
      : `${mapping.unmapped}. Leave it out of the exported model, or write it with other ops`;
  throw new OnnxExportError(`exportOnnx: ${named(call)} has no counterpart in ONNX: ${why}.`, {
    op: call.op.name,
    scope: call.scope,
    site: call.site,
  });
}
