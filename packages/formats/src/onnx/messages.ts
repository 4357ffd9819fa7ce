/**
 * The messages of an ONNX file, as far as Chainrule reads and writes them: the names and field numbers of the ONNX
 * intermediate representation (https://onnx.ai/onnx/repo-docs/IR.html), in camelCase.
 */
import type { Schema, Whole } from "./wire.ts";
import { many, manyMessages, one, oneMessage, schema } from "./wire.ts";

/** A model: a graph, and the versions of the operator sets that it is written in. */
export interface ModelMessage {
  readonly irVersion?: Whole;
  readonly opsetImport: readonly OperatorSetMessage[];
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly domain?: string;
  readonly modelVersion?: Whole;
  readonly docString?: string;
  readonly graph?: GraphMessage;
  readonly metadataProps: readonly StringEntryMessage[];
  /** Functions that the file defines for itself; Chainrule refuses them. */
  readonly functions?: readonly FunctionMessage[];
}

export interface FunctionMessage {
  readonly name?: string;
  readonly domain?: string;
}

export interface OperatorSetMessage {
  readonly domain?: string;
  readonly version?: Whole;
}

export interface StringEntryMessage {
  readonly key?: string;
  readonly value?: string;
}

export interface GraphMessage {
  readonly node: readonly NodeMessage[];
  readonly name?: string;
  readonly initializer: readonly TensorMessage[];
  readonly sparseInitializer?: readonly SparseTensorMessage[];
  readonly docString?: string;
  readonly input: readonly ValueInfoMessage[];
  readonly output: readonly ValueInfoMessage[];
  readonly valueInfo: readonly ValueInfoMessage[];
}

export interface NodeMessage {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly opType?: string;
  readonly domain?: string;
  readonly attribute: readonly AttributeMessage[];
  readonly docString?: string;
}

export interface AttributeMessage {
  readonly name?: string;
  readonly refAttrName?: string;
  readonly docString?: string;
  readonly type?: Whole;
  readonly f?: number;
  readonly i?: Whole;
  readonly s?: Uint8Array;
  readonly t?: TensorMessage;
  readonly g?: GraphMessage;
  readonly floats: readonly number[];
  readonly ints: readonly Whole[];
  readonly strings: readonly Uint8Array[];
}

export interface TensorMessage {
  readonly dims: readonly Whole[];
  readonly dataType?: Whole;
  readonly floatData: readonly number[];
  readonly int32Data: readonly Whole[];
  readonly stringData: readonly Uint8Array[];
  readonly int64Data: readonly Whole[];
  readonly name?: string;
  readonly docString?: string;
  readonly rawData?: Uint8Array;
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly Whole[];
  readonly externalData: readonly StringEntryMessage[];
  readonly dataLocation?: Whole;
}

/** Known so that it can be refused. */
export interface SparseTensorMessage {
  readonly dims: readonly Whole[];
}

export interface ValueInfoMessage {
  readonly name?: string;
  readonly type?: TypeMessage;
  readonly docString?: string;
}

export interface TypeMessage {
  readonly tensorType?: TensorTypeMessage;
  readonly denotation?: string;
}

export interface TensorTypeMessage {
  readonly elemType?: Whole;
  readonly shape?: ShapeMessage;
}

export interface ShapeMessage {
  readonly dim: readonly DimensionMessage[];
}

/** A length, or the name of one that is not fixed. */
export interface DimensionMessage {
  readonly dimValue?: Whole;
  readonly dimParam?: string;
}

const stringEntry: Schema<StringEntryMessage> = schema<StringEntryMessage>("StringStringEntry", {
  key: one(1, "text"),
  value: one(2, "text"),
});

const dimension: Schema<DimensionMessage> = schema<DimensionMessage>("Dimension", {
  dimValue: one(1, "whole"),
  dimParam: one(2, "text"),
});

const shape: Schema<ShapeMessage> = schema<ShapeMessage>("TensorShape", {
  dim: manyMessages(1, () => dimension),
});

const tensorType: Schema<TensorTypeMessage> = schema<TensorTypeMessage>("TensorType", {
  elemType: one(1, "whole"),
  shape: oneMessage(2, () => shape),
});

const type: Schema<TypeMessage> = schema<TypeMessage>("Type", {
  tensorType: oneMessage(1, () => tensorType),
  denotation: one(6, "text"),
});

const valueInfo: Schema<ValueInfoMessage> = schema<ValueInfoMessage>("ValueInfo", {
  name: one(1, "text"),
  type: oneMessage(2, () => type),
  docString: one(3, "text"),
});

/** A tensor on its own is a file format, too: test data of ONNX comes so. */
export const tensorSchema: Schema<TensorMessage> = schema<TensorMessage>("Tensor", {
  dims: many(1, "whole"),
  dataType: one(2, "whole"),
  floatData: many(4, "float"),
  int32Data: many(5, "whole"),
  stringData: many(6, "bytes"),
  int64Data: many(7, "whole"),
  name: one(8, "text"),
  rawData: one(9, "bytes"),
  doubleData: many(10, "double"),
  uint64Data: many(11, "whole"),
  docString: one(12, "text"),
  externalData: manyMessages(13, () => stringEntry),
  dataLocation: one(14, "whole"),
});

const sparseTensor: Schema<SparseTensorMessage> = schema<SparseTensorMessage>("SparseTensor", {
  dims: many(3, "whole"),
});

const attribute: Schema<AttributeMessage> = schema<AttributeMessage>("Attribute", {
  name: one(1, "text"),
  f: one(2, "float"),
  i: one(3, "whole"),
  s: one(4, "bytes"),
  t: oneMessage(5, () => tensorSchema),
  g: oneMessage(6, () => graph),
  floats: many(7, "float"),
  ints: many(8, "whole"),
  strings: many(9, "bytes"),
  docString: one(13, "text"),
  type: one(20, "whole"),
  refAttrName: one(21, "text"),
});

const node: Schema<NodeMessage> = schema<NodeMessage>("Node", {
  input: many(1, "text"),
  output: many(2, "text"),
  name: one(3, "text"),
  opType: one(4, "text"),
  attribute: manyMessages(5, () => attribute),
  docString: one(6, "text"),
  domain: one(7, "text"),
});

const graph: Schema<GraphMessage> = schema<GraphMessage>("Graph", {
  node: manyMessages(1, () => node),
  name: one(2, "text"),
  initializer: manyMessages(5, () => tensorSchema),
  docString: one(10, "text"),
  input: manyMessages(11, () => valueInfo),
  output: manyMessages(12, () => valueInfo),
  valueInfo: manyMessages(13, () => valueInfo),
  sparseInitializer: manyMessages(15, () => sparseTensor),
});

const operatorSet: Schema<OperatorSetMessage> = schema<OperatorSetMessage>("OperatorSetId", {
  domain: one(1, "text"),
  version: one(2, "whole"),
});

const functionDefinition: Schema<FunctionMessage> = schema<FunctionMessage>("Function", {
  name: one(1, "text"),
  domain: one(10, "text"),
});

/** The file. */
export const modelSchema: Schema<ModelMessage> = schema<ModelMessage>("Model", {
  irVersion: one(1, "whole"),
  producerName: one(2, "text"),
  producerVersion: one(3, "text"),
  domain: one(4, "text"),
  modelVersion: one(5, "whole"),
  docString: one(6, "text"),
  graph: oneMessage(7, () => graph),
  opsetImport: manyMessages(8, () => operatorSet),
  metadataProps: manyMessages(14, () => stringEntry),
  functions: manyMessages(25, () => functionDefinition),
});
