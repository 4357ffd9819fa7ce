/**
 * Recurrent networks over whole sequences against their steps, written with ordinary ops.
 */
import type { Tensor } from "@chainrule/core";
import {
  add,
  eye,
  grad,
  gruGates,
  gruSequence,
  gruSequenceGradient,
  linear,
  lstmGates,
  lstmSequence,
  lstmSequenceGradient,
  matmul,
  randn,
  rnnSequence,
  rnnSequenceGradient,
  stack,
  sub,
  vmap,
  zeros,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";

const float64 = { dtype: "float64" } as const;
const [steps, samples, features, width] = [4, 3, 2, 3];
const drawn = (...shape: number[]): Tensor => randn(shape, float64).requiresGrad_();

function apart(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return sub(a, b).abs().max().item();
}

const one = (size: number): Tensor => eye(size, size, float64);

/** The times in the order in which they are read. */
function order(reverse: boolean): number[] {
  const times = Array.from({ length: steps }, (_, t) => t);
  return reverse ? times.reverse() : times;
}

function expectNear(given: readonly Tensor[], wanted: readonly Tensor[], bound: number): void {
  for (const [i, x] of wanted.entries()) expect(apart(given[i]!, x)).toBeLessThan(bound);
}

/** Compares results, and the gradients of their sum with random weights, by all operands. */
function expectSame(
  given: readonly Tensor[],
  wanted: readonly Tensor[],
  operands: readonly Tensor[],
): void {
  expectNear(given, wanted, 1e-14);
  const gradOutputs = wanted.map((x) => randn(x.shape, float64));
  const of = (results: readonly Tensor[]) =>
    grad(results, operands, { gradOutputs, retainGraph: true });
  expectNear(of(given), of(wanted), 1e-13);
}

describe.each([false, true])("read from the end: %s", (reverse) => {
  test("lstmSequence is its steps", () => {
    const operands = [
      drawn(steps, samples, features),
      ...[drawn(samples, width), drawn(samples, width)],
      ...[drawn(4 * width, features), drawn(4 * width, width), drawn(4 * width)],
    ] as const;
    const [x, h0, c0, weightIh, weightHh, bias] = operands;
    const [hidden, cells, activations] = [0, 1, 2].map(() => new Array<Tensor>(steps));
    let [h, c]: Tensor[] = [h0, c0];
    for (const t of order(reverse)) {
      const next = lstmGates(add(linear(x.at(t), weightIh, bias), linear(h!, weightHh)), c!);
      [h, c] = [next.hidden, next.cell];
      [hidden![t], cells![t], activations![t]] = [h, c, next.activations];
    }
    const found = lstmSequence(x, h0, c0, weightIh, weightHh, bias, { reverse });
    expectSame(
      [found.hidden, found.cell, found.cells, found.activations],
      [stack(hidden!), c!, stack(cells!), stack(activations!)],
      operands,
    );
  });

  test("lstmSequenceGradient is their gradient", () => {
    const [x, c0] = [drawn(steps, samples, 4 * width), drawn(samples, width)];
    const h0 = drawn(samples, width);
    const weight = drawn(4 * width, width);
    const all = lstmSequence(x, h0, c0, one(4 * width), weight, null, { reverse });
    const bars = [randn(all.hidden.shape, float64), randn(all.cell.shape, float64)] as const;
    const given = lstmSequenceGradient(
      all.activations,
      all.cells,
      c0,
      weight,
      ...bars,
      null,
      null,
      {
        reverse,
      },
    );
    const wanted = grad([all.hidden, all.cell], [x, h0, c0], { gradOutputs: bars });
    expectNear([given.gates, given.hidden, given.cell], wanted, 1e-14);
  });

  test("gruSequence is its steps", () => {
    const operands = [
      ...[drawn(steps, samples, features), drawn(samples, width)],
      ...[drawn(3 * width, features), drawn(3 * width, width)],
      ...[drawn(3 * width), drawn(3 * width)],
    ] as const;
    const [x, h0, weightIh, weightHh, biasIh, biasHh] = operands as [
      ...[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor],
    ];
    const [hidden, activations, candidates] = [0, 1, 2].map(() => new Array<Tensor>(steps));
    let h = h0;
    for (const t of order(reverse)) {
      const part = linear(h, weightHh, biasHh);
      const next = gruGates(linear(x.at(t), weightIh, biasIh), part, h);
      h = next.hidden;
      [hidden![t], activations![t]] = [h, next.activations];
      candidates![t] = part.chunk(3, -1)[2]!;
    }
    const found = gruSequence(x, h0, weightIh, weightHh, biasIh, biasHh, { reverse });
    expectSame(
      [found.hidden, found.activations, found.candidates],
      [hidden!, activations!, candidates!].map((list) => stack(list)),
      operands,
    );
  });

  test("gruSequenceGradient is their gradient", () => {
    const [x, h0] = [drawn(steps, samples, 3 * width), drawn(samples, width)];
    const weight = drawn(3 * width, width);
    const bias = drawn(3 * width);
    const all = gruSequence(x, h0, one(3 * width), weight, bias, bias, { reverse });
    const { activations, candidates, hidden } = all;
    const bar = randn(hidden.shape, float64);
    const parts = [activations, candidates, hidden, h0, weight, bar] as const;
    const given = gruSequenceGradient(...parts, null, null, { reverse });
    const wanted = grad([hidden], [x, h0, bias], { gradOutputs: [bar] });
    // The bias stands in both sums.
    const biasBar = add(given.inputGates, given.stateGates).sum([0, 1]);
    expectNear([given.inputGates, given.hidden, biasBar], wanted, 1e-14);
  });

  test.each(["tanh", "relu"] as const)("rnnSequence is its steps: %s", (nonlinearity) => {
    const operands = [
      ...[drawn(steps, samples, features), drawn(samples, width)],
      ...[drawn(width, features), drawn(width, width), drawn(width)],
    ] as const;
    const [x, h0, weightIh, weightHh, bias] = operands as [
      ...[Tensor, Tensor, Tensor, Tensor, Tensor],
    ];
    const hidden = new Array<Tensor>(steps);
    let h = h0;
    for (const t of order(reverse)) {
      const sum = add(linear(x.at(t), weightIh, bias), linear(h, weightHh));
      h = nonlinearity === "tanh" ? sum.tanh() : sum.relu();
      hidden[t] = h;
    }
    const options = { reverse, nonlinearity };
    const found = rnnSequence(x, h0, weightIh, weightHh, bias, options);
    expectSame([found], [stack(hidden)], operands);
    const bar = randn(found.shape, float64);
    const given = rnnSequenceGradient(found, weightHh, bar, options);
    const [state, biasBar] = grad([found], [h0, bias], { gradOutputs: [bar] });
    expectNear([given.hidden, given.sums.sum([0, 1])], [state!, biasBar!], 1e-14);
  });
});

test("vmap: samples with the same weights, and with their own", () => {
  const [x, h0] = [drawn(2, steps, samples, features), drawn(2, samples, width)];
  const weights = [drawn(2, 4 * width, features), drawn(2, 4 * width, width)] as const;
  const run = (input: Tensor, h: Tensor, w: Tensor, v: Tensor): Tensor =>
    lstmSequence(input, h, h, w, v).cells;
  const shared = vmap((input: Tensor, h: Tensor) =>
    run(input, h, weights[0].at(0), weights[1].at(0)),
  )(x, h0);
  const own = vmap(run)(x, h0, ...weights);
  for (const n of [0, 1]) {
    const [input, h] = [x.at(n), h0.at(n)];
    expectNear([shared.at(n)], [run(input, h, weights[0].at(0), weights[1].at(0))], 1e-14);
    expectNear([own.at(n)], [run(input, h, weights[0].at(n), weights[1].at(n))], 1e-14);
  }
});

test("without steps the states stay what they are", () => {
  const [h0, c0] = [drawn(2, 3), drawn(2, 3)];
  const found = lstmSequence(zeros([0, 2, 1], float64), h0, c0, drawn(12, 1), drawn(12, 3));
  expect(found.hidden.shape).toEqual([0, 2, 3]);
  expect(apart(found.cell, c0)).toBe(0);
  expect(
    apart(grad([found.cell.sum()], [c0])[0]!, matmul(zeros([2, 1]), zeros([1, 3])).add(1)),
  ).toBe(0);
});
