/** Recurrent networks over whole sequences: accelerated kernels against plain loops in double precision, and threads. */
import type { Tensor } from "@chainrule/core";
import {
  gruSequence,
  gruSequenceGradient,
  lstmSequence,
  lstmSequenceGradient,
  rnnSequence,
  rnnSequenceGradient,
  setBackend,
  setThreads,
  tensor,
} from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";

const threadsBefore = setThreads(1);
setThreads(threadsBefore);

afterEach(() => {
  setBackend("auto");
  setThreads(threadsBefore);
});

/** Half a unit in the last place of 1. */
const u = 2 ** -24;

interface Sizes {
  readonly steps: number;
  readonly samples: number;
  readonly features: number;
  readonly width: number;
}

/** Widths that are multiples of four are for the kernels, others for plain loops; 100 and 388 have several blocks of steps. */
const sizes: fc.Arbitrary<Sizes> = fc.record({
  steps: fc.integer({ min: 1, max: 5 }),
  samples: fc.integer({ min: 1, max: 26 }),
  features: fc.integer({ min: 1, max: 9 }),
  width: fc.constantFrom(4, 8, 12, 20, 100, 388, 3, 7),
});

const wide = (x: Tensor): Tensor => x.to("float64");

function expectNear(given: Tensor, exact: Tensor, bound: number): void {
  const [numbers, wanted] = [given.toTypedArray(), exact.toTypedArray()];
  let most = 0;
  for (let i = 0; i < numbers.length; i++)
    most = Math.max(most, Math.abs(numbers[i]! - wanted[i]!));
  expect(most).toBeLessThanOrEqual(bound);
}

const largest = (x: Tensor): number => (x.numel() === 0 ? 0 : x.abs().max().item());

/** Weights by which a state of numbers up to 1 gives sums up to 2. */
const weightOf = (width: number): number => 2 / width;

/**
 * How far sums of the input and the state may be off: a rounding for each of their terms, whose sizes add up to 2·2 for
 * the input (numbers up to 2), 2 for the state, and 2 for a bias; and what the state itself is off by, times 2.
 */
function sumError({ features, width }: Sizes, stateError: number): number {
  return u * (features + width + 4) * (4 + 2 + 2) + 2 * stateError;
}

test("long short-term memory, and its gradient", () => {
  fc.assert(
    fc.property(sizes, fc.boolean(), fc.integer(), (size, reverse, seed) => {
      const { steps, samples, features, width } = size;
      const draw = draws(seed);
      const weight = (rows: number, columns: number): Tensor =>
        draw.plain([rows, columns], -weightOf(columns), weightOf(columns));
      const x = draw.plain([steps, samples, features]);
      const h0 = draw.plain([samples, width], -1, 1);
      const c0 = draw.plain([samples, width], -1, 1);
      const bias = draw.integer(2) === 0 ? null : draw.plain([4 * width]);
      // Transposed, since kernels take weights with any strides.
      const weightIh = weight(4 * width, features);
      const weightHh = weight(width, 4 * width).mul(weightOf(width) / weightOf(4 * width)).mT;
      const operands = [x, h0, c0, weightIh, weightHh] as const;
      const given = onBackend("wasm", () => lstmSequence(...operands, bias, { reverse }));
      const [a, b, c, d, e] = operands.map(wide) as [...[Tensor, Tensor, Tensor, Tensor, Tensor]];
      const exact = onBackend("reference", () =>
        lstmSequence(a, b, c, d, e, bias === null ? null : wide(bias), { reverse }),
      );
      // Slopes are at most 1, gates off by 6 roundings of their own; a cell is at most one more than the one before.
      let [state, cell, gate] = [0, 0, 0];
      for (let s = 1; s <= steps; s++) {
        gate = sumError(size, state) + 6 * u;
        cell += gate * (s + 2) + 3 * u * (s + 1);
        state = gate + cell + 8 * u;
      }
      expectNear(given.activations, exact.activations, gate);
      expectNear(given.cells, exact.cells, cell);
      expectNear(given.cell, exact.cell, cell);
      expectNear(given.hidden, exact.hidden, state);

      const all = (columns: number): Tensor => draw.plain([steps, samples, columns], -1, 1);
      const bars = [all(width), draw.plain([samples, width], -1, 1)] as const;
      const more = draw.integer(2) === 0 ? [] : [all(width), all(4 * width)];
      const parts = [given.activations, given.cells, c0, weightHh, ...bars, ...more];
      const gradientOf = (all: readonly Tensor[]) => {
        const [act, cells, first, w, h, last, cellsBar = null, direct = null] = all as [
          ...[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor],
          Tensor?,
          Tensor?,
        ];
        const options = { reverse };
        return lstmSequenceGradient(act, cells, first, w, h, last, cellsBar, direct, options);
      };
      const gradient = onBackend("wasm", () => gradientOf(parts));
      const wanted = onBackend("reference", () => gradientOf(parts.map(wide)));
      // d is what comes of ten roundings; the gates' cotangents are products of it with numbers up to the largest cell.
      const most = Math.max(1, largest(c0), largest(given.cells));
      const own = Math.max(largest(weightHh) * 4 * width, 1);
      let [h, hError, last, lastError, sums, sumsError] = [0, 0, 1, 0, 0, 0];
      for (let s = 0; s < steps; s++) {
        const incoming = h + 1;
        const d = last + 1 + incoming;
        const dError = lastError + hError + 30 * u * d;
        sums = d * most + 1;
        sumsError = (dError + 12 * u * d) * most + u;
        h = own * sums;
        hError = own * sumsError + u * (4 * width + 1) * h;
        [last, lastError] = [d, dError + u * d];
      }
      expectNear(gradient.gates, wanted.gates, sumsError);
      expectNear(gradient.hidden, wanted.hidden, hError);
      expectNear(gradient.cell, wanted.cell, lastError);
    }),
    { numRuns: 30 },
  );
});

/** Tensors for a network with so many sums for each number of a state. */
function drawn(gates: number, { steps, samples, features, width }: Sizes, seed: number) {
  const draw = draws(seed);
  const weight = (columns: number): Tensor =>
    draw.plain([gates * width, columns], -weightOf(columns), weightOf(columns));
  const bias = (): Tensor | null => (seed % 2 === 0 ? null : draw.plain([gates * width]));
  return {
    x: draw.plain([steps, samples, features]),
    h0: draw.plain([samples, width], -1, 1),
    weights: [weight(features), weight(width)] as const,
    biases: [bias(), bias()] as const,
    all: (columns: number) => draw.plain([steps, samples, columns], -1, 1),
  };
}

const wideOrNull = (x: Tensor | null): Tensor | null => (x === null ? null : wide(x));

test("gated recurrent units, and their gradient", () => {
  fc.assert(
    fc.property(sizes, fc.boolean(), fc.integer({ min: 0 }), (size, reverse, seed) => {
      const { steps, width } = size;
      const { x, h0, weights, biases, all } = drawn(3, size, seed);
      const options = { reverse };
      const given = onBackend("wasm", () => gruSequence(x, h0, ...weights, ...biases, options));
      const [weightIh, weightHh] = weights.map(wide) as [Tensor, Tensor];
      const [biasIh, biasHh] = biases.map(wideOrNull) as [Tensor | null, Tensor | null];
      const exact = onBackend("reference", () =>
        gruSequence(wide(x), wide(h0), weightIh, weightHh, biasIh, biasHh, options),
      );
      // The state's part of n is at most 4, and r multiplies it; a state is a mean of two numbers up to 1, by z.
      let [state, gate] = [0, 0];
      for (let s = 0; s < steps; s++) {
        const sums = 2 * sumError(size, state) + 6 * u;
        gate = sums + 4 * sums + 12 * u;
        state += 3 * gate + 4 * u;
      }
      expectNear(given.activations, exact.activations, gate);
      expectNear(given.candidates, exact.candidates, gate);
      expectNear(given.hidden, exact.hidden, state);

      const { activations, candidates, hidden } = given;
      const bar = all(width);
      const more = seed % 3 === 0 ? [] : [all(3 * width), all(3 * width)];
      const gradientOf = (parts: readonly Tensor[]) => {
        const [a, c, h, first, w, b, input = null, own = null] = parts as [
          ...[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor],
          Tensor?,
          Tensor?,
        ];
        return gruSequenceGradient(a, c, h, first, w, b, input, own, options);
      };
      const parts = [activations, candidates, hidden, h0, weights[1], bar, ...more];
      const gradient = onBackend("wasm", () => gradientOf(parts));
      const wanted = onBackend("reference", () => gradientOf(parts.map(wide)));
      // Products of the cotangent with numbers up to 1, in r's also with bₙ; then the sum over the weight, and z.
      const most = Math.max(2, largest(candidates));
      const own = weightOf(width) * 3 * width;
      let [h, hError, sums, sumsError] = [0, 0, 0, 0];
      for (let s = 0; s < steps; s++) {
        const d = h + 1;
        sums = d * most + 1;
        sumsError = (hError + 16 * u * d) * most + u;
        h = d + own * sums;
        hError = hError + own * sumsError + u * ((3 * width + 1) * own * sums + 2 * d);
      }
      expectNear(gradient.inputGates, wanted.inputGates, sumsError);
      expectNear(gradient.stateGates, wanted.stateGates, sumsError);
      expectNear(gradient.hidden, wanted.hidden, hError);
    }),
    { numRuns: 30 },
  );
});

test("plain recurrent networks, and their gradient", () => {
  const nonlinearities = fc.constantFrom("tanh" as const, "relu" as const);
  fc.assert(
    fc.property(sizes, nonlinearities, fc.integer({ min: 0 }), (size, nonlinearity, seed) => {
      const { steps, width } = size;
      const { x, h0, weights, biases, all } = drawn(1, size, seed);
      const options = { nonlinearity, reverse: seed % 5 < 2 };
      const given = onBackend("wasm", () => rnnSequence(x, h0, ...weights, biases[0], options));
      const [weightIh, weightHh] = weights.map(wide) as [Tensor, Tensor];
      const exact = onBackend("reference", () =>
        rnnSequence(wide(x), wide(h0), weightIh, weightHh, wideOrNull(biases[0]), options),
      );
      // A rectifier lets states grow: sums are as many times larger.
      const size0 = Math.max(1, largest(exact));
      let state = 0;
      for (let s = 0; s < steps; s++) state = size0 * sumError(size, 0) + 2 * state + 6 * u;
      expectNear(given, exact, state);

      // Where a state is 0 in one precision and just not in the other a rectifier's gradient jumps: of the same numbers.
      const bar = all(width);
      const gradient = onBackend("wasm", () =>
        rnnSequenceGradient(given, weights[1], bar, options),
      );
      const wanted = onBackend("reference", () =>
        rnnSequenceGradient(wide(given), weightHh, wide(bar), options),
      );
      let [h, hError, sumsError] = [0, 0, 0];
      for (let s = 0; s < steps; s++) {
        const d = h + 1;
        sumsError = hError + 6 * u * d;
        h = 2 * d;
        hError = 2 * sumsError + u * (width + 1) * h;
      }
      expectNear(gradient.sums, wanted.sums, sumsError);
      expectNear(gradient.hidden, wanted.hidden, hError);
    }),
    { numRuns: 30 },
  );
});

test("gates that are shut or wide open, infinities and NaN", () => {
  const numbers = [-800, 800, 0, -0, Infinity, -Infinity, Number.NaN, 1e-40];
  const x = tensor(numbers).reshape([1, 2, 4]);
  const weightIh = tensor(Array.from({ length: 64 }, (_, i) => (i % 4 === (i >> 2) % 4 ? 1 : 0)));
  const c0 = tensor([1, -1, Infinity, 0, 2, Number.NaN, 0.5, -0]).reshape([2, 4]);
  const h0 = tensor([0, 0, 0, 0, 1, 0, 0, 0]).reshape([2, 4]);
  const weightHh = tensor(new Array(64).fill(0.25)).reshape([16, 4]);
  const run = () => lstmSequence(x, h0, c0, weightIh.reshape([16, 4]), weightHh);
  const given = onBackend("wasm", run);
  const wanted = onBackend("reference", run);
  for (const name of ["hidden", "cell", "activations"] as const) {
    const exact = wanted[name].toTypedArray();
    for (const [i, value] of given[name].toTypedArray().entries()) {
      if (Number.isFinite(exact[i]!)) expect(Math.abs(value - exact[i]!)).toBeLessThan(1e-6);
      else expect(value).toBe(exact[i]);
    }
  }
});

function bytesOf(x: Tensor): Buffer {
  return Buffer.from(x.toTypedArray().buffer);
}

/** What a function computes with one and with more threads, each a few times, has the same bits. */
function expectSameBits(compute: () => readonly Tensor[]): void {
  setBackend("wasm");
  setThreads(1);
  const wanted = compute().map(bytesOf);
  for (const threads of [2, 3]) {
    setThreads(threads);
    for (let i = 0; i < 2; i++)
      for (const [j, x] of compute().entries()) expect(bytesOf(x).equals(wanted[j]!)).toBe(true);
  }
}

/** The first rows of both weights. */
const firstRows = (a: Tensor, b: Tensor, rows: number) =>
  [a.at(`:${rows}`), b.at(`:${rows}`)] as const;

test.each([
  [3, 29, 5, 8],
  [2, 40, 3, 132],
  // So many steps do not fit a table of calls at once.
  [1500, 13, 1, 4],
])(
  "%i steps of %i samples: the same bits on any number of threads",
  (steps, samples, features, width) => {
    const draw = draws(steps);
    const state = (): Tensor => draw.plain([samples, width]);
    const [h0, c0, x] = [state(), state(), draw.plain([steps, samples, features])];
    const weightIh = draw.plain([4 * width, features], -0.1, 0.1);
    const weightHh = draw.plain([4 * width, width], -0.1, 0.1);
    const bars = [draw.plain([steps, samples, width]), state()] as const;
    expectSameBits(() => {
      const all = lstmSequence(x, h0, c0, weightIh, weightHh);
      const { activations, cells } = all;
      const back = lstmSequenceGradient(activations, cells, c0, weightHh, ...bars);
      const gru = gruSequence(x, h0, ...firstRows(weightIh, weightHh, 3 * width));
      const unit = [gru.activations, gru.candidates, gru.hidden, h0] as const;
      const gruBack = gruSequenceGradient(...unit, weightHh.at(`:${3 * width}`), bars[0]);
      const rnn = rnnSequence(x, h0, ...firstRows(weightIh, weightHh, width));
      const rnnBack = rnnSequenceGradient(rnn, weightHh.at(`:${width}`), bars[0]);
      return [
        ...[all.hidden, all.cell, activations, back.gates, back.hidden, back.cell],
        ...[gru.hidden, gruBack.inputGates, gruBack.stateGates, gruBack.hidden],
        ...[rnn, rnnBack.sums, rnnBack.hidden],
      ];
    });
  },
);
