/**
 * Optimizers, learning-rate schedules, gradient clipping and accumulation, penalties and
 * averages of weights.
 *
 * @module
 */
export type { Accumulating, GradientAccumulationOptions } from "./accumulation.ts";
export { GradientAccumulation } from "./accumulation.ts";
export type { AdadeltaOptions } from "./adadelta.ts";
export { Adadelta } from "./adadelta.ts";
export type { AdagradOptions } from "./adagrad.ts";
export { Adagrad } from "./adagrad.ts";
export type { AdamOptions, MomentsOptions } from "./adam.ts";
export { Adam, AdamW } from "./adam.ts";
export type { AdamaxOptions } from "./adamax.ts";
export { Adamax } from "./adamax.ts";
export type { ASGDOptions } from "./asgd.ts";
export { ASGD } from "./asgd.ts";
export type { ExponentialMovingAverageOptions, WeightAverageStateDict } from "./average.ts";
export { ExponentialMovingAverage, StochasticWeightAverage, WeightAverage } from "./average.ts";
export type { ClipGradNormOptions } from "./clip.ts";
export { clipGradNorm_, clipGradValue_ } from "./clip.ts";
export { GradientOptimizer } from "./gradient-optimizer.ts";
export type {
  CommonOptions,
  OptimizerKind,
  ParameterState,
  ParamGroup,
  ParamGroupInput,
  Params,
  PenaltyOptions,
} from "./groups.ts";
export type { LBFGSOptions } from "./lbfgs.ts";
export { LBFGS } from "./lbfgs.ts";
export type { LionOptions } from "./lion.ts";
export { Lion } from "./lion.ts";
export type { MuonOptions } from "./muon.ts";
export { Muon } from "./muon.ts";
export type { NAdamOptions } from "./nadam.ts";
export { NAdam } from "./nadam.ts";
export type { NewtonOptions } from "./newton.ts";
export { Newton } from "./newton.ts";
export type { OptimizerStateDict } from "./optimizer.ts";
export { Optimizer, tensorOf } from "./optimizer.ts";
export type { OptionRule, OptionRules } from "./options.ts";
export {
  anyNumber,
  decayRates,
  flag,
  noPenalty,
  notNegative,
  oneOf,
  penaltyRules,
  positive,
  share,
  wholeNumber,
} from "./options.ts";
export type { ElasticNetOptions } from "./penalties.ts";
export { elasticNetPenalty, l1Penalty, l2Penalty } from "./penalties.ts";
export type { RAdamOptions } from "./radam.ts";
export { RAdam } from "./radam.ts";
export type { RMSpropOptions } from "./rmsprop.ts";
export { RMSprop } from "./rmsprop.ts";
export type { RpropOptions } from "./rprop.ts";
export { Rprop } from "./rprop.ts";
export type { SequentialLROptions, WarmupLROptions } from "./schedules/composed.ts";
export { ChainedScheduler, SequentialLR, WarmupLR } from "./schedules/composed.ts";
export type {
  CosineAnnealingLROptions,
  CosineAnnealingWarmRestartsOptions,
} from "./schedules/cosine.ts";
export { CosineAnnealingLR, CosineAnnealingWarmRestarts } from "./schedules/cosine.ts";
export type { CyclicLROptions, OneCycleLROptions, PerGroup } from "./schedules/cycles.ts";
export { CyclicLR, OneCycleLR } from "./schedules/cycles.ts";
export type {
  ConstantLROptions,
  ExponentialLROptions,
  LambdaLROptions,
  LinearLROptions,
  LrLambda,
  MultiStepLROptions,
  PolynomialLROptions,
  StepLROptions,
} from "./schedules/decay.ts";
export {
  ConstantLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiplicativeLR,
  MultiStepLR,
  PolynomialLR,
  StepLR,
} from "./schedules/decay.ts";
export type { ReduceLROnPlateauOptions } from "./schedules/plateau.ts";
export { ReduceLROnPlateau } from "./schedules/plateau.ts";
export type {
  Moment,
  RateRule,
  Scheduled,
  ScheduledGroup,
  SchedulerStateDict,
  Watched,
} from "./schedules/schedule.ts";
export { LRScheduler, RateSchedule } from "./schedules/schedule.ts";
export type { SGDOptions } from "./sgd.ts";
export { SGD } from "./sgd.ts";
export type { SparseAdamOptions } from "./sparse-adam.ts";
export { SparseAdam } from "./sparse-adam.ts";
