/**
 * gradcheck and the laws that every op must obey.
 *
 * @module
 */

export type { CheckOptions, LawFailure, LawReport } from "./check.ts";
export { checkOp } from "./check.ts";
export type { Comparison, GradcheckFailure } from "./derivative.ts";
export type { Runner } from "./describe.ts";
export { describeOp } from "./describe.ts";
export type { Source } from "./draw.ts";
export { drawFrom, seededDraw, seededSource, shrinkingSource } from "./draw.ts";
export type { FaultOptions, FaultOutcome, FaultReport } from "./faults/check.ts";
export { checkFaults, faults, tryFault } from "./faults/check.ts";
export type { Fault, Planted } from "./faults/fault.ts";
export type { GradcheckOptions, GradcheckOutput } from "./gradcheck.ts";
export { assertGradcheck, gradcheck } from "./gradcheck.ts";
export { opLaws } from "./laws/index.ts";
export type { AnyOp, Law, Tally } from "./laws/law.ts";
export { LawViolation, OpCall } from "./laws/law.ts";
export { GradcheckError, GradcheckReport } from "./report.ts";
