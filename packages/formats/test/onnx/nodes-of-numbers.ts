/** Nodes that sum, slide windows, normalise or go through sequences, as other programs write them. */
import type { Tensor } from "@chainrule/core";
import { rand, tensor } from "@chainrule/core";
import { f } from "./build.ts";
import type { Row } from "./nodes-of-shapes.ts";
import { one, x } from "./nodes-of-shapes.ts";

export const reductions: readonly Row[] = [
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
export const windows: readonly Row[] = [
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

export const norms: readonly Row[] = [
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
export const recurrent: readonly Row[] = [
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
