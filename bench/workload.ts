/**
 * What is measured.
 */
import type { Engine } from "./engine.ts";

/** One thing to measure. */
export interface Workload {
  readonly name: string;
  /** In a line: sizes, and what a step is. */
  readonly about: string;
  /** Floating-point operations of a step, where they are the measure. */
  readonly flops?: number;
  /** Steps within one figure, where a figure is to be given for a part of it (a node of a chain). */
  readonly parts?: number;
  /** Builds the workload from an engine. */
  readonly prepare: (engine: Engine) => PreparedWorkload;
}

/** A workload that is ready to run. */
export interface PreparedWorkload {
  /** One step, synchronous. */
  readonly step: () => void;
  /** A number that is right if the computation is: compared in the smoke test. */
  readonly check: () => number;
}
