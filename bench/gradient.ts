/**
 * Whether a workload computes the right gradient.
 */
import type { Tensor } from "@chainrule/core";
import type { Engine } from "./engine.ts";

/**
 * The relative error of a loss's gradient along a random direction v, against the central difference
 * (L(θ + hv) − L(θ − hv)) / 2h. One direction sees every parameter. For float64.
 *
 * @param h So small that hardly any relu is led across its kink; a smooth sum of very many numbers, whose rounding is
 * larger, wants a larger one.
 */
export function gradientError(
  { core }: Engine,
  parameters: readonly Tensor[],
  loss: () => Tensor,
  h = 1e-7,
): number {
  const directions = parameters.map(({ shape, dtype }) => core.randn(shape, { dtype }));
  const gradients = core.grad(loss(), parameters);
  const moveBy = (share: number): void =>
    core.noGrad(() => {
      for (const [i, parameter] of parameters.entries()) parameter.add_(directions[i]!.mul(share));
    });
  moveBy(h);
  const ahead = loss().item();
  moveBy(-2 * h);
  const behind = loss().item();
  moveBy(h);
  const numeric = (ahead - behind) / (2 * h);
  let analytic = 0;
  let scale = 0;
  for (const [i, gradient] of gradients.entries()) {
    analytic += gradient.mul(directions[i]!).sum().item();
    scale += gradient.square().sum().item();
  }
  return Math.abs(analytic - numeric) / Math.sqrt(scale);
}
