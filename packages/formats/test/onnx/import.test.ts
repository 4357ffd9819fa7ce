/** Nodes as other programs write them: what is imported computes as onnxruntime does. */
import type { DType, Tensor } from "@chainrule/core";
import { arange, manualSeed, rand } from "@chainrule/core";
import { beforeEach, describe, expect, test } from "vitest";
import { exportOnnx, importOnnx } from "../../src/onnx/index.ts";
import type { ModelSpec } from "./build.ts";
import { modelFile } from "./build.ts";
import { norms, recurrent, reductions, windows } from "./nodes-of-numbers.ts";
import { pointwise, shapes, x } from "./nodes-of-shapes.ts";
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

test("an error while a model runs says in which node", () => {
  const nodes = [{ op: "MatMul", in: ["x", "w"] }];
  const file = modelFile({ nodes, inputs: { x: x(2, 3) }, constants: { w: x(4, 2) } });
  expect(() => importOnnx(file).forward(x(2, 3))).toThrow(
    /inner dimensions 3 and 4.*In node "MatMul"/s,
  );
});
