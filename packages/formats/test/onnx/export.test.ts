/** Models as files that onnxruntime runs with the same outputs. */
import type { Tensor } from "@chainrule/core";
import {
  batchNorm,
  conv2d,
  crossEntropy,
  customOp,
  embedding,
  layerNorm,
  linear,
  manualSeed,
  maxPool2d,
  ones,
  rand,
  randint,
  randn,
  scaledDotProductAttention,
  stack,
  tensor,
  zeros,
} from "@chainrule/core";
import {
  buffer,
  Dropout,
  Flatten,
  Linear,
  Module,
  parameter,
  ReLU,
  Sequential,
  Tanh,
} from "@chainrule/nn";
import { beforeEach, expect, test } from "vitest";
import { exportOnnx, OnnxExportError } from "../../src/onnx/index.ts";
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

class ConvNet extends Module {
  readonly weight = parameter(randn([4, 1, 3, 3]).mul(0.3));
  readonly mean = buffer(randn([4]));
  readonly variance = buffer(rand([4]).add(0.5));
  readonly scale = parameter(ones([4]));
  readonly shift = parameter(zeros([4]));
  readonly head = new Sequential(new Flatten(), new Linear(4 * 4 * 4, 10));
  forward(x: Tensor): Tensor {
    const y = conv2d(x, this.weight, { padding: 1 });
    const normed = batchNorm(y, this.mean, this.variance, this.scale, this.shift);
    return this.head.forward(maxPool2d(normed.relu(), 2));
  }
}

/** A cell as PyTorch writes it: the four gates side by side. */
class Recurrent extends Module {
  readonly size = 6;
  readonly input = new Linear(3, 24);
  readonly state = new Linear(6, 24);
  forward(x: Tensor): { steps: Tensor; last: Tensor } {
    let h = zeros([x.shape[0]!, this.size]);
    let c = zeros([x.shape[0]!, this.size]);
    const steps: Tensor[] = [];
    for (const step of x.unbind(1)) {
      const gates = this.input.forward(step).add(this.state.forward(h));
      const [i, f, g, o] = gates.split(this.size, 1) as [Tensor, Tensor, Tensor, Tensor];
      c = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
      h = o.sigmoid().mul(c.tanh());
      steps.push(h);
    }
    return { steps: stack(steps, 1), last: c };
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

test("a convolutional network with batch norm", async () => {
  await agrees(new ConvNet().eval(), [randn([2, 1, 8, 8]), randn([5, 1, 8, 8])], {
    dynamicBatch: true,
  });
});

test("an LSTM, unrolled, whose first state has the length of the batch", async () => {
  await agrees(new Recurrent().eval(), [randn([2, 4, 3]), randn([3, 4, 3])], {
    dynamicBatch: true,
  });
});

test("a transformer with both batch and length dynamic, causal mask included", async () => {
  const index = (n: number, length: number): Tensor => randint(0, 11, [n, length]);
  await agrees(new Transformer().eval(), [index(2, 5), index(1, 3), index(3, 9)], {
    dynamicAxes: { input: { 0: "batch", 1: "length" } },
  });
});

test("a training step: the loss and all gradients in one file", async () => {
  const model = new Sequential(new Linear(4, 5), new ReLU(), new Linear(5, 3));
  class Loss extends Module {
    readonly model = model;
    forward(x: Tensor, target: Tensor): Tensor {
      return crossEntropy(this.model.forward(x), target);
    }
  }
  const step = new Loss();
  const [x, target] = [randn([6, 4]), randint(0, 3, [6])];
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
    /constant of shape \[\] is another/,
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
