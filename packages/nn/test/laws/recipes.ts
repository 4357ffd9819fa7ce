/**
 * Calls of every layer, drawn at random: options, and inputs that fit to them.
 */
import type { Draw, Shape, Tensor } from "@chainrule/core";
import { within } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import type { Recipe } from "./drawn.ts";
import { distinct, float64 } from "./drawn.ts";
import {
  attention,
  cell,
  decoderLayer,
  encoder,
  encoderLayer,
  recurrent,
  transformer,
  transformerOptions,
} from "./sequences.ts";

/** A layer without numbers of its own, on a tensor. */
function plain(make: (draw: Draw) => () => nn.Module, input: (draw: Draw) => Tensor): Recipe {
  return (draw) => ({ make: make(draw), inputs: [input(draw)] });
}

const anyShape = (draw: Draw): Tensor => draw.tensor(draw.shape(0, 3, 0));
/** Away from the kinks of activations, at 0, ±0.5, ±1, ±3 and 6. */
const smooth = (draw: Draw): Tensor =>
  draw.tensor(
    draw.shape(0, 3, 0),
    within(-4, 4, { avoid: [-3, -1, -0.5, 0, 0.5, 1, 3], margin: 0.05 }),
  );

function activation(make: (draw: Draw) => nn.Module): Recipe {
  return (draw) => {
    const module = make(draw);
    return { make: () => module.clone(), inputs: [smooth(draw)] };
  };
}

function spatial(draw: Draw, rank: number, least: number, most: number): number[] {
  return Array.from({ length: rank }, () => draw.integer(least, most));
}

/** [N, C, *], or without N where a layer can do without. */
function image(draw: Draw, channels: number, places: Shape, mayBeSingle = true): number[] {
  const single = mayBeSingle && draw.integer(0, 3) === 3;
  return single ? [channels, ...places] : [draw.length(0, 2), channels, ...places];
}

function convolution(rank: number): Recipe {
  const Conv = [nn.Conv1d, nn.Conv2d, nn.Conv3d][rank - 1]!;
  return (draw) => {
    const groups = draw.integer(1, 2);
    const [inChannels, outChannels] = [groups * draw.integer(1, 2), groups * draw.integer(1, 2)];
    const same = draw.integer(0, 3) === 3;
    const options = {
      ...float64,
      groups,
      stride: same ? 1 : draw.integer(1, 2),
      padding: same ? ("same" as const) : draw.integer(0, 1),
      dilation: draw.integer(1, 2),
      bias: draw.boolean(),
      paddingMode: draw.pick(["zeros", "reflect", "replicate", "circular"] as const),
    };
    const kernel = spatial(draw, rank, 1, 2);
    const shape = image(draw, inChannels, spatial(draw, rank, 3, 4));
    return {
      make: () => new Conv(inChannels, outChannels, kernel, options),
      inputs: [draw.tensor(shape)],
    };
  };
}

function transposed(rank: number): Recipe {
  const Conv = [nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d][rank - 1]!;
  return (draw) => {
    const groups = draw.integer(1, 2);
    const [inChannels, outChannels] = [groups * draw.integer(1, 2), groups];
    const stride = draw.integer(1, 2);
    const options = {
      ...float64,
      groups,
      stride,
      padding: draw.integer(0, 1),
      outputPadding: draw.integer(0, stride - 1),
      dilation: draw.integer(1, 2),
      bias: draw.boolean(),
    };
    const shape = image(draw, inChannels, spatial(draw, rank, 2, 3));
    return {
      make: () => new Conv(inChannels, outChannels, 2, options),
      inputs: [draw.tensor(shape)],
    };
  };
}

function moving(
  Pool: new (kernel: number, options: never) => nn.Module,
  rank: number,
  more: (draw: Draw) => object = () => ({}),
): Recipe {
  return (draw) => {
    const kernel = draw.integer(1, 3);
    const options = {
      stride: draw.pick([null, 1, 2]),
      ceilMode: draw.boolean(),
      padding: draw.integer(0, Math.floor(kernel / 2)),
      ...more(draw),
    };
    const shape = image(draw, draw.integer(1, 2), spatial(draw, rank, 3, rank === 3 ? 3 : 5));
    return {
      make: () => new Pool(kernel, options as never),
      inputs: [draw.tensor(shape, distinct)],
    };
  };
}

function adaptive(Pool: new (size: number) => nn.Module, rank: number): Recipe {
  return (draw) => {
    const size = draw.integer(1, 3);
    const shape = image(draw, draw.integer(1, 2), spatial(draw, rank, 2, 3));
    return { make: () => new Pool(size), inputs: [draw.tensor(shape, distinct)] };
  };
}

function padding(Pad: new (amount: number[]) => nn.Module, rank: number, least = 0): Recipe {
  return (draw) => {
    const amounts = Array.from({ length: 2 * rank }, () => draw.integer(least, 1));
    const shape = image(draw, 2, spatial(draw, rank, 3, 3));
    return { make: () => new Pad(amounts), inputs: [draw.tensor(shape)] };
  };
}

function running(
  Norm: new (features: number, options: object) => nn.Module,
  rank: number,
  isBatchNorm: boolean,
): Recipe {
  return (draw) => {
    const features = draw.integer(1, 3);
    const options = {
      ...float64,
      eps: draw.pick([1e-3, 0.1]),
      momentum: isBatchNorm ? draw.pick([null, 0.3]) : 0.3,
      affine: draw.boolean(),
      trackRunningStats: draw.boolean(),
    };
    const places = spatial(draw, rank, 2, 3);
    const shape = isBatchNorm
      ? [draw.integer(2, 3), features, ...places]
      : image(draw, features, places);
    return { make: () => new Norm(features, options), inputs: [draw.tensor(shape, distinct)] };
  };
}

const rowOptions = (draw: Draw, rows: number): nn.TableOptions => ({
  paddingIdx: draw.boolean() ? draw.integer(-rows, rows - 1) : null,
});

/** Every layer, and how a call of it is drawn. */
export const layers: Readonly<Record<string, Recipe>> = {
  Linear: (draw) => {
    const [from, to, bias] = [draw.length(0), draw.length(0), draw.boolean()];
    return {
      make: () => new nn.Linear(from, to, { ...float64, bias }),
      inputs: [draw.tensor([...draw.shape(0, 2, 0), from])],
    };
  },
  Bilinear: (draw) => {
    const [first, second, to] = [draw.length(), draw.length(), draw.length()];
    const lead = draw.shape(0, 2, 0);
    const bias = draw.boolean();
    return {
      make: () => new nn.Bilinear(first, second, to, { ...float64, bias }),
      inputs: [draw.tensor([...lead, first]), draw.tensor([...lead, second])],
    };
  },
  Identity: plain(() => () => new nn.Identity(), anyShape),
  Flatten: plain(
    () => () => new nn.Flatten(),
    (draw) => draw.tensor(draw.shape(2, 3)),
  ),
  Unflatten: plain(
    () => () => new nn.Unflatten(1, [-1, 2]),
    (draw) => draw.tensor([draw.length(), 4]),
  ),
  Conv1d: convolution(1),
  Conv2d: convolution(2),
  Conv3d: convolution(3),
  ConvTranspose1d: transposed(1),
  ConvTranspose2d: transposed(2),
  ConvTranspose3d: transposed(3),
  MaxPool1d: moving(nn.MaxPool1d, 1),
  MaxPool2d: moving(nn.MaxPool2d, 2),
  MaxPool3d: moving(nn.MaxPool3d, 3),
  AvgPool1d: moving(nn.AvgPool1d, 1, (draw) => ({ countIncludePad: draw.boolean() })),
  AvgPool2d: moving(nn.AvgPool2d, 2, (draw) => ({ divisorOverride: draw.pick([null, 3]) })),
  AvgPool3d: moving(nn.AvgPool3d, 3),
  LPPool1d: lp(nn.LPPool1d, 1),
  LPPool2d: lp(nn.LPPool2d, 2),
  LPPool3d: lp(nn.LPPool3d, 3),
  MaxUnpool1d: unpool(nn.MaxPool1d, nn.MaxUnpool1d, 1),
  MaxUnpool2d: unpool(nn.MaxPool2d, nn.MaxUnpool2d, 2),
  MaxUnpool3d: unpool(nn.MaxPool3d, nn.MaxUnpool3d, 3),
  AdaptiveAvgPool1d: adaptive(nn.AdaptiveAvgPool1d, 1),
  AdaptiveAvgPool2d: adaptive(nn.AdaptiveAvgPool2d, 2),
  AdaptiveAvgPool3d: adaptive(nn.AdaptiveAvgPool3d, 3),
  AdaptiveMaxPool1d: adaptive(nn.AdaptiveMaxPool1d, 1),
  AdaptiveMaxPool2d: adaptive(nn.AdaptiveMaxPool2d, 2),
  AdaptiveMaxPool3d: adaptive(nn.AdaptiveMaxPool3d, 3),
  ConstantPad1d: constant(nn.ConstantPad1d, 1),
  ConstantPad2d: constant(nn.ConstantPad2d, 2),
  ConstantPad3d: constant(nn.ConstantPad3d, 3),
  ZeroPad1d: padding(nn.ZeroPad1d, 1, -1),
  ZeroPad2d: padding(nn.ZeroPad2d, 2, -1),
  ZeroPad3d: padding(nn.ZeroPad3d, 3, -1),
  ReflectionPad1d: padding(nn.ReflectionPad1d, 1),
  ReflectionPad2d: padding(nn.ReflectionPad2d, 2),
  ReflectionPad3d: padding(nn.ReflectionPad3d, 3),
  ReplicationPad1d: padding(nn.ReplicationPad1d, 1),
  ReplicationPad2d: padding(nn.ReplicationPad2d, 2),
  ReplicationPad3d: padding(nn.ReplicationPad3d, 3),
  CircularPad1d: padding(nn.CircularPad1d, 1),
  CircularPad2d: padding(nn.CircularPad2d, 2),
  CircularPad3d: padding(nn.CircularPad3d, 3),
  BatchNorm1d: running(nn.BatchNorm1d, 1, true),
  BatchNorm2d: running(nn.BatchNorm2d, 2, true),
  BatchNorm3d: running(nn.BatchNorm3d, 3, true),
  InstanceNorm1d: running(nn.InstanceNorm1d, 1, false),
  InstanceNorm2d: running(nn.InstanceNorm2d, 2, false),
  InstanceNorm3d: running(nn.InstanceNorm3d, 3, false),
  LayerNorm: (draw) => {
    const shape = draw.shape(1, 2, 2);
    const options = {
      ...float64,
      eps: draw.pick([1e-3, 0.1]),
      elementwiseAffine: draw.boolean(),
      bias: draw.boolean(),
    };
    return {
      make: () => new nn.LayerNorm(shape, options),
      inputs: [draw.tensor([draw.length(0, 2), ...shape], distinct)],
    };
  },
  RMSNorm: (draw) => {
    const shape = draw.shape(1, 2, 2);
    const options = { ...float64, eps: draw.pick([1e-3, 0.1]), elementwiseAffine: draw.boolean() };
    return {
      make: () => new nn.RMSNorm(shape, options),
      inputs: [draw.tensor([draw.length(0, 2), ...shape], distinct)],
    };
  },
  GroupNorm: (draw) => {
    const groups = draw.integer(1, 2);
    const channels = 2 * groups;
    const options = { ...float64, eps: draw.pick([1e-3, 0.1]), affine: draw.boolean() };
    return {
      make: () => new nn.GroupNorm(groups, channels, options),
      inputs: [draw.tensor([draw.length(0, 2), channels, ...draw.shape(0, 2)], distinct)],
    };
  },
  LocalResponseNorm: plain(
    (draw) => {
      const options = { alpha: 0.3, beta: draw.pick([0.5, 0.75]), k: draw.pick([1, 2]) };
      const size = draw.integer(1, 3);
      return () => new nn.LocalResponseNorm(size, options);
    },
    (draw) => draw.tensor([2, 3, ...draw.shape(1, 2)]),
  ),
  Embedding: (draw) => {
    const [rows, width] = [draw.integer(1, 4), draw.integer(1, 3)];
    const options = { ...float64, ...rowOptions(draw, rows) };
    // Gradients of a padding row are left out by definition, so the row is not looked up.
    const isPadding = (options.paddingIdx ?? null) !== null;
    const shape = draw.shape(0, 2, 0);
    return {
      make: () => new nn.Embedding(rows, width, isPadding ? float64 : options),
      inputs: [draw.indices(shape, rows)],
    };
  },
  EmbeddingBag: (draw) => {
    const [rows, width] = [draw.integer(1, 4), draw.integer(1, 3)];
    const mode = draw.pick(["sum", "mean", "max"] as const);
    const options = { ...float64, mode, ...rowOptions(draw, rows) };
    const shape = [draw.length(0, 2), draw.length(0, 3)];
    const weights = mode === "sum" && draw.boolean() ? [null, draw.tensor(shape)] : [];
    return {
      make: () => new nn.EmbeddingBag(rows, width, options),
      inputs: [draw.indices(shape, rows), ...weights],
    };
  },
  RNN: recurrent(nn.RNN, false, (draw) => ({ nonlinearity: draw.pick(["tanh", "relu"]) })),
  LSTM: recurrent(nn.LSTM, true, (draw, hidden) => ({ projSize: draw.integer(0, hidden - 1) })),
  GRU: recurrent(nn.GRU, false),
  RNNCell: cell(nn.RNNCell, false, (draw) => ({ nonlinearity: draw.pick(["tanh", "relu"]) })),
  LSTMCell: cell(nn.LSTMCell, true),
  GRUCell: cell(nn.GRUCell, false),
  MultiheadAttention: attention,
  TransformerEncoderLayer: encoderLayer,
  TransformerDecoderLayer: decoderLayer,
  TransformerEncoder: encoder,
  TransformerDecoder: (draw) => {
    const options = transformerOptions(draw);
    return {
      make: () => new nn.TransformerDecoder(new nn.TransformerDecoderLayer(2, 1, options), 2),
      inputs: [draw.tensor([1, 2, 2]), draw.tensor([1, 2, 2])],
    };
  },
  Transformer: transformer,
  SinusoidalPositionalEncoding: (draw) => {
    const [features, batchFirst] = [draw.integer(1, 4), draw.boolean()];
    return {
      make: () => new nn.SinusoidalPositionalEncoding(features, { batchFirst }),
      inputs: [draw.tensor([2, 3, features]), { offset: draw.integer(0, 2) }],
    };
  },
  LearnedPositionalEncoding: (draw) => {
    const [features, batchFirst] = [draw.integer(1, 4), draw.boolean()];
    return {
      make: () => new nn.LearnedPositionalEncoding(5, features, { ...float64, batchFirst }),
      inputs: [draw.tensor([2, 3, features]), { offset: draw.integer(0, 2) }],
    };
  },
  RotaryPositionalEncoding: (draw) => {
    const features = 2 * draw.integer(1, 2);
    return {
      make: () => new nn.RotaryPositionalEncoding(features),
      inputs: [draw.tensor([...draw.shape(0, 2, 0), 3, features]), { offset: draw.integer(0, 2) }],
    };
  },
  Upsample: (draw) => {
    const mode = draw.pick(["nearest", "bilinear", "bicubic"] as const);
    const alignCorners = mode === "nearest" ? null : draw.boolean();
    const options = draw.boolean() ? { size: [4, 3] } : { scaleFactor: 1.5 };
    return {
      make: () => new nn.Upsample({ ...options, mode, alignCorners }),
      inputs: [draw.tensor([1, 2, 3, 2])],
    };
  },
  UpsamplingNearest2d: plain(
    () => () => new nn.UpsamplingNearest2d({ scaleFactor: 2 }),
    (draw) => draw.tensor([1, 2, 2, draw.length()]),
  ),
  UpsamplingBilinear2d: plain(
    () => () => new nn.UpsamplingBilinear2d({ size: 4 }),
    (draw) => draw.tensor([1, 2, 2, draw.length()]),
  ),
  PixelShuffle: plain(
    () => () => new nn.PixelShuffle(2),
    (draw) => draw.tensor(image(draw, 4, [2, 2])),
  ),
  PixelUnshuffle: plain(
    () => () => new nn.PixelUnshuffle(2),
    (draw) => draw.tensor(image(draw, 1, [2, 4])),
  ),
  ChannelShuffle: plain(
    () => () => new nn.ChannelShuffle(2),
    (draw) => draw.tensor([draw.length(), 4, 2]),
  ),
  Unfold: plain(
    (draw) => {
      const options = { stride: draw.integer(1, 2), padding: draw.integer(0, 1) };
      return () => new nn.Unfold(2, options);
    },
    (draw) => draw.tensor(image(draw, 2, [3, 3])),
  ),
  Fold: plain(
    () => () => new nn.Fold([3, 3], 2),
    (draw) => draw.tensor([draw.length(), 4, 4]),
  ),
  Sequential: (draw) => ({
    make: () => new nn.Sequential(new nn.Linear(2, 3, float64), new nn.Tanh()),
    inputs: [draw.tensor([draw.length(0), 2])],
  }),
  Residual: (draw) => {
    const hasShortcut = draw.boolean();
    const out = hasShortcut ? 3 : 2;
    return {
      make: () =>
        new nn.Residual(
          new nn.Linear(2, out, float64),
          hasShortcut ? new nn.Linear(2, out, float64) : null,
        ),
      inputs: [draw.tensor([draw.length(0), 2])],
    };
  },
  Lambda: plain(() => () => new nn.Lambda((x) => x.square()), anyShape),
  ReLU: activation(() => new nn.ReLU()),
  ReLU6: activation(() => new nn.ReLU6()),
  RReLU: activation(() => new nn.RReLU()),
  Sigmoid: activation(() => new nn.Sigmoid()),
  LogSigmoid: activation(() => new nn.LogSigmoid()),
  Tanh: activation(() => new nn.Tanh()),
  Tanhshrink: activation(() => new nn.Tanhshrink()),
  SiLU: activation(() => new nn.SiLU()),
  Mish: activation(() => new nn.Mish()),
  SELU: activation(() => new nn.SELU()),
  Heaviside: activation(() => new nn.Heaviside()),
  Sign: activation(() => new nn.Sign()),
  Softsign: activation(() => new nn.Softsign()),
  Hardsigmoid: activation(() => new nn.Hardsigmoid()),
  Hardswish: activation(() => new nn.Hardswish()),
  LeakyReLU: activation((draw) => new nn.LeakyReLU({ negativeSlope: draw.pick([0.01, 0.3]) })),
  ELU: activation((draw) => new nn.ELU({ alpha: draw.pick([1, 0.5]) })),
  CELU: activation((draw) => new nn.CELU({ alpha: draw.pick([1, 0.5]) })),
  Softplus: activation((draw) => new nn.Softplus({ beta: draw.pick([1, 2]) })),
  Hardtanh: activation(() => new nn.Hardtanh()),
  Softshrink: activation(() => new nn.Softshrink()),
  Hardshrink: activation(() => new nn.Hardshrink()),
  GELU: activation((draw) => new nn.GELU({ approximate: draw.pick(["none", "tanh"] as const) })),
  Threshold: activation(() => new nn.Threshold(0.5, -1)),
  PReLU: (draw) => {
    const numParameters = draw.pick([1, 3]);
    return {
      make: () => new nn.PReLU({ ...float64, numParameters }),
      inputs: [draw.tensor([2, 3, draw.length()], within(-2, 2, { avoid: [0] }))],
    };
  },
  GLU: plain(
    () => () => new nn.GLU(),
    (draw) => draw.tensor([draw.length(0), 4]),
  ),
  Softmax: plain(
    () => () => new nn.Softmax(-1),
    (draw) => draw.tensor(draw.shape(1, 3, 0)),
  ),
  Softmax2d: plain(
    () => () => new nn.Softmax2d(),
    (draw) => draw.tensor(image(draw, 3, [2, 2])),
  ),
  LogSoftmax: plain(
    () => () => new nn.LogSoftmax(-1),
    (draw) => draw.tensor(draw.shape(1, 3, 0)),
  ),
  Softmin: plain(
    () => () => new nn.Softmin(-1),
    (draw) => draw.tensor(draw.shape(1, 3, 0)),
  ),
  Dropout: plain(() => () => new nn.Dropout({ p: 0.3 }), anyShape),
  Dropout1d: plain(
    () => () => new nn.Dropout1d({ p: 0.3 }),
    (draw) => draw.tensor([2, 3, 2]),
  ),
  Dropout2d: plain(
    () => () => new nn.Dropout2d({ p: 0.3 }),
    (draw) => draw.tensor([2, 3, 2, 2]),
  ),
  Dropout3d: plain(
    () => () => new nn.Dropout3d({ p: 0.3 }),
    (draw) => draw.tensor([1, 3, 2, 2, 2]),
  ),
  AlphaDropout: plain(() => () => new nn.AlphaDropout({ p: 0.3 }), anyShape),
  FeatureAlphaDropout: plain(
    () => () => new nn.FeatureAlphaDropout({ p: 0.3 }),
    (draw) => draw.tensor([2, 3, 2]),
  ),
  AdaptiveLogSoftmaxWithLoss: (draw) => {
    const features = draw.integer(4, 6);
    const cutoffs = draw.pick([[2], [1, 3], [2, 3, 5]] as const);
    const classes = cutoffs.at(-1)! + draw.integer(1, 2);
    const options = { ...float64, divValue: draw.pick([1, 1.5]), headBias: draw.boolean() };
    const samples = draw.length(1, 4);
    const isSingle = draw.integer(0, 3) === 3;
    const target = draw.indices(isSingle ? [] : [samples], classes);
    return {
      make: () => new nn.AdaptiveLogSoftmaxWithLoss(features, classes, cutoffs, options),
      inputs: [draw.tensor(isSingle ? [features] : [samples, features]), target],
    };
  },
  Perceptron: (draw) => {
    const [features, bias] = [draw.integer(1, 3), draw.boolean()];
    return {
      make: () => new nn.Perceptron(features, { ...float64, bias }),
      inputs: [draw.tensor([draw.length(0), features])],
    };
  },
  SelfOrganizingMap: (draw) => {
    const [rows, columns] = [draw.integer(1, 2), draw.integer(1, 2)];
    return {
      make: () => new nn.SelfOrganizingMap(rows, columns, 2, float64),
      inputs: [draw.tensor([draw.length(0), 2])],
    };
  },
  CosineSimilarity: (draw) => {
    const shape = [draw.length(0), 3];
    const domain = within(0.3, 2);
    return {
      make: () => new nn.CosineSimilarity(),
      inputs: [draw.tensor(shape, domain), draw.tensor(shape, domain)],
    };
  },
  PairwiseDistance: (draw) => {
    const shape = [draw.length(0), 3];
    const p = draw.pick([2, 3]);
    return {
      make: () => new nn.PairwiseDistance(p),
      inputs: [draw.tensor(shape, within(-2, -0.2)), draw.tensor(shape, within(0.2, 2))],
    };
  },
};

function lp(
  Pool: new (p: number, kernel: number, options: object) => nn.Module,
  rank: number,
): Recipe {
  return (draw) => {
    const [p, kernel] = [draw.integer(2, 3), draw.integer(1, 2)];
    const options = { stride: draw.pick([null, 1]), ceilMode: draw.boolean() };
    const shape = image(draw, 1, spatial(draw, rank, 2, 3));
    return {
      make: () => new Pool(p, kernel, options),
      inputs: [draw.tensor(shape, within(0.3, 2))],
    };
  };
}

function unpool(
  Pool: new (kernel: number, options: { returnIndices: true }) => nn.Module,
  Unpool: new (kernel: number) => nn.Module,
  rank: number,
): Recipe {
  return (draw) => {
    const places = spatial(draw, rank, 2, 4);
    const image = draw.tensor([1, 2, ...places], distinct);
    const pool = new Pool(2, { returnIndices: true });
    const [values, indices] = pool.forward(...([image] as never[])) as [Tensor, Tensor];
    return { make: () => new Unpool(2), inputs: [values, indices, places] };
  };
}

function constant(Pad: new (amounts: number[], value: number) => nn.Module, rank: number): Recipe {
  return (draw) => {
    const amounts = Array.from({ length: 2 * rank }, () => draw.integer(-1, 2));
    return {
      make: () => new Pad(amounts, 0.5),
      inputs: [draw.tensor([2, ...spatial(draw, rank, 3, 3)])],
    };
  };
}
