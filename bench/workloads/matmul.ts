import type { Workload } from "../workload.ts";

/** C = A·B of n × n, plain or with one operand transposed, float32. */
function matmul(n: number, transposed: "" | "A" | "B" = ""): Workload {
  return {
    name: `matmul-${n}${transposed === "" ? "" : `-${transposed}T`}`,
    about: `${n} × ${n} float32${transposed === "" ? "" : `, ${transposed} transposed`}`,
    flops: 2 * n ** 3,
    prepare: ({ core }) => {
      core.manualSeed(1);
      const a = core.randn([n, n]);
      const b = core.randn([n, n]);
      const left = transposed === "A" ? a.mT : a;
      const right = transposed === "B" ? b.mT : b;
      return {
        step: () => {
          left.matmul(right);
        },
        check: () =>
          left
            .matmul(right)
            .at(0, 0)
            .sub(left.at(0).mul(right.at(":", 0)).sum())
            .item(),
      };
    },
  };
}

export const matmuls: readonly Workload[] = [
  matmul(64),
  matmul(256),
  matmul(256, "A"),
  matmul(256, "B"),
  matmul(512),
];
