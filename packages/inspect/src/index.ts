/**
 * The computation graph as text, picture, page and worked example.
 *
 * @module
 */
export { toDot, toMermaid } from "./render/graphs.ts";
export type { SVGOptions } from "./render/svg.ts";
export { toSVG } from "./render/svg.ts";
export type { TextOptions } from "./render/text.ts";
export { toText } from "./render/text.ts";
export type { CaptureOptions } from "./trace/capture.ts";
export { capture } from "./trace/capture.ts";
export type { NamedTensors } from "./trace/names.ts";
export { TensorNames, tensorAt } from "./trace/names.ts";
export { readTrace, toJSON } from "./trace/read.ts";
export type * from "./trace/schema.ts";
export { traceVersion } from "./trace/schema.ts";
export { fromTraceNumber, numbersOf, singleNumberOf, tensorOf } from "./trace/values.ts";
export type { ScopeInfo, ViewOptions } from "./view/view.ts";
