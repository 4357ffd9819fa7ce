import { describe, expect, test } from "vitest";
import { tensor } from "./creation.ts";
import type { DType } from "./dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "./errors.ts";
import "./fluent.ts";
import { Generator, manualSeed } from "./random/generator.ts";
import {
  rand,
  randint,
  randintLike,
  randLike,
  randn,
  randnLike,
  randperm,
  standardExponential,
  standardGumbel,
} from "./random.ts";
import type { Tensor } from "./tensor.ts";

function seeded(dtype: DType = "float64"): { generator: Generator; dtype: DType } {
  return { generator: new Generator(1), dtype };
}

/** Mean, variance, skewness and excess kurtosis. */
function moments(x: Tensor): [number, number, number, number] {
  const values = x.toTypedArray();
  const average = (f: (value: number) => number): number => {
    let sum = 0;
    for (const value of values) sum += f(value);
    return sum / values.length;
  };
  const mean = average((value) => value);
  const central = (power: number): number => average((value) => (value - mean) ** power);
  const variance = central(2);
  return [mean, variance, central(3) / variance ** 1.5, central(4) / variance ** 2 - 3];
}

/** χ² of how often numbers fall into cells of equal probability, given their distribution function. */
function chiSquared(x: Tensor, distribution: (value: number) => number, cells: number): number {
  const counts = new Array<number>(cells).fill(0);
  const values = x.toTypedArray();
  for (const value of values)
    counts[Math.min(Math.floor(distribution(value) * cells), cells - 1)]! += 1;
  const expected = values.length / cells;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

const count = 100_000;
/** χ² with 99 degrees of freedom exceeds this once in a thousand times. */
const limit99 = 148.2;

describe("the same numbers everywhere", () => {
  test("rand", () => {
    expect(rand([3], seeded()).toArray()).toEqual([
      0.8902591757080309, 0.585725953513891, 0.6719982689180368,
    ]);
    expect(rand([3], seeded("float32")).toArray()).toEqual([
      0.8902591466903687, 0.8946846723556519, 0.5857259035110474,
    ]);
  });

  test("randn", () => {
    expect(randn([3], seeded()).toArray()).toEqual([
      1.22790761611998, 0.21656407873011543, 0.4454377325790768,
    ]);
    const single = randn([3], seeded("float32")).toArray() as number[];
    expect(single).toEqual((randn([3], seeded()).toArray() as number[]).map(Math.fround));
  });

  test("randint and randperm", () => {
    const generator = new Generator(1);
    expect(randint(1, 7, [8], { generator }).toArray()).toEqual([5, 1, 3, 2, 6, 5, 6, 6]);
    expect(randperm(8, { generator: new Generator(1) }).toArray()).toEqual([
      7, 4, 1, 6, 5, 2, 3, 0,
    ]);
  });
});

describe("distributions", () => {
  test("rand is uniform", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const x = rand([count], seeded(dtype));
      const [mean, variance] = moments(x);
      expect(Math.abs(mean - 1 / 2)).toBeLessThan(4.5 * Math.sqrt(1 / 12 / count));
      expect(Math.abs(variance - 1 / 12)).toBeLessThan(4.5 * Math.sqrt(1 / 180 / count));
      expect(chiSquared(x, (value) => value, 100)).toBeLessThan(limit99);
      expect(x.amin().item()).toBeGreaterThanOrEqual(0);
      expect(x.amax().item()).toBeLessThan(1);
    }
  });

  test("randn is standard normal", () => {
    const x = randn([count], seeded());
    const [mean, variance, skewness, kurtosis] = moments(x);
    expect(Math.abs(mean)).toBeLessThan(4.5 * Math.sqrt(1 / count));
    expect(Math.abs(variance - 1)).toBeLessThan(4.5 * Math.sqrt(2 / count));
    expect(Math.abs(skewness)).toBeLessThan(4.5 * Math.sqrt(6 / count));
    expect(Math.abs(kurtosis)).toBeLessThan(4.5 * Math.sqrt(24 / count));
    // Φ by Simpson's rule, which is independent of how the numbers are made.
    const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    const normal = (value: number): number => {
      const h = value / 40;
      let sum = density(0) + density(value);
      for (let i = 1; i < 40; i++) sum += (i % 2 === 1 ? 4 : 2) * density(i * h);
      return Math.min(Math.max(0.5 + (sum * h) / 3, 0), 1 - 1e-9);
    };
    expect(chiSquared(x, normal, 100)).toBeLessThan(limit99);
  });

  test("exponential and Gumbel numbers are what they are called", () => {
    const e = standardExponential("test", [count], seeded());
    expect(chiSquared(e, (value) => 1 - Math.exp(-value), 100)).toBeLessThan(limit99);
    const g = standardGumbel("test", [count], seeded());
    expect(chiSquared(g, (value) => Math.exp(-Math.exp(-value)), 100)).toBeLessThan(limit99);
  });

  test("neighbours are not correlated", () => {
    const values = randn([count], seeded()).toTypedArray();
    for (const lag of [1, 2, 3, 4, 7]) {
      let sum = 0;
      for (let i = lag; i < count; i++) sum += values[i]! * values[i - lag]!;
      expect(Math.abs(sum / count)).toBeLessThan(4.5 / Math.sqrt(count));
    }
  });

  test("randint gives each number of the range", () => {
    const x = randint(-2, 3, [count], { generator: new Generator(1) });
    expect(x.unique().toArray()).toEqual([-2, -1, 0, 1, 2]);
    expect(chiSquared(x, (value) => (value + 2.5) / 5, 5)).toBeLessThan(18.5);
    expect(randint(4, [3]).amax().item()).toBeLessThan(4);
    const widest = randint(-(2 ** 31), 2 ** 31, [100]);
    expect(widest.amin().item()).toBeLessThan(-(2 ** 29));
  });

  test("randperm gives each order", () => {
    const generator = new Generator(1);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = String(randperm(3, { generator }).toArray());
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    const chi = [...seen.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(20.5);
  });
});

test("numbers like a tensor have its shape and type", () => {
  const x = tensor([[1, 2, 3]], { dtype: "float64" });
  for (const like of [randLike(x), randnLike(x), randintLike(x, 0, 5)]) {
    expect(like.shape).toEqual([1, 3]);
    expect(like.dtype).toBe("float64");
  }
  expect(randnLike(x, { dtype: "float32" }).dtype).toBe("float32");
});

test("the default generator is used unless one is given", () => {
  manualSeed(9);
  const first = rand([2]).toArray();
  rand([2], { generator: new Generator(0) });
  const second = rand([2]).toArray();
  manualSeed(9);
  expect(rand([4]).toArray()).toEqual([...(first as number[]), ...(second as number[])]);
});

test("leaves and names are made as elsewhere", () => {
  const x = randn([2], { requiresGrad: true, name: "w" });
  expect([x.requiresGrad, x.name]).toEqual([true, "w"]);
});

test("a bad call is refused and draws nothing", () => {
  const generator = new Generator(1);
  const before = generator.getState();
  const refused: [() => unknown, new (...args: never[]) => Error, RegExp][] = [
    [() => rand([-1], { generator }), ShapeError, /must hold whole numbers/],
    [() => rand([2], { generator, dtype: "int32" }), DTypeError, /rand: draws float32 or float64/],
    [() => randn([2], { generator, seed: 1 } as never), ArgumentError, /unknown option "seed"/],
    [() => randn([2], { generator: 5 as never }), ArgumentError, /must be a Generator, not 5/],
    [() => randint(3, 3, [2], { generator }), ArgumentError, /high must be a whole number from 4/],
    [() => randint(0.5, 3, [2], { generator }), ArgumentError, /low must be a whole number/],
    [() => randperm(-1, { generator }), ArgumentError, /count must be a whole number/],
    [() => randnLike([1] as never), ArgumentError, /expected a tensor/],
  ];
  for (const [call, type, message] of refused) {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  }
  expect(generator.getState()).toEqual(before);
});
