/** Chainrule itself, in a process of its own like its peers; with the argument `eager` nothing is compiled. */
import { workloadOf } from "../../workloads/reference.ts";
import { serve } from "../serve.ts";

const start = performance.now();
const { ours } = await import("../../engine.ts");
const importTime = performance.now() - start;

await serve({ version: "", importTime }, (problem) => {
  const compiled = process.argv[2] !== "eager";
  const { step, results } = workloadOf(problem, compiled).prepare(ours, "float32");
  return { step, results: results! };
});
