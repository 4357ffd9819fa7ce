/**
 * The programs whose pictures are kept: a small net by hand, the moons MLP, a CNN, an LSTM, a transformer block.
 */
import {
  crossEntropy,
  layerNorm,
  manualSeed,
  randn,
  scaledDotProductAttention,
  stack,
  type Tensor,
  tensor,
  withScope,
  zeros,
} from "@chainrule/core";
import {
  Conv2d,
  Flatten,
  Linear,
  LSTM,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
  Tanh,
  TransformerEncoderLayer,
} from "@chainrule/nn";
import { SGD } from "@chainrule/optim";
import { capture } from "../src/trace/capture.ts";
import type { Trace } from "../src/trace/schema.ts";

const plain = { sourceLines: false } as const;

/** a = 1; b = a + a; c = b + b. */
export function diamond(): Trace {
  const a = tensor(1, { requiresGrad: true, name: "a" });
  return capture(() => {
    const b = a.add(a).named("b");
    return b.add(b).named("c");
  }, plain);
}

/** The worked example 2-2-2: sigmoid, one shared bias a layer, ½ of the squared error, with its update. */
export function twoLayers(): Trace {
  const options = { requiresGrad: true, dtype: "float64" } as const;
  const W1 = tensor(
    [
      [0.15, 0.2],
      [0.25, 0.3],
    ],
    options,
  ).named("W1");
  const W2 = tensor(
    [
      [0.4, 0.45],
      [0.5, 0.55],
    ],
    options,
  ).named("W2");
  const b1 = tensor(0.35, options).named("b1");
  const b2 = tensor(0.6, options).named("b2");
  const x = tensor([0.05, 0.1], { dtype: "float64" }).named("x");
  const t = tensor([0.01, 0.99], { dtype: "float64" }).named("t");
  const optimizer = new SGD([W1, W2, b1, b2], { lr: 0.5 });
  return capture(
    () => {
      const h = withScope("hidden", () => W1.matmul(x).add(b1).sigmoid().named("h"));
      const o = withScope("output", () => W2.matmul(h).add(b2).sigmoid().named("o"));
      return withScope("loss", () => t.sub(o).square().sum().mul(0.5).named("L"));
    },
    { ...plain, title: "2-2-2", update: () => optimizer.step() },
  );
}

/** 2-16-16-2 on four points of two moons. */
export function moons(): Trace {
  manualSeed(1);
  const net = new Sequential(
    new Linear(2, 16),
    new Tanh(),
    new Linear(16, 16),
    new Tanh(),
    new Linear(16, 2),
  );
  const points = tensor([
    [1, 0.1],
    [-0.9, 0.3],
    [0, 0.4],
    [2, 0.5],
  ]).named("points");
  const classes = tensor([0, 0, 1, 1], { dtype: "int32" }).named("classes");
  return capture(() => crossEntropy(net.forward(points), classes).named("loss"), {
    ...plain,
    title: "Two moons",
    names: net,
  });
}

export function cnn(): Trace {
  manualSeed(2);
  const net = new Sequential(
    new Conv2d(1, 4, 3),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(4 * 3 * 3, 3),
  );
  const images = randn([2, 1, 8, 8]).named("images");
  const classes = tensor([0, 2], { dtype: "int32" }).named("classes");
  return capture(() => crossEntropy(net.forward(images), classes).named("loss"), {
    ...plain,
    title: "CNN",
    names: net,
  });
}

/** The layer, over five steps. */
export function lstm(): Trace {
  manualSeed(3);
  const net = new LSTM(3, 4);
  const sequence = randn([5, 2, 3]).named("sequence");
  return capture(() => net.forward(sequence)[0].square().mean().named("loss"), {
    ...plain,
    title: "LSTM",
    names: net,
  });
}

/** Five steps of an LSTM written out, with a scope for each. */
export function cells(): Trace {
  manualSeed(3);
  const [inputs, units] = [3, 4];
  const W = randn([4 * units, inputs], { requiresGrad: true }).named("W");
  const U = randn([4 * units, units], { requiresGrad: true }).named("U");
  const b = zeros([4 * units], { requiresGrad: true }).named("b");
  const sequence = randn([5, 2, inputs]).named("sequence");
  const program = (): Tensor => {
    let h: Tensor = zeros([2, units]).named("h0");
    let c: Tensor = zeros([2, units]).named("c0");
    const outputs: Tensor[] = [];
    for (let t = 0; t < 5; t++) {
      [h, c] = withScope(`step${t}`, () => {
        const gates = sequence.at(t).matmul(W.T).add(h.matmul(U.T)).add(b);
        const [i, f, g, o] = gates.chunk(4, 1) as [Tensor, Tensor, Tensor, Tensor];
        const cell = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
        return [o.sigmoid().mul(cell.tanh()), cell];
      });
      outputs.push(h);
    }
    return stack(outputs).square().mean().named("loss");
  };
  return capture(program, { ...plain, title: "LSTM cells" });
}

class Block extends Module {
  readonly qkv: Linear;
  readonly out: Linear;
  readonly up: Linear;
  readonly down: Linear;
  private readonly width: number;

  constructor(width: number) {
    super();
    this.width = width;
    this.qkv = new Linear(width, 3 * width);
    this.out = new Linear(width, width);
    this.up = new Linear(width, 4 * width);
    this.down = new Linear(4 * width, width);
  }

  forward(x: Tensor): Tensor {
    const attended = withScope("attention", () => {
      const [q, k, v] = this.qkv.forward(layerNorm(x, [this.width])).chunk(3, -1) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      return this.out.forward(scaledDotProductAttention(q, k, v, { isCausal: true }));
    });
    const y = x.add(attended);
    return y.add(
      withScope("mlp", () => this.down.forward(this.up.forward(layerNorm(y, [this.width])).gelu())),
    );
  }
}

/** As many blocks as wanted, one after the other. */
export function transformer(blocks = 1): Trace {
  manualSeed(4);
  const width = 8;
  const layers = Array.from({ length: blocks }, () => new Block(width));
  const net = blocks === 1 ? layers[0]! : new Sequential(...layers);
  const tokens = randn([2, 4, width]).named("tokens");
  return capture(() => (net.forward(tokens as never) as Tensor).square().mean().named("loss"), {
    ...plain,
    title: blocks === 1 ? "Transformer block" : `Transformer of ${blocks} blocks`,
    names: net,
  });
}

/** The layer of a transformer. */
export function encoder(): Trace {
  manualSeed(5);
  const net = new TransformerEncoderLayer(8, 2, {
    dimFeedforward: 16,
    dropout: 0,
    batchFirst: true,
  });
  const tokens = randn([2, 4, 8]).named("tokens");
  return capture(() => net.forward(tokens).square().mean().named("loss"), {
    ...plain,
    title: "Encoder layer",
    names: net,
  });
}

export const programs = {
  diamond,
  twoLayers,
  moons,
  cnn,
  lstm,
  cells,
  transformer,
  encoder,
} as const;
