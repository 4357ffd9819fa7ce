/** Accelerated functions of rows against double precision, within bounds derived from their roundings. */
import type { Tensor } from "@chainrule/core";
import {
  crossEntropy,
  layerNorm,
  logSoftmax,
  logsumexp,
  setBackend,
  softmax,
  tensor,
} from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";

afterEach(() => setBackend("auto"));

/** Half the distance of float32 numbers around 1: what a rounding may change a number by, as a share of it. */
const rounding = 2 ** -24;

const shapes = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70 }));

/** A result and the gradients of its operands. */
function withGradients(
  compute: (...operands: Tensor[]) => Tensor,
  operands: readonly Tensor[],
  cotangent: (shape: readonly number[]) => Tensor,
): number[][] {
  const leaves = operands.map((x) => x.detach().requiresGrad_());
  const result = compute(...leaves);
  result.backward(cotangent(result.shape).to(result.dtype));
  return [result, ...leaves.map((leaf) => leaf.grad!)].map((x) => Array.from(x.toTypedArray()));
}

/**
 * Compares with double precision: `allowed` is how many roundings of the number itself, and how many of numbers of
 * magnitude `scale`, an element may be off by.
 */
function expectNear(
  compute: (...operands: Tensor[]) => Tensor,
  operands: readonly Tensor[],
  seed: number,
  allowed: { readonly own: number; readonly common: number; readonly scale: number },
): void {
  const cotangent = (shape: readonly number[]) => draws(seed).plain(shape);
  const wide = operands.map((x) => x.to("float64"));
  const wanted = onBackend("reference", () => withGradients(compute, wide, cotangent));
  const given = onBackend("wasm", () => withGradients(compute, operands, cotangent));
  for (const [i, numbers] of wanted.entries()) {
    expect(given[i]).toHaveLength(numbers.length);
    for (const [at, exact] of numbers.entries()) {
      const value = given[i]![at]!;
      const own = allowed.own * Math.abs(exact);
      const bound = rounding * (own + allowed.common * allowed.scale) + 2 ** -140;
      if (!(Object.is(value, exact) || Math.abs(value - exact) <= bound))
        expect(value, `result ${i}, element ${at}, within ${bound}`).toBe(exact);
    }
  }
}

test("softmax and its logarithm, with gradients, for rows of any length", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), ([rows, length], seed) => {
      const spread = 20;
      const x = draws(seed).plain([rows, length], -spread, spread);
      // Subtracting the maximum rounds numbers of up to 2·spread, which exp turns into as many roundings of its result;
      // cotangents have magnitudes up to 2, and Σc up to 2·length.
      const own = 2 * (2 * spread + 4);
      expectNear((t) => softmax(t!, -1), [x], seed, { own, common: 3 * own, scale: 2 });
      const scale = 2 * spread + 2 * length;
      expectNear((t) => logSoftmax(t!, -1), [x], seed, { own, common: own, scale });
    }),
    { numRuns: 60 },
  );
});

test("softmax and its logarithm along other dimensions, and logsumexp over any", () => {
  const sizes = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 1, max: 12 })));
  const over = fc.subarray([0, 1, 2], { minLength: 1 });
  fc.assert(
    fc.property(
      sizes,
      fc.integer({ min: 0, max: 2 }),
      over,
      fc.integer(),
      (shape, dim, dims, seed) => {
        const spread = 20;
        const drawn = draws(seed).plain(shape, -spread, spread);
        const x = seed % 2 === 0 ? drawn : drawn.transpose(0, 2);
        const own = 2 * (2 * spread + 4);
        expectNear((t) => softmax(t!, dim), [x], seed, { own, common: 3 * own, scale: 2 });
        const scale = 2 * spread + 2 * Math.max(...shape);
        expectNear((t) => logSoftmax(t!, dim), [x], seed, { own, common: own, scale });
        expectNear((t) => logsumexp(t!, dims), [x], seed, { own, common: 3 * own, scale: 2 });
      },
    ),
    { numRuns: 40 },
  );
});

test("logsumexp of rows with infinities and NaN", () => {
  const { NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high, NaN: none } = Number;
  for (const row of [
    [low, low],
    [high, 1],
    [low, 2],
    [none, 1],
    [1000, low],
  ]) {
    const compute = () => logsumexp(tensor([row, row, [0, 0]]), 1).toTypedArray();
    const [exact] = onBackend("reference", compute);
    expect(Array.from(onBackend("wasm", compute))).toEqual([exact, exact, Math.fround(Math.LN2)]);
  }
});

test("softmax of rows with infinities and NaN", () => {
  const { NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high, NaN: none } = Number;
  const x = tensor([
    [0, low, 1, 2, low],
    [low, low, low, low, low],
    [0, high, 0, 0, 0],
    [0, 0, none, 0, 0],
    [1000, 0, 0, 999, -1000],
  ]);
  for (const compute of [softmax, logSoftmax]) {
    const given = onBackend("wasm", () => compute(x, -1)).toTypedArray();
    const wanted = onBackend("reference", () => compute(x, -1)).toTypedArray();
    for (const [i, value] of wanted.entries()) {
      if (Number.isFinite(value)) expect(given[i]).toBeCloseTo(value, 5);
      else expect(given[i]).toBe(value);
    }
  }
});

test("cross-entropy from class indices, some of them ignored", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), ([rows, length], seed) => {
      const draw = draws(seed);
      const x = draw.plain([rows, length], -10, 10);
      const classes = Int32Array.from({ length: rows }, () =>
        draw.integer(5) === 0 && rows > 1 ? -100 : draw.integer(length),
      );
      classes[0] = 0;
      const target = tensor(classes);
      for (const reduction of ["mean", "sum", "none"] as const) {
        const scale = reduction === "none" ? 2 : 2 * rows;
        expectNear((t) => crossEntropy(t!, target, { reduction }), [x], seed, {
          own: 60,
          common: 60,
          scale,
        });
      }
    }),
    { numRuns: 40 },
  );
});

test("what is ignored has no gradient, whatever it holds", () => {
  const x = tensor([
    [Number.NaN, 1, 2],
    [0, 1, 2],
  ]).requiresGrad_();
  onBackend("wasm", () => crossEntropy(x, tensor([-100, 1], { dtype: "int32" })).backward());
  expect((x.grad!.toArray() as number[][])[0]).toEqual([0, 0, 0]);
});

test("layer norm, with gradients", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), ([rows, width], seed) => {
      const length = width + 3;
      const draw = draws(seed);
      const x = draw.plain([rows, length], -2, 3);
      const [weight, bias] = [draw.plain([length]), draw.plain([length])];
      // With a deviation of 1/3 or more: numbers of up to 3 are rounded and divided by it, and multiplied by up to 2;
      // the
      // gradients of weight and bias are sums over the rows.
      expectNear((t, w, b) => layerNorm(t!, [length], w!, b!), [x, weight, bias], seed, {
        own: 30,
        common: 30,
        scale: 6 * 9 * rows,
      });
    }),
    { numRuns: 40 },
  );
});

test("sums and means over leading and trailing dimensions, the same for a view and its copy", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.boolean(),
      fc.integer(),
      (shape, isMean, isLeading, seed) => {
        const draw = draws(seed);
        const x = draw.view(shape);
        const count = 1 + draw.integer(shape.length);
        const dims = shape.map((_, i) => i);
        const chosen = isLeading ? dims.slice(0, count) : dims.slice(-count);
        expectSums((t) => (isMean ? t.mean(chosen) : t.sum(chosen)), x);
      },
    ),
    { numRuns: 100 },
  );
});

test("sums of long rows, and of many", () => {
  const draw = draws(12);
  for (const shape of [[20_001], [2, 5000], [3000, 7], [700, 90], [1, 4097]]) {
    const x = draw.plain(shape);
    for (const dim of [0, -1]) expectSums((t) => t.sum(dim), x);
    expectSums((t) => t.sum(), x);
  }
});

/** Sums in double precision, rounded once. */
function expectSums(compute: (x: Tensor) => Tensor, x: Tensor): void {
  const given = onBackend("wasm", () => compute(x)).toTypedArray();
  const copied = onBackend("wasm", () => compute(x.clone())).toTypedArray();
  expect(copied).toEqual(given);
  const wanted = onBackend("reference", () => compute(x.to("float64"))).toTypedArray();
  const magnitudes = onBackend("reference", () => compute(x.to("float64").abs())).toTypedArray();
  for (const [i, exact] of wanted.entries()) {
    const bound = rounding * Math.abs(exact) + 2 ** -53 * x.numel() * magnitudes[i]! + 2 ** -149;
    if (!(Object.is(given[i], exact) || Math.abs(given[i]! - exact) <= bound))
      expect(given[i], `element ${i} within ${bound}`).toBe(exact);
  }
}

test("a view gives the bits of its copy; other dimensions give those of rows", () => {
  const x = draws(1).plain([40, 33]);
  const turned = x.transpose(0, 1);
  for (const compute of [softmax, logSoftmax]) {
    const rows = (t: Tensor) => {
      const leaf = t.detach().requiresGrad_();
      const y = compute(leaf, -1);
      y.backward(turned);
      return [y.toTypedArray(), leaf.grad!.toTypedArray()];
    };
    const ofView = onBackend("wasm", () => rows(turned));
    expect(ofView).toEqual(onBackend("wasm", () => rows(turned.clone())));
    const along = () => compute(x, 0).transpose(0, 1).clone().toTypedArray();
    expect(onBackend("wasm", along)).toEqual(ofView[0]);
  }
});
