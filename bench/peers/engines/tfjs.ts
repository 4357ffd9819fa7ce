/** The reference workloads on TensorFlow.js; the argument is the backend, "cpu" or "wasm". */
import { join } from "node:path";
import type { Tensor, Tensor2D, Tensor4D, Variable } from "@tensorflow/tfjs";
import type { Numbers, Problem } from "../../problems.ts";
import type { Prepared } from "../serve.ts";
import { serve } from "../serve.ts";

const backend = process.argv[2]!;
const start = performance.now();
const tf = await import("@tensorflow/tfjs");
if (backend === "wasm") {
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  const folder = "../node_modules/@tensorflow/tfjs-backend-wasm/dist/";
  wasm.setWasmPaths(join(import.meta.dirname, folder));
}
await tf.setBackend(backend);
await tf.ready();
const importTime = performance.now() - start;

type Data = Readonly<Record<string, Tensor>>;
type Loss = (problem: Problem, p: readonly Variable[], data: Data) => Tensor;

const toTensor = ({ shape, data }: Numbers): Tensor =>
  tf.tensor(data, [...shape], data instanceof Float32Array ? "float32" : "int32");

const linear = (x: Tensor, w: Tensor, b?: Tensor): Tensor => {
  const width = x.shape.at(-1)!;
  const y = tf.matMul(x.reshape([-1, width]), w, false, true);
  const shape = [...x.shape.slice(0, -1), w.shape[0]!];
  return (b === undefined ? y : y.add(b)).reshape(shape);
};

function crossEntropy(scores: Tensor, labels: Tensor): Tensor {
  const hot = tf.oneHot(labels.flatten().toInt(), scores.shape[1]!);
  return tf.losses.softmaxCrossEntropy(hot, scores);
}

function layerNorm(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const centered = x.sub(x.mean(-1, true));
  const variance = centered.square().mean(-1, true);
  return centered.mul(variance.add(1e-5).rsqrt()).mul(weight).add(bias);
}

const gelu = (x: Tensor): Tensor => x.mul(0.5).mul(x.mul(Math.SQRT1_2).erf().add(1));

const mlp: Loss = ({ settings }, p, { x, labels }) => {
  let y = x!;
  for (let i = 0; i < p.length; i += 2) y = linear(i === 0 ? y : y.relu(), p[i]!, p[i + 1]!);
  if (settings.loss === "hinge") return tf.scalar(1).sub(labels!.mul(y)).relu().mean();
  return crossEntropy(y, labels!);
};

/** TensorFlow.js puts channels last, and computes nothing else. */
const cnn: Loss = (_problem, p, { x, labels }) => {
  const block = (y: Tensor, w: Tensor, b: Tensor): Tensor4D => {
    const filter = w.transpose([2, 3, 1, 0]) as Tensor4D;
    const convolved = tf
      .conv2d(y as Tensor4D, filter, 1, "same")
      .add(b)
      .relu();
    return tf.maxPool(convolved as Tensor4D, 2, 2, "valid");
  };
  let y: Tensor = block(x!.reshape([-1, 28, 28, 1]), p[0]!, p[1]!);
  y = block(y, p[2]!, p[3]!).transpose([0, 3, 1, 2]);
  return crossEntropy(linear(y.reshape([-1, 784]), p[4]!, p[5]!), labels!);
};

const gpt: Loss = ({ settings }, p, { text, next }) => {
  const { blocks, width, heads, context, vocabulary } = settings as Record<string, number>;
  const split = (x: Tensor): Tensor =>
    x.reshape([-1, context!, heads!, width! / heads!]).transpose([0, 2, 1, 3]);
  const seen = tf.linalg.bandPart(tf.ones([context!, context!]) as Tensor2D, -1, 0);
  const mask = tf.sub(1, seen).mul(-1e9);
  // A lookup as a product: for gather's gradient the WebAssembly backend has no kernel.
  const hot = tf.oneHot(text!.flatten().toInt(), vocabulary!);
  let x: Tensor = tf.matMul(hot.toFloat(), p[0]!).reshape([-1, context!, width!]).add(p[1]!);
  for (let block = 0; block < blocks!; block++) {
    const w = p.slice(2 + 12 * block, 14 + 12 * block);
    const y = layerNorm(x, w[8]!, w[9]!);
    const [q, k, v] = tf.split(linear(y, w[0]!, w[1]!), 3, -1).map(split);
    const scores = tf.matMul(q!, k!, false, true).mul(1 / Math.sqrt(width! / heads!));
    const weights = tf.softmax(scores.add(mask));
    const heard = tf.matMul(weights, v!).transpose([0, 2, 1, 3]).reshape([-1, context!, width!]);
    x = x.add(linear(heard, w[2]!, w[3]!));
    const z = layerNorm(x, w[10]!, w[11]!);
    x = x.add(linear(gelu(linear(z, w[4]!, w[5]!)), w[6]!, w[7]!));
  }
  const scores = linear(layerNorm(x, p.at(-3)!, p.at(-2)!), p.at(-1)!);
  return crossEntropy(scores.reshape([-1, vocabulary!]), next!);
};

const lstm: Loss = ({ settings }, p, { x, labels }) => {
  const { layers, width, steps, batch } = settings as Record<string, number>;
  let sequence = tf.unstack(x!);
  for (let layer = 0; layer < layers!; layer++) {
    const [wi, wh, bi, bh] = p.slice(4 * layer, 4 * layer + 4) as Variable[];
    const bias = bi!.add(bh!);
    const projected = tf.unstack(linear(tf.stack(sequence), wi!, bias));
    let h: Tensor = tf.zeros([batch!, width!]);
    let c: Tensor = tf.zeros([batch!, width!]);
    sequence = [];
    for (let t = 0; t < steps!; t++) {
      const [i, f, g, o] = tf.split(projected[t]!.add(linear(h, wh!)), 4, 1) as Tensor[];
      c = f!.sigmoid().mul(c).add(i!.sigmoid().mul(g!.tanh()));
      h = o!.sigmoid().mul(c.tanh());
      sequence.push(h);
    }
  }
  return crossEntropy(linear(sequence.at(-1)!, p.at(-2)!, p.at(-1)!), labels!);
};

const models: Partial<Record<Problem["kind"], Loss>> = { mlp, cnn, gpt, lstm };

function train(problem: Problem, initial: readonly Numbers[], data: Data): Prepared {
  const loss = models[problem.kind]!;
  const parameters = initial.map((numbers) => tf.variable(toTensor(numbers)));
  const { optimizer, lr } = problem.training!;
  const decay = optimizer === "AdamW" ? lr * 0.01 : 0;
  // Its Adam has an ε of 1e-7 and no weight decay.
  const optimize = optimizer === "SGD" ? tf.train.sgd(lr) : tf.train.adam(lr, 0.9, 0.999, 1e-8);
  const step = (): Tensor => {
    const value = optimize.minimize(
      () => loss(problem, parameters, data).asScalar(),
      true,
      parameters,
    )!;
    return value;
  };
  const decayed = (): Tensor => {
    if (decay > 0)
      tf.tidy(() => {
        for (const parameter of parameters) parameter.assign(parameter.mul(1 - decay));
      });
    return step();
  };
  return {
    step: () => decayed().dispose(),
    results: () =>
      Array.from({ length: 5 }, () => {
        const value = decayed();
        const [number] = value.dataSync();
        value.dispose();
        return number!;
      }),
  };
}

await serve({ version: tf.version_core, importTime }, (problem, { parameters, data: given }) => {
  const data = Object.fromEntries(
    Object.entries(given).map(([name, numbers]) => [name, toTensor(numbers)]),
  );
  if (problem.kind === "matmul") {
    const { transposed } = problem.settings;
    const product = (): Tensor =>
      tf.matMul(data.a!, data.b!, transposed === "A", transposed === "B");
    return {
      step: () => product().dispose(),
      results: () => [tf.tidy(() => product().square().mean().dataSync()[0]!)],
    };
  }
  if (problem.kind === "chain") {
    const nodes = problem.settings.nodes as number;
    const derivative = tf.grad((x: Tensor) => {
      let y = x;
      for (let i = 0; i < nodes; i += 2) y = y.mul(1.0001).add(0.0001);
      return y;
    });
    const run = (): number => tf.tidy(() => derivative(tf.scalar(1)).dataSync()[0]!);
    return { step: () => void run(), results: () => [run()] };
  }
  if (problem.kind === "pointwise") {
    const run = tf.valueAndGrad((x: Tensor) => x.mul(2).add(1).tanh().mul(x.sigmoid()).sum());
    return {
      step: () => tf.tidy(() => void run(data.x!)),
      results: () =>
        tf.tidy(() => {
          const { value, grad } = run(data.x!);
          return [value.dataSync()[0]!, grad.square().mean().dataSync()[0]!];
        }),
    };
  }
  return train(problem, parameters, data);
});
