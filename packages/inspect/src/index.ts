/**
 * The computation graph as text, picture, page and worked example.
 *
 * @module
 */
export type { CompareOptions, GradientCheck, GradientRow } from "./check/compare.ts";
export { compareGradients } from "./check/compare.ts";
export type { Blank, CheckedAnswer, Exercise, ExerciseOptions } from "./exercise/exercise.ts";
export { exercise } from "./exercise/exercise.ts";
export type { Mark, Mistake } from "./exercise/mark.ts";
export type { ExplainOptions } from "./explain/explain.ts";
export { explain } from "./explain/explain.ts";
export type { MistakenGradients, MistakenOptions } from "./mistakes/mistakes.ts";
export { mistakenGradients } from "./mistakes/mistakes.ts";
export type { MistakenGradient, WrongMode } from "./mistakes/modes.ts";
export type { Language } from "./page/data.ts";
export type { InspectCommand } from "./places/command.ts";
export { inspectCommand } from "./places/command.ts";
export type { Display } from "./places/display.ts";
export { display } from "./places/display.ts";
export { toDot, toMermaid } from "./render/graphs.ts";
export type { HTMLOptions } from "./render/html.ts";
export { toHTML } from "./render/html.ts";
export type { SVGOptions } from "./render/svg.ts";
export { toSVG } from "./render/svg.ts";
export type { TextOptions } from "./render/text.ts";
export { toText } from "./render/text.ts";
export type { CaptureOptions } from "./trace/capture.ts";
export { capture } from "./trace/capture.ts";
export { fromTraceNumber, numbersOf, singleNumberOf } from "./trace/data.ts";
export type { NamedTensors } from "./trace/names.ts";
export { TensorNames, tensorAt } from "./trace/names.ts";
export { readTrace, toJSON } from "./trace/read.ts";
export type * from "./trace/schema.ts";
export { traceVersion } from "./trace/schema.ts";
export { tensorOf } from "./trace/values.ts";
export type { ScopeInfo, ViewOptions } from "./view/view.ts";
export type { Statistics } from "./watch/statistics.ts";
export type {
  FlowOptions,
  ParameterRecord,
  Watcher,
  WatchOptions,
  WatchRecord,
} from "./watch/watch.ts";
export { watch } from "./watch/watch.ts";
