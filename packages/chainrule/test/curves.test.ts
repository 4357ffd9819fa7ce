/**
 * Whole training runs, step by step, against PyTorch's: losses, norms of gradients, what was learned, and how good it is.
 */
import { expect, test } from "vitest";
import { problemsOf, readRuns } from "./training-runs.ts";

const runs = readRuns();

test("all of them", () => {
  expect(runs.map((run) => run.id)).toEqual([
    "digits-mlp",
    "iris-mlp",
    "cancer-logistic",
    "diabetes-linear",
    "diabetes-linear-wolfe",
    "wine-batchnorm",
    "digits-cnn",
    "char-lstm",
    "char-transformer",
  ]);
});

test.each(runs.map((run) => [run.id, run] as const))("%s", (_id, run) => {
  expect(problemsOf(run)).toEqual([]);
});
