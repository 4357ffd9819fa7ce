/** Rows looked up and added up by kernels: the bits of the plain loops. */
import { embedding, indexSelect, setBackend, setThreads, tensor, zeros } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend, specialNumbers } from "./backends.ts";

afterEach(() => setBackend("auto"));

interface Lookup {
  readonly rows: number;
  readonly width: number;
  readonly count: number;
  readonly paddingIdx: number | null;
  readonly scaleGradByFreq: boolean;
  readonly seed: number;
}

/** The rows, and the gradient of the table. */
function both({ rows, width, count, paddingIdx, scaleGradByFreq, seed }: Lookup): unknown {
  const draw = draws(seed);
  // A view of a table with a margin, or made by an op: where large, in shared memory.
  const whole = draw.plain([rows + 2, width]);
  const { data } = whole.storage;
  if (draw.integer(2) === 0)
    for (const special of specialNumbers) data[draw.integer(data.length)] = special;
  const table = (draw.integer(2) === 0 ? whole.mul(1) : whole).slice(0, 1, rows + 1);
  const leaf = table.detach().requiresGrad_();
  const index = Array.from({ length: count }, () => draw.integer(rows));
  const y = embedding(index, leaf, { paddingIdx, scaleGradByFreq });
  y.backward(zeros(y.shape).add(draws(seed + 1).plain(y.shape)));
  return [y.toTypedArray(), leaf.grad!.toTypedArray()];
}

test("any table, indices and options", () => {
  fc.assert(
    fc.property(
      fc.record({
        rows: fc.integer({ min: 1, max: 40 }),
        width: fc.integer({ min: 1, max: 21 }),
        count: fc.integer({ min: 1, max: 60 }),
        paddingIdx: fc.constantFrom(null, 0, -1),
        scaleGradByFreq: fc.boolean(),
        seed: fc.integer(),
      }),
      (lookup) => {
        const run = () => both(lookup);
        expect(onBackend("wasm", run)).toEqual(onBackend("reference", run));
      },
    ),
    { numRuns: 80 },
  );
});

test("more than one part, by one thread and by two", () => {
  for (const rows of [50, 3000]) {
    const options = { width: 37, paddingIdx: null, scaleGradByFreq: true, seed: 5 };
    const run = () => both({ rows, count: 2000, ...options });
    const plain = onBackend("reference", run);
    for (const threads of [1, 2]) {
      const before = setThreads(threads);
      try {
        expect(onBackend("wasm", run)).toEqual(plain);
      } finally {
        setThreads(before);
      }
    }
  }
});

test("rows by index, of any shape", () => {
  const draw = draws(3);
  for (const shape of [
    [5, 4],
    [9, 3, 7],
    [40, 500],
  ]) {
    const x = draw.plain(shape).mul(1);
    const index = tensor(
      Array.from({ length: 33 }, () => draw.integer(shape[0]!)),
      { dtype: "int32" },
    );
    for (const pick of [() => indexSelect(x, 0, index), () => x.index([index])])
      expect(onBackend("wasm", pick).toTypedArray()).toEqual(
        onBackend("reference", pick).toTypedArray(),
      );
  }
});
