/**
 * Modules, layers, losses and initialisers.
 *
 * @module
 */
export type { BackwardHook, ForwardHook, ForwardPreHook, Gradients } from "./hooks.ts";
export * as init from "./init.ts";
export type { LinearOptions } from "./layers/linear.ts";
export { Linear } from "./layers/linear.ts";
export type { LayersOf, Step, Steps } from "./layers/sequential.ts";
export { Sequential } from "./layers/sequential.ts";
export type { Layer, RecurseOptions } from "./module.ts";
export { Module } from "./module.ts";
export type { BufferOptions, ParameterOptions } from "./registry.ts";
export { buffer, parameter } from "./registry.ts";
export type { LoadOptions, LoadReport, StateDict } from "./state.ts";
export type { ModelSummary, SummaryOptions, SummaryRow } from "./summary.ts";
