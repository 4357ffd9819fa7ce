/**
 * Results that are not cleared beforehand: every element is written, whatever was there.
 */
import { manualSeed, setBackend, Tensor } from "@chainrule/core";
import { seededDraw } from "@chainrule/testing";
import { afterEach, expect, test } from "vitest";
import { setLeftover } from "../../src/recycling.ts";
import { allOps } from "../laws/table.ts";

afterEach(() => {
  setLeftover(null);
  setBackend("auto");
});

/** The numbers of all tensors that a call returns, as bits. */
function bitsOf(returned: unknown): string[] {
  if (returned instanceof Tensor)
    return [Buffer.from(returned.detach().toTypedArray().slice().buffer).toString("hex")];
  if (typeof returned !== "object" || returned === null) return [];
  return Object.values(returned).flatMap(bitsOf);
}

/** The same arguments in the type that kernels are for. */
function narrowed(arg: unknown): unknown {
  if (Array.isArray(arg)) return arg.map(narrowed);
  return arg instanceof Tensor && arg.dtype === "float64" ? arg.to("float32") : arg;
}

test.each(["reference", "wasm"] as const)(
  "no op leaves an element out, on backend %s",
  (backend) => {
    setBackend(backend);
    for (const [name, op] of allOps) {
      const { samples } = op.op;
      for (let i = 0; i < 6 * samples.length; i++) {
        const sample = samples[i % samples.length]!;
        const compute = (leftover: number | null): string[] => {
          setLeftover(leftover);
          manualSeed(i);
          const args = sample(seededDraw(i)).map(narrowed);
          return bitsOf(Reflect.apply(op, undefined, args));
        };
        const wanted = compute(null);
        expect(compute(Number.NaN), `${name}, call ${i}`).toEqual(wanted);
      }
    }
  },
);
