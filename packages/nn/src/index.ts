/**
 * Modules, layers, losses and initialisers.
 *
 * @module
 */
export type { BackwardHook, ForwardHook, ForwardPreHook, Gradients } from "./hooks.ts";
export * as init from "./init.ts";
export type { PReLUOptions } from "./layers/activations.ts";
export {
  CELU,
  ELU,
  GELU,
  GLU,
  Hardshrink,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  LeakyReLU,
  LogSigmoid,
  LogSoftmax,
  Mish,
  PReLU,
  ReLU,
  ReLU6,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softmin,
  Softplus,
  Softshrink,
  Softsign,
  Tanh,
  Tanhshrink,
  Threshold,
} from "./layers/activations.ts";
export type { DropoutLayerOptions } from "./layers/dropout.ts";
export {
  AlphaDropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  Dropout3d,
  FeatureAlphaDropout,
} from "./layers/dropout.ts";
export { Lambda } from "./layers/lambda.ts";
export type { LinearOptions } from "./layers/linear.ts";
export { Linear } from "./layers/linear.ts";
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
  PoissonNLLLoss,
  SmoothL1Loss,
  SoftMarginLoss,
  TripletMarginLoss,
} from "./layers/loss.ts";
export type { LayersOf, Step, Steps } from "./layers/sequential.ts";
export { Sequential } from "./layers/sequential.ts";
export type { FlattenOptions } from "./layers/shape.ts";
export { Flatten, Identity } from "./layers/shape.ts";
export type { Layer, RecurseOptions } from "./module.ts";
export { Module } from "./module.ts";
export type { BufferOptions, ParameterOptions } from "./registry.ts";
export { buffer, parameter } from "./registry.ts";
export type { LoadOptions, LoadReport, StateDict } from "./state.ts";
export type { ModelSummary, SummaryOptions, SummaryRow } from "./summary.ts";
