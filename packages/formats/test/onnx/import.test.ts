/** Nodes as other programs write them: what is imported computes as onnxruntime does. */
import type { DType, Tensor } from "@chainrule/core";
import { arange, manualSeed, rand, randn, tensor } from "@chainrule/core";
import { beforeEach, describe, expect, test } from "vitest";
import { exportOnnx, importOnnx } from "../../src/onnx/index.ts";
import type { ModelSpec, NodeSpec } from "./build.ts";
import { f, modelFile } from "./build.ts";
import { difference, runOnnx } from "./runtime.ts";

beforeEach(() => {
  manualSeed(3);
});

/** A model of one or more nodes is computed alike by the runtime and by what was imported. */
async function agrees(spec: ModelSpec): Promise<void> {
  const file = modelFile(spec);
  const inputs = spec.inputs ?? {};
  const expected = await runOnnx(file, inputs);
  const found = importOnnx(file).run(inputs);
  for (const [name, y] of Object.entries(expected))
    expect(difference(found.get(name), y)).toBeNull();
}

const x = (...shape: number[]): Tensor => randn(shape);
const one = (op: string, attributes: NodeSpec["with"] = {}): NodeSpec => ({ op, with: attributes });

type Row = readonly [name: string, spec: () => ModelSpec];

const pointwise: readonly Row[] = [
  ["Selu", () => ({ nodes: [one("Selu")], inputs: { x: x(5) } })],
  [
    "Selu, other numbers",
    () => ({ nodes: [one("Selu", { alpha: f(1.5), gamma: f(0.5) })], inputs: { x: x(5) } }),
  ],
  ["HardSigmoid", () => ({ nodes: [one("HardSigmoid", { alpha: f(0.3) })], inputs: { x: x(9) } })],
  [
    "ThresholdedRelu",
    () => ({ nodes: [one("ThresholdedRelu", { alpha: f(0.5) })], inputs: { x: x(9) } }),
  ],
  [
    "Shrink",
    () => ({ nodes: [one("Shrink", { lambd: f(0.7), bias: f(0.2) })], inputs: { x: x(9) } }),
  ],
  [
    "PRelu",
    () => ({
      nodes: [{ op: "PRelu", in: ["x", "s"] }],
      inputs: { x: x(2, 3, 4) },
      constants: { s: x(3, 1) },
    }),
  ],
  [
    "Clip without a lower bound",
    () => ({
      nodes: [{ op: "Clip", in: ["x", "", "m"] }],
      inputs: { x: x(9) },
      constants: { m: tensor(0.5) },
    }),
  ],
  [
    "Clip of version 6",
    () => ({ nodes: [one("Clip", { min: f(-0.5), max: f(0.25) })], inputs: { x: x(9) }, opset: 9 }),
  ],
  [
    "Mean",
    () => ({ nodes: [{ op: "Mean", in: ["x", "b", "x"] }], inputs: { x: x(2, 3), b: x(3) } }),
  ],
  [
    "IsInf of one sign",
    () => ({
      nodes: [one("IsInf", { detect_negative: 0 })],
      inputs: { x: tensor([1, Infinity, -Infinity]) },
      outputs: { y: "bool" },
    }),
  ],
  [
    "division of whole numbers",
    () => ({
      nodes: [{ op: "Div", in: ["x", "b"] }],
      inputs: {
        x: tensor([7, -7, 5], { dtype: "int32" }),
        b: tensor([2, 2, -3], { dtype: "int32" }),
      },
      outputs: { y: "int32" },
    }),
  ],
  [
    "Mod of whole numbers",
    () => ({
      nodes: [{ op: "Mod", in: ["x", "b"] }],
      inputs: {
        x: tensor([7, -7, 5], { dtype: "int32" }),
        b: tensor([2, 2, -3], { dtype: "int32" }),
      },
      outputs: { y: "int32" },
    }),
  ],
  [
    "Pow keeps the type of its base",
    () => ({
      nodes: [{ op: "Pow", in: ["x", "b"] }],
      inputs: { x: tensor([2, 3], { dtype: "int32" }), b: tensor([2, 3]) },
      outputs: { y: "int32" },
    }),
  ],
];

const shapes: readonly Row[] = [
  [
    "Flatten at axis 2",
    () => ({ nodes: [one("Flatten", { axis: 2 })], inputs: { x: x(2, 3, 4) } }),
  ],
  [
    "Flatten at axis −1",
    () => ({ nodes: [one("Flatten", { axis: -1 })], inputs: { x: x(2, 3, 4) } }),
  ],
  [
    "Reshape with 0 and −1",
    () => ({
      nodes: [{ op: "Reshape", in: ["x", "s"] }],
      inputs: { x: x(2, 3, 4) },
      constants: { s: [0, -1] },
    }),
  ],
  [
    "Squeeze of version 11",
    () => ({ nodes: [one("Squeeze", { axes: [0, 2] })], inputs: { x: x(1, 3, 1) }, opset: 11 }),
  ],
  [
    "Unsqueeze of version 11",
    () => ({ nodes: [one("Unsqueeze", { axes: [0, -1] })], inputs: { x: x(3) }, opset: 11 }),
  ],
  [
    "Slice with negative steps",
    () => ({
      nodes: [{ op: "Slice", in: ["x", "a", "b", "d", "s"] }],
      inputs: { x: x(5, 6) },
      constants: { a: [-1, 5], b: [-100, 0], d: [0, 1], s: [-2, -1] },
    }),
  ],
  [
    "Slice to the far end",
    () => ({
      nodes: [{ op: "Slice", in: ["x", "a", "b", "d"] }],
      inputs: { x: x(5, 6) },
      constants: { a: [1], b: [2 ** 62], d: [-1] },
    }),
  ],
  [
    "Slice of version 1",
    () => ({
      nodes: [one("Slice", { starts: [1, -3], ends: [9, -1] })],
      inputs: { x: x(5, 6) },
      opset: 9,
    }),
  ],
  [
    "Split into unequal parts",
    () => ({
      nodes: [{ op: "Split", out: ["y", "z"], with: { axis: 1, num_outputs: 2 } }],
      inputs: { x: x(2, 5) },
      outputs: { y: "float32", z: "float32" },
    }),
  ],
  [
    "Tile",
    () => ({
      nodes: [{ op: "Tile", in: ["x", "r"] }],
      inputs: { x: x(2, 3) },
      constants: { r: [2, 2] },
    }),
  ],
  [
    "Expand both ways",
    () => ({
      nodes: [{ op: "Expand", in: ["x", "s"] }],
      inputs: { x: x(3, 1) },
      constants: { s: [2, 1, 4] },
    }),
  ],
  [
    "Pad by reflection",
    () => ({
      nodes: [{ op: "Pad", in: ["x", "p"], with: { mode: "reflect" } }],
      inputs: { x: x(3, 4) },
      constants: { p: [1, 2, 2, 1] },
    }),
  ],
  [
    "Pad by the edge",
    () => ({
      nodes: [{ op: "Pad", in: ["x", "p"], with: { mode: "edge" } }],
      inputs: { x: x(3, 4) },
      constants: { p: [1, 2, 2, 1] },
    }),
  ],
  [
    "Pad with less and more",
    () => ({
      nodes: [{ op: "Pad", in: ["x", "p", "v"] }],
      inputs: { x: x(3, 4) },
      constants: { p: [-1, 0, 2, 1], v: tensor(7) },
    }),
  ],
  [
    "Pad of version 2",
    () => ({
      nodes: [one("Pad", { pads: [0, 1, 1, 0], value: f(2) })],
      inputs: { x: x(2, 2) },
      opset: 10,
    }),
  ],
  [
    "ConstantOfShape",
    () => ({
      nodes: [
        { op: "Shape", out: ["s"] },
        { op: "ConstantOfShape", in: ["s"] },
      ],
      inputs: { x: x(2, 3) },
    }),
  ],
  [
    "Range",
    () => ({
      nodes: [{ op: "Range", in: ["a", "b", "c"] }],
      inputs: { a: tensor(1), b: tensor(6), c: tensor(2) },
    }),
  ],
  ["EyeLike", () => ({ nodes: [one("EyeLike", { k: 1 })], inputs: { x: x(3, 4) } })],
  [
    "Trilu below the diagonal",
    () => ({ nodes: [one("Trilu", { upper: 0 })], inputs: { x: x(2, 3, 3) } }),
  ],
  [
    "CumSum, exclusive and reversed",
    () => ({
      nodes: [{ op: "CumSum", in: ["x", "d"], with: { exclusive: 1, reverse: 1 } }],
      inputs: { x: x(2, 4) },
      constants: { d: [1] },
    }),
  ],
  [
    "DepthToSpace",
    () => ({ nodes: [one("DepthToSpace", { blocksize: 2 })], inputs: { x: x(1, 8, 2, 3) } }),
  ],
  [
    "DepthToSpace, columns first",
    () => ({
      nodes: [one("DepthToSpace", { blocksize: 2, mode: "CRD" })],
      inputs: { x: x(1, 8, 2, 3) },
    }),
  ],
  [
    "SpaceToDepth",
    () => ({ nodes: [one("SpaceToDepth", { blocksize: 2 })], inputs: { x: x(1, 2, 4, 6) } }),
  ],
  [
    "Size",
    () => ({
      nodes: [
        { op: "Size", out: ["n"] },
        { op: "Cast", in: ["n"], with: { to: 1 } },
      ],
      inputs: { x: x(2, 3) },
    }),
  ],
];

const reductions: readonly Row[] = [
  [
    "ReduceSum over no axes named",
    () => ({ nodes: [one("ReduceSum", { keepdims: 0 })], inputs: { x: x(2, 3) } }),
  ],
  [
    "ReduceSum over none",
    () => ({ nodes: [one("ReduceSum", { noop_with_empty_axes: 1 })], inputs: { x: x(2, 3) } }),
  ],
  [
    "ReduceMean of version 13",
    () => ({ nodes: [one("ReduceMean", { axes: [-1] })], inputs: { x: x(2, 3) }, opset: 13 }),
  ],
  [
    "ReduceSumSquare",
    () => ({ nodes: [one("ReduceSumSquare", { keepdims: 0 })], inputs: { x: x(2, 3) } }),
  ],
  [
    "ReduceLogSum",
    () => ({
      nodes: [{ op: "ReduceLogSum", in: ["x", "d"] }],
      inputs: { x: rand([2, 3]) },
      constants: { d: [1] },
    }),
  ],
  [
    "ReduceL1",
    () => ({
      nodes: [{ op: "ReduceL1", in: ["x", "d"] }],
      inputs: { x: x(2, 3) },
      constants: { d: [0] },
    }),
  ],
  [
    "ArgMax, the last of equals",
    () => ({
      nodes: [
        { op: "ArgMax", out: ["n"], with: { axis: 1, select_last_index: 1 } },
        { op: "Cast", in: ["n"], with: { to: 1 } },
      ],
      inputs: { x: tensor([[1, 3, 3, 0]]) },
    }),
  ],
  [
    "Softmax of version 11",
    () => ({ nodes: [one("Softmax")], inputs: { x: x(2, 3, 4) }, opset: 11 }),
  ],
  ["Softmax", () => ({ nodes: [one("Softmax")], inputs: { x: x(2, 3, 4) } })],
  [
    "TopK",
    () => ({
      nodes: [{ op: "TopK", in: ["x", "k"], out: ["y", "n"], with: { largest: 0 } }],
      inputs: { x: x(2, 5) },
      constants: { k: [3] },
    }),
  ],
  [
    "Gemm with everything",
    () => ({
      nodes: [
        {
          op: "Gemm",
          in: ["x", "b", "c"],
          with: { alpha: f(0.5), beta: f(2), transA: 1, transB: 1 },
        },
      ],
      inputs: { x: x(3, 2), b: x(4, 3), c: x(4) },
    }),
  ],
  [
    "Einsum",
    () => ({
      nodes: [{ op: "Einsum", in: ["x", "b"], with: { equation: "bij,bjk->bik" } }],
      inputs: { x: x(2, 3, 4), b: x(2, 4, 2) },
    }),
  ],
  [
    "LpNormalization",
    () => ({ nodes: [one("LpNormalization", { axis: 0, p: 2 })], inputs: { x: x(3, 4) } }),
  ],
  [
    "OneHot with values of one's own",
    () => ({
      nodes: [{ op: "OneHot", in: ["x", "d", "v"], with: { axis: 0 } }],
      inputs: { x: tensor([0, 2, -1]) },
      constants: { d: tensor([3]), v: tensor([-1, 5]) },
    }),
  ],
  [
    "GatherElements with negative places",
    () => ({
      nodes: [{ op: "GatherElements", in: ["x", "i"], with: { axis: 1 } }],
      inputs: { x: x(2, 3) },
      constants: { i: tensor([[-1], [0]], { dtype: "int32" }) },
    }),
  ],
  [
    "Gather with negative places",
    () => ({
      nodes: [{ op: "Gather", in: ["x", "i"], with: { axis: 1 } }],
      inputs: { x: x(2, 3) },
      constants: { i: [-1, 0] },
    }),
  ],
  [
    "ScatterElements that multiplies",
    () => ({
      nodes: [{ op: "ScatterElements", in: ["x", "i", "u"], with: { reduction: "mul" } }],
      inputs: { x: x(3, 2), u: x(2, 2) },
      constants: {
        i: tensor(
          [
            [0, 1],
            [0, -1],
          ],
          { dtype: "int32" },
        ),
      },
    }),
  ],
  [
    "NonZero",
    () => ({
      nodes: [
        { op: "NonZero", out: ["n"] },
        { op: "Cast", in: ["n"], with: { to: 1 } },
      ],
      inputs: {
        x: tensor([
          [1, 0],
          [0, 2],
        ]),
      },
    }),
  ],
];

const image = (): { x: Tensor } => ({ x: x(2, 4, 7, 6) });
const windows: readonly Row[] = [
  [
    "Conv with different padding",
    () => ({
      nodes: [{ op: "Conv", in: ["x", "w", "b"], with: { pads: [0, 1, 2, 0], strides: [2, 1] } }],
      inputs: image(),
      constants: { w: x(3, 4, 3, 2), b: x(3) },
    }),
  ],
  [
    "Conv, same size above",
    () => ({
      nodes: [{ op: "Conv", in: ["x", "w"], with: { auto_pad: "SAME_UPPER", strides: [2, 2] } }],
      inputs: image(),
      constants: { w: x(3, 4, 3, 2) },
    }),
  ],
  [
    "Conv, same size below",
    () => ({
      nodes: [{ op: "Conv", in: ["x", "w"], with: { auto_pad: "SAME_LOWER", strides: [2, 2] } }],
      inputs: image(),
      constants: { w: x(3, 4, 3, 2) },
    }),
  ],
  [
    "Conv in groups, dilated",
    () => ({
      nodes: [{ op: "Conv", in: ["x", "w"], with: { group: 2, dilations: [2, 1] } }],
      inputs: image(),
      constants: { w: x(6, 2, 2, 2) },
    }),
  ],
  [
    "ConvTranspose",
    () => ({
      nodes: [
        {
          op: "ConvTranspose",
          in: ["x", "w", "b"],
          with: { strides: [2, 3], pads: [1, 0, 1, 0], output_padding: [1, 0] },
        },
      ],
      inputs: image(),
      constants: { w: x(4, 3, 3, 2), b: x(3) },
    }),
  ],
  [
    "ConvTranspose to a shape",
    () => ({
      nodes: [
        { op: "ConvTranspose", in: ["x", "w"], with: { strides: [2, 2], output_shape: [14, 12] } },
      ],
      inputs: image(),
      constants: { w: x(4, 3, 3, 3) },
    }),
  ],
  [
    "MaxPool with different padding",
    () => ({
      nodes: [one("MaxPool", { kernel_shape: [3, 2], pads: [0, 1, 1, 0], strides: [2, 2] })],
      inputs: image(),
    }),
  ],
  [
    "MaxPool with places",
    () => ({
      nodes: [
        { op: "MaxPool", out: ["y", "n"], with: { kernel_shape: [2, 2], strides: [2, 2] } },
        { op: "Cast", in: ["n"], out: ["z"], with: { to: 1 } },
      ],
      inputs: image(),
      outputs: { y: "float32", z: "float32" },
    }),
  ],
  [
    "AveragePool with different padding",
    () => ({
      nodes: [one("AveragePool", { kernel_shape: [3, 2], pads: [0, 1, 1, 0] })],
      inputs: image(),
    }),
  ],
  [
    "AveragePool that counts its padding",
    () => ({
      nodes: [
        one("AveragePool", { kernel_shape: [3, 2], pads: [0, 1, 1, 0], count_include_pad: 1 }),
      ],
      inputs: image(),
    }),
  ],
  ["GlobalAveragePool", () => ({ nodes: [one("GlobalAveragePool")], inputs: image() })],
  ["GlobalMaxPool", () => ({ nodes: [one("GlobalMaxPool")], inputs: image() })],
  [
    "Resize to the nearest",
    () => ({
      nodes: [
        {
          op: "Resize",
          in: ["x", "", "s"],
          with: {
            mode: "nearest",
            coordinate_transformation_mode: "asymmetric",
            nearest_mode: "floor",
          },
        },
      ],
      inputs: image(),
      constants: { s: tensor([1, 1, 2, 1.5]) },
    }),
  ],
  [
    "Resize by lines",
    () => ({
      nodes: [{ op: "Resize", in: ["x", "", "", "s"], with: { mode: "linear" } }],
      inputs: image(),
      constants: { s: [2, 4, 10, 4] },
    }),
  ],
  [
    "Resize by lines, corners aligned",
    () => ({
      nodes: [
        {
          op: "Resize",
          in: ["x", "", "", "s"],
          with: { mode: "linear", coordinate_transformation_mode: "align_corners" },
        },
      ],
      inputs: image(),
      constants: { s: [2, 4, 3, 9] },
    }),
  ],
];

const norms: readonly Row[] = [
  [
    "BatchNormalization",
    () => ({
      nodes: [
        { op: "BatchNormalization", in: ["x", "s", "b", "m", "v"], with: { epsilon: f(0.01) } },
      ],
      inputs: { x: x(2, 3, 4) },
      constants: { s: x(3), b: x(3), m: x(3), v: rand([3]) },
    }),
  ],
  [
    "InstanceNormalization",
    () => ({
      nodes: [{ op: "InstanceNormalization", in: ["x", "s", "b"] }],
      inputs: { x: x(2, 3, 4) },
      constants: { s: x(3), b: x(3) },
    }),
  ],
  [
    "LayerNormalization",
    () => ({
      nodes: [{ op: "LayerNormalization", in: ["x", "s", "b"], with: { axis: 1 } }],
      inputs: { x: x(2, 3, 4) },
      constants: { s: x(3, 4), b: x(3, 4) },
    }),
  ],
  [
    "GroupNormalization",
    () => ({
      nodes: [{ op: "GroupNormalization", in: ["x", "s", "b"], with: { num_groups: 2 } }],
      inputs: { x: x(2, 4, 3) },
      constants: { s: x(4), b: x(4) },
      opset: 21,
    }),
  ],
  [
    "LRN",
    () => ({ nodes: [one("LRN", { size: 3, alpha: f(0.3) })], inputs: { x: x(1, 5, 2, 2) } }),
  ],
  ["Dropout", () => ({ nodes: [one("Dropout")], inputs: { x: x(5) } })],
  [
    "SoftmaxCrossEntropyLoss",
    () => ({
      nodes: [{ op: "SoftmaxCrossEntropyLoss", in: ["x", "t", "w"] }],
      inputs: { x: x(3, 4) },
      constants: { t: tensor([1, 0, 3], { dtype: "int32" }), w: rand([4]) },
    }),
  ],
];

const lstm = (gates: number, directions: number): Record<string, Tensor> => ({
  w: x(directions, gates * 3, 2),
  r: x(directions, gates * 3, 3),
  b: x(directions, gates * 6),
});
const sequence = (): { x: Tensor } => ({ x: x(4, 2, 2) });
const recurrent: readonly Row[] = [
  [
    "LSTM",
    () => ({
      nodes: [
        {
          op: "LSTM",
          in: ["x", "w", "r", "b", "", "h", "c"],
          out: ["y", "hn", "cn"],
          with: { hidden_size: 3 },
        },
      ],
      inputs: sequence(),
      constants: { ...lstm(4, 1), h: x(1, 2, 3), c: x(1, 2, 3) },
      outputs: { y: "float32", hn: "float32", cn: "float32" },
    }),
  ],
  [
    "LSTM in both directions",
    () => ({
      nodes: [
        {
          op: "LSTM",
          in: ["x", "w", "r", "b"],
          out: ["y", "", "cn"],
          with: { hidden_size: 3, direction: "bidirectional" },
        },
      ],
      inputs: sequence(),
      constants: lstm(4, 2),
      outputs: { y: "float32", cn: "float32" },
    }),
  ],
  [
    "LSTM backward, without bias",
    () => ({
      nodes: [{ op: "LSTM", in: ["x", "w", "r"], with: { hidden_size: 3, direction: "reverse" } }],
      inputs: sequence(),
      constants: { w: x(1, 12, 2), r: x(1, 12, 3) },
    }),
  ],
  [
    "GRU as PyTorch has it",
    () => ({
      nodes: [
        {
          op: "GRU",
          in: ["x", "w", "r", "b"],
          out: ["y", "hn"],
          with: { hidden_size: 3, linear_before_reset: 1 },
        },
      ],
      inputs: sequence(),
      constants: lstm(3, 1),
      outputs: { y: "float32", hn: "float32" },
    }),
  ],
  [
    "GRU",
    () => ({
      nodes: [
        {
          op: "GRU",
          in: ["x", "w", "r", "b"],
          with: { hidden_size: 3, direction: "bidirectional" },
        },
      ],
      inputs: sequence(),
      constants: lstm(3, 2),
    }),
  ],
  [
    "RNN with relu",
    () => ({
      nodes: [
        { op: "RNN", in: ["x", "w", "r", "b"], with: { hidden_size: 3, activations: ["Relu"] } },
      ],
      inputs: sequence(),
      constants: lstm(1, 1),
    }),
  ],
];

describe.each([
  ["pointwise", pointwise],
  ["shapes", shapes],
  ["reductions and places", reductions],
  ["windows", windows],
  ["norms and losses", norms],
  ["recurrent", recurrent],
] as const)("%s", (_, rows) => {
  test.each(rows)("%s", async (_name, spec) => {
    await agrees(spec());
  });
});

test("element types are kept as Chainrule has them", () => {
  const doubled = (dtype: DType, values: Tensor) =>
    modelFile({
      nodes: [{ op: "Add", in: ["x", "x"] }],
      inputs: { x: values },
      outputs: { y: dtype },
    });
  const model = importOnnx(doubled("int32", arange(3)));
  expect(
    model
      .run({ x: arange(3) })
      .get("y")
      ?.toArray(),
  ).toEqual([0, 2, 4]);
  expect(model.inputs).toEqual([{ name: "x", dtype: "int32", shape: [3] }]);
});

test("a model is trained on: parameters are leaves under their names, statistics are buffers", () => {
  const [scale, shift] = [x(3), x(3)];
  const file = modelFile({
    nodes: [{ op: "BatchNormalization", in: ["x", "norm.scale", "norm.bias", "mean", "variance"] }],
    inputs: { x: x(2, 3) },
    constants: { "norm.scale": scale, "norm.bias": shift, mean: x(3), variance: rand([3]) },
  });
  const model = importOnnx(file);
  expect(model.namedParameters().map(([name]) => name)).toEqual(["norm.scale", "norm.bias"]);
  expect(model.namedBuffers().map(([name]) => name)).toEqual(["mean", "variance"]);
  model.forward(x(2, 3)).square().sum().backward();
  expect(model.parameters().every(({ grad }) => grad !== null)).toBe(true);
  // Trained or not, it goes out again and is the same.
  const again = importOnnx(exportOnnx(model, x(2, 3)));
  expect(again.namedParameters().map(([name]) => name)).toEqual(["norm.scale", "norm.bias"]);
  expect(
    again
      .namedBuffers()
      .map(([name]) => name)
      .sort(),
  ).toEqual(["mean", "variance"]);
  const sample = x(2, 3);
  expect(difference(again.forward(sample).detach(), model.forward(sample).detach())).toBeNull();
  const frozen = importOnnx(file, { trainable: (name) => name === "norm.bias" });
  expect(frozen.namedParameters().map(([name]) => name)).toEqual(["norm.bias"]);
});

test("what a model is called with is checked", () => {
  const model = importOnnx(
    modelFile({
      nodes: [{ op: "Split", out: ["y", "z"], with: { axis: 1, num_outputs: 2 } }],
      inputs: { x: x(2, 4) },
      outputs: { y: "float32", z: "float32" },
    }),
  );
  expect(() => model.forward(x(2, 4))).toThrow(/has 2 outputs \(y, z\)\. Call run/);
  expect(() => model.run({})).toThrow(/input "x" is missing/);
  expect(() => model.run({ x: x(2, 4), z: x(1) })).toThrow(/input "z" is not known/);
  expect(() => model.run({ x: x(2, 5) })).toThrow(
    /input x has shape \[2, 5\], but the model takes \[2, 4\]/,
  );
  expect(() => model.run({ x: x(2, 4).to("float64") })).toThrow(
    /is float64, but the model takes float32/,
  );
});
