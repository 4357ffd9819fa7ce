/**
 * The networks among the reference workloads, as users of Chainrule write them.
 */
import type { DType, Tensor } from "@chainrule/core";
import type { Engine } from "../engine.ts";
import type { Kind, Problem } from "../problems.ts";

/** A model, and its loss on the problem's data. */
export interface Model {
  readonly parameters: () => Iterable<Tensor>;
  readonly loss: (data: Readonly<Record<string, Tensor>>) => Tensor;
}

/** Builds the model of a problem; its parameters come in the order of the problem's. */
type Build = (engine: Engine, problem: Problem, dtype: DType) => Model;

const mlp: Build = ({ core, nn }, { settings, arrays }, dtype) => {
  const weights = arrays().parameters.filter(({ shape }) => shape.length === 2);
  const layers = weights.flatMap(({ shape: [outputs, inputs] }, i) => [
    ...(i === 0 ? [] : [new nn.ReLU()]),
    new nn.Linear(inputs!, outputs!),
  ]);
  const model = new nn.Sequential(...layers).to(dtype);
  const hinge = (scores: Tensor, labels: Tensor): Tensor =>
    core.sub(1, labels.mul(scores)).relu().mean();
  const loss = settings.loss === "hinge" ? hinge : core.crossEntropy;
  return {
    parameters: () => model.parameters(),
    loss: ({ x, labels }) => loss(model.forward(x!), labels!),
  };
};

const cnn: Build = ({ core, nn }, _problem, dtype) => {
  const model = new nn.Sequential(
    new nn.Conv2d(1, 8, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(8, 16, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(784, 10),
  ).to(dtype);
  return {
    parameters: () => model.parameters(),
    loss: ({ x, labels }) => core.crossEntropy(model.forward(x!), labels!),
  };
};

const gpt: Build = ({ core, nn }, { settings }, dtype) => {
  const { blocks, width, heads, context, vocabulary } = settings as Record<string, number>;
  const letters = new nn.Embedding(vocabulary!, width!);
  const positions = new nn.LearnedPositionalEncoding(context!, width!, { batchFirst: true });
  const block = new nn.TransformerEncoderLayer(width!, heads!, {
    dimFeedforward: 4 * width!,
    activation: "gelu",
    dropout: 0,
    batchFirst: true,
    normFirst: true,
  });
  const encoder = new nn.TransformerEncoder(block, blocks!, { norm: new nn.LayerNorm(width!) });
  const head = new nn.Linear(width!, vocabulary!, { bias: false });
  const modules = new nn.ModuleList([letters, positions, encoder, head]).to(dtype);
  const mask = nn.Transformer.generateSquareSubsequentMask(context!, { dtype });
  return {
    parameters: () => modules.parameters(),
    loss: ({ text, next }) => {
      const x = positions.forward(letters.forward(text!));
      const scores = head.forward(encoder.forward(x, { mask, isCausal: true }));
      return core.crossEntropy(scores.reshape([-1, vocabulary!]), next!.reshape([-1]));
    },
  };
};

const lstm: Build = ({ core, nn }, { settings }, dtype) => {
  const { layers, width } = settings as Record<string, number>;
  const recurrent = new nn.LSTM(width!, width!, { numLayers: layers! });
  const head = new nn.Linear(width!, 10);
  const modules = new nn.ModuleList([recurrent, head]).to(dtype);
  return {
    parameters: () => modules.parameters(),
    loss: ({ x, labels }) => {
      const [output] = recurrent.forward(x!);
      return core.crossEntropy(head.forward(output.at(-1)), labels!);
    },
  };
};

export const models: { readonly [K in Kind]?: Build } = { mlp, cnn, gpt, lstm };
