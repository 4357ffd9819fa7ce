import type { Workload } from "../workload.ts";

/** C = A·B of n × n, plain or with one operand transposed. */
function matmul(n: number, transposed: "" | "A" | "B" = ""): Workload {
  return {
    name: `matmul-${n}${transposed === "" ? "" : `-${transposed}T`}`,
    about: `${n} × ${n}${transposed === "" ? "" : `, ${transposed} transposed`}`,
    flops: 2 * n ** 3,
    prepare: ({ core }, dtype) => {
      core.manualSeed(1);
      const a = core.randn([n, n], { dtype });
      const b = core.randn([n, n], { dtype });
      const left = transposed === "A" ? a.mT : a;
      const right = transposed === "B" ? b.mT : b;
      return {
        step: () => void left.matmul(right),
        // (A·B)·x = A·(B·x), which sees every element of the product.
        error: () => {
          const x = core.randn([n], { dtype });
          const apart = left.matmul(right.matmul(x));
          const difference = left.matmul(right).matmul(x).sub(apart);
          return difference.abs().max().item() / apart.abs().max().item();
        },
      };
    },
  };
}

export const matmuls: readonly Workload[] = [64, 256, 512].flatMap((n) => [
  matmul(n),
  matmul(n, "A"),
  matmul(n, "B"),
]);
