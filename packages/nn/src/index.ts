/**
 * Modules, layers, losses and initialisers.
 *
 * @module
 */

export { functionalCall } from "./functional.ts";
export type {
  PerceptronFitOptions,
  PerceptronHistory,
  PerceptronOptions,
} from "./gradientFree/perceptron.ts";
export { Perceptron } from "./gradientFree/perceptron.ts";
export type { SampleBatch, SampleSet, Samples } from "./gradientFree/samples.ts";
export type {
  SelfOrganizingMapFitOptions,
  SelfOrganizingMapHistory,
  SelfOrganizingMapOptions,
} from "./gradientFree/selfOrganizingMap.ts";
export { SelfOrganizingMap } from "./gradientFree/selfOrganizingMap.ts";
export type { BackwardHook, ForwardHook, ForwardPreHook, Gradients } from "./hooks.ts";
export * as init from "./init.ts";
export type { PReLUOptions, RReLUOptions } from "./layers/activations.ts";
export {
  CELU,
  ELU,
  GELU,
  Hardshrink,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  Heaviside,
  LeakyReLU,
  LogSigmoid,
  Mish,
  PReLU,
  ReLU,
  ReLU6,
  RReLU,
  SELU,
  Sigmoid,
  Sign,
  SiLU,
  Softplus,
  Softshrink,
  Softsign,
  Tanh,
  Tanhshrink,
  Threshold,
} from "./layers/activations.ts";
export { GLU, LogSoftmax, Softmax, Softmax2d, Softmin } from "./layers/activationsAlong.ts";
export type { AdaptiveMaxPoolOptions } from "./layers/adaptivePooling.ts";
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AdaptiveMaxPool3d,
} from "./layers/adaptivePooling.ts";
export type { AdaptiveSoftmaxOptions } from "./layers/adaptiveSoftmax.ts";
export { AdaptiveLogSoftmaxWithLoss } from "./layers/adaptiveSoftmax.ts";
export type { AttentionCallOptions, MultiheadAttentionOptions } from "./layers/attention.ts";
export { MultiheadAttention } from "./layers/attention.ts";
export type { RunningNormOptions } from "./layers/batchNorm.ts";
export {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
} from "./layers/batchNorm.ts";
export { ModuleDict, ModuleList, Residual } from "./layers/containers.ts";
export type { ConvLayerOptions, PaddingMode } from "./layers/convolution.ts";
export { Conv1d, Conv2d, Conv3d } from "./layers/convolution.ts";
export type { DropoutLayerOptions } from "./layers/dropout.ts";
export {
  AlphaDropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  Dropout3d,
  FeatureAlphaDropout,
} from "./layers/dropout.ts";
export type {
  EmbeddingBagLayerOptions,
  EmbeddingLayerOptions,
  PretrainedOptions,
  TableOptions,
} from "./layers/embedding.ts";
export { Embedding, EmbeddingBag } from "./layers/embedding.ts";
export { Lambda } from "./layers/lambda.ts";
export type { LinearOptions } from "./layers/linear.ts";
export { Bilinear, Linear } from "./layers/linear.ts";
export type { TripletMarginWithDistanceOptions } from "./layers/loss.ts";
export {
  BCELoss,
  BCEWithLogitsLoss,
  CosineEmbeddingLoss,
  CrossEntropyLoss,
  CTCLoss,
  GaussianNLLLoss,
  HingeEmbeddingLoss,
  HingeLoss,
  HuberLoss,
  KLDivLoss,
  L1Loss,
  MarginRankingLoss,
  MSELoss,
  MultiLabelMarginLoss,
  MultiLabelSoftMarginLoss,
  MultiMarginLoss,
  NLLLoss,
  PerceptronLoss,
  PoissonNLLLoss,
  SmoothL1Loss,
  SoftMarginLoss,
  TripletMarginLoss,
  TripletMarginWithDistanceLoss,
} from "./layers/loss.ts";
export type { MaxPoolLayerOptions, MaxPoolOutput } from "./layers/maxPooling.ts";
export {
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
  MaxUnpool1d,
  MaxUnpool2d,
  MaxUnpool3d,
} from "./layers/maxPooling.ts";
export type { GroupNormOptions, LayerNormOptions, RMSNormOptions } from "./layers/normalization.ts";
export { GroupNorm, LayerNorm, LocalResponseNorm, RMSNorm } from "./layers/normalization.ts";
export type { Padding } from "./layers/padding.ts";
export {
  CircularPad1d,
  CircularPad2d,
  CircularPad3d,
  ConstantPad1d,
  ConstantPad2d,
  ConstantPad3d,
  ReflectionPad1d,
  ReflectionPad2d,
  ReflectionPad3d,
  ReplicationPad1d,
  ReplicationPad2d,
  ReplicationPad3d,
  ZeroPad1d,
  ZeroPad2d,
  ZeroPad3d,
} from "./layers/padding.ts";
export type { DTypeOptions, RandomParameterOptions } from "./layers/parameters.ts";
export { AvgPool1d, AvgPool2d, AvgPool3d, LPPool1d, LPPool2d, LPPool3d } from "./layers/pooling.ts";
export type {
  LearnedPositionalOptions,
  PositionOptions,
  RotaryOptions,
  SinusoidalOptions,
} from "./layers/positional.ts";
export {
  LearnedPositionalEncoding,
  RotaryPositionalEncoding,
  SinusoidalPositionalEncoding,
} from "./layers/positional.ts";
export type { LSTMOptions, RNNOptions } from "./layers/recurrent.ts";
export { GRU, LSTM, RNN } from "./layers/recurrent.ts";
export type { RecurrentOptions, SequenceOptions } from "./layers/recurrentBase.ts";
export type {
  CellOptions,
  LSTMState,
  RecurrentNonlinearity,
  RNNCellOptions,
} from "./layers/recurrentCells.ts";
export { GRUCell, LSTMCell, RNNCell } from "./layers/recurrentCells.ts";
export {
  ChannelShuffle,
  Fold,
  PixelShuffle,
  PixelUnshuffle,
  Unfold,
  Upsample,
  UpsamplingBilinear2d,
  UpsamplingNearest2d,
} from "./layers/resampling.ts";
export type { LayersOf, Step, Steps } from "./layers/sequential.ts";
export { Sequential } from "./layers/sequential.ts";
export type { FlattenOptions } from "./layers/shape.ts";
export { Flatten, Identity, Unflatten } from "./layers/shape.ts";
export { CosineSimilarity, PairwiseDistance } from "./layers/similarity.ts";
export type {
  DecoderMasks,
  EncoderLayerMasks,
  TransformerActivation,
  TransformerLayerOptions,
} from "./layers/transformer.ts";
export { TransformerDecoderLayer, TransformerEncoderLayer } from "./layers/transformer.ts";
export type {
  DecoderLayer,
  EncoderLayer,
  EncoderMasks,
  TransformerMasks,
  TransformerOptions,
  TransformerStackOptions,
} from "./layers/transformerStacks.ts";
export { Transformer, TransformerDecoder, TransformerEncoder } from "./layers/transformerStacks.ts";
export type { ConvTransposeLayerOptions } from "./layers/transposedConvolution.ts";
export {
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
} from "./layers/transposedConvolution.ts";
export type { Layer, RecurseOptions } from "./module.ts";
export { Module } from "./module.ts";
export type { BufferOptions, ParameterOptions } from "./registry.ts";
export { buffer, parameter } from "./registry.ts";
export type { SpectralNormOptions, WeightNormOptions } from "./reparameterize.ts";
export {
  removeSpectralNorm,
  removeWeightNorm,
  spectralNorm,
  weightNorm,
} from "./reparameterize.ts";
export type { LoadOptions, LoadReport, StateDict, StateDictOptions } from "./state.ts";
export type { ModelSummary, SummaryOptions, SummaryRow } from "./summary.ts";
