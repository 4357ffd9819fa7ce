/**
 * Models that learn without gradients.
 */
import type { Tensor } from "@chainrule/core";
import { cat, Generator, ones, rand, tensor, zeros } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import { describe, expect, test } from "vitest";

const corners = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArray());

describe("Perceptron", () => {
  test.each([
    ["AND", [-1, -1, -1, 1]],
    ["OR", [-1, 1, 1, 1]],
    ["NAND", [1, 1, 1, -1]],
  ])("learns %s", async (_name, labels) => {
    const perceptron = new nn.Perceptron(2);
    const { converged, mistakes } = await perceptron.fit([corners, tensor(labels)]);
    expect(converged).toBe(true);
    expect(mistakes.at(-1)).toBe(0);
    expect(numbers(perceptron.predict(corners))).toEqual(labels);
  });

  test("never learns XOR, but three of them do", async () => {
    const labels = tensor([-1, 1, 1, -1]);
    const alone = await new nn.Perceptron(2).fit([corners, labels], { epochs: 500 });
    expect(alone.converged).toBe(false);
    const [or, nand, and] = [new nn.Perceptron(2), new nn.Perceptron(2), new nn.Perceptron(2)];
    await or.fit([corners, tensor([-1, 1, 1, 1])]);
    await nand.fit([corners, tensor([1, 1, 1, -1])]);
    const hidden = cat([or.predict(corners).unsqueeze(1), nand.predict(corners).unsqueeze(1)], 1);
    await and.fit([hidden, labels]);
    expect(numbers(and.predict(hidden))).toEqual(numbers(labels));
  });

  test("follows Rosenblatt's rule, sample by sample", async () => {
    const perceptron = new nn.Perceptron(2, { lr: 0.5, bias: false });
    await perceptron.fit(
      [
        tensor([
          [1, 2],
          [3, -1],
        ]),
        tensor([1, -1]),
      ],
      { epochs: 1 },
    );
    // w = 0: wrong, w = (0.5, 1). Then ⟨w, x⟩ = 0.5 for −1: wrong, w = (0.5, 1) − 0.5·(3, −1).
    expect(numbers(perceptron.weight)).toEqual([-1, 1.5]);
  });

  test("takes batches, has no gradients and keeps its state", async () => {
    const perceptron = new nn.Perceptron(2);
    const batches = [
      [corners.at(":2"), tensor([-1, 1])],
      [corners.at("2:"), tensor([1, 1])],
    ];
    expect((await perceptron.fit(batches)).converged).toBe(true);
    expect(perceptron.parameters().every(({ requiresGrad }) => !requiresGrad)).toBe(true);
    const other = new nn.Perceptron(2);
    other.loadStateDict(perceptron.stateDict());
    expect(numbers(other.forward(corners))).toEqual(numbers(perceptron.forward(corners)));
  });

  test("refuses what it cannot learn from, and stays as it is", async () => {
    const perceptron = new nn.Perceptron(2);
    await expect(perceptron.fit([corners, tensor([0, 1, 1, 1])])).rejects.toThrow(
      /labels are −1 and 1, but label 0 is 0/,
    );
    await expect(perceptron.fit([corners, ones([3])])).rejects.toThrow(/4 samples and 3 labels/);
    await expect(perceptron.fit([tensor([[Number.NaN, 1]]), ones([1])])).rejects.toThrow(
      /sample 0 holds NaN/,
    );
    await expect(perceptron.fit([ones([2, 3]), ones([2])])).rejects.toThrow(
      /shape \[N, 2\], not \[2, 3\]/,
    );
    await expect(perceptron.fit([corners])).rejects.toThrow(/expected tensors \[inputs, labels\]/);
    await expect(perceptron.fit([])).rejects.toThrow(/Perceptron.fit: /);
    // @ts-expect-error misspelt
    await expect(perceptron.fit([corners, ones([4])], { epoch: 1 })).rejects.toThrow(
      /unknown option "epoch"/,
    );
    expect(() => new nn.Perceptron(2, { lr: 0 })).toThrow(/lr must be positive/);
    expect(numbers(perceptron.weight)).toEqual([0, 0]);
  });
});

describe("data", () => {
  const labels = tensor([-1, -1, -1, 1]);
  const rows = [0, 1, 2, 3];
  async function* later(): AsyncGenerator<Tensor[]> {
    for (const i of rows) yield [corners.at(`${i}:${i + 1}`), labels.at(`${i}:${i + 1}`)];
  }
  const sources: Record<string, () => nn.Samples> = {
    "batches in an array": () => rows.map((i) => [corners.at([i]), labels.at([i])]),
    "batches that come later": () => ({ [Symbol.asyncIterator]: later }),
    "a data set that fetches batches": () => ({
      length: 4,
      get: () => null,
      getBatch: (indices) => [corners.at([...indices]), labels.at([...indices])],
    }),
    "a data set of tensors and numbers, as promises": () => ({
      length: 4,
      get: async (i) => [corners.at(i), labels.at(i).item()],
    }),
  };

  test.each(Object.keys(sources))("as %s teaches what tensors teach", async (name) => {
    const [expected, found] = [new nn.Perceptron(2), new nn.Perceptron(2)];
    const history = await expected.fit([corners, labels]);
    expect(await found.fit(sources[name]!())).toEqual(history);
    expect(numbers(found.weight)).toEqual(numbers(expected.weight));
    const [a, b] = [new Generator(0), new Generator(0)].map(
      (generator) => new nn.SelfOrganizingMap(2, 2, 2, { generator }),
    );
    await a!.fit(corners, { epochs: 3, shuffle: false });
    await b!.fit(sources[name]!(), { epochs: 3, shuffle: false });
    for (const [i, value] of numbers(a!.weight).entries())
      expect(numbers(b!.weight)[i]).toBeCloseTo(value, 5);
  });

  test("that is none, or is spent, is refused", async () => {
    const make = () => new nn.Perceptron(2);
    await expect(make().fit(later())).rejects.toThrow(/spent after one epoch/);
    await expect(make().fit({ length: 0, get: () => null })).rejects.toThrow(/is empty/);
    await expect(make().fit({ length: 1, get: () => "no" })).rejects.toThrow(
      /sample 0 must be made of tensors and numbers, .*, not "no"/,
    );
    await expect(make().fit([zeros([0, 2]), zeros([0])])).rejects.toThrow(/an empty batch/);
  });

  test("of long epochs leaves turns to the event loop", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const map = new nn.SelfOrganizingMap(10, 10, 8);
    const batches = Array.from({ length: 20 }, (_, i) =>
      rand([64, 8], { generator: new Generator(i) }),
    );
    await map.fit(
      batches.map((x) => [x]),
      { epochs: 3 },
    );
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });
});

describe("SelfOrganizingMap", () => {
  const clusters = cat(
    [0, 1, 2, 3].map((k) =>
      rand([25, 2], { generator: new Generator(k) })
        .mul(0.1)
        .add(tensor([k % 2, k > 1 ? 1 : 0])),
    ),
    0,
  );
  const make = (topology: "grid" | "hexagons" = "grid") =>
    new nn.SelfOrganizingMap(4, 5, 2, { generator: new Generator(1), topology });
  const options = { epochs: 15, generator: new Generator(2) };

  test.each(["grid", "hexagons"] as const)(
    "finds its way among clusters, unfolded (%s)",
    async (topology) => {
      const map = make(topology);
      const before = map.quantizationError(clusters);
      const { quantizationError } = await map.fit([clusters], options);
      expect(quantizationError.length).toBe(15);
      expect(map.quantizationError(clusters)).toBeLessThan(0.1 * Math.max(before, 0.6));
      expect(map.topographicError(clusters)).toBeLessThan(0.15);
      // Each cluster has units of its own.
      const winners = numbers(map.predict(clusters));
      const sets = [0, 1, 2, 3].map((k) => new Set(winners.slice(25 * k, 25 * (k + 1))));
      for (const [i, a] of sets.entries())
        for (const b of sets.slice(i + 1)) expect([...a].some((unit) => b.has(unit))).toBe(false);
      expect(map.distanceMap().shape).toEqual([4, 5]);
    },
  );

  test("gives the same for the same seeds, from tensors and from batches with labels", async () => {
    const [a, b] = [make(), make()];
    await a.fit([clusters], { epochs: 3, shuffle: false });
    await b.fit(
      [
        [clusters.at(":50"), ones([50])],
        [clusters.at("50:"), ones([50])],
      ],
      { epochs: 3, shuffle: false },
    );
    for (const [i, value] of numbers(a.weight).entries())
      expect(numbers(b.weight)[i]).toBeCloseTo(value, 5);
    const seeded = async () => {
      const map = make();
      await map.fit([clusters], { epochs: 2, generator: new Generator(5) });
      return numbers(map.weight);
    };
    expect(await seeded()).toEqual(await seeded());
  });

  test("refuses what it cannot learn from", async () => {
    const map = make();
    await expect(map.fit([zeros([3, 3])])).rejects.toThrow(/shape \[N, 2\], not \[3, 3\]/);
    await expect(map.fit([tensor([[1, Number.POSITIVE_INFINITY]])])).rejects.toThrow(
      /sample 0 holds Infinity \(feature 1\)/,
    );
    await expect(map.fit([clusters], { lr: [0, 1] })).rejects.toThrow(
      /lr must be two positive numbers/,
    );
    await expect(map.fit(new Set<Tensor>())).rejects.toThrow(/there is no batch/);
    // @ts-expect-error no data
    await expect(map.fit(3)).rejects.toThrow(/expected tensors, a data set, or batches/);
    expect(() => new nn.SelfOrganizingMap(2, 2, 2, { topology: "torus" as "grid" })).toThrow(
      /topology must be/,
    );
    expect(() => new nn.SelfOrganizingMap(0, 2, 2)).toThrow(/rows must be/);
  });
});
