/**
 * What a mapping from an op to ONNX nodes is.
 */
import type { DType, NodeOp, Shape } from "@chainrule/core";
import type { Emitter, Value } from "./emitter.ts";
import { OnnxExportError } from "./errors.ts";
import type { Size } from "./sizes.ts";

/** An operand or a result of a call that is being written. */
export interface Described {
  readonly dtype: DType;
  readonly shape: readonly Size[];
  /** The shape that it had in the sample. */
  readonly sampleShape: Shape;
}

export interface Operand extends Described {
  readonly value: Value;
}

/** A call of an op that is being written. */
export interface MappedCall<Options = unknown> {
  readonly op: NodeOp;
  /** The op, the module and the line of the call: for errors. */
  readonly where: string;
  readonly options: Options;
  /** By name: an option, in every run. Of an option named in `varies`, this finds what it is in terms of dynamic axes. */
  readonly vary: (read: (options: Options) => number) => Size;
  readonly operands: readonly Operand[];
  readonly results: readonly Described[];
}

/** Writes the nodes for a call, and says which values are its results. */
export type Emit<Options> = (e: Emitter, call: MappedCall<Options>) => Value | readonly Value[];

/** An op that has a counterpart. */
export interface Mapping {
  readonly emit: Emit<unknown>;
  /** The options that may be others in another run, because they follow from shapes. */
  readonly varies: readonly string[];
}

/** An op that has none, and why. */
export interface Unmapped {
  readonly unmapped: string;
}

/**
 * A mapping whose options are of a type. That they are is known from the literal of the op, which the node does not
 * show: this is the one place where it is taken on trust, and the tests try every sample of every op.
 */
export function mapped<Options>(
  emit: Emit<Options>,
  varies: readonly (keyof Options & string)[] = [],
): Mapping {
  return { emit: emit as Emit<unknown>, varies };
}

export function unmapped(reason: string): Unmapped {
  return { unmapped: reason };
}

/** A length that the nodes must know when they are written. */
export function fixed(call: MappedCall, size: Size | undefined, what: string): number {
  if (typeof size === "number") return size;
  throw new OnnxExportError(
    `exportOnnx: ${call.where} is written for a fixed ${what}, which here depends on a dynamic axis. Fix that axis.`,
    { op: call.op.name },
  );
}

/** The whole numbers from 0 up to but without `count`. */
export function upTo(count: number, from = 0): number[] {
  return Array.from({ length: Math.max(count - from, 0) }, (_, i) => from + i);
}

/** An operand that is certain to be there. */
export function first(call: MappedCall): Operand {
  return call.operands[0]!;
}
