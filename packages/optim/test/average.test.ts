import type { Tensor } from "@chainrule/core";
import { embedding, Generator, noGrad, randn, ShapeError, tensor, zeros } from "@chainrule/core";
import {
  Adam,
  ExponentialMovingAverage,
  GradientAccumulation,
  SGD,
  StochasticWeightAverage,
} from "@chainrule/optim";
import { describe, expect, test } from "vitest";

const leaf = (values: Parameters<typeof tensor>[0]): Tensor =>
  tensor(values, { requiresGrad: true, dtype: "float64" });

const set = (x: Tensor, value: Parameters<typeof tensor>[0]): void => {
  noGrad(() => x.copy_(tensor(value)));
};

describe("averages of weights", () => {
  test("follow their formulas; the first update is a copy", () => {
    const w = leaf([100, -100]);
    const moving = new ExponentialMovingAverage([w], { decay: 0.9 });
    const warm = new ExponentialMovingAverage([w], { decay: 0.9, warmup: true });
    const mean = new StochasticWeightAverage([w]);
    let [expected, expectedWarm] = [0, 0];
    const values = [3, -1, 4, 1, -5];
    for (const [i, value] of values.entries()) {
      set(w, [value, 0]);
      for (const average of [moving, warm, mean]) average.update();
      expected = i === 0 ? value : 0.9 * expected + 0.1 * value;
      const kept = Math.min(0.9, (2 + i) / (11 + i));
      expectedWarm = i === 0 ? value : kept * expectedWarm + (1 - kept) * value;
    }
    const read = (average: { use<T>(body: () => T): T }): number =>
      average.use(() => w.at(0).item());
    expect(read(moving)).toBeCloseTo(expected, 14);
    expect(read(warm)).toBeCloseTo(expectedWarm, 14);
    expect(read(mean)).toBeCloseTo(2 / 5, 14);
    expect(w.toArray()).toEqual([-5, 0]);
  });

  test("are used for a while, whatever happens meanwhile", async () => {
    const w = leaf([1]);
    const average = new StochasticWeightAverage([w]);
    average.update();
    set(w, [3]);
    expect(() =>
      average.use(() => {
        expect(w.item()).toBe(1);
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(w.item()).toBe(3);
    const later = average.use(async () => {
      await null;
      return w.item();
    });
    expect(w.item()).toBe(1);
    expect(await later).toBe(1);
    expect(w.item()).toBe(3);
    await expect(average.use(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(w.item()).toBe(3);
  });

  test("are copied, saved and loaded; counters are kept, not averaged", () => {
    const [w, counter] = [leaf([[1, 2]]), tensor([1], { dtype: "int32" })];
    const average = new ExponentialMovingAverage([w, counter], { decay: 0.5 });
    average.update();
    set(w, [[3, 4]]);
    counter.fill_(2);
    average.update();
    const target = [zeros([1, 2]), tensor([0], { dtype: "int32" })];
    average.copyTo(target);
    expect(target.map((x) => x.toArray())).toEqual([[[2, 3]], [2]]);
    const other = new ExponentialMovingAverage([w, counter], { decay: 0.5 });
    const state = average.stateDict();
    other.loadStateDict(state);
    average.update();
    other.update();
    expect(JSON.stringify(other.stateDict())).toBe(JSON.stringify(average.stateDict()));
    expect(JSON.stringify(state)).not.toBe(JSON.stringify(average.stateDict()));
    expect(() => other.loadStateDict({ ...state, averages: [w] })).toThrow(
      /1 tensors .* 2 averages/,
    );
    expect(() => other.loadStateDict({ ...state, averages: [counter, w] })).toThrow(ShapeError);
    expect(() => other.loadStateDict({ ...state, updates: -1 })).toThrow(/updates/);
    expect(() => other.copyTo([w])).toThrow(/1 tensors were given for 2 averages/);
  });

  test("refuse what makes none", () => {
    expect(() => new StochasticWeightAverage([])).toThrow(/there are no parameters/);
    expect(() => new ExponentialMovingAverage([leaf([1])], { decay: 1.5 })).toThrow(/from 0 to 1/);
    // @ts-expect-error misspelt
    expect(() => new ExponentialMovingAverage([leaf([1])], { beta: 1 })).toThrow(/unknown option/);
    expect(() => new StochasticWeightAverage([1 as never])).toThrow(/parameter 0 is no tensor/);
  });
});

describe("accumulation of gradients", () => {
  test("makes the step of one large batch, and of what is left", () => {
    const generator = new Generator(1);
    const x = randn([10, 3], { generator, dtype: "float64" });
    const loss = (w: Tensor, rows: string): Tensor => x.at(rows).matmul(w).sub(1).square().mean();
    const [small, large] = [leaf([0, 0, 0]), leaf([0, 0, 0])];
    const accumulation = new GradientAccumulation(new Adam([small], { lr: 0.1 }), { steps: 3 });
    const moved: boolean[] = [];
    for (const rows of ["0:2", "2:4", "4:6", "6:8", "8:10"]) {
      accumulation.backward(loss(small, rows));
      moved.push(accumulation.step());
    }
    expect(moved).toEqual([false, false, true, false, false]);
    expect(accumulation.pending).toBe(2);
    expect(accumulation.flush()).toBe(true);
    expect(accumulation.flush()).toBe(false);
    const optimizer = new Adam([large], { lr: 0.1 });
    for (const rows of ["0:6", "6:10"]) {
      optimizer.zeroGrad();
      loss(large, rows).backward();
      optimizer.step();
    }
    expect(small.detach().sub(large.detach()).abs().max().item()).toBeLessThan(1e-14);
  });

  test("says when it is due, and takes row-sparse gradients", () => {
    const w = leaf([[1], [1], [1]]);
    const accumulation = new GradientAccumulation(new SGD([w], { lr: 1 }), { steps: 2 });
    for (const row of [0, 2]) {
      expect(accumulation.isDue).toBe(false);
      accumulation.backward(embedding([row], w, { sparse: true }).sum());
    }
    expect(accumulation.isDue).toBe(true);
    expect(w.grad?.isSparse).toBe(true);
    accumulation.step();
    expect(w.toArray()).toEqual([[0.5], [1], [0.5]]);
    expect(w.grad).toBeNull();
    accumulation.backward(embedding([1], w, { sparse: true }).sum());
    accumulation.flush();
    expect(w.toArray()).toEqual([[0.5], [0], [0.5]]);
  });

  test("refuses what is no optimizer or no number of batches", () => {
    // @ts-expect-error no optimizer
    expect(() => new GradientAccumulation({}, { steps: 2 })).toThrow(/expected an optimizer/);
    const optimizer = new SGD([leaf([1])], { lr: 1 });
    expect(() => new GradientAccumulation(optimizer, { steps: 0 })).toThrow(/steps/);
    // @ts-expect-error PyTorch Lightning's name
    expect(() => new GradientAccumulation(optimizer, { batches: 2 })).toThrow(/unknown option/);
  });
});
