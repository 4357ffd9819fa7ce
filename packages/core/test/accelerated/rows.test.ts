/** Accelerated functions of rows against double precision, within bounds derived from their roundings. */
import type { Tensor } from "@chainrule/core";
import { crossEntropy, logSoftmax, logsumexp, setBackend, softmax, tensor } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";
import { expectNear } from "./near.ts";

afterEach(() => setBackend("auto"));

const shapes = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70 }));

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

test("cross-entropy with weights, smoothing, ignored samples and places behind the classes", () => {
  const lengths = fc.tuple(...[3, 20, 5].map((max) => fc.integer({ min: 1, max })));
  fc.assert(
    fc.property(
      lengths,
      fc.constantFrom(0, 0.1, 1),
      fc.boolean(),
      fc.integer(),
      ([samples, classes, places], labelSmoothing, isWeighted, seed) => {
        const draw = draws(seed);
        const x = draw.plain([samples!, classes!, places!], -10, 10);
        const weight = draw.plain([classes!], 0.5, 2);
        const indices = Int32Array.from({ length: samples! * places! }, () =>
          draw.integer(4) === 0 ? -1 : draw.integer(classes!),
        );
        indices[0] = 0;
        const target = tensor(indices).reshape([samples!, places!]);
        for (const reduction of ["mean", "sum", "none"] as const) {
          const options = { labelSmoothing, reduction, ignoreIndex: -1 };
          // Numbers of up to 20 and 5 roundings of them in each of the sums over the classes, which are divided by as many.
          const allowed = { own: 100, common: 200, scale: 4 * samples! * places! };
          const of = (t: Tensor): Tensor => {
            const weights = isWeighted ? { weight: weight.to(t.dtype) } : {};
            return crossEntropy(t, target, { ...options, ...weights });
          };
          expectNear((t) => of(t!), [x], seed, allowed);
        }
      },
    ),
    { numRuns: 60 },
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

test("a small part of shared memory gives the bits of a copy that lies elsewhere", () => {
  const x = draws(2).plain([20_000]).clone();
  for (const length of [100, 300, 500, 1000, 3000]) {
    const part = x.narrow(0, 0, length);
    const copy = tensor(part.toTypedArray().slice());
    for (const compute of [
      (t: Tensor) => softmax(t, 0),
      (t: Tensor) => logsumexp(t, 0),
      (t: Tensor) => t.mul(t).sum(),
      (t: Tensor) => t.var(),
    ])
      expect(compute(part).toTypedArray()).toEqual(compute(copy).toTypedArray());
  }
});
