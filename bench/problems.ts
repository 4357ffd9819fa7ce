/**
 * The reference workloads as data: what every engine starts from, so that all of them must come to the same numbers.
 */

/** Numbers of a shape, in row-major order. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** What each engine has a program for. */
export type Kind = "matmul" | "mlp" | "cnn" | "gpt" | "lstm" | "chain" | "pointwise";

/** How a model is trained: PyTorch's optimizers with their defaults, beside the learning rate. */
export interface Training {
  readonly optimizer: "SGD" | "Adam" | "AdamW";
  readonly lr: number;
}

export interface Problem {
  readonly name: string;
  /** In a line: sizes, and what a step is. */
  readonly about: string;
  readonly kind: Kind;
  /** How to train; absent where there is nothing to learn. */
  readonly training?: Training;
  /** Further numbers and words that the program of the kind asks for. */
  readonly settings: Readonly<Record<string, number | string>>;
  /** Floating-point operations of a step, where they are the measure. */
  readonly flops?: number;
  /** The number of nodes in a step, where the time of one is the measure. */
  readonly nodes?: number;
  /** Initial parameters, in the order of the model's own, and data; made anew by each call, always the same. */
  readonly arrays: () => {
    readonly parameters: readonly Numbers[];
    readonly data: Readonly<Record<string, Numbers>>;
  };
}

/** Numbers that look random: the same in every process (mulberry32). */
class Source {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  /** Within [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Within ±bound. */
  uniform(shape: readonly number[], bound = 1): Numbers {
    const data = Float32Array.from({ length: product(shape) }, () => (2 * this.next() - 1) * bound);
    return { shape, data };
  }

  /** Whole numbers below a limit. */
  whole(shape: readonly number[], limit: number): Numbers {
    const data = Int32Array.from({ length: product(shape) }, () => Math.floor(this.next() * limit));
    return { shape, data };
  }

  /** A weight [outputs, inputs…] and a bias, as PyTorch draws them. */
  layer(...shape: readonly number[]): readonly [Numbers, Numbers] {
    const bound = 1 / Math.sqrt(product(shape.slice(1)));
    return [this.uniform(shape, bound), this.uniform([shape[0]!], bound)];
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function filled(shape: readonly number[], value: number): Numbers {
  return { shape, data: new Float32Array(product(shape)).fill(value) };
}

/** C = A·B of n × n, with one operand transposed perhaps, and perhaps many of them. */
function matmul(n: number, transposed: "" | "A" | "B" = "", batch = 1): Problem {
  const suffix = transposed === "" ? "" : `-${transposed}T`;
  const shape = batch === 1 ? [n, n] : [batch, n, n];
  return {
    name: `matmul-${batch === 1 ? "" : `${batch}x`}${n}${suffix}`,
    about: `${batch === 1 ? "" : `${batch} of `}${n} × ${n}${transposed === "" ? "" : `, ${transposed} transposed`}`,
    kind: "matmul",
    settings: { transposed },
    flops: 2 * batch * n ** 3,
    arrays: () => {
      const source = new Source(1);
      return { parameters: [], data: { a: source.uniform(shape), b: source.uniform(shape) } };
    },
  };
}

/** Layers of a perceptron with relu between them, on made-up classes. */
function mlp(
  name: string,
  widths: readonly number[],
  batch: number,
  optimizer: Training["optimizer"] = "Adam",
): Problem {
  const sizes = widths.length > 6 ? `${widths.length - 1} × ${widths[0]}` : widths.join("-");
  return {
    name,
    about: `MLP ${sizes}, batch ${batch}, cross-entropy, ${optimizer}: one training step`,
    kind: "mlp",
    training: { optimizer, lr: 1e-3 },
    settings: { loss: "crossEntropy" },
    arrays: () => {
      const source = new Source(2);
      const parameters = widths.slice(1).flatMap((width, i) => source.layer(width, widths[i]!));
      const x = source.uniform([batch, widths[0]!]);
      return { parameters, data: { x, labels: source.whole([batch], widths.at(-1)!) } };
    },
  };
}

/** A small network on two interleaved half circles: overhead and arithmetic in equal parts. */
const moons: Problem = {
  ...mlp("moons", [2, 16, 16, 1], 100),
  about: "MLP 2-16-16-1, batch 100, hinge loss, SGD: one training step",
  training: { optimizer: "SGD", lr: 0.05 },
  settings: { loss: "hinge" },
  arrays: () => {
    const source = new Source(3);
    const widths = [2, 16, 16, 1];
    const parameters = widths.slice(1).flatMap((width, i) => source.layer(width, widths[i]!));
    const x = new Float32Array(200);
    const labels = new Float32Array(100);
    for (let i = 0; i < 100; i++) {
      const angle = Math.PI * source.next();
      const upper = i < 50;
      x[2 * i] = upper ? Math.cos(angle) : 1 - Math.cos(angle);
      x[2 * i + 1] = upper ? Math.sin(angle) : 0.5 - Math.sin(angle);
      labels[i] = upper ? 1 : -1;
    }
    const data = { x: { shape: [100, 2], data: x }, labels: { shape: [100, 1], data: labels } };
    return { parameters, data };
  },
};

const cnn: Problem = {
  name: "cnn",
  about: "conv 8@3×3, pool, conv 16@3×3, pool, fc 10; 28×28, batch 64, Adam: one training step",
  kind: "cnn",
  training: { optimizer: "Adam", lr: 1e-3 },
  settings: {},
  arrays: () => {
    const source = new Source(4);
    const parameters = [
      ...source.layer(8, 1, 3, 3),
      ...source.layer(16, 8, 3, 3),
      ...source.layer(10, 784),
    ];
    const data = { x: source.uniform([64, 1, 28, 28]), labels: source.whole([64], 10) };
    return { parameters, data };
  },
};

/** A transformer that predicts the next letter, with its norms before attention and network. */
function gpt(name: string, blocks: number): Problem {
  const [width, heads, context, batch, vocabulary] = [128, 4, 64, 16, 65];
  return {
    name,
    about: `${blocks} blocks, width 128, 4 heads, context 64, batch 16, vocabulary 65, AdamW: one training step`,
    kind: "gpt",
    training: { optimizer: "AdamW", lr: 1e-3 },
    settings: { blocks, width, heads, context, vocabulary },
    arrays: () => {
      const source = new Source(5);
      const norm = () => [filled([width], 1), filled([width], 0)];
      const block = () => [
        ...source.layer(3 * width, width),
        ...source.layer(width, width),
        ...source.layer(4 * width, width),
        ...source.layer(width, 4 * width),
        ...norm(),
        ...norm(),
      ];
      const parameters = [
        source.uniform([vocabulary, width], 0.05),
        source.uniform([context, width], 0.05),
        ...Array.from({ length: blocks }, block).flat(),
        ...norm(),
        source.layer(vocabulary, width)[0],
      ];
      const data = {
        text: source.whole([batch, context], vocabulary),
        next: source.whole([batch, context], vocabulary),
      };
      return { parameters, data };
    },
  };
}

const lstm: Problem = {
  name: "lstm",
  about:
    "2 layers, input and hidden 128, sequence 64, batch 32, last step to 10 classes, Adam: one training step",
  kind: "lstm",
  training: { optimizer: "Adam", lr: 1e-3 },
  settings: { layers: 2, width: 128, steps: 64, batch: 32 },
  arrays: () => {
    const source = new Source(6);
    const width = 128;
    const bound = 1 / Math.sqrt(width);
    const layer = () => [
      source.uniform([4 * width, width], bound),
      source.uniform([4 * width, width], bound),
      source.uniform([4 * width], bound),
      source.uniform([4 * width], bound),
    ];
    const parameters = [...layer(), ...layer(), ...source.layer(10, width)];
    const data = { x: source.uniform([64, 32, width]), labels: source.whole([32], 10) };
    return { parameters, data };
  },
};

const chain: Problem = {
  name: "scalar-chain",
  about: "2000 ops on one number, forward and backward",
  kind: "chain",
  settings: { nodes: 2000 },
  nodes: 2000,
  arrays: () => ({ parameters: [], data: {} }),
};

const pointwise: Problem = {
  name: "pointwise-1e6",
  about: "(tanh(2x + 1) · sigmoid(x)).sum() on 1e6 numbers, forward and backward",
  kind: "pointwise",
  settings: {},
  arrays: () => ({ parameters: [], data: { x: new Source(7).uniform([1_000_000], 3) } }),
};

/** What engines are compared by. */
export const problems: readonly Problem[] = [
  moons,
  mlp("mnist-mlp", [784, 512, 256, 10], 128),
  cnn,
  gpt("gpt", 4),
  lstm,
  chain,
  pointwise,
  ...[64, 256, 512, 1024].flatMap((n) => [matmul(n), matmul(n, "A"), matmul(n, "B")]),
  matmul(64, "", 64),
  matmul(64, "B", 64),
];

/** How the time grows with the work: with the batch, with the depth. Matrix products show how it grows with n. */
export const growing: readonly Problem[] = [
  ...[1, 8, 64, 512].map((batch) => mlp(`batch-${batch}`, [256, 256, 256, 10], batch)),
  ...[2, 8, 32, 128].map((depth) => mlp(`depth-${depth}`, Array(depth + 1).fill(64), 32)),
  gpt("gpt-1-block", 1),
  gpt("gpt-2-blocks", 2),
];
