/**
 * Modules, layers, losses and initialisers.
 *
 * @module
 */
export type { BackwardHook, ForwardHook, ForwardPreHook, Gradients } from "./hooks.ts";
export type { Layer, RecurseOptions } from "./module.ts";
export { Module } from "./module.ts";
export type { BufferOptions, ParameterOptions } from "./registry.ts";
export { buffer, parameter } from "./registry.ts";
export type { LoadOptions, LoadReport, StateDict } from "./state.ts";
export type { ModelSummary, SummaryOptions, SummaryRow } from "./summary.ts";
