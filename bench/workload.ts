/**
 * What is measured.
 */
import type { DType } from "@chainrule/core";
import type { Engine } from "./engine.ts";

/** One thing to measure. */
export interface Workload {
  readonly name: string;
  /** In a line: sizes, and what a step is. */
  readonly about: string;
  /** Floating-point operations of a step, where they are the measure. */
  readonly flops?: number;
  /** The number of nodes in a step, where the time of one is the measure. */
  readonly nodes?: number;
  /**
   * Builds the workload from an engine: in float32 to be measured, in float64 to be checked. Nothing that the engine
   * leaves behind is shared, so that two builds of an engine can be measured in turn.
   */
  readonly prepare: (engine: Engine, dtype: DType) => PreparedWorkload;
}

/** A workload that is ready to run. */
export interface PreparedWorkload {
  /** One step, synchronous. */
  readonly step: () => void;
  /** How far the step's results, and gradients where it has some, are from what they should be. */
  readonly error: () => number;
  /** What other engines must come to as well: the losses of the next steps, or what was computed. */
  readonly results?: () => number[];
}
