/** Models as files that onnxruntime runs with the same outputs. */
import type { Tensor } from "@chainrule/core";
import {
  add_,
  copy_,
  crossEntropy,
  customOp,
  embedding,
  grad,
  layerNorm,
  linear,
  manualSeed,
  noGrad,
  ones,
  rand,
  randint,
  randn,
  scaledDotProductAttention,
  tensor,
  zeros,
} from "@chainrule/core";
import {
  BatchNorm2d,
  buffer,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  Flatten,
  GRU,
  GroupNorm,
  Linear,
  LSTM,
  MaxPool2d,
  Module,
  parameter,
  ReLU,
  RNN,
  Sequential,
  Tanh,
  TransformerEncoderLayer,
  Upsample,
} from "@chainrule/nn";
import { beforeEach, expect, test } from "vitest";
import { exportOnnxModel } from "../../src/onnx/export.ts";
import { exportOnnx, importOnnx, OnnxExportError } from "../../src/onnx/index.ts";
import { difference, runOnnx, tensorsIn } from "./runtime.ts";

beforeEach(() => {
  manualSeed(7);
});

/** Exports with one input, and compares on the sample and on others. */
async function agrees(
  model: Module | ((x: Tensor) => unknown),
  samples: readonly [Tensor, ...Tensor[]],
  options: Parameters<typeof exportOnnx>[2] = {},
): Promise<void> {
  const file = exportOnnx(model as (x: never) => unknown, samples[0], options);
  for (const x of samples) {
    const expected = tensorsIn(
      model instanceof Module ? (model.forward as (x: Tensor) => unknown)(x) : model(x),
    );
    const outputs = await runOnnx(file, { input: x });
    for (const [i, y] of expected.entries()) {
      const name = expected.length === 1 ? "output" : `output_${i}`;
      expect(difference(outputs[name], y)).toBeNull();
    }
  }
}

class Transformer extends Module {
  readonly tokens = parameter(randn([11, 8]).mul(0.5));
  readonly query = new Linear(8, 8);
  readonly key = new Linear(8, 8);
  readonly value = new Linear(8, 8);
  readonly up = new Linear(8, 16);
  readonly down = new Linear(16, 8);
  readonly gain = parameter(ones([8]));
  readonly bias = parameter(zeros([8]));
  forward(index: Tensor): Tensor {
    const x = embedding(index, this.tokens);
    const [n, length] = index.shape as [number, number];
    const heads = (y: Tensor): Tensor => y.reshape([n, length, 2, 4]).transpose(1, 2);
    const normed = layerNorm(x, [8], this.gain, this.bias);
    const mixed = scaledDotProductAttention(
      heads(this.query.forward(normed)),
      heads(this.key.forward(normed)),
      heads(this.value.forward(normed)),
      { isCausal: true },
    );
    const y = x.add(mixed.transpose(1, 2).reshape([n, length, 8]));
    const z = y.add(this.down.forward(this.up.forward(layerNorm(y, [8])).gelu()));
    return linear(z, this.tokens);
  }
}

test("a multilayer perceptron, with any number of samples", async () => {
  const model = new Sequential(new Linear(4, 16), new Tanh(), new Linear(16, 3)).eval();
  await agrees(model, [randn([2, 4]), randn([1, 4]), randn([7, 4])], { dynamicBatch: true });
});

/** A model of layers, and inputs for so many samples. */
type Layers = readonly [name: string, model: () => Module, inputs: (samples: number) => Tensor[]];

const layers: readonly Layers[] = [
  [
    "a convolutional network with batch norm",
    () =>
      new Sequential(
        new Conv2d(1, 4, 3, { padding: 1 }),
        new BatchNorm2d(4),
        new ReLU(),
        new MaxPool2d(2),
        new Flatten(),
        new Linear(64, 3),
      ),
    (n) => [randn([n, 1, 8, 8])],
  ],
  [
    "LSTM, two layers in both directions",
    () => new LSTM(3, 5, { numLayers: 2, batchFirst: true, bidirectional: true }),
    (n) => [randn([n, 4, 3])],
  ],
  ["GRU", () => new GRU(3, 5, { batchFirst: true }), (n) => [randn([n, 4, 3])]],
  ["RNN", () => new RNN(3, 5, { batchFirst: true }), (n) => [randn([n, 4, 3])]],
  [
    "a layer of a transformer",
    () => new TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true }),
    (n) => [randn([n, 5, 8])],
  ],
  ["GroupNorm", () => new GroupNorm(2, 4), (n) => [randn([n, 4, 5])]],
  [
    "a transposed convolution",
    () => new ConvTranspose2d(3, 2, 3, { stride: 2, padding: 1 }),
    (n) => [randn([n, 3, 4, 5])],
  ],
  [
    "bilinear upsampling",
    () => new Upsample({ scaleFactor: 2, mode: "bilinear" }),
    (n) => [randn([n, 3, 4, 5])],
  ],
];

test.each(layers)("%s, with any number of samples, out and in again", async (_, make, inputs) => {
  const model = make().eval();
  // Statistics as after training.
  for (const [path, statistic] of model.namedBuffers())
    if (path.endsWith("Var")) copy_(statistic, rand(statistic.shape).add(0.5));
  const file = exportOnnx(model, inputs(2), { inputNames: ["x"], dynamicBatch: true });
  const imported = importOnnx(file);
  expect(
    imported
      .namedParameters()
      .map(([path]) => path)
      .sort(),
  ).toEqual(
    model
      .namedParameters()
      .map(([path]) => path)
      .sort(),
  );
  for (const n of [2, 1, 5]) {
    const [x] = inputs(n) as [Tensor];
    const expected = tensorsIn((model.forward as (x: Tensor) => unknown)(x));
    const outputs = Object.values(await runOnnx(file, { x }));
    const again = [...imported.run({ x }).values()];
    for (const [i, y] of expected.entries()) {
      expect(difference(outputs[i], y)).toBeNull();
      expect(difference(again[i], y)).toBeNull();
    }
  }
});

test("a model whose buffer changes while it runs is refused", () => {
  class Counter extends Module {
    readonly count = buffer(zeros([3]));
    forward(x: Tensor): Tensor {
      const y = x.add(this.count);
      noGrad(() => add_(this.count, 1));
      return y;
    }
  }
  expect(() => exportOnnx(new Counter(), ones([3]))).toThrow(
    /count of shape \[3\] is changed in place after add in Counter/,
  );
});

test("a transformer with both batch and length dynamic, causal mask included", async () => {
  const index = (n: number, length: number): Tensor => randint(0, 11, [n, length]);
  await agrees(new Transformer().eval(), [index(2, 5), index(1, 3), index(3, 9)], {
    dynamicAxes: { input: { 0: "batch", 1: "length" } },
  });
});

/** A model with its loss. */
class Step extends Module {
  readonly model: Sequential;
  constructor(model: Sequential) {
    super();
    this.model = model;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return crossEntropy(this.model.forward(x), target);
  }
}

test.each([
  [
    "a perceptron",
    () => new Sequential(new Flatten(), new Linear(64, 5), new ReLU(), new Linear(5, 3)),
  ],
  [
    "a convolutional network",
    () =>
      new Sequential(
        new Conv2d(1, 4, 3, { padding: 1, stride: 2 }),
        new BatchNorm2d(4),
        new ReLU(),
        new MaxPool2d(2),
        new Flatten(),
        new Linear(16, 3),
      ),
  ],
] as const)("a training step of %s: the loss and all gradients in one file", async (_, make) => {
  const step = new Step(make());
  const [x, target] = [randn([6, 1, 8, 8]), randint(0, 3, [6])];
  const file = exportOnnx(step, [x, target], { inputNames: ["x", "target"], gradients: true });
  const outputs = await runOnnx(file, { x, target });
  const loss = step.forward(x, target);
  loss.backward();
  expect(difference(outputs.output, loss.detach())).toBeNull();
  for (const [path, { grad }] of step.namedParameters())
    expect(difference(outputs[`${path}.grad`], grad!)).toBeNull();
});

test("ops of one's own: pointwise ones by their expression, others by what they are made of", async () => {
  const gentle = customOp({
    name: "gentle",
    forward: (x: Tensor) => x.div(x.abs().add(1)),
    vjp: (cotangent) => [cotangent],
  });
  await agrees((x) => gentle(x.mul(2)).detach().add(1), [randn([3])]);
});

test("inputs, parameters and constants that are outputs themselves", async () => {
  await agrees((x) => [x, tensor([1, 2]), x.add(1), x], [randn([2])]);
});

test("what was taken out of the graph is refused, and so is chance", () => {
  const x = tensor([1, 2, 4]);
  const refusal = (model: (x: Tensor) => Tensor): string => {
    try {
      exportOnnx(model, x);
    } catch (error) {
      expect(error).toBeInstanceOf(OnnxExportError);
      return (error as Error).message;
    }
    return "was exported";
  };
  expect(refusal((x) => x.div(x.max().item() as number))).toMatch(
    /constant of shape \[\], read by div .*, is another/,
  );
  expect(refusal((x) => x.mul(rand([3])))).toMatch(/is random \(call model\.eval\(\)\)/);
  expect(refusal((x) => ((x.sum().item() as number) > 6 ? x.neg() : x))).toMatch(
    /makes other calls/,
  );
  expect(refusal((x) => x.lgamma())).toMatch(
    /lgamma .*export\.test\.ts:.*no logarithm of the gamma/s,
  );
  expect(() => exportOnnx(new Sequential(new Linear(3, 3), new Dropout()), x)).toThrow(/random/);
});

test.each([
  ["LSTM", (): Module => new LSTM(3, 5, { numLayers: 2, bidirectional: true })],
  ["GRU", (): Module => new GRU(3, 5)],
  ["RNN", (): Module => new RNN(3, 5, { nonlinearity: "relu", bias: false })],
])("%s is ONNX's own node, for sequences of any length and number", async (type, make) => {
  const model = make();
  const options = { dynamicAxes: { input: { 0: "time", 1: "batch" } } };
  await agrees(model, [randn([4, 2, 3]), randn([7, 2, 3]), randn([1, 5, 3])], options);
  const nodes = exportOnnxModel(model, randn([4, 2, 3]), options).graph!.node;
  const count = nodes.filter(({ opType }) => opType === type).length;
  expect(count).toBe(type === "LSTM" ? 4 : 1);
  // Parameters are put into ONNX's order, and results out of it: nothing is written for each step.
  expect(nodes.length).toBeLessThan(40 * count);
});

test.each([
  ["LSTM", () => new LSTM(3, 4, { bidirectional: true })],
  ["GRU", () => new GRU(3, 4, { bidirectional: true })],
  ["RNN", () => new RNN(3, 4, { bidirectional: true })],
])("the training graph of %s, read from both ends", async (_, make) => {
  class Loss extends Module {
    readonly net = make();
    override forward(x: Tensor): Tensor {
      return this.net.forward(x)[0].square().mean();
    }
  }
  const model = new Loss();
  const x = randn([4, 2, 3]);
  const outputs = await runOnnx(exportOnnx(model, x, { gradients: true }), { input: x });
  const named = model.namedParameters();
  const expected = grad(
    model.forward(x),
    named.map(([, parameter]) => parameter),
  );
  for (const [i, [path]] of named.entries())
    expect(difference(outputs[`${path}.grad`], expected[i]!)).toBeNull();
});
