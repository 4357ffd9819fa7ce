/**
 * Data sets, loaders, splits, labels and scalers.
 */
import { arange, Generator, manualSeed, rand, tensor } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  collate,
  DataLoader,
  kFold,
  LabelEncoder,
  MappedDataset,
  MinMaxScaler,
  StandardScaler,
  Subset,
  TensorDataset,
  trainTestSplit,
} from "../src/index.ts";

const flat = (batches: readonly (readonly [{ toArray(): unknown }])[]): unknown[] =>
  batches.map(([x]) => x.toArray());

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

describe("data sets", () => {
  test("what differs in length is refused, with the lengths", () => {
    expect(() => new TensorDataset([arange(3), arange(4)])).toThrow(
      /have 3, 4 rows \(shapes \[3\], \[4\]\)/,
    );
    expect(() => new TensorDataset([tensor(1)])).toThrow(/entry 0 is a single number/);
    expect(() => new TensorDataset([])).toThrow(/expected an array of tensors/);
  });

  test("NaN in the data is refused, with its place", () => {
    const x = tensor([
      [1, 2],
      [3, Number.NaN],
    ]);
    expect(() => new TensorDataset([x, arange(2)])).toThrow(
      /sample 1 of entry 0, number 1 of its 2 is NaN/,
    );
    expect(new TensorDataset([x], { allowNonFinite: true }).length).toBe(2);
    expect(() => new TensorDataset([x], { allowNan: true } as never)).toThrow(/unknown option/);
  });

  test("samples are found by number, and no others", () => {
    const data = new TensorDataset([arange(4).reshape([4, 1]), arange(4)]);
    expect(data.get(2).map((x) => x.toArray())).toEqual([[2], 2]);
    expect(() => data.get(4)).toThrow(/there is no sample 4; they go from 0 to 3/);
    const part = new Subset(data, [3, 1]);
    expect(String(part.get(0))).toBe(String(data.get(3)));
    expect(() => new Subset(data, [4])).toThrow(/no sample 4/);
    const doubled = new MappedDataset(part, ([x]) => 2 * x.item());
    expect([doubled.length, doubled.get(0), doubled.get(1)]).toEqual([2, 6, 2]);
  });

  test("samples become batches part by part", () => {
    const batch = collate([
      { x: tensor([1, 2]), y: 1, name: "a", pair: [true, 0.5] as const },
      { x: tensor([3, 4]), y: 2, name: "b", pair: [false, 1] as const },
    ]);
    expect(batch.x.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect([batch.y.dtype, batch.name, batch.pair[0].dtype, batch.pair[1].toArray()]).toEqual([
      "int32",
      ["a", "b"],
      "bool",
      [0.5, 1],
    ]);
    expect(() => collate([])).toThrow(/an empty batch/);
    expect(() => collate([tensor([1]), tensor([1, 2])])).toThrow(/shapes \[1\] and \[2\]/);
    expect(() => collate<unknown>([1, "2"])).toThrow(/must all be of type number, not "2"/);
    expect(() => collate([[1], [1, 2]])).toThrow(/arrays of 1/);
    expect(() => collate<object>([{ a: 1 }, { b: 1 }])).toThrow(/must all be objects of a/);
    const proto = JSON.parse('{"__proto__": 1}') as Record<string, number>;
    expect(Object.keys(collate([proto]))).toEqual(["__proto__"]);
  });
});

describe("DataLoader", () => {
  test("takes the rows of a tensor, in any order", async () => {
    const x = arange(6).reshape([3, 2]);
    const plain = new DataLoader(x, { batchSize: 2 });
    expect([...plain].map((batch) => batch.toArray())).toEqual([
      [
        [0, 1],
        [2, 3],
      ],
      [[4, 5]],
    ]);
    const loader = new DataLoader(x, { shuffle: true, generator: new Generator(1) });
    const rows = (await collected(loader)).map((batch) => batch.at(0, 0).item());
    expect(rows.toSorted()).toEqual([0, 2, 4]);
    expect(() => new DataLoader(tensor(1))).toThrow(/a single number has no rows/);
  });

  const data = new TensorDataset([arange(7)]);

  test("parts the samples in their order, or in one of its own for each epoch", async () => {
    const loader = new DataLoader(data, { batchSize: 3 });
    expect(flat([...loader])).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(flat(await collected(loader))).toEqual(flat([...loader]));
    expect(flat([...new DataLoader(data, { batchSize: 3, dropLast: true })]).length).toBe(2);
    const shuffled = new DataLoader(data, { shuffle: true, generator: new Generator(1) });
    const epochs = [flat([...shuffled]), flat([...shuffled])];
    for (const epoch of epochs) expect(epoch.flat().toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(epochs[0]).not.toEqual(epochs[1]);
  });

  test("the order does not depend on what else is drawn", () => {
    manualSeed(3);
    const once = flat([...new DataLoader(data, { shuffle: true })]);
    manualSeed(3);
    const again: unknown[] = [];
    for (const [x] of new DataLoader(data, { shuffle: true })) {
      again.push(x.toArray());
      new Generator(5).uniform();
    }
    expect(again).toEqual(once);
  });

  test("goes on behind the last batch, wherever it stopped", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          samples: fc.integer({ min: 1, max: 20 }),
          batchSize: fc.integer({ min: 1, max: 6 }),
          shuffle: fc.boolean(),
          prefetch: fc.integer({ min: 0, max: 3 }),
          stop: fc.integer({ min: 0, max: 60 }),
        }),
        async ({ samples, batchSize, shuffle, prefetch, stop }) => {
          const make = () =>
            new DataLoader(new TensorDataset([arange(samples)]), {
              batchSize,
              shuffle,
              prefetch,
              generator: new Generator(9),
            });
          const whole: unknown[] = [];
          const loader = make();
          for (let epoch = 0; epoch < 3; epoch++) {
            for await (const [x] of loader) whole.push(x.toArray());
          }
          const first = make();
          const seen: unknown[] = [];
          let state = JSON.parse(JSON.stringify(first.stateDict()));
          outer: for (let epoch = 0; epoch < 3; epoch++) {
            for await (const [x] of first) {
              if (seen.length === stop) break outer;
              seen.push(x.toArray());
              state = JSON.parse(JSON.stringify(first.stateDict()));
            }
            state = JSON.parse(JSON.stringify(first.stateDict()));
          }
          const second = make();
          second.loadStateDict(state);
          while (seen.length < whole.length) {
            for await (const [x] of second) seen.push(x.toArray());
          }
          expect(seen).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("a state of another loader is refused", () => {
    const plain = new DataLoader(data, { batchSize: 3 });
    const state = { epochSeed: null, position: 1, generator: null };
    expect(() => plain.loadStateDict({ ...state, position: 4 })).toThrow(
      /position must be .* to 3/,
    );
    expect(() => plain.loadStateDict({ ...state, epochSeed: 1 })).toThrow(/that shuffles/);
    expect(() => plain.loadStateDict({ ...state, generator: new Generator().getState() })).toThrow(
      /a generator of its own/,
    );
    expect(() => new DataLoader(data, { shuffle: true }).loadStateDict(state)).toThrow(
      /does not shuffle/,
    );
    expect(() => plain.loadStateDict({} as never)).toThrow(/position must be/);
  });

  test("takes streams, arrays, promises, and fetches ahead", async () => {
    async function* lines(): AsyncGenerator<number> {
      for (let i = 0; i < 5; i++) yield i;
    }
    const stream = new DataLoader(lines, { batchSize: 2, prefetch: 2 });
    expect(stream.length).toBe(null);
    for (let epoch = 0; epoch < 2; epoch++) {
      expect((await collected(stream)).map((x) => x.toArray())).toEqual([[0, 1], [2, 3], [4]]);
    }
    const resumed = new DataLoader(lines, { batchSize: 2 });
    resumed.loadStateDict({ epochSeed: null, position: 2, generator: null });
    expect((await collected(resumed)).map((x) => x.toArray())).toEqual([[4]]);
    expect(() => [...stream]).toThrow(/for await/);
    expect(() => new DataLoader(lines, { shuffle: true })).toThrow(/cannot be shuffled/);
    expect([...new DataLoader([1, 2, 3], { batchSize: 2 })].length).toBe(2);

    const started: number[] = [];
    const slow = {
      length: 6,
      get: async (i: number) => {
        started.push(i);
        return i;
      },
    };
    const ahead = new DataLoader(slow, { batchSize: 2, prefetch: 1 });
    expect(() => [...ahead]).toThrow(/is a promise/);
    started.length = 0;
    for await (const batch of ahead) {
      expect(batch.toArray()).toEqual([0, 1]);
      expect(started).toEqual([0, 1, 2, 3]);
      break;
    }
  });

  test("an error of the data set arrives at its batch", async () => {
    const broken = {
      length: 4,
      get: async (i: number) => {
        if (i === 3) throw new Error("disk full");
        return i;
      },
    };
    const seen: unknown[] = [];
    await expect(async () => {
      for await (const batch of new DataLoader(broken, { prefetch: 3 })) seen.push(batch.item());
    }).rejects.toThrow("disk full");
    expect(seen).toEqual([0, 1, 2]);
  });

  test("bad options are refused", () => {
    expect(() => new DataLoader(new TensorDataset([arange(0)]))).toThrow(/the data set is empty/);
    expect(() => new DataLoader(data, { batchSize: 8, dropLast: true })).toThrow(/has 7 samples/);
    expect(() => new DataLoader(data, { batchSize: 0 })).toThrow(/batchSize must be/);
    expect(() => new DataLoader(data, { batchsize: 2 } as never)).toThrow(
      /unknown option "batchsize"/,
    );
    expect(() => new DataLoader(data, { shuffle: 1 as never })).toThrow(/true or false/);
    expect(() => new DataLoader(data, { generator: 1 as never })).toThrow(/must be a Generator/);
    expect(() => new DataLoader(5 as never)).toThrow(/expected a data set/);
  });
});

describe("splits", () => {
  test("each sample is in one part; labels keep their shares", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 12, maxLength: 60 }),
        fc.integer({ min: 2, max: 4 }),
        (extra, folds) => {
          const labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, ...extra];
          const n = labels.length;
          const generator = new Generator(1);
          const split = trainTestSplit([arange(n), tensor(labels)], {
            stratify: labels,
            generator,
          });
          const all = [...split.trainIndices, ...split.testIndices].toSorted((a, b) => a - b);
          expect(all).toEqual(Array.from({ length: n }, (_, i) => i));
          expect(split.test[0].toTypedArray()).toEqual(split.testIndices);
          expect(split.testIndices.length).toBe(Math.round(n / 4));
          for (const label of [0, 1, 2]) {
            const total = labels.filter((one) => one === label).length;
            const tested = [...split.testIndices].filter((i) => labels[i] === label).length;
            expect(Math.abs(tested - (total * split.testIndices.length) / n)).toBeLessThan(1);
          }
          const parts = kFold([arange(n)], { folds, stratify: labels, generator });
          const tests = parts.flatMap(({ testIndices }) => [...testIndices]);
          expect(tests.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
          for (const { trainIndices, testIndices } of parts) {
            expect(trainIndices.length + testIndices.length).toBe(n);
            for (const label of [0, 1, 2]) {
              const total = labels.filter((one) => one === label).length;
              const tested = [...testIndices].filter((i) => labels[i] === label).length;
              expect(Math.abs(tested - total / folds)).toBeLessThan(1);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test("data sets are split into data sets", () => {
    const data = new TensorDataset([arange(8), arange(8)]);
    const { train, test } = trainTestSplit(data, { testSize: 2, shuffle: false });
    expect([train.length, test.length]).toEqual([6, 2]);
    expect([...new DataLoader(test, { batchSize: 2 })][0]![0].toArray()).toEqual([6, 7]);
    expect(kFold(data, { folds: 3, shuffle: false }).map((fold) => fold.test.length)).toEqual([
      3, 3, 2,
    ]);
  });

  test("what cannot be split is refused", () => {
    const x = [arange(4)] as const;
    expect(() => trainTestSplit(x, { testSize: 4 })).toThrow(/leaves 0 of 4 samples/);
    expect(() => trainTestSplit(x, { testSize: 0 })).toThrow(/leaves 4 of 4/);
    expect(() => trainTestSplit(x, { testSize: 1.5 })).toThrow(/whole number/);
    expect(() => trainTestSplit(x, { stratify: [0, 1] })).toThrow(/2 labels for 4 samples/);
    expect(() => trainTestSplit(x, { stratify: [0, 0, 0, 1] })).toThrow(/label 1 has 1 sample,/);
    expect(() => trainTestSplit(x, { stratify: [0, 0, 1, 1], shuffle: false })).toThrow(
      /forbids it/,
    );
    expect(() => trainTestSplit([arange(3), arange(4)])).toThrow(/3, 4 rows/);
    expect(() => kFold(x, { folds: 5 })).toThrow(/4 samples cannot be parted into 5/);
    expect(() => kFold(x, { folds: 1 })).toThrow(/folds must be/);
    expect(() => kFold({} as never)).toThrow(/expected tensors/);
  });
});

describe("labels and scalers", () => {
  test("labels", () => {
    const encoder = new LabelEncoder([10, 2, 2, -1]);
    expect(encoder.classes).toEqual([-1, 2, 10]);
    expect(encoder.decode(encoder.encode(tensor([10, 2])))).toEqual([10, 2]);
    expect(() => encoder.encode([3])).toThrow(/label 3 \(number 0\) is not among the 3 classes/);
    expect(() => encoder.decode([3])).toThrow(/3 is no class; they go from 0 to 2/);
    expect(() => new LabelEncoder([])).toThrow(/no labels/);
    expect(() => new LabelEncoder([Number.NaN])).toThrow(/label 0 is NaN/);
    expect(() => new LabelEncoder(tensor([[1, 2]]))).toThrow(/one number for each sample/);
  });

  test("scalers remember what they were fitted on", () => {
    const x = tensor(
      [
        [1, 5, -2],
        [3, 5, 4],
        [8, 5, 1],
      ],
      { dtype: "float64" },
    );
    for (const make of [() => new StandardScaler(), () => new MinMaxScaler({ range: [-1, 1] })]) {
      const scaler = make().fit(x);
      const back = scaler.inverseTransform(scaler.transform(x));
      expect(back.sub(x).abs().max().item()).toBeLessThan(1e-14);
      const other = make();
      expect(() => other.transform(x)).toThrow(/Call fit with the training data first/);
      other.loadStateDict(JSON.parse(JSON.stringify(scaler.stateDict())));
      expect(other.transform(x).toArray()).toEqual(scaler.transform(x).toArray());
      expect(() => scaler.transform(tensor([[1, 2]]))).toThrow(/expected shape \[samples, 3\]/);
      expect(() => other.loadStateDict({ shift: [1], scale: [0], features: [1] })).toThrow(
        /scale other than 0/,
      );
    }
    const standard = new StandardScaler().fitTransform(x);
    expect(standard.mean(0).abs().max().item()).toBeLessThan(1e-15);
    expect(standard.std(0, { correction: 0 }).toArray()).toEqual([
      expect.closeTo(1, 12),
      0,
      expect.closeTo(1, 12),
    ]);
    expect(new MinMaxScaler().fitTransform(x).at(":", 0).toArray()).toEqual([0, 2 / 7, 1]);
    expect(() => new StandardScaler().fit(tensor([[1], [Number.NaN]]))).toThrow(
      /sample 1 has NaN in column 0/,
    );
    expect(() => new StandardScaler().fit(tensor([]))).toThrow(/no samples/);
    expect(() => new MinMaxScaler({ range: [1, 1] })).toThrow(/must rise/);
    // Mean and deviation of large numbers lose no digits.
    const large = tensor([1e9, 1e9 + 2], { dtype: "float64" });
    expect(new StandardScaler().fitTransform(large).toArray()).toEqual([-1, 1]);
  });
});

describe("models without gradients", () => {
  const x = rand([60, 2], { generator: new Generator(0) });
  const y = x.at(":", 0).gt(x.at(":", 1)).to("int32").mul(2).sub(1);
  const data = new TensorDataset([x, y]);
  const sources = {
    tensors: [x, y],
    "a data set": data,
    "a subset": new Subset(data, [...Array(60).keys()]),
    "samples that come as promises": new MappedDataset(data, async ([a, b]) => [a, b] as const),
    "a loader": new DataLoader(data, { batchSize: 60 }),
    "a loader that fetches ahead": new DataLoader(data, { batchSize: 7, prefetch: 2 }),
    "a loader of a stream": new DataLoader(
      async function* () {
        for (let i = 0; i < 60; i++) yield data.get(i);
      },
      { batchSize: 60 },
    ),
  } as const;

  test.each(Object.entries(sources))("take %s, as fit does", async (_name, source) => {
    const make = () => new nn.Perceptron(2, { dtype: "float64" });
    const [perceptron, expected] = [make(), make()];
    await expected.fit([x, y], { epochs: 20 });
    await perceptron.fit(source, { epochs: 20 });
    expect(perceptron.weight.toArray()).toEqual(expected.weight.toArray());
    const map = new nn.SelfOrganizingMap(3, 3, 2);
    const { quantizationError } = await map.fit(source, { epochs: 8 });
    expect(quantizationError.at(-1)).toBeLessThan(0.3);
  });
});
