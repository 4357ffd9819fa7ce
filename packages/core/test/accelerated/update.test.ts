/** Updates of several tensors at once: those of the plain loops, and what is left to these. */
import {
  elementwiseUpdate,
  finishUpdates,
  noGrad,
  setBackend,
  setThreads,
  type Tensor,
  tensor,
  updateTogether,
  zeros,
} from "@chainrule/core";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";

afterEach(() => setBackend("auto"));

const exchange = elementwiseUpdate({
  arrays: ["a", "b"],
  parameters: ["scale"],
  values: (s, { a, b }, { scale }) => ({ a: s.mul(scale, b), b: s.sqrt(s.abs(a)) }),
});

test("all elements are read before any is written, for lengths that fill no vector or block", () => {
  for (const length of [1, 4, 7, 4096, 4099]) {
    const [a, b] = [draws(length).plain([length]), draws(2).plain([length])];
    const [wantedA, wantedB] = [b.mul(2).toTypedArray(), a.abs().sqrt().toTypedArray()];
    onBackend("wasm", () => noGrad(() => exchange({ a, b }, { scale: 2 })));
    expect(a.toTypedArray()).toEqual(wantedA);
    expect(b.toTypedArray()).toEqual(wantedB);
  }
});

test("functions without vectors, and angles of any size, are left to the plain loops", () => {
  const turn = elementwiseUpdate({
    arrays: ["x"],
    parameters: [],
    values: (s, { x }) => ({ x: s.sin(x) }),
  });
  const special = elementwiseUpdate({
    arrays: ["x"],
    parameters: [],
    values: (s, { x }) => ({ x: s.lgamma(x) }),
  });
  for (const update of [turn, special]) {
    const updated = (): ArrayLike<number> => {
      const x: Tensor = tensor([0.5, 3e9, 17, 1e30, 2]);
      noGrad(() => update({ x }, {}));
      return x.toTypedArray();
    };
    expect(onBackend("wasm", updated)).toEqual(onBackend("reference", updated));
  }
});

/** Lengths on the heap of the engine and in shared memory, of whole vectors and others. */
const lengths = [10, 300, 20_000, 16_385, 40_003, 16_384, 500];

/** Several tensors are changed, some of them twice, and what they become. */
function changeAll(threads: number, together: boolean): unknown {
  const before = setThreads(threads);
  try {
    const pairs = lengths.map((length, i) => {
      const [a, b] = [0, 1].map((k) => zeros([length]).add(draws(10 * i + k).plain([length])));
      return { a: a!, b: b! };
    });
    const change = (): void => {
      for (const [i, pair] of pairs.entries()) {
        exchange(pair, { scale: 1 + i });
        if (i % 3 === 0) exchange({ a: pair.b, b: pair.a }, { scale: 3 });
      }
      finishUpdates();
      const early = pairs.map(({ a }) => a.toTypedArray());
      for (const { a, b } of pairs) exchange({ a, b }, { scale: early[3]![7]! });
    };
    noGrad(() => (together ? updateTogether(change) : change()));
    return pairs.map(({ a, b }) => [a.toTypedArray(), b.toTypedArray()]);
  } finally {
    setThreads(before);
  }
}

test("updates that wait for one another give the same bits, on one thread and on two", () => {
  const run = (threads: number, together: boolean) =>
    onBackend("wasm", () => changeAll(threads, together));
  const wanted = run(1, false);
  expect(run(1, true)).toEqual(wanted);
  expect(run(2, true)).toEqual(wanted);
  expect(run(2, false)).toEqual(wanted);
});

test("what waits is done when another computation begins, and when the body throws", () => {
  const n = 1 << 15;
  onBackend("wasm", () =>
    noGrad(() => {
      const [a, b] = [zeros([n]).add(4), zeros([n]).add(9)];
      updateTogether(() => {
        exchange({ a, b }, { scale: 2 });
        expect(zeros([n]).add(1).mul(2).sum().item()).toBe(2 * n);
        expect(a.sum().item()).toBe(18 * n);
      });
      expect(() =>
        updateTogether(() => {
          exchange({ a, b }, { scale: 2 });
          throw new Error("stop");
        }),
      ).toThrow("stop");
      expect(a.sum().item()).toBe(4 * n);
    }),
  );
});
