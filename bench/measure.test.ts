import { tensor } from "@chainrule/core";
import { expect, test } from "vitest";
import { ours } from "./engine.ts";
import { gradientError } from "./gradient.ts";
import { compareWithKernel, kernelHeading, kernelLine } from "./kernel.ts";
import { bytesAllocated, measureInTurn, spreadOf } from "./measure.ts";

test("candidates are timed in turn, and none always after the same other", () => {
  const order: string[] = [];
  const steps = ["A", "B"].map((name) => () => void order.push(name));
  const { timings } = measureInTurn(steps, { runs: 4, runTime: 0, warmUp: 0 });
  expect(order.slice(-8).join("")).toBe("ABBAABBA");
  for (const { runs, quartiles, median } of timings) {
    expect(runs).toBe(4);
    expect(quartiles[0] <= median && median <= quartiles[1]).toBe(true);
  }
});

test("a ratio is the first candidate's time by the other's", () => {
  let now = 0;
  const steps = [2, 8].map((duration) => () => {
    now += duration;
  });
  const { ratios } = measureInTurn(steps, { runs: 3, runTime: 0, warmUp: 0 }, () => now);
  expect(ratios.map(({ median }) => median)).toEqual([1, 0.25]);
});

test("quartiles lie between neighbours", () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, quartiles: [1.75, 3.25] });
});

test("bytes allocated are those of a step", () => {
  const kept: Float64Array[] = [];
  const bytes = bytesAllocated(() => void kept.push(new Float64Array(100_000)));
  expect(bytes).toBeGreaterThanOrEqual(800_000);
  expect(bytes).toBeLessThan(1_600_000);
});

test("a wrong gradient is seen", () => {
  const { core } = ours;
  const x = tensor([1, 2, 3], { dtype: "float64", requiresGrad: true });
  expect(gradientError(ours, [x], () => x.square().sum())).toBeLessThan(1e-8);
  const cut = (): InstanceType<typeof core.Tensor> => x.mul(x.detach()).sum();
  expect(gradientError(ours, [x], cut)).toBeGreaterThan(1e-2);
});

test("products are compared with their kernel, and threads are as many as before", () => {
  const before = ours.core.setThreads(2);
  const figures = compareWithKernel(64, { rounds: 1, milliseconds: 1 });
  expect(ours.core.setThreads(before)).toBe(2);
  const { n, ...rates } = figures!;
  expect(n).toBe(64);
  for (const rate of Object.values(rates)) expect(rate).toBeGreaterThan(0);
  // Numbers stand under their headings.
  expect(kernelHeading().split(/ {2,}/)).toHaveLength(kernelLine(figures!).split(/ {2,}/).length);
});
