/** Nodes that compute element by element, or move elements, as other programs write them. */
import type { Tensor } from "@chainrule/core";
import { randn, tensor } from "@chainrule/core";
import type { ModelSpec, NodeSpec } from "./build.ts";
import { f } from "./build.ts";

export const x = (...shape: number[]): Tensor => randn(shape);
export const one = (op: string, attributes: NodeSpec["with"] = {}): NodeSpec => ({
  op,
  with: attributes,
});

export type Row = readonly [name: string, spec: () => ModelSpec];

export const pointwise: readonly Row[] = [
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

export const shapes: readonly Row[] = [
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
