import { describe, expect, test } from "vitest";
import { tensor } from "../creation.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import "../fluent.ts";
import { exponential, gumbel, normal, uniform } from "./distributions.ts";
import { Generator } from "./generator.ts";

const count = 100_000;

function seeded(): { generator: Generator; dtype: "float64" } {
  return { generator: new Generator(11), dtype: "float64" };
}

/** Mean and variance must lie within 4.5 standard errors; `fourth` is the fourth central moment. */
function expectMoments(values: Float64Array, mean: number, variance: number, fourth: number): void {
  let sum = 0;
  for (const value of values) sum += value;
  const found = sum / count;
  let squares = 0;
  for (const value of values) squares += (value - found) ** 2;
  expect(Math.abs(found - mean)).toBeLessThan(4.5 * Math.sqrt(variance / count));
  expect(Math.abs(squares / count - variance)).toBeLessThan(
    4.5 * Math.sqrt((fourth - variance ** 2) / count),
  );
}

function numbers(x: { toTypedArray(): unknown }): Float64Array {
  return x.toTypedArray() as Float64Array;
}

describe("moments", () => {
  test("normal", () => {
    expectMoments(numbers(normal(3, 2, [count], seeded())), 3, 4, 3 * 16);
  });

  test("uniform", () => {
    expectMoments(numbers(uniform(-1, 3, [count], seeded())), 1, 4 / 3, 256 / 80);
  });

  test("exponential", () => {
    expectMoments(numbers(exponential(2, [count], seeded())), 0.5, 0.25, 9 / 16);
  });

  test("gumbel", () => {
    const variance = (Math.PI ** 2 / 6) * 4;
    const mean = 1 + 2 * 0.5772156649015329;
    expectMoments(numbers(gumbel(1, 2, [count], seeded())), mean, variance, 5.4 * variance ** 2);
  });
});

describe("gradients flow to the parameters", () => {
  test("normal: 1 and ε", () => {
    const mean = tensor([1, 2], { requiresGrad: true, dtype: "float64" });
    const std = tensor([3, 4], { requiresGrad: true, dtype: "float64" });
    const x = normal(mean, std, { generator: new Generator(1) });
    x.sum().backward();
    const noise = (x.toArray() as number[]).map((value, i) => (value - (i + 1)) / (i + 3));
    expect(mean.grad!.toArray()).toEqual([1, 1]);
    expect(std.grad!.toArray()).toEqual(noise.map((n) => expect.closeTo(n, 12)));
  });

  test("uniform: 1 − u and u", () => {
    const low = tensor(-1, { requiresGrad: true, dtype: "float64" });
    const high = tensor(4, { requiresGrad: true, dtype: "float64" });
    const x = uniform(low, high, { generator: new Generator(1) });
    x.backward();
    const u = (x.item() + 1) / 5;
    expect(low.grad!.item()).toBeCloseTo(1 - u, 12);
    expect(high.grad!.item()).toBeCloseTo(u, 12);
  });

  test("exponential: −x/rate", () => {
    const rate = tensor(2.5, { requiresGrad: true, dtype: "float64" });
    const x = exponential(rate, [3], { generator: new Generator(1) });
    x.sum().backward();
    expect(rate.grad!.item()).toBeCloseTo(-x.sum().item() / 2.5, 12);
  });

  test("gumbel: 1 and G", () => {
    const location = tensor([0, 0], { requiresGrad: true });
    gumbel(location, 1).sum().backward();
    expect(location.grad!.toArray()).toEqual([1, 1]);
  });
});

test("shapes: those of the parameters, or the one given", () => {
  expect(normal(tensor([[0], [1]]), tensor([1, 2, 3])).shape).toEqual([2, 3]);
  expect(normal(tensor([0, 1]), 1, [4, 2]).shape).toEqual([4, 2]);
  expect(uniform(0, 1).shape).toEqual([]);
  expect(exponential(tensor([1, 2], { dtype: "float64" })).dtype).toBe("float64");
  expect(normal(0, 1, [2], { dtype: "float64" }).dtype).toBe("float64");
});

test("a number on the right of the noise is the same for every call with the seed", () => {
  const one = normal(0, 1, [5], seeded()).toArray();
  expect(normal(0, 1, [5], seeded()).toArray()).toEqual(one);
});

test("bad calls are refused", () => {
  const refused: [() => unknown, new (...args: never[]) => Error, RegExp][] = [
    [() => normal(0, -1, [2]), ArgumentError, /std must be a number of at least 0, not -1/],
    [() => normal(0, Number.NaN, [2]), ArgumentError, /std must be a number of at least 0/],
    [() => uniform(2, 1, [2]), ArgumentError, /there are no numbers from 2 to 1/],
    [() => exponential(0, [2]), ArgumentError, /rate must be a positive number, not 0/],
    [() => gumbel(0, 0, [2]), ArgumentError, /scale must be a positive number, not 0/],
    [() => normal(tensor([0, 1]), 1, [3]), ShapeError, /do not broadcast/],
    [() => normal(tensor([0, 1]), 1, [1]), ShapeError, /\[2\] do not broadcast to \[1\]/],
    [() => normal(0, 1, { size: [2] } as never), ArgumentError, /unknown option "size"/],
  ];
  for (const [call, type, message] of refused) {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  }
});
