/** Reads changed files by the thousand: each must give a typed error, or a value that comes back when it is written. */
import { performance } from "node:perf_hooks";
import { ChainruleError, Tensor } from "@chainrule/core";
import { Random } from "./random.ts";
import type { Target } from "./targets.ts";

/** What {@link fuzz} saw. */
export interface FuzzReport {
  readonly cases: number;
  /** Files that were refused with a typed error. */
  readonly refused: number;
  /** The different reasons, without the values in them. */
  readonly reasons: number;
  /** The longest that a file took, in milliseconds. */
  readonly slowest: number;
  /** Files on which something else happened, with the seed that makes them again. */
  readonly failures: readonly string[];
}

/** Changes files of a format; case by case the same for the same seed. */
export function fuzz(target: Target, cases: number, seed: number): FuzzReport {
  let refused = 0;
  let slowest = 0;
  const reasons = new Set<string>();
  const failures: string[] = [];
  for (let i = 0; i < cases && failures.length < 10; i++) {
    const random = new Random(seed + i);
    const bytes = target.mutate(random, random.pick(target.seeds), target.seeds);
    const fail = (what: string): void => {
      failures.push(
        `seed ${seed + i}: ${what} (${Buffer.from(bytes).toString("base64").slice(0, 2000)})`,
      );
    };
    const began = performance.now();
    try {
      const value = target.read(bytes);
      const size = bytesIn(value);
      if (size > target.growth * bytes.length) fail(`${bytes.length} bytes became ${size}`);
      if (i % 8 === 0 && shown(target.again(value as never)) !== shown(value)) {
        fail("what was read is not what comes back when it is written");
      }
    } catch (error) {
      if (error instanceof ChainruleError) {
        refused++;
        reasons.add(error.message.replace(/"[^"]*"|[\d.]+/g, "…").slice(0, 60));
      } else fail(error instanceof Error ? `${error.stack}` : String(error));
    }
    slowest = Math.max(slowest, performance.now() - began);
  }
  return { cases, refused, reasons: reasons.size, slowest, failures };
}

/** All that hangs together with a value, once each. */
function* parts(value: unknown): Generator<unknown> {
  const stack = [value];
  for (let item = stack.pop(); item !== undefined || stack.length > 0; item = stack.pop()) {
    yield item;
    if (item instanceof Tensor || ArrayBuffer.isView(item) || item === null) continue;
    if (item instanceof Map) stack.push(...item.keys(), ...item.values());
    else if (item instanceof Set) stack.push(...item);
    else if (typeof item === "object") stack.push(...Object.values(item));
  }
}

/** The bytes of all tensors in a value. */
function bytesIn(value: unknown): number {
  let size = 0;
  for (const part of parts(value)) {
    if (part instanceof Tensor) size += part.toTypedArray().byteLength;
    else if (ArrayBuffer.isView(part)) size += part.byteLength;
  }
  return size;
}

/** A value as text, with tensors by name in the order of their names. */
function shown(value: unknown): string {
  const lines: string[] = [];
  for (const part of parts(value)) {
    if (part instanceof Tensor) lines.push(`${part.dtype} ${part.shape} ${part.toTypedArray()}`);
    else if (ArrayBuffer.isView(part)) lines.push(`${part.constructor.name} ${part}`);
    else if (part instanceof Map) lines.push([...part.keys()].map(String).sort().join());
    else if (part !== null && typeof part === "object") lines.push(Object.keys(part).sort().join());
    else lines.push(typeof part === "string" ? JSON.stringify(part) : String(part));
  }
  return lines.sort().join("\n");
}
