/**
 * The graph of a file, checked and made into steps: what is read where, and nothing before it is there.
 */
import type { DType, Tensor } from "@chainrule/core";
import { isFloating } from "@chainrule/core";
import { checkBytes } from "../source.ts";
import { dtypeOf, elementType, readTensor } from "./elements.ts";
import { malformed } from "./errors.ts";
import { buffersKey } from "./export.ts";
import type { Step } from "./importers/importer.ts";
import { importers } from "./importers/index.ts";
import type { GraphMessage, ModelMessage, NodeMessage, ValueInfoMessage } from "./messages.ts";
import { modelSchema } from "./messages.ts";
import { NodeReader } from "./node-reader.ts";
import { decode, offsetOf } from "./wire.ts";

/** The versions of the operator set that can be read. */
export const oldestOpset = 7;
export const newestOpset = 24;

/** What a model takes or gives: a length may be a name, or not known at all. */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  /** `null` where the file does not say. */
  readonly shape: readonly (number | string | null)[] | null;
}

/** A step of the computation, and the places of its inputs (−1: left out) and outputs among the values. */
export interface PlannedStep {
  readonly name: string;
  readonly step: Step;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** A graph that can be run. */
export interface Program {
  readonly opset: number;
  readonly producer: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Places of inputs and outputs among the values. */
  readonly inputPlaces: readonly number[];
  readonly outputPlaces: readonly number[];
  readonly valueCount: number;
  /** Values that are there from the beginning. */
  readonly constants: readonly (readonly [place: number, tensor: Tensor])[];
  readonly initializers: readonly (readonly [place: number, name: string, tensor: Tensor])[];
  /** Names of initializers that are not to be trained. */
  readonly buffers: ReadonlySet<string>;
  readonly steps: readonly PlannedStep[];
}

/** Reads a file. @throws {FormatError} when it is no model, or one that cannot be computed. */
export function readProgram(file: unknown): Program {
  const bytes = checkBytes("importOnnx", file);
  const model = decode(modelSchema, bytes);
  const { graph } = model;
  if (graph === undefined)
    throw malformed("there is no graph: this is no ONNX model.", bytes.length);
  const opset = readOpset(model);
  const [definition] = model.functions ?? [];
  if (definition !== undefined) {
    throw malformed(
      `the model defines functions of its own (${JSON.stringify(definition.name ?? "")}), which cannot be computed. Inline them.`,
      offsetOf(definition),
    );
  }
  return new ProgramReader(graph, opset).read(model);
}

function readOpset({ opsetImport }: ModelMessage): number {
  let opset: number | undefined;
  for (const entry of opsetImport) {
    const domain = entry.domain ?? "";
    // Other domains may be named without being used.
    if (domain !== "" && domain !== "ai.onnx") continue;
    const version = entry.version ?? 0;
    if (typeof version !== "number" || version < oldestOpset || version > newestOpset) {
      throw malformed(
        `the model is written in opset ${version}; from ${oldestOpset} to ${newestOpset} can be read. Convert it with onnx.version_converter.`,
        offsetOf(entry),
        { opset: version },
      );
    }
    opset = version;
  }
  if (opset === undefined)
    throw malformed("the model does not say which opset it is written in.", 0);
  return opset;
}

class ProgramReader {
  private readonly graph: GraphMessage;
  private readonly opset: number;
  /** The place of each value, by name. A Map: names come from the file. */
  private readonly places = new Map<string, number>();
  private readonly constants: (readonly [number, Tensor])[] = [];
  /** Initializers that feed the statistics of a batch norm. */
  private readonly statistics = new Set<string>();

  constructor(graph: GraphMessage, opset: number) {
    this.graph = graph;
    this.opset = opset;
  }

  read(model: ModelMessage): Program {
    const [sparse] = this.graph.sparseInitializer ?? [];
    if (sparse !== undefined) {
      throw malformed("the graph has sparse initializers, which cannot be read.", offsetOf(sparse));
    }
    const initializers = this.readInitializers();
    const defaults = new Set(initializers.map(([, name]) => name));
    // Old files list initializers among the inputs as well.
    const inputMessages = this.graph.input.filter(({ name }) => !defaults.has(name ?? ""));
    const inputs = inputMessages.map((message) => readValue(message, "input"));
    const inputPlaces = inputs.map(({ name }, i) => this.define(name, inputMessages[i]!));
    const steps = this.graph.node.flatMap((node) => this.readNode(node));
    const outputs = this.graph.output.map((message) => readValue(message, "output"));
    const outputPlaces = outputs.map(({ name }, i) =>
      this.find(name, this.graph.output[i]!, "an output"),
    );
    if (outputs.length === 0) {
      throw malformed("the graph has no outputs.", offsetOf(this.graph));
    }
    return {
      opset: this.opset,
      producer: model.producerName ?? "",
      inputs,
      outputs,
      inputPlaces,
      outputPlaces,
      valueCount: this.places.size,
      constants: this.constants,
      initializers,
      buffers: new Set([...this.statistics, ...buffersIn(model)]),
      steps,
    };
  }

  private readInitializers(): (readonly [number, string, Tensor])[] {
    return this.graph.initializer.map((message) => {
      const name = message.name ?? "";
      const { tensor } = readTensor(message, `initializer ${JSON.stringify(name)}`);
      return [this.define(name, message), name, tensor] as const;
    });
  }

  private readNode(message: NodeMessage): PlannedStep[] {
    const node = new NodeReader(message, this.opset);
    const domain = message.domain ?? "";
    if (domain !== "" && domain !== "ai.onnx") {
      throw node.refuse(`is of the domain ${JSON.stringify(domain)}, which cannot be computed`);
    }
    const inputs = message.input.map((name) =>
      name === "" ? -1 : this.find(name, message, `an input of ${node.opType}`),
    );
    if (node.opType === "Constant") {
      this.constants.push([this.define(message.output[0] ?? "", message), readConstant(node)]);
      return [];
    }
    const importer = importers.get(node.opType);
    if (importer === undefined) {
      throw node.refuse("cannot be computed: Chainrule has no such op");
    }
    if (node.opType === "BatchNormalization")
      for (const name of message.input.slice(3, 5)) this.statistics.add(name);
    const step = importer(node);
    node.finish();
    const outputs = message.output.map((name) => (name === "" ? -1 : this.define(name, message)));
    return [{ name: message.name || message.output[0] || node.opType, step, inputs, outputs }];
  }

  private define(name: string, at: object): number {
    if (name === "") throw malformed("a value has no name.", offsetOf(at));
    if (this.places.has(name)) {
      throw malformed(`the value ${JSON.stringify(name)} is defined twice.`, offsetOf(at), {
        name,
      });
    }
    const place = this.places.size;
    this.places.set(name, place);
    return place;
  }

  private find(name: string, at: object, what: string): number {
    const place = this.places.get(name);
    if (place !== undefined) return place;
    throw malformed(
      `${what}, ${JSON.stringify(name)}, is not there: nothing before it gives that value.`,
      offsetOf(at),
      { name },
    );
  }
}

/** The tensor of a Constant node, in one of the forms it may have. */
function readConstant(node: NodeReader): Tensor {
  node.expectInputs(0, 0);
  node.expectOutputs(1);
  const value = node.constant();
  node.finish();
  return value;
}

function readValue(message: ValueInfoMessage, role: "input" | "output"): OnnxValue {
  const name = message.name ?? "";
  const where = `${role} ${JSON.stringify(name)}`;
  const type = message.type?.tensorType;
  if (type === undefined) {
    throw malformed(`${where} is no tensor, or does not say its type.`, offsetOf(message), {
      name,
    });
  }
  const dtype = dtypeOf(elementType(type.elemType, where, type), where, type);
  if (type.shape === undefined) return { name, dtype, shape: null };
  const shape = type.shape.dim.map((dim) => {
    if (dim.dimParam !== undefined && dim.dimParam !== "") return dim.dimParam;
    if (dim.dimValue === undefined) return null;
    if (typeof dim.dimValue === "number" && dim.dimValue >= 0) return dim.dimValue;
    throw malformed(`${where}: ${dim.dimValue} is no length of a dimension.`, offsetOf(dim));
  });
  return { name, dtype, shape };
}

/** The names of buffers, from what our own exporter writes beside the graph. */
function buffersIn({ metadataProps }: ModelMessage): string[] {
  const entry = metadataProps.find(({ key }) => key === buffersKey);
  if (entry === undefined) return [];
  try {
    const names: unknown = JSON.parse(entry.value ?? "");
    if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  } catch {
    // Said below.
  }
  throw malformed(`${buffersKey} must be a list of names.`, offsetOf(entry));
}

/** Whether an initializer can be trained. */
export function isTrainable(name: string, tensor: Tensor, buffers: ReadonlySet<string>): boolean {
  return isFloating(tensor.dtype) && !buffers.has(name);
}
