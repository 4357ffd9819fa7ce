/**
 * Optimizers, learning-rate schedules and gradient clipping.
 *
 * @module
 */
export type { AdamOptions } from "./adam.ts";
export { Adam, AdamW } from "./adam.ts";
export type { ClipGradNormOptions } from "./clip.ts";
export { clipGradNorm_, clipGradValue_ } from "./clip.ts";
export type {
  CommonOptions,
  OptimizerKind,
  ParamGroup,
  ParamGroupInput,
  Params,
} from "./groups.ts";
export type { OptimizerStateDict, ParameterState } from "./optimizer.ts";
export { arrayOf, Optimizer } from "./optimizer.ts";
export type { OptionRule, OptionRules } from "./options.ts";
export { anyNumber, decayRates, flag, notNegative } from "./options.ts";
export type {
  CosineAnnealingLROptions,
  Scheduled,
  SchedulerStateDict,
  StepLROptions,
} from "./scheduler.ts";
export { CosineAnnealingLR, LRScheduler, StepLR } from "./scheduler.ts";
export type { SGDOptions } from "./sgd.ts";
export { SGD } from "./sgd.ts";
