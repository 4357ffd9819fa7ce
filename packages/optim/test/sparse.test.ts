import type { Tensor } from "@chainrule/core";
import { embedding, Generator, GradError, keptRows, randint, randn, tensor } from "@chainrule/core";
import {
  Adagrad,
  Adam,
  clipGradNorm_,
  clipGradValue_,
  Lion,
  SGD,
  SparseAdam,
} from "@chainrule/optim";
import { describe, expect, test } from "vitest";

const table = (rows: number): Tensor =>
  tensor(randn([rows, 3], { generator: new Generator(1), dtype: "float64" }), {
    requiresGrad: true,
    dtype: "float64",
  });

/** Whether the whole table has been made of the rows. */
const isMade = (x: Tensor): boolean =>
  Object.getOwnPropertyDescriptor(x.storage, "data")?.get === undefined;

/** A step of each optimizer with the gradients of one batch of lookups. */
function train(
  tables: readonly Tensor[],
  optimizers: readonly { zeroGrad(): void; step(): void }[],
  sparse: readonly boolean[],
): void {
  const generator = new Generator(3);
  for (let step = 0; step < 12; step++) {
    const index = randint(0, 20, [5], { generator });
    const scale = randn([3], { generator, dtype: "float64" });
    for (const [i, w] of tables.entries()) {
      optimizers[i]!.zeroGrad();
      embedding(index, w, { sparse: sparse[i]! }).sub(1).square().mul(scale).sum().backward();
      optimizers[i]!.step();
    }
  }
}

describe("row-sparse gradients", () => {
  test.each<[string, boolean, (params: Tensor[]) => SGD | Adagrad | Adam | Lion]>([
    ["SGD", true, (params) => new SGD(params, { lr: 0.05 })],
    ["SGD, climbing", true, (params) => new SGD(params, { lr: 0.05, maximize: true })],
    ["SGD with momentum", false, (params) => new SGD(params, { lr: 0.05, momentum: 0.9 })],
    ["SGD with weight decay", false, (params) => new SGD(params, { lr: 0.05, weightDecay: 0.1 })],
    ["SGD with an L1 penalty", false, (params) => new SGD(params, { lr: 0.05, l1: 0.1 })],
    ["Adagrad", true, (params) => new Adagrad(params, { lr: 0.1, lrDecay: 0.1 })],
    [
      "Adagrad, climbing from a sum",
      true,
      (params) => new Adagrad(params, { initialAccumulatorValue: 0.1, maximize: true }),
    ],
    ["Adagrad with weight decay", false, (params) => new Adagrad(params, { weightDecay: 0.1 })],
    ["Adam", false, (params) => new Adam(params, { lr: 0.1 })],
    ["Lion", false, (params) => new Lion(params, { lr: 0.1 })],
  ])("move %s as dense ones do", (_name, rowsOnly, make) => {
    const tables = [table(20), table(20)];
    train(
      tables,
      tables.map((w) => make([w])),
      [true, false],
    );
    expect(tables[0]!.toArray()).toEqual(tables[1]!.toArray());
    // What needs only the rows has not made a table of them.
    expect(isMade(tables[0]!.grad!)).toBe(!rowsOnly);
  });

  test("move only their rows with SparseAdam: each table row as Adam would from its own gradients", () => {
    const w = table(4);
    const before = w.toArray();
    const optimizer = new SparseAdam([w], { lr: 0.1, eps: 0 });
    const alone = tensor(w.detach().at([2]), { requiresGrad: true, dtype: "float64" });
    const adam = new Adam([alone], { lr: 0.1, eps: 0 });
    for (let step = 0; step < 5; step++) {
      optimizer.zeroGrad();
      adam.zeroGrad();
      embedding([2, 2], w, { sparse: true }).square().sum().backward();
      alone.square().sum().mul(2).backward();
      optimizer.step();
      adam.step();
    }
    expect(w.detach().at([2]).sub(alone.detach()).abs().max().item()).toBeLessThan(1e-14);
    for (const row of [0, 1, 3]) expect(w.at(row).toArray()).toEqual((before as number[][])[row]);
    // A step without a gradient for a row leaves it, whatever its averages are.
    const held = w.at(2).toArray();
    optimizer.zeroGrad();
    embedding([0], w, { sparse: true }).sum().backward();
    optimizer.step();
    expect(w.at(2).toArray()).toEqual(held);
    expect(isMade(w.grad!)).toBe(false);
  });

  test("SparseAdam climbs, goes on from its state, and refuses dense gradients", () => {
    const [up, down] = [table(4), table(4)];
    const optimizers = [new SparseAdam([up], { maximize: true }), new SparseAdam([down])];
    const run = (): void => {
      for (const [i, w] of [up, down].entries()) {
        optimizers[i]!.zeroGrad();
        embedding([1, 3], w, { sparse: true })
          .pow(2)
          .sum()
          .mul(i === 0 ? -1 : 1)
          .backward();
        optimizers[i]!.step();
      }
    };
    run();
    const resumed = new SparseAdam([up], { maximize: true });
    resumed.loadStateDict(optimizers[0]!.stateDict());
    optimizers[0] = resumed;
    run();
    expect(up.toArray()).toEqual(down.toArray());
    up.grad = up.detach();
    const before = up.toArray();
    expect(() => resumed.step()).toThrow(GradError);
    expect(() => resumed.step()).toThrow(/SparseAdam: the gradient is not row-sparse/);
    expect(up.toArray()).toEqual(before);
    expect(() => new SparseAdam([up], { weightDecay: 1 } as never)).toThrow(/unknown option/);
  });

  test("of no rows move nothing", () => {
    const w = table(4);
    const before = w.toArray();
    for (const optimizer of [
      new SGD([w], { lr: 1 }),
      new Adagrad([w]),
      new SparseAdam([w], { lr: 1 }),
    ]) {
      optimizer.zeroGrad();
      embedding(randint(0, 4, [0]), w, { sparse: true })
        .sum()
        .backward();
      optimizer.step();
    }
    expect(w.toArray()).toEqual(before);
  });

  test("are clipped in their rows, also after the table was read", () => {
    const [sparse, dense] = [table(6), table(6)];
    for (const w of [sparse, dense])
      embedding([1, 4], w, { sparse: w === sparse })
        .square()
        .sum()
        .backward();
    expect(clipGradNorm_([sparse], 0.5)).toBe(clipGradNorm_([dense], 0.5));
    expect(isMade(sparse.grad!)).toBe(false);
    expect(sparse.grad!.toArray()).toEqual(dense.grad!.toArray());
    clipGradValue_(sparse, 0.1);
    clipGradValue_(dense, 0.1);
    expect(keptRows(sparse.grad!)?.indices).toEqual(Int32Array.of(1, 4));
    expect(sparse.grad!.toArray()).toEqual(dense.grad!.toArray());
  });
});
