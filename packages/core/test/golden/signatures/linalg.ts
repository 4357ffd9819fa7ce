/** Products of matrices and tensors, and linear algebra. */
import { matmul } from "@chainrule/core";
import type { Signatures } from "../signature.ts";
import { torch, withTolerance } from "../signature.ts";

/** Inverses, determinants and factorizations are compared at 1e-8, products at 1e-10. */
const decompositions: Signatures = withTolerance(1e-8, {});

export const linalg: Signatures = {
  ...decompositions,
  matmul: torch("input, other", (x, y) => matmul(x, y)),
};
