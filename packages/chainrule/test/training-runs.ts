/**
 * The training runs of golden/curves.jsonl.gz, made again with our models and optimizers.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Tensor } from "chainrule";
import {
  arange,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  fromTypedArray,
  mseLoss,
  nn,
  noGrad,
  optim,
  tensor,
} from "chainrule";

interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Named {
  readonly name: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** One line of the file. */
export interface Run {
  readonly id: string;
  readonly data: {
    readonly name: string;
    readonly divide?: number;
    readonly image?: readonly number[];
    readonly characters?: number;
    readonly context?: number;
  };
  readonly model: {
    readonly kind: string;
    readonly layers?: readonly {
      readonly layer: string;
      readonly args: readonly number[];
      readonly kwargs?: Readonly<Record<string, unknown>>;
    }[];
    readonly kwargs?: Readonly<Record<string, number>>;
  };
  readonly loss: string;
  readonly l2?: number;
  readonly optimizer: Named;
  readonly scheduler?: Named;
  readonly clip_grad_norm?: number;
  readonly grad_norms?: readonly number[];
  readonly batch: number | null;
  readonly stride?: number;
  readonly steps: number;
  readonly state_dict: Readonly<Record<string, GoldenTensor>>;
  readonly state_dict_after: Readonly<Record<string, GoldenTensor>>;
  readonly losses: readonly number[];
  readonly final: { readonly loss: number; readonly accuracy?: number; readonly r2?: number };
}

/** All runs. */
export function readRuns(): Run[] {
  const bytes = readFileSync(join(import.meta.dirname, "golden/curves.jsonl.gz"));
  return gunzipSync(bytes)
    .toString()
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Run => JSON.parse(line));
}

const float64 = { dtype: "float64" } as const;

/** Embedded characters, an LSTM over them, and scores of the next one. */
class CharLSTM extends nn.Module {
  readonly embedding: nn.Embedding;
  readonly lstm: nn.LSTM;
  readonly head: nn.Linear;

  constructor({ vocabulary, width, hidden }: Readonly<Record<string, number>>) {
    super();
    this.embedding = new nn.Embedding(vocabulary!, width!, float64);
    this.lstm = new nn.LSTM(width!, hidden!, { batchFirst: true, ...float64 });
    this.head = new nn.Linear(hidden!, vocabulary!, float64);
  }

  override forward(x: Tensor): Tensor {
    return this.head.forward(this.lstm.forward(this.embedding.forward(x))[0]);
  }
}

/** Characters and their places, a block of causal attention, and scores of the next character. */
class CharTransformer extends nn.Module {
  readonly token: nn.Embedding;
  readonly position: nn.Embedding;
  readonly blocks: nn.ModuleList<nn.TransformerEncoderLayer>;
  readonly norm: nn.LayerNorm;
  readonly head: nn.Linear;

  constructor({ vocabulary, width, heads, hidden, context }: Readonly<Record<string, number>>) {
    super();
    this.token = new nn.Embedding(vocabulary!, width!, float64);
    this.position = new nn.Embedding(context!, width!, float64);
    this.blocks = new nn.ModuleList([
      new nn.TransformerEncoderLayer(width!, heads!, {
        dimFeedforward: hidden!,
        dropout: 0,
        normFirst: true,
        batchFirst: true,
        ...float64,
      }),
    ]);
    this.norm = new nn.LayerNorm(width!, float64);
    this.head = new nn.Linear(width!, vocabulary!, float64);
  }

  override forward(x: Tensor): Tensor {
    let h = this.token.forward(x).add(this.position.forward(arange(x.size(1))));
    for (const block of this.blocks) h = block.forward(h, { isCausal: true });
    return this.head.forward(this.norm.forward(h));
  }
}

type MadeLayer = (args: readonly number[], options: Record<string, unknown>) => nn.Layer;

const layers: Record<string, MadeLayer> = {
  Linear: ([inFeatures, outFeatures]) => new nn.Linear(inFeatures!, outFeatures!, float64),
  Conv2d: ([inChannels, outChannels, size], options) =>
    new nn.Conv2d(inChannels!, outChannels!, size!, { ...options, ...float64 }),
  BatchNorm1d: ([features]) => new nn.BatchNorm1d(features!, float64),
  MaxPool2d: ([size]) => new nn.MaxPool2d(size!),
  Dropout: ([p]) => new nn.Dropout({ p: p! }),
  Flatten: () => new nn.Flatten(),
  ReLU: () => new nn.ReLU(),
  Tanh: () => new nn.Tanh(),
};

function modelOf({ kind, layers: list = [], kwargs = {} }: Run["model"]): nn.Layer {
  if (kind === "CharLSTM") return new CharLSTM(kwargs);
  if (kind === "CharTransformer") return new CharTransformer(kwargs);
  const made = list.map(({ layer, args, kwargs: options = {} }) =>
    layers[layer]!(args, camelCased(options)),
  );
  return new nn.Sequential(...made);
}

const losses: Record<string, (scores: Tensor, target: Tensor) => Tensor> = {
  cross_entropy: (scores, target) => crossEntropy(scores.flatten(0, -2), target.flatten()),
  binary_cross_entropy_with_logits: (scores, target) =>
    binaryCrossEntropyWithLogits(scores.squeeze(1), target),
  mse_loss: (scores, target) => mseLoss(scores.squeeze(1), target),
};

function optimizerOf({ name, kwargs }: Named, parameters: readonly Tensor[]) {
  const options = camelCased(kwargs);
  if (name === "SGD") return new optim.SGD(parameters, { lr: 0.1, ...options });
  if (name === "Adam") return new optim.Adam(parameters, options);
  if (name === "AdamW") return new optim.AdamW(parameters, options);
  if (name === "RMSprop") return new optim.RMSprop(parameters, options);
  return new optim.LBFGS(parameters, options);
}

function camelCased(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

const toTensor = ({ shape, data }: GoldenTensor): Tensor =>
  fromTypedArray(Float64Array.from(data), shape);

/** All inputs and targets, as the run says. */
function dataOf({ name, divide, image, characters, context }: Run["data"], loss: string) {
  const file = (ending: string): string =>
    readFileSync(join(import.meta.dirname, `../../../docs/data/${name}.${ending}`), "utf8");
  if (characters !== undefined && context !== undefined) {
    const text = [...file("txt")].slice(0, characters);
    const vocabulary = [...new Set(text)].sort();
    const classes = text.map((character) => vocabulary.indexOf(character));
    const samples = Math.floor((characters - 1) / context);
    const from = (first: number): Tensor =>
      tensor(classes.slice(first, first + samples * context), { dtype: "int32" }).reshape([
        samples,
        context,
      ]);
    return { x: from(0), y: from(1) };
  }
  const rows = file("csv").trim().split("\n").slice(1);
  const table = tensor(
    rows.map((line) => line.split(",").map(Number)),
    float64,
  );
  const standardized = (x: Tensor): Tensor => x.sub(x.mean(0)).div(x.std(0, { correction: 0 }));
  const x = table.at(":", ":-1");
  const y = table.at(":", -1);
  const scaled = divide === undefined ? standardized(x) : x.div(divide);
  return {
    x: image === undefined ? scaled : scaled.reshape([rows.length, ...image]),
    y: loss === "mse_loss" ? standardized(y) : loss === "cross_entropy" ? y.to("int32") : y,
  };
}

/** Trains as a run says; everything that differs from it by more than 10⁻⁸·max(1, |expected|). */
export function problemsOf(run: Run): string[] {
  const problems: string[] = [];
  const compare = (what: string, found: number, expected: number | undefined): void => {
    const near = Math.abs(found - expected!) <= 1e-8 * Math.max(1, Math.abs(expected!));
    if (!near) problems.push(`${what}: ${found} instead of ${expected}`);
  };
  const { x, y } = dataOf(run.data, run.loss);
  const model = modelOf(run.model);
  const states = (dict: Run["state_dict"]) =>
    Object.fromEntries(Object.entries(dict).map(([name, value]) => [name, toTensor(value)]));
  model.loadStateDict(states(run.state_dict));
  const parameters = model.parameters();
  const optimizer = optimizerOf(run.optimizer, parameters);
  const schedule =
    run.scheduler === undefined
      ? null
      : new optim.CosineAnnealingLR(optimizer, { tMax: Number(run.scheduler.kwargs.T_max) });
  const weights = model
    .namedParameters()
    .filter(([name]) => name.endsWith("weight"))
    .map(([, weight]) => weight);
  const lossOf = (scores: Tensor, targets: Tensor): Tensor => {
    const loss = losses[run.loss]!(scores, targets);
    return run.l2 === undefined ? loss : loss.add(optim.l2Penalty(weights, run.l2));
  };
  const { batch, stride = 1 } = run;
  for (let step = 0; step < run.steps; step++) {
    const rows =
      batch === null
        ? null
        : tensor(
            Array.from({ length: batch }, (_, j) => ((step * batch + j) * stride) % x.size(0)),
            { dtype: "int32" },
          );
    const part = (all: Tensor): Tensor => (rows === null ? all : all.indexSelect(0, rows));
    const [inputs, targets] = [part(x), part(y)];
    // LBFGS asks for the loss several times within a step; the first is the one before its update.
    const seen: number[] = [];
    const closure = (): Tensor => {
      optimizer.zeroGrad();
      const loss = lossOf(model.forward(inputs), targets);
      loss.backward();
      seen.push(loss.item());
      if (run.clip_grad_norm !== undefined) {
        const norm = optim.clipGradNorm_(parameters, run.clip_grad_norm);
        compare(`norm ${step}`, norm, run.grad_norms?.[step]);
      }
      return loss;
    };
    optimizer.step(closure);
    schedule?.step();
    compare(`loss ${step}`, seen[0]!, run.losses[step]);
  }
  const after = model.stateDict({ names: "snake_case" });
  for (const [name, expected] of Object.entries(run.state_dict_after)) {
    const most = after[name]!.sub(toTensor(expected)).abs().max().item();
    compare(name, most, 0);
  }
  const { final } = run;
  noGrad(() => {
    const scores = model.eval().forward(x);
    const loss = lossOf(scores, y).item();
    compare("final loss", loss, final.loss);
    if (final.r2 !== undefined) {
      compare("final R²", 1 - loss / y.var(0, { correction: 0 }).item(), final.r2);
    } else {
      const isBinary = scores.size(-1) === 1;
      const predicted = isBinary ? scores.squeeze(1).gt(0) : scores.argmax(-1);
      const right = predicted.to("float64").eq(y.to("float64"));
      compare("final accuracy", right.to("float64").mean().item(), final.accuracy);
    }
  });
  return problems;
}
