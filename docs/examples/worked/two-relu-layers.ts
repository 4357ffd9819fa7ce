/**
 * Two ReLU layers: inputs (0, 1), first layer [[0, 2], [1, 3]] (rows: inputs), second (1, 2), target 4, squared error.
 *
 *     node scripts/run.mjs docs/examples/worked/two-relu-layers.ts
 */
import { tensor } from "@chainrule/core";

const options = { dtype: "float64", requiresGrad: true } as const;

export function twoReluLayers() {
  const x = tensor([0, 1], { dtype: "float64" });
  const first = tensor(
    [
      [0, 2],
      [1, 3],
    ],
    { ...options, name: "first" },
  );
  const second = tensor([1, 2], { ...options, name: "second" });
  const hidden = x.matmul(first).relu();
  const output = hidden.matmul(second).relu();
  const error = output.sub(4).square();
  error.backward();
  return {
    hidden: hidden.toArray(),
    output: output.item(),
    error: error.item(),
    first: first.grad!.toArray(),
    second: second.grad!.toArray(),
  };
}

if (process.argv[1]?.includes("two-relu-layers")) console.log(twoReluLayers());
