/**
 * Modules, layers, losses and initialisers.
 *
 * @module
 */
export type { BackwardHook, ForwardHook, ForwardPreHook, Gradients } from "./hooks.ts";
export * as init from "./init.ts";
export {
  ELU,
  GELU,
  LeakyReLU,
  LogSoftmax,
  ReLU,
  Sigmoid,
  SiLU,
  Softmax,
  Softmin,
  Softplus,
  Tanh,
} from "./layers/activations.ts";
export type { DropoutOptions } from "./layers/dropout.ts";
export { Dropout } from "./layers/dropout.ts";
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
