/** Files that are no models, or none that can be computed: each a typed error that says what and at which byte. */
import { zeros } from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { FormatError, importOnnx } from "../../src/onnx/index.ts";
import type { ModelMessage, NodeMessage, TensorMessage } from "../../src/onnx/messages.ts";
import { modelSchema } from "../../src/onnx/messages.ts";
import { encode } from "../../src/onnx/wire.ts";
import type { ModelSpec } from "./build.ts";
import { attribute, modelFile, modelMessage, node } from "./build.ts";

/** The bytes, the byte that is to be named (or text at which it is), what is to be said. */
type Row = readonly [title: string, bytes: Uint8Array, place: number | string, message: RegExp];

const bytesOf = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const plain: ModelSpec = { nodes: [{ op: "Relu" }], inputs: { x: zeros([2]) } };

/** A model with parts of its message replaced. */
function changed(change: (model: ModelMessage) => Partial<ModelMessage>, spec = plain): Uint8Array {
  const model = modelMessage(spec);
  return encode(modelSchema, { ...model, ...change(model) });
}

function withNode(message: NodeMessage): Uint8Array {
  return changed(({ graph }) => ({ graph: { ...graph!, node: [message] } }));
}

const emptyTensor: TensorMessage = {
  name: "w",
  dims: [],
  floatData: [],
  int32Data: [],
  stringData: [],
  int64Data: [],
  doubleData: [],
  uint64Data: [],
  externalData: [],
};

function withTensor(message: Partial<TensorMessage>): Uint8Array {
  return changed(({ graph }) => ({
    graph: { ...graph!, initializer: [{ ...emptyTensor, ...message }] },
  }));
}

/** Graphs within attributes within nodes, so many deep. */
function nested(depth: number): Uint8Array {
  let inner = new Uint8Array(0);
  const wrapped = (field: number, content: Uint8Array): Uint8Array => {
    const length: number[] = [];
    let rest = content.length;
    do {
      length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
      rest >>= 7;
    } while (rest > 0);
    return Uint8Array.from([(field << 3) | 2, ...length, ...content]);
  };
  // A graph in an attribute (6) in a node (5) in a graph (1).
  for (let i = 0; i < depth; i++)
    inner = Uint8Array.from(wrapped(1, wrapped(5, wrapped(6, inner))));
  return wrapped(7, inner);
}

const whole = modelFile(plain);

const rows: readonly Row[] = [
  ["no bytes", new Uint8Array(0), 0, /no graph: this is no ONNX model/],
  ["text", text("hello, world"), 3, /field 13 is cut off|no field begins/],
  ["a zip archive", bytesOf(0x50, 0x4b, 3, 4, 20, 0, 0, 0), 2, /Model.*(cut off|no field)/],
  [
    "half a file",
    whole.slice(0, Math.floor(whole.length / 2)),
    "graph",
    /Model\.graph claims \d+ bytes, but only/,
  ],
  ["all but the last byte", whole.slice(0, -1), "end", /claims|needs/],
  ["a field with the number 0", bytesOf(0x00, 0x01), 0, /no field begins here: illegal tag/],
  ["a wire type that does not exist", bytesOf(0x0f), 0, /illegal tag/],
  [
    "a number without an end",
    bytesOf(0x08, ...new Array(11).fill(0xff)),
    1,
    /irVersion is cut off or malformed/,
  ],
  ["a number that is cut off", bytesOf(0x08, 0x80), 1, /irVersion is cut off/],
  ["a length beyond the file", bytesOf(0x12, 0x7f, 0x61), 1, /producerName is cut off/],
  [
    "a length of 2³²",
    bytesOf(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f),
    0,
    /graph claims 4294967295 bytes/,
  ],
  [
    "a graph as a number",
    bytesOf(0x38, 0x01),
    0,
    /graph is written as wire type 0, but must be wire type 2/,
  ],
  ["a group", bytesOf(0x53, 0x53, 0x54), 1, /cut off/],
  ["a name that is no UTF-8", bytesOf(0x12, 0x02, 0xc3, 0x28), 0, /producerName is no valid UTF-8/],
  ["nesting without end", nested(40), "any", /nested more than 32 deep/],
  [
    "a packed list that is cut off",
    bytesOf(0x3a, 0x06, 0x2a, 0x04, 0x0a, 0x02, 0x80, 0x80),
    6,
    /dims is cut off/,
  ],
  ["a graph that is empty", bytesOf(0x42, 0x02, 0x10, 0x12, 0x3a, 0x00), 6, /graph has no outputs/],
  ["no opset", changed(() => ({ opsetImport: [] })), 0, /does not say which opset/],
  ["an opset of the future", modelFile({ ...plain, opset: 99 }), "opset", /opset 99; from 7 to 24/],
  ["an opset of the past", modelFile({ ...plain, opset: 1 }), "opset", /opset 1; from 7 to 24/],
  [
    "an op that is not known",
    modelFile({ ...plain, nodes: [{ op: "Nonsense" }] }),
    "Nonsense",
    /\(Nonsense\) cannot be computed/,
  ],
  [
    "an op of another domain",
    modelFile({ ...plain, nodes: [{ op: "FusedConv", domain: "com.microsoft" }] }),
    "FusedConv",
    /domain "com\.microsoft"/,
  ],
  [
    "an input that is not there",
    modelFile({ ...plain, nodes: [{ op: "Relu", in: ["q"] }] }),
    "Relu",
    /"q", is not there/,
  ],
  [
    "nodes in the wrong order",
    modelFile({
      ...plain,
      nodes: [
        { op: "Relu", in: ["z"] },
        { op: "Neg", out: ["z"] },
      ],
    }),
    "Relu",
    /"z", is not there: nothing before/,
  ],
  [
    "a value that is defined twice",
    modelFile({ ...plain, nodes: [{ op: "Relu" }, { op: "Neg" }] }),
    "Neg",
    /"y" is defined twice/,
  ],
  [
    "a value without a name",
    modelFile({ ...plain, constants: { "": zeros([1]) } }),
    "any",
    /a value has no name/,
  ],
  [
    "an output that is not computed",
    modelFile({ ...plain, outputs: { q: "float32" } }),
    "any",
    /an output, "q", is not there/,
  ],
  ["no outputs", modelFile({ ...plain, outputs: {} }), "any", /has no outputs/],
  [
    "too many inputs",
    modelFile({ ...plain, nodes: [{ op: "Relu", in: ["x", "x"] }] }),
    "Relu",
    /has 2 inputs, but takes 1/,
  ],
  [
    "too few inputs",
    modelFile({ ...plain, nodes: [{ op: "Add" }] }),
    "Add",
    /has 1 input, but takes 2/,
  ],
  [
    "an input that must not be left out",
    modelFile({ ...plain, nodes: [{ op: "Add", in: ["", "x"] }] }),
    "Add",
    /lacks input 0/,
  ],
  [
    "an attribute that is not known",
    modelFile({ ...plain, nodes: [{ op: "Relu", with: { slope: 1 } }] }),
    "slope",
    /attribute "slope", which is not known/,
  ],
  [
    "an attribute of the wrong type",
    modelFile({ ...plain, nodes: [{ op: "Elu", with: { alpha: 1 } }] }),
    "alpha",
    /alpha of type int, but it must be of type float/,
  ],
  [
    "an attribute that is there twice",
    withNode({
      ...node({ op: "Elu" }),
      attribute: [attribute("alpha", { float: 1 }), attribute("alpha", { float: 2 })],
    }),
    "any",
    /attribute alpha twice/,
  ],
  [
    "an attribute that is missing",
    modelFile({ ...plain, nodes: [{ op: "Concat" }] }),
    "Concat",
    /lacks the attribute axis/,
  ],
  [
    "a mode that cannot be computed",
    modelFile({ ...plain, nodes: [{ op: "Resize", with: { mode: "cubic" } }] }),
    "Resize",
    /mode "cubic", but only "nearest", "linear"/,
  ],
  [
    "a stride of 0",
    modelFile({ ...plain, nodes: [{ op: "MaxPool", with: { kernel_shape: [2], strides: [0] } }] }),
    "MaxPool",
    /kernel, stride or dilation of 0/,
  ],
  [
    "a constant of two values",
    modelFile({
      ...plain,
      nodes: [{ op: "Constant", in: [], with: { value_int: 1, value_ints: [1] } }],
    }),
    "Constant",
    /must have one value/,
  ],
  [
    "a subgraph",
    withNode({ ...node({ op: "If" }), attribute: [] }),
    "If",
    /\(If\) cannot be computed/,
  ],
  [
    "a function of its own",
    changed(() => ({ functions: [{ name: "mine" }] })),
    "mine",
    /defines functions of its own \("mine"\)/,
  ],
  [
    "sparse numbers",
    changed(({ graph }) => ({ graph: { ...graph!, sparseInitializer: [{ dims: [3] }] } })),
    "any",
    /sparse initializers/,
  ],
  [
    "an input without a type",
    changed(({ graph }) => ({ graph: { ...graph!, input: [{ name: "x" }] } })),
    "any",
    /input "x" is no tensor, or does not say its type/,
  ],
  [
    "an element type that does not exist",
    withTensor({ dataType: 77, rawData: new Uint8Array(4) }),
    "any",
    /77 is no element type/,
  ],
  ["no element type", withTensor({ rawData: new Uint8Array(4) }), "any", /element type is missing/],
  [
    "texts",
    withTensor({ dataType: 8, stringData: [text("a")] }),
    "any",
    /type string have no counterpart/,
  ],
  [
    "too few bytes",
    withTensor({ dataType: 1, dims: [3], rawData: new Uint8Array(8) }),
    "any",
    /8 bytes of float32 are stored for the 3 elements of shape \[3\]/,
  ],
  [
    "too many numbers",
    withTensor({ dataType: 1, dims: [1], floatData: [1, 2] }),
    "any",
    /2 numbers are stored for the 1 element/,
  ],
  ["no numbers", withTensor({ dataType: 1, dims: [2] }), "any", /0 numbers are stored for the 2/],
  [
    "numbers stored twice",
    withTensor({ dataType: 1, rawData: new Uint8Array(4), floatData: [1] }),
    "any",
    /stored more than once/,
  ],
  [
    "a negative length",
    withTensor({ dataType: 1, dims: [-1] }),
    "any",
    /-1 is no length of a dimension/,
  ],
  [
    "lengths beyond all bounds",
    withTensor({ dataType: 1, dims: [2 ** 40, 2 ** 40, 0] }),
    "any",
    /more elements than can be counted/,
  ],
  [
    "a number beyond int32",
    withTensor({ dataType: 7, int64Data: [2 ** 40] }),
    "any",
    /1099511627776 does not fit into int32/,
  ],
  [
    "numbers in another file",
    withTensor({
      dataType: 1,
      dataLocation: 1,
      externalData: [{ key: "location", value: "w.bin" }],
    }),
    "any",
    /lie in another file \("w\.bin"\)/,
  ],
  [
    "a list of buffers that is none",
    changed(() => ({ metadataProps: [{ key: "chainrule.buffers", value: "{" }] })),
    "any",
    /must be a list of names/,
  ],
];

describe("malformed files", () => {
  test.each(rows)("%s", (_title, bytes, place, message) => {
    let error: unknown;
    try {
      importOnnx(bytes);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(FormatError);
    const { message: said, offset } = error as FormatError;
    expect(said).toMatch(message);
    expect(offset).not.toBeNull();
    expect(offset!).toBeLessThanOrEqual(bytes.length);
    if (typeof place === "number") expect(offset).toBe(place);
    // A name stands within what is wrong with the thing that it names.
    const at = typeof place === "string" ? indexOf(bytes, text(place)) : -1;
    if (at >= 0) expect(Math.abs(offset! - at)).toBeLessThan(40);
  });
});

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let i = 0; i + part.length <= bytes.length; i++)
    if (part.every((byte, k) => bytes[i + k] === byte)) return i;
  return -1;
}
