/** Copies between layouts of shared memory: the plain loops give every bit. */
import { cat, scope, setBackend, setThreads, stack, Tensor } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isShared } from "../../src/accelerated/backend.ts";
import { draws, onBackend } from "./backends.ts";

// Whatever the suite runs on: nothing lies in shared memory where plain loops are asked for.
beforeEach(() => setBackend("auto"));
afterEach(() => setBackend("auto"));

function bits(x: Tensor): Buffer {
  return Buffer.from(x.toTypedArray().slice().buffer);
}

/** What is computed on plain loops, and on kernels with so many threads. */
function expectSameBits(compute: () => Tensor, counts: readonly number[]): void {
  const wanted = onBackend("reference", () => bits(compute()));
  const before = setThreads(1);
  for (const threads of counts) {
    setThreads(threads);
    expect(onBackend("wasm", () => bits(compute())).equals(wanted)).toBe(true);
  }
  setThreads(before);
}

/** The same tensor, in shared memory: large enough, and given back at the end of a scope. */
function shared(x: Tensor): Tensor {
  const all = new Tensor(x.storage, "float32", [x.storage.data.length]);
  const { storage } = all.requiresGrad_().clone();
  expect(isShared(storage.data)).toBe(true);
  return new Tensor(storage, "float32", x.shape, x.strides, x.offset);
}

test("views of any strides, some of them stretched", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      fc.integer(),
      (lengths, seed) => {
        const draw = draws(seed);
        const shape = lengths.slice();
        while (shape.reduce((a, b) => a * b, 1) < 17_000) {
          const dim = draw.integer(shape.length);
          shape[dim] = 2 * shape[dim]! + draw.integer(3);
        }
        scope(() => {
          const x = shared(draw.view(shape));
          const dim = draw.integer(shape.length);
          const y = draw.integer(3) === 0 ? x.narrow(dim, 0, 1).expand(shape) : x;
          expectSameBits(() => y.clone(), [1]);
        });
      },
    ),
    { numRuns: 40 },
  );
});

test("planes and rows that are larger than a part, and what is joined", () => {
  scope(() => {
    const draw = draws(2);
    for (const [rows, columns] of [
      [3, 30_001],
      [30_001, 3],
      [17, 20_000],
      [259, 263],
      [1, 40_000],
    ] as const) {
      const x = shared(draw.plain([rows, columns]));
      expectSameBits(() => x.transpose(0, 1).clone(), [1, 2]);
      expectSameBits(() => x.narrow(0, 0, 1).expand([rows, columns]).clone(), [1, 2]);
      expectSameBits(() => cat([x, x.narrow(1, 0, 1), x], 1), [1, 2]);
      expectSameBits(() => stack([x, x], 2), [1, 2]);
    }
  });
});
