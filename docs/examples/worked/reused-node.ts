/**
 * The chain rule where paths meet: a = 1; b = a + a; c = b + b. There are four paths from c to a, each with slope 1.
 *
 * The order matters: b must have gathered both of its contributions before it hands its gradient on to a.
 *
 *     node scripts/run.mjs docs/examples/worked/reused-node.ts
 */
import { tensor, topologicalOrder } from "@chainrule/core";

export function reusedNode() {
  const a = tensor(1, { dtype: "float64", requiresGrad: true, name: "a" });
  const b = a.add(a).named("b").retainGrad();
  const c = b.add(b).named("c");
  const order = topologicalOrder(c.node!).map((node) => node.results[0]!.name);
  c.backward();
  return { order, b: b.grad!.item(), a: a.grad!.item() };
}

if (process.argv[1]?.includes("reused-node")) console.log(reusedNode());
