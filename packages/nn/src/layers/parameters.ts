/**
 * Where the parameters of layers begin.
 */
import type { DType, Generator, Shape, Tensor } from "@chainrule/core";
import { full, zeros } from "@chainrule/core";
import { uniform_ } from "../init.ts";
import { parameter } from "../registry.ts";

/** What layers take whose parameters begin at fixed numbers. */
export interface DTypeOptions {
  /** Element type of the parameters; the default type unless given. */
  dtype?: DType;
}

/** What layers take whose parameters begin at random. */
export interface RandomParameterOptions extends DTypeOptions {
  /** Where the first numbers come from; the default generator unless given. */
  generator?: Generator;
}

/** The names of {@link RandomParameterOptions}. */
export const randomParameterOptions = ["dtype", "generator"] as const;

/** The element type as an option of what makes tensors. */
export function ofType({ dtype }: DTypeOptions): { dtype?: DType } {
  return dtype === undefined ? {} : { dtype };
}

/** The generator as an option of what draws numbers. */
export function drawnFrom({ generator }: RandomParameterOptions): { generator?: Generator } {
  return generator === undefined ? {} : { generator };
}

/** A parameter that begins uniform in ±bound. */
export function uniformParameter(
  shape: Shape,
  bound: number,
  options: RandomParameterOptions,
): Tensor {
  const range = { a: -bound, b: bound, ...drawnFrom(options) };
  return parameter(uniform_(zeros(shape, ofType(options)), range));
}

/** A parameter that begins with one number everywhere. */
export function constantParameter(shape: Shape, value: number, options: DTypeOptions): Tensor {
  return parameter(full(shape, value, ofType(options)));
}

/** 1/√fan, or 0 where there is nothing to read. */
export function inverseRoot(fan: number): number {
  return fan === 0 ? 0 : 1 / Math.sqrt(fan);
}

/** Options as `name=value`, for `extraRepr`. */
export function described(options: object): string {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `${name}=${Array.isArray(value) ? `[${value.join(", ")}]` : String(value)}`,
    )
    .join(", ");
}
