/** Chainrule itself, in a process of its own like its peers. */
import { workloadOf } from "../../workloads/reference.ts";
import { serve } from "../serve.ts";

const start = performance.now();
const { ours } = await import("../../engine.ts");
const importTime = performance.now() - start;

await serve({ version: "", importTime }, (problem) => {
  const { step, results } = workloadOf(problem).prepare(ours, "float32");
  return { step, results: results! };
});
