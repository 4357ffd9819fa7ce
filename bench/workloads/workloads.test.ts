import { expect, test } from "vitest";
import { ours } from "../engine.ts";
import { workloads } from "./index.ts";

test.each(workloads.map((workload) => [workload.name, workload] as const))(
  "%s computes what it should",
  (_name, workload) => {
    workload.prepare(ours, "float32").step();
    const { step, error } = workload.prepare(ours, "float64");
    step();
    expect(Math.abs(error())).toBeLessThan(1e-6);
  },
);
