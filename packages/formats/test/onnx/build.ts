/** ONNX files made by hand: what other programs write, and our exporter does not. */
import type { DType, Tensor } from "@chainrule/core";
import { elementTypes, writeInt64s, writeTensor } from "../../src/onnx/elements.ts";
import { attributeTypes } from "../../src/onnx/emitter.ts";
import type {
  AttributeMessage,
  GraphMessage,
  ModelMessage,
  NodeMessage,
  TensorMessage,
} from "../../src/onnx/messages.ts";
import { modelSchema } from "../../src/onnx/messages.ts";
import { encode } from "../../src/onnx/wire.ts";

/** A float attribute; a plain number is a whole one. */
export interface Float {
  readonly float: number;
}

export const f = (float: number): Float => ({ float });

export type AttributeValue = number | Float | string | readonly number[] | readonly string[];

export function attribute(name: string, value: AttributeValue): AttributeMessage {
  const empty = { name, floats: [], ints: [], strings: [] };
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  if (typeof value === "number") return { ...empty, type: attributeTypes.int, i: value };
  if (typeof value === "string") return { ...empty, type: attributeTypes.string, s: bytes(value) };
  if ("float" in value) return { ...empty, type: attributeTypes.float, f: value.float };
  if (value.some((part) => typeof part === "string")) {
    return {
      ...empty,
      type: attributeTypes.strings,
      strings: value.map((part) => bytes(String(part))),
    };
  }
  return { ...empty, type: attributeTypes.ints, ints: value.map(Number) };
}

export interface NodeSpec {
  readonly op: string;
  readonly in?: readonly string[];
  readonly out?: readonly string[];
  readonly with?: Readonly<Record<string, AttributeValue>>;
  readonly domain?: string;
}

export function node(spec: NodeSpec): NodeMessage {
  return {
    opType: spec.op,
    name: spec.op,
    input: spec.in ?? ["x"],
    output: spec.out ?? ["y"],
    attribute: Object.entries(spec.with ?? {}).map(([name, value]) => attribute(name, value)),
    ...(spec.domain === undefined ? {} : { domain: spec.domain }),
  };
}

export interface ModelSpec {
  readonly nodes: readonly NodeSpec[];
  /** Inputs of the model, for their types. */
  readonly inputs?: Readonly<Record<string, Tensor>>;
  /** Tensors of the file; lists of whole numbers are int64. */
  readonly constants?: Readonly<Record<string, Tensor | readonly number[]>>;
  readonly outputs?: Readonly<Record<string, DType>>;
  readonly opset?: number;
}

function valueInfo(name: string, dtype: DType, shape?: readonly number[]) {
  const dims =
    shape === undefined ? {} : { shape: { dim: shape.map((dimValue) => ({ dimValue })) } };
  return { name, type: { tensorType: { elemType: elementTypes[dtype], ...dims } } };
}

export function graphOf(spec: ModelSpec): GraphMessage {
  const { nodes, inputs = {}, constants = {}, outputs = { y: "float32" } } = spec;
  return {
    name: "test",
    node: nodes.map(node),
    initializer: Object.entries(constants).map(
      ([name, value]): TensorMessage =>
        "dtype" in value ? writeTensor(name, value) : writeInt64s(name, value, [value.length]),
    ),
    input: Object.entries(inputs).map(([name, x]) => valueInfo(name, x.dtype, x.shape)),
    output: Object.entries(outputs).map(([name, dtype]) => valueInfo(name, dtype)),
    valueInfo: [],
  };
}

export function modelMessage(spec: ModelSpec): ModelMessage {
  return {
    irVersion: 8,
    opsetImport: [{ domain: "", version: spec.opset ?? 18 }],
    graph: graphOf(spec),
    metadataProps: [],
  };
}

export function modelFile(spec: ModelSpec): Uint8Array {
  return encode(modelSchema, modelMessage(spec));
}
