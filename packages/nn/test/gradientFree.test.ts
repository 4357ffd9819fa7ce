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
  ])("learns %s", (_name, labels) => {
    const perceptron = new nn.Perceptron(2);
    const { converged, mistakes } = perceptron.fit([corners, tensor(labels)]);
    expect(converged).toBe(true);
    expect(mistakes.at(-1)).toBe(0);
    expect(numbers(perceptron.predict(corners))).toEqual(labels);
  });

  test("never learns XOR, but three of them do", () => {
    const labels = tensor([-1, 1, 1, -1]);
    expect(new nn.Perceptron(2).fit([corners, labels], { epochs: 500 }).converged).toBe(false);
    const [or, nand, and] = [new nn.Perceptron(2), new nn.Perceptron(2), new nn.Perceptron(2)];
    or.fit([corners, tensor([-1, 1, 1, 1])]);
    nand.fit([corners, tensor([1, 1, 1, -1])]);
    const hidden = cat([or.predict(corners).unsqueeze(1), nand.predict(corners).unsqueeze(1)], 1);
    and.fit([hidden, labels]);
    expect(numbers(and.predict(hidden))).toEqual(numbers(labels));
  });

  test("follows Rosenblatt's rule, sample by sample", () => {
    const perceptron = new nn.Perceptron(2, { lr: 0.5, bias: false });
    perceptron.fit(
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

  test("takes batches, has no gradients and keeps its state", () => {
    const perceptron = new nn.Perceptron(2);
    const batches = [
      [corners.at(":2"), tensor([-1, 1])],
      [corners.at("2:"), tensor([1, 1])],
    ];
    expect(perceptron.fit(batches).converged).toBe(true);
    expect(perceptron.parameters().every(({ requiresGrad }) => !requiresGrad)).toBe(true);
    const other = new nn.Perceptron(2);
    other.loadStateDict(perceptron.stateDict());
    expect(numbers(other.forward(corners))).toEqual(numbers(perceptron.forward(corners)));
  });

  test("refuses what it cannot learn from, and stays as it is", () => {
    const perceptron = new nn.Perceptron(2);
    expect(() => perceptron.fit([corners, tensor([0, 1, 1, 1])])).toThrow(
      /labels are −1 and 1, but label 0 is 0/,
    );
    expect(() => perceptron.fit([corners, ones([3])])).toThrow(/4 samples and 3 labels/);
    expect(() => perceptron.fit([tensor([[Number.NaN, 1]]), ones([1])])).toThrow(
      /sample 0 holds NaN/,
    );
    expect(() => perceptron.fit([ones([2, 3]), ones([2])])).toThrow(/shape \[N, 2\], not \[2, 3\]/);
    expect(() => perceptron.fit([corners])).toThrow(/expected tensors \[inputs, labels\]/);
    expect(() => perceptron.fit([])).toThrow(/Perceptron.fit: /);
    // @ts-expect-error misspelt
    expect(() => perceptron.fit([corners, ones([4])], { epoch: 1 })).toThrow(
      /unknown option "epoch"/,
    );
    expect(() => new nn.Perceptron(2, { lr: 0 })).toThrow(/lr must be positive/);
    expect(numbers(perceptron.weight)).toEqual([0, 0]);
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
    (topology) => {
      const map = make(topology);
      const before = map.quantizationError(clusters);
      const { quantizationError } = map.fit([clusters], options);
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

  test("gives the same for the same seeds, from tensors and from batches with labels", () => {
    const [a, b] = [make(), make()];
    a.fit([clusters], { epochs: 3, shuffle: false });
    b.fit(
      [
        [clusters.at(":50"), ones([50])],
        [clusters.at("50:"), ones([50])],
      ],
      { epochs: 3, shuffle: false },
    );
    for (const [i, value] of numbers(a.weight).entries())
      expect(numbers(b.weight)[i]).toBeCloseTo(value, 5);
    const seeded = () => {
      const map = make();
      map.fit([clusters], { epochs: 2, generator: new Generator(5) });
      return numbers(map.weight);
    };
    expect(seeded()).toEqual(seeded());
  });

  test("refuses what it cannot learn from", () => {
    const map = make();
    expect(() => map.fit([zeros([3, 3])])).toThrow(/shape \[N, 2\], not \[3, 3\]/);
    expect(() => map.fit([tensor([[1, Number.POSITIVE_INFINITY]])])).toThrow(
      /sample 0 holds Infinity \(feature 1\)/,
    );
    expect(() => map.fit([clusters], { lr: [0, 1] })).toThrow(/lr must be two positive numbers/);
    expect(() => map.fit(new Set<Tensor>())).toThrow(/there is no batch/);
    // @ts-expect-error no data
    expect(() => map.fit(3)).toThrow(/expected tensors, or batches/);
    expect(() => new nn.SelfOrganizingMap(2, 2, 2, { topology: "torus" as "grid" })).toThrow(
      /topology must be/,
    );
    expect(() => new nn.SelfOrganizingMap(0, 2, 2)).toThrow(/rows must be/);
  });
});
