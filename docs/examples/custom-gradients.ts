/**
 * Gradients of one's own: three functions that compute one thing and are differentiated as another.
 *
 *     node scripts/run.mjs docs/examples/custom-gradients.ts
 */
import { customOp, grad, stopGradient, type Tensor, tensor } from "@chainrule/core";

/** Straight through: rounds on the way forward, and passes the gradient on as if it had not. */
export const roundStraightThrough = customOp({
  name: "roundStraightThrough",
  forward: (x: Tensor) => x.round(),
  vjp: (cotangent) => [cotangent],
});

/**
 * Gradient reversal: nothing happens forward; backward the gradient changes its sign. Put between features and a
 * critic, it makes the features worse for the critic (Ganin & Lempitsky, 2015).
 */
export function reverseGradient(x: Tensor, strength = 1): Tensor {
  const reversed = customOp({
    name: "reverseGradient",
    forward: (y: Tensor) => y,
    vjp: (cotangent) => [cotangent.mul(-strength)],
  });
  return reversed(x);
}

/** A quantity that is treated as a constant: the target of a bootstrapped estimate, say. */
export function bootstrapError(value: Tensor, nextValue: Tensor, reward: number): Tensor {
  const target = stopGradient(nextValue.mul(0.9).add(reward));
  return value.sub(target).square();
}

if (process.argv[1]?.includes("custom-gradients")) {
  const x = tensor([0.4, 1.6, -2.2], { requiresGrad: true, name: "x" });
  roundStraightThrough(x).square().sum().backward();
  console.log("round(x)        ", roundStraightThrough(x).toArray());
  console.log("∂ Σ round(x)²/∂x ", x.grad?.toArray(), "= 2·round(x), although round is flat");

  console.log("reversed slope  ", grad((t: Tensor) => reverseGradient(t.mul(3)))(2).item());

  const slopes = grad((v: { now: Tensor; next: Tensor }) => bootstrapError(v.now, v.next, 1))({
    now: 2,
    next: 3,
  });
  console.log(
    "bootstrap slopes",
    slopes.now.item().toFixed(2),
    slopes.next.item(),
    "(nothing flows into the target)",
  );
}
