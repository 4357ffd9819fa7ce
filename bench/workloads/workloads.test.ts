import { expect, test } from "vitest";
import { ours } from "../engine.ts";
import { workloads } from "./index.ts";

/** In double precision and on plain loops these take seconds, and there are smaller ones like them. */
const large =
  /^(mnist-mlp|gpt|gpt-2-blocks|lstm|matmul-(512|1024|64x64).*|batch-(64|512)|depth-128)(-compiled)?$/;

test.each(
  workloads
    .filter(({ name }) => !large.test(name))
    .map((workload) => [workload.name, workload] as const),
)("%s computes what it should", (_name, workload) => {
  workload.prepare(ours, "float32").step();
  const { step, error } = workload.prepare(ours, "float64");
  step();
  expect(Math.abs(error())).toBeLessThan(1e-6);
});

test.each(["moons", "cnn", "scalar-chain", "pointwise-1e6"])(
  "%s comes to the same compiled",
  (name) => {
    const [plain, compiled] = [name, `${name}-compiled`].map((one) =>
      workloads.find((workload) => workload.name === one)!.prepare(ours, "float32").results!(),
    );
    for (const [i, value] of plain!.entries())
      expect(Math.abs(compiled![i]! / value - 1)).toBeLessThan(1e-5);
  },
);

test.each(["moons", "cnn", "scalar-chain", "matmul-64-AT"])(
  "%s comes to the same numbers each time, so that peers can be held to them",
  (name) => {
    const workload = workloads.find((one) => one.name === name)!;
    const [first, second] = [0, 1].map(() => workload.prepare(ours, "float32").results!());
    expect(first).toEqual(second);
    const exact = workload.prepare(ours, "float64").results!();
    for (const [i, value] of exact.entries())
      expect(Math.abs(first![i]! / value - 1)).toBeLessThan(1e-4);
  },
);
