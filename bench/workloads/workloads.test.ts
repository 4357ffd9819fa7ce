import { expect, test } from "vitest";
import { ours } from "../engine.ts";
import { measureInTurn } from "../measure.ts";
import { workloads } from "./index.ts";

test.each(workloads.map((workload) => [workload.name, workload] as const))(
  "%s computes what it should",
  (_name, workload) => {
    const { step, check } = workload.prepare(ours);
    step();
    // float32: what remains is rounding, of numbers around 1 and of sums of up to 512 products.
    expect(Math.abs(check())).toBeLessThan(1e-4);
  },
);

test("candidates are timed in turn", () => {
  const order: string[] = [];
  const timings = measureInTurn([() => void order.push("A"), () => void order.push("B")], {
    runs: 3,
    runTime: 0,
    warmUp: 0,
  });
  expect(order.slice(-6).join("")).toBe("ABABAB");
  for (const { runs, quartiles, median } of timings) {
    expect(runs).toBe(3);
    expect(quartiles[0] <= median && median <= quartiles[1]).toBe(true);
  }
});
