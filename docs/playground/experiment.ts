/** What the playground shows: a network, the points it learns from, and how it gets on. No page is needed for it. */
import {
  binaryCrossEntropyWithLogits,
  cat,
  Generator,
  noGrad,
  randperm,
  type Tensor,
  tensor,
} from "@chainrule/core";
import * as nn from "@chainrule/nn";
import * as optim from "@chainrule/optim";
import { drawSample, type ProblemName, type Sample } from "./problems.ts";

/** What may be given to the first layer, made of the two coordinates. */
export const inputs = {
  "x₁": (x: Tensor) => x.at(":", ":1"),
  "x₂": (x: Tensor) => x.at(":", "1:"),
  "x₁²": (x: Tensor) => x.at(":", ":1").square(),
  "x₂²": (x: Tensor) => x.at(":", "1:").square(),
  "x₁x₂": (x: Tensor) => x.prod(1, { keepdim: true }),
  "sin πx₁": (x: Tensor) => x.at(":", ":1").mul(Math.PI).sin(),
  "sin πx₂": (x: Tensor) => x.at(":", "1:").mul(Math.PI).sin(),
} as const;

export type InputName = keyof typeof inputs;

export const activations = {
  tanh: () => new nn.Tanh(),
  relu: () => new nn.ReLU(),
  leakyRelu: () => new nn.LeakyReLU(),
  sigmoid: () => new nn.Sigmoid(),
  gelu: () => new nn.GELU(),
  identity: () => new nn.Identity(),
} as const;

/** The learning rate, and the strengths of the penalties on large weights. */
interface Rates {
  readonly lr: number;
  readonly l1: number;
  readonly weightDecay: number;
}

export const optimizers = {
  sgd: (parameters: Tensor[], rates: Rates) => new optim.SGD(parameters, rates),
  momentum: (parameters: Tensor[], rates: Rates) =>
    new optim.SGD(parameters, { momentum: 0.9, ...rates }),
  adam: (parameters: Tensor[], rates: Rates) => new optim.Adam(parameters, rates),
} as const;

/** Everything a reader chooses. */
export interface Settings {
  readonly problem: ProblemName;
  /** How far points are moved at random, in widths of the plane. */
  readonly noise: number;
  readonly seed: number;
  readonly inputs: readonly InputName[];
  /** How many neurons each hidden layer has. */
  readonly hidden: readonly number[];
  readonly activation: keyof typeof activations;
  readonly optimizer: keyof typeof optimizers;
  readonly rate: number;
  readonly batchSize: number;
  readonly l1: number;
  readonly l2: number;
}

export const mostLayers = 5;
export const mostNeurons = 8;

export const firstSettings: Settings = {
  problem: "circle",
  noise: 0.02,
  seed: 1,
  inputs: ["x₁", "x₂"],
  hidden: [4, 2],
  activation: "tanh",
  optimizer: "sgd",
  rate: 0.1,
  batchSize: 10,
  l1: 0,
  l2: 0,
};

/** How well the network does on some points. */
export interface Score {
  readonly loss: number;
  /** The share of points on the right side. */
  readonly accuracy: number;
}

/** A layer as the page draws it. */
export interface LayerView {
  /** [neurons, inputs]. */
  readonly weights: readonly (readonly number[])[];
  readonly biases: readonly number[];
}

const samples = 300;

/** A network in training. */
export class Experiment {
  readonly settings: Settings;
  readonly training: Sample;
  readonly test: Sample;
  /** How often it has seen all its points. */
  epoch = 0;
  /** The scores after each epoch, and before the first. */
  readonly history: { readonly training: Score[]; readonly test: Score[] };
  private readonly layers: readonly nn.Linear[];
  private readonly activation: InstanceType<typeof nn.Tanh>;
  private readonly optimizer: optim.SGD | optim.Adam;
  private readonly generator: Generator;

  constructor(settings: Settings) {
    this.settings = settings;
    const { problem, noise, seed, rate, l1, l2 } = settings;
    this.training = drawSample(problem, samples, noise, 2 * seed);
    this.test = drawSample(problem, samples, noise, 2 * seed + 1);
    this.generator = new Generator(seed);
    const widths = [settings.inputs.length, ...settings.hidden, 1];
    this.layers = widths
      .slice(1)
      .map((width, i) => new nn.Linear(widths[i]!, width, { generator: this.generator }));
    this.activation = activations[settings.activation]();
    const parameters = this.layers.flatMap((layer) => layer.parameters());
    this.optimizer = optimizers[settings.optimizer](parameters, { lr: rate, l1, weightDecay: l2 });
    this.history = { training: [], test: [] };
    this.record();
  }

  /** Trains on each point once, in batches of a new order. */
  runEpoch(): void {
    const { points, classes } = this.training;
    const order = randperm(samples, { generator: this.generator });
    for (let from = 0; from < samples; from += this.settings.batchSize) {
      const batch = order.at(`${from}:${from + this.settings.batchSize}`);
      this.optimizer.zeroGrad();
      const logits = this.outputs(points.indexSelect(0, batch)).at(-1)!;
      binaryCrossEntropyWithLogits(logits, classes.indexSelect(0, batch)).backward();
      this.optimizer.step();
    }
    this.epoch++;
    this.record();
  }

  /** Whether the weights have become too large for numbers: the learning rate is too high. */
  get diverged(): boolean {
    return !Number.isFinite(this.history.training.at(-1)!.loss);
  }

  /** The weights and biases of each layer. */
  layerViews(): LayerView[] {
    return this.layers.map(({ weight, bias }) => ({
      weights: weight.toArray() as number[][],
      biases: bias!.toArray() as number[],
    }));
  }

  /**
   * What the inputs and every neuron give over the whole plane: for each layer, for each neuron, size² numbers from the top
   * left to the bottom right. The last layer is the network's answer, from −1 for class 0 to 1 for class 1.
   */
  maps(size: number): Float32Array[][] {
    const plane = gridOf(size);
    return noGrad(() => {
      const given = this.inputsOf(plane);
      const all = [given, ...this.outputs(plane)];
      const answer = all.at(-1)!.sigmoid().mul(2).sub(1);
      return [...all.slice(0, -1), answer].map((values) =>
        values.unbind(1).map((neuron) => Float32Array.from(neuron.toTypedArray())),
      );
    });
  }

  private inputsOf(points: Tensor): Tensor {
    return cat(
      this.settings.inputs.map((name) => inputs[name](points)),
      1,
    );
  }

  /** What each layer gives; the last one without activation, as a logit. */
  private outputs(points: Tensor): Tensor[] {
    const found: Tensor[] = [];
    let signal = this.inputsOf(points);
    for (const [i, layer] of this.layers.entries()) {
      signal = layer.forward(signal);
      if (i + 1 < this.layers.length) signal = this.activation.forward(signal);
      found.push(signal);
    }
    return found;
  }

  private record(): void {
    this.history.training.push(this.scoreOn(this.training));
    this.history.test.push(this.scoreOn(this.test));
  }

  private scoreOn({ points, classes }: Sample): Score {
    return noGrad(() => {
      const logits = this.outputs(points).at(-1)!;
      const right = logits.gt(0).to("float32").eq(classes).to("float32").mean().item();
      return { loss: binaryCrossEntropyWithLogits(logits, classes).item(), accuracy: right };
    });
  }
}

/** The middles of size² squares that cover [−1, 1]², row by row from the top. */
function gridOf(size: number): Tensor {
  const at = (i: number): number => -1 + (2 * i + 1) / size;
  const points: number[][] = [];
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) points.push([at(column), -at(row)]);
  return tensor(points);
}
