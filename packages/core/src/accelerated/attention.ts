import type { Scoring } from "../kernels/attention.ts";
import type { Tensor } from "../tensor.ts";

export function attendAccelerated(
  _q: Tensor,
  _k: Tensor,
  _v: Tensor,
  _mask: Tensor | null,
  _output: Tensor,
  _weights: Tensor,
  _scoring: Scoring,
): boolean {
  return false;
}
export function attendGradientAccelerated(
  _operands: readonly Tensor[],
  _results: readonly Tensor[],
  _scoring: Scoring,
): boolean {
  return false;
}
