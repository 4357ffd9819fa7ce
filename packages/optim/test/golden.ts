/**
 * Reading the golden files and comparing with them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Tensor } from "@chainrule/core";
import { fromTypedArray } from "@chainrule/core";

/** A tensor in the files. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

/** The lines of a file in the folder `golden`. */
export function readCases<Case>(name: string): Case[] {
  const text = gunzipSync(readFileSync(join(import.meta.dirname, "golden", name))).toString();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Case => JSON.parse(line));
}

export function toTensor({ shape, data }: GoldenTensor): Tensor {
  return fromTypedArray(Float64Array.from(data, Number), shape);
}

/** Options with their names in camelCase. */
export function camelCased(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

/** What differs by more than tol·max(1, |expected|); empty if nothing does. */
export function differences(
  what: string,
  found: ArrayLike<number>,
  expected: ArrayLike<number | string>,
  tolerance: number,
): string[] {
  if (found.length !== expected.length) return [`${what}: ${found.length} numbers`];
  const problems: string[] = [];
  for (let i = 0; i < found.length; i++) {
    const [a, b] = [found[i]!, Number(expected[i])];
    const near = Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));
    if (!near && !Object.is(a, b)) problems.push(`${what}[${i}]: ${a} instead of ${b}`);
  }
  return problems;
}
