import { describe, expect, test } from "vitest";
import { full, tensor, zeros } from "../creation.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import "../fluent.ts";
import { Generator } from "../random/generator.ts";
import { gumbelSoftmax } from "./gumbel-softmax.ts";
import { bernoulli, multinomial } from "./sampling.ts";

/** How often each place was drawn. */
function frequencies(places: ArrayLike<number>, length: number): number[] {
  const counts = new Array<number>(length).fill(0);
  for (let i = 0; i < places.length; i++) counts[places[i]!]! += 1;
  return counts;
}

function chiSquared(counts: readonly number[], expected: readonly number[]): number {
  return counts.reduce((sum, n, i) => sum + (n - expected[i]!) ** 2 / expected[i]!, 0);
}

describe("bernoulli", () => {
  test("gives the same numbers everywhere", () => {
    expect(bernoulli(full([10], 0.5), { generator: new Generator(1) }).toArray()).toEqual([
      0, 0, 0, 0, 0, 0, 1, 0, 1, 0,
    ]);
  });

  test("gives 1 with the probability", () => {
    const n = 100_000;
    for (const p of [0.01, 0.3, 0.9]) {
      const share = bernoulli(full([n], p), { generator: new Generator(2) })
        .mean()
        .item();
      expect(Math.abs(share - p)).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / n));
    }
  });

  test("has the shape and the type of the probabilities, and no gradient", () => {
    const p = tensor([[0, 1]], { dtype: "float64", requiresGrad: true });
    const drawn = p.bernoulli();
    expect([drawn.shape, drawn.dtype, drawn.requiresGrad]).toEqual([[1, 2], "float64", false]);
    expect(drawn.toArray()).toEqual([[0, 1]]);
    expect(bernoulli(zeros([3, 2]).transpose(0, 1)).shape).toEqual([2, 3]);
  });
});

describe("multinomial", () => {
  const weights = [1, 0, 2, 3, 4];

  test("gives the same places everywhere", () => {
    const w = tensor([1, 2, 3, 4]);
    expect(multinomial(w, 4, { generator: new Generator(1) }).toArray()).toEqual([0, 2, 3, 1]);
    expect(multinomial(w, 6, { generator: new Generator(1), replacement: true }).toArray()).toEqual(
      [3, 2, 3, 2, 1, 3],
    );
  });

  test("with replacement, draws by the weights", () => {
    const n = 50_000;
    const generator = new Generator(3);
    const drawn = multinomial(tensor(weights), n, { generator, replacement: true });
    const counts = frequencies(drawn.toTypedArray(), 5);
    expect(counts[1]).toBe(0);
    const drawnOnes = counts.filter((_, i) => i !== 1);
    // χ² with 3 degrees of freedom exceeds 16.3 once in a thousand times.
    expect(
      chiSquared(
        drawnOnes,
        [0.1, 0.2, 0.3, 0.4].map((p) => p * n),
      ),
    ).toBeLessThan(16.3);
  });

  test("without replacement, draws pairs as one after the other", () => {
    const n = 30_000;
    const w = [1, 2, 3];
    const rows = tensor(w).expand([n, 3]);
    const pairs = multinomial(rows, 2, { generator: new Generator(4) }).toArray() as number[][];
    const counts = new Map<string, number>();
    for (const pair of pairs) counts.set(String(pair), (counts.get(String(pair)) ?? 0) + 1);
    const found: number[] = [];
    const expected: number[] = [];
    for (const a of [0, 1, 2]) {
      for (const b of [0, 1, 2]) {
        if (a === b) continue;
        found.push(counts.get(String([a, b])) ?? 0);
        expected.push(n * (w[a]! / 6) * (w[b]! / (6 - w[a]!)));
      }
    }
    expect(found.reduce((sum, c) => sum + c, 0)).toBe(n);
    expect(chiSquared(found, expected)).toBeLessThan(20.5);
  });

  test("takes rows, and places of weight 0 never", () => {
    const w = tensor([
      [0, 1, 0],
      [5, 0, 0],
    ]);
    expect(w.multinomial(1).toArray()).toEqual([[1], [0]]);
    expect(multinomial(w, 2, { replacement: true }).shape).toEqual([2, 2]);
  });

  test("bad calls are refused", () => {
    const refused: [() => unknown, new (...args: never[]) => Error, RegExp][] = [
      [() => multinomial(tensor([1, -1]), 1), ArgumentError, /place 1 has -1/],
      [() => multinomial(tensor([1, Infinity]), 1), ArgumentError, /place 1 has Infinity/],
      [() => multinomial(tensor([0, 0]), 1), ArgumentError, /no weight is positive/],
      [() => multinomial(tensor([1, 0]), 2), ArgumentError, /2 places cannot be drawn without/],
      [() => multinomial(tensor([1, 1]), 0), ArgumentError, /count must be a whole number/],
      [() => multinomial(tensor(1), 1), ShapeError, /one or two dimensions, not shape \[\]/],
      [() => multinomial(tensor([1], { dtype: "int32" }), 1), DTypeError, /not int32/],
      [() => bernoulli(tensor([1.5])), ArgumentError, /from 0 to 1, not at 1.5/],
      [() => bernoulli(tensor([Number.NaN])), ArgumentError, /not at NaN/],
      [() => bernoulli(tensor([true])), DTypeError, /not bool/],
      [() => bernoulli(0.5, { p: 1 } as never), ArgumentError, /unknown option "p"/],
    ];
    for (const [call, type, message] of refused) {
      expect(call).toThrow(type);
      expect(call).toThrow(message);
    }
  });
});

describe("gumbelSoftmax", () => {
  test("its largest entry is a sample of the softmax", () => {
    const n = 30_000;
    const logits = tensor([1, 2, 3]).log().expand([n, 3]);
    const y = gumbelSoftmax(logits, -1, { generator: new Generator(5) });
    const counts = frequencies(y.argmax(1).toTypedArray(), 3);
    expect(chiSquared(counts, [n / 6, n / 3, n / 2])).toBeLessThan(13.9);
  });

  test("gives shares that add up to 1, or one 1", () => {
    const x = tensor([
      [0, 1],
      [2, -1],
    ]);
    expect(gumbelSoftmax(x, 0).sum(0).toArray()).toEqual([expect.closeTo(1), expect.closeTo(1)]);
    const hard = gumbelSoftmax(x, 0, { hard: true });
    expect(hard.sum(0).toArray()).toEqual([1, 1]);
    expect(new Set(hard.flatten().toArray() as number[])).toEqual(new Set([0, 1]));
  });

  test("hard samples have the gradient of soft ones", () => {
    const gradient = (hard: boolean): unknown => {
      const x = tensor([0.5, -1, 2], { requiresGrad: true, dtype: "float64" });
      const y = gumbelSoftmax(x, -1, { hard, tau: 0.7, generator: new Generator(6) });
      y.mul(tensor([1, 2, 3]))
        .sum()
        .backward();
      return x.grad!.toArray();
    };
    expect(gradient(true)).toEqual(gradient(false));
  });

  test("bad calls are refused", () => {
    expect(() => gumbelSoftmax(zeros([2]), 0, { tau: 0 })).toThrow(/tau must be positive, not 0/);
    expect(() => gumbelSoftmax(zeros([2]), 1)).toThrow(/dim 1 is out of range/);
  });
});
