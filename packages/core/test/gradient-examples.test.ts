import { grad, type Tensor, tensor } from "@chainrule/core";
import { gradcheck } from "@chainrule/testing";
import { describe, expect, test } from "vitest";
import {
  bootstrapError,
  reverseGradient,
  roundStraightThrough,
} from "../../../docs/examples/custom-gradients.ts";
import { cosineFixedPoint, squareRoot } from "../../../docs/examples/implicit-differentiation.ts";
import { trainByNewton } from "../../../docs/examples/newton.ts";

const float64 = { dtype: "float64" } as const;

describe("docs/examples/custom-gradients.ts", () => {
  test("straight through: rounds forward, the identity backward", () => {
    expect(roundStraightThrough(tensor([0.4, 1.6])).toArray()).toEqual([0, 2]);
    const slope = grad((x: Tensor) => roundStraightThrough(x).mul(5));
    expect(slope(tensor(1.6, float64)).item()).toBe(5);
  });

  test("reversal: the identity forward, −strength times the gradient backward", () => {
    expect(reverseGradient(tensor(2)).item()).toBe(2);
    expect(grad((x: Tensor) => reverseGradient(x, 0.5))(3).item()).toBe(-0.5);
  });

  test("nothing flows into a target", () => {
    const slopes = grad((v: { a: Tensor; b: Tensor }) => bootstrapError(v.a, v.b, 1))({
      a: 2,
      b: 3,
    });
    expect(slopes.a.item()).toBeCloseTo(-3.4, 6);
    expect(slopes.b.item()).toBe(0);
  });
});

describe("docs/examples/implicit-differentiation.ts", () => {
  test("√θ has the slope 1/(2√θ)", () => {
    for (const theta of [0.5, 2, 9]) {
      const x = tensor(theta, float64);
      expect(squareRoot(x).item()).toBeCloseTo(Math.sqrt(theta), 13);
      expect(grad(squareRoot)(x).item()).toBeCloseTo(0.5 / Math.sqrt(theta), 12);
    }
  });

  test("the gradient is that of finite differences", () => {
    expect(gradcheck(cosineFixedPoint, [tensor(0.7, float64)], { order: 1 }).ok).toBe(true);
  });
});

describe("docs/examples/newton.ts", () => {
  test("converges in under 10 steps, the last ones quadratically", () => {
    const { losses, gradientNorms, accuracy } = trainByNewton();
    const steps = losses.length - 1;
    expect(steps).toBeLessThan(10);
    expect(gradientNorms.at(-1)).toBeLessThan(1e-9);
    expect(gradientNorms.at(-1)! / gradientNorms.at(-2)!).toBeLessThan(1e-3);
    for (let i = 1; i < losses.length - 1; i++) expect(losses[i]).toBeLessThan(losses[i - 1]!);
    expect(accuracy).toBeGreaterThan(0.98);
  });
});
