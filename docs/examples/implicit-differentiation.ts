/**
 * Differentiating through a fixed point without unrolling the iteration that found it.
 *
 * Let z*(θ) solve z = g(z, θ). From z* = g(z*, θ) follows, by the implicit function theorem,
 *
 *     dz* = (I − ∂g/∂z)⁻¹ ∂g/∂θ dθ,
 *
 * so the gradient for θ of something with cotangent z̄ at z* is (∂g/∂θ)ᵀ u, where u = z̄ + (∂g/∂z)ᵀ u: again a fixed
 * point, found by iterating a vector-Jacobian product. It costs the memory of one step, however many were taken.
 * Source: Bai, Kolter & Koltun, "Deep equilibrium models", 2019.
 *
 *     node scripts/run.mjs docs/examples/implicit-differentiation.ts
 */
import { customOp, grad, noGrad, type Tensor, tensor, vjp } from "@chainrule/core";

/** Iterates `step` from `start` until it moves by less than `tolerance`. */
function iterate(step: (z: Tensor) => Tensor, start: Tensor, tolerance = 1e-14): Tensor {
  return noGrad(() => {
    let z = start;
    for (let i = 0; i < 1000; i++) {
      const next = step(z);
      const moved = next.sub(z).abs().max().item();
      z = next;
      if (moved < tolerance) return z;
    }
    throw new Error("The iteration did not converge: the step is no contraction here.");
  });
}

/** The solution z of z = g(z, θ), as a differentiable function of θ. */
export function fixedPoint(
  g: (z: Tensor, theta: Tensor) => Tensor,
  theta: Tensor,
  start: Tensor,
): Tensor {
  const solve = customOp({
    name: "fixedPoint",
    formula: String.raw`z = g(z, \theta)`,
    forward: (parameters: Tensor) => iterate((z) => g(z, parameters), start),
    vjp: (cotangent, { operands: [parameters], results: [z] }) => {
      const { pullback } = vjp(g, z!, parameters!);
      const u = iterate((candidate) => cotangent.add(pullback(candidate)[0]), cotangent);
      return [pullback(u)[1]];
    },
  });
  return solve(theta);
}

/** √θ as the fixed point of Heron's method: z = ½ (z + θ/z). */
export const squareRoot = (theta: Tensor): Tensor =>
  fixedPoint((z, t) => z.add(t.div(z)).mul(0.5), theta, tensor(1, { dtype: "float64" }));

/** The solution of z = cos(θ·z). */
export const cosineFixedPoint = (theta: Tensor): Tensor =>
  fixedPoint((z, t) => z.mul(t).cos(), theta, tensor(0.5, { dtype: "float64" }));

if (process.argv[1]?.includes("implicit-differentiation")) {
  const two = tensor(2, { dtype: "float64" });
  console.log(
    "√2 =",
    squareRoot(two).item(),
    " d√θ/dθ =",
    grad(squareRoot)(two).item(),
    " 1/(2√2) =",
    0.5 / Math.SQRT2,
  );

  const theta = tensor(0.7, { dtype: "float64" });
  const z = cosineFixedPoint(theta).item();
  const byHand = (-z * Math.sin(0.7 * z)) / (1 + 0.7 * Math.sin(0.7 * z));
  console.log(
    "z = cos(0.7 z):",
    z,
    " dz/dθ =",
    grad(cosineFixedPoint)(theta).item(),
    " by hand",
    byHand,
  );
}
