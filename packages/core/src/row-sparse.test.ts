import {
  add,
  defineOp,
  embedding,
  embeddingBag,
  Generator,
  grad,
  IndexError,
  keptRows,
  noGrad,
  ones,
  randint,
  randn,
  rowSparse,
  ShapeError,
  type Tensor,
  tensor,
  writableRows,
  zeros,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";

const table = (rows: number, width = 2): Tensor =>
  tensor(randn([rows, width], { generator: new Generator(1), dtype: "float64" }), {
    requiresGrad: true,
    dtype: "float64",
  });

/** Whether the whole table has been made of the rows. */
const isMade = (x: Tensor): boolean =>
  Object.getOwnPropertyDescriptor(x.storage, "data")?.get === undefined;

describe("a row-sparse tensor", () => {
  test("keeps each row once, rising, and reads like the table", () => {
    const x = rowSparse([3, 0, 3], [[1], [2], [4]], 5);
    expect(x.shape).toEqual([5, 1]);
    expect(x.isSparse).toBe(true);
    expect(x.sparseRows()?.indices.toArray()).toEqual([0, 3]);
    expect(x.sparseRows()?.values.toArray()).toEqual([[2], [5]]);
    expect(isMade(x)).toBe(false);
    expect(x.toArray()).toEqual([[2], [0], [0], [5], [0]]);
    expect(x.isSparse).toBe(true);
    expect(x.mul(2).sum().item()).toBe(14);
    expect(String(x.detach().at(3))).toBe("tensor([5])");
  });

  test("has rows of any shape, and no rows", () => {
    expect(
      rowSparse([1], zeros([1, 2, 3]).add(1), 2)
        .sum()
        .item(),
    ).toBe(6);
    expect(rowSparse([1, 1], [2, 3], 3).toArray()).toEqual([0, 5, 0]);
    expect(rowSparse(zeros([0], { dtype: "int32" }), zeros([0, 2]), 3).toArray()).toEqual(
      zeros([3, 2]).toArray(),
    );
    expect(rowSparse([0, 0], zeros([2, 0]), 1).shape).toEqual([1, 0]);
  });

  test("is one of the whole only, not of views", () => {
    const x = rowSparse([1], [[1, 2]], 3);
    expect(x.detach().isSparse).toBe(true);
    expect(x.T.isSparse).toBe(false);
    expect(x.reshape([6]).isSparse).toBe(false);
    expect(x.at("1:").isSparse).toBe(false);
    expect(x.T.sparseRows()).toBeNull();
    const transposed = x.T;
    expect(transposed.toDense() === transposed).toBe(true);
    expect(x.toDense().isSparse).toBe(false);
    expect(x.toDense().toArray()).toEqual(x.toArray());
  });

  test("has no rows any more when the table was changed in place, and new ones when they were", () => {
    const x = rowSparse([1], [[1, 2]], 3);
    expect(x.at(1).toArray()).toEqual([1, 2]);
    writableRows(x)!.values[0] = 7;
    expect(x.isSparse).toBe(true);
    expect(x.toArray()).toEqual([
      [0, 0],
      [7, 2],
      [0, 0],
    ]);
    x.add_(1);
    expect(x.isSparse).toBe(false);
    expect(writableRows(x)).toBeNull();
    expect(x.at(0).toArray()).toEqual([1, 1]);
    // A view that was made before shows the same numbers.
    const y = rowSparse([0], [[1]], 2);
    const view = y.at(0);
    y.mul_(3);
    expect(view.item()).toBe(3);
  });

  test("refuses what does not fit", () => {
    expect(() => rowSparse([3], [[1]], 3)).toThrow(IndexError);
    expect(() => rowSparse([0, 1], [[1]], 3)).toThrow(ShapeError);
    expect(() => rowSparse([[0]], [[1]], 3)).toThrow(/do not have a row for each index/);
    expect(() => rowSparse([0.5], [[1]], 3)).toThrow(/rowSparse/);
    expect(() => rowSparse([0], [[1]], -1)).toThrow(/rows/);
  });
});

describe("gradients of lookups", () => {
  test("equal the dense ones, with every option, and take only the rows", () => {
    const generator = new Generator(2);
    for (let i = 0; i < 40; i++) {
      const rows = 1 + (i % 7);
      const shape = [[4], [2, 3], [], [0], [3, 0]][i % 5]!;
      const index = randint(0, rows, shape, { generator });
      const options = {
        paddingIdx: i % 3 === 0 ? rows - 1 : null,
        scaleGradByFreq: i % 2 === 0,
      };
      const cotangent = randn([...shape, 2], { generator, dtype: "float64" });
      const [sparse, dense] = [table(rows), table(rows)];
      embedding(index, sparse, { ...options, sparse: true }).backward(cotangent);
      embedding(index, dense, options).backward(cotangent);
      expect(sparse.grad?.isSparse).toBe(true);
      expect(isMade(sparse.grad!)).toBe(false);
      const named = new Set(index.toTypedArray());
      if (options.paddingIdx !== null) named.delete(options.paddingIdx);
      expect(sparse.grad?.sparseRows()?.indices.toArray()).toEqual([...named].sort());
      expect(sparse.grad?.toArray()).toEqual(dense.grad?.toArray());
    }
  });

  test("add up row by row: in one pass, and from pass to pass", () => {
    const w = table(9);
    const lookUp = (index: number[]): Tensor => embedding(index, w, { sparse: true });
    lookUp([1, 2])
      .sum()
      .add(lookUp([2, 5]).sum().mul(10))
      .backward();
    expect(w.grad?.sparseRows()?.indices.toArray()).toEqual([1, 2, 5]);
    const before = w.grad!;
    lookUp([8, 1]).sum().backward();
    expect(isMade(w.grad!)).toBe(false);
    expect(w.grad?.sparseRows()?.indices.toArray()).toEqual([1, 2, 5, 8]);
    expect(w.grad?.sparseRows()?.values.at(":", 0).toArray()).toEqual([2, 11, 10, 1]);
    // What was there before has not changed under its holder's feet.
    expect(before.sparseRows()?.values.at(":", 0).toArray()).toEqual([1, 11, 10]);
  });

  test("become dense where a dense one joins them, in any order", () => {
    for (const first of [true, false]) {
      const w = table(4);
      const sparse = embedding([1, 1], w, { sparse: true }).sum();
      const dense = w.square().sum();
      (first ? add(sparse, dense) : add(dense, sparse)).backward();
      expect(w.grad?.isSparse).toBe(false);
      const expected = w
        .detach()
        .mul(2)
        .add(rowSparse([1], [[2, 2]], 4));
      expect(w.grad?.toArray()).toEqual(expected.toArray());
      embedding([0], w, { sparse: true }).sum().backward();
      expect(w.grad?.at(0, 0).item()).toBe(expected.at(0, 0).item() + 1);
    }
  });

  test("go on through what the table was computed from", () => {
    const w = table(4);
    embedding([1, 3, 1], w.mul(3), { sparse: true }).sum().backward();
    expect(w.grad?.toArray()).toEqual([
      [0, 0],
      [6, 6],
      [0, 0],
      [3, 3],
    ]);
  });

  test("are tensors like others for grad, hooks and derivatives of higher order", () => {
    const w = table(5);
    const f = (x: Tensor): Tensor => embedding([1, 1, 4], x, { sparse: true }).pow(3).sum();
    const first = grad(f)(w.detach());
    expect(first.toArray()).toEqual(
      grad((x: Tensor) => embedding([1, 1, 4], x).pow(3).sum())(w.detach()).toArray(),
    );
    const second = grad((x: Tensor) => grad(f)(x).sum())(w.detach());
    const expected = w.detach().mul(
      rowSparse(
        [1, 4],
        [
          [12, 12],
          [6, 6],
        ],
        5,
      ),
    );
    expect(second.sub(expected).abs().max().item()).toBeLessThan(1e-12);
    const seen: boolean[] = [];
    w.registerHook((gradient) => {
      seen.push(gradient.isSparse);
      return gradient.mul(2);
    });
    f(w).backward();
    expect(seen).toEqual([true]);
    expect(w.grad?.sub(first.mul(2)).abs().max().item()).toBe(0);
  });

  test("of bags take only the rows, too", () => {
    for (const mode of ["sum", "mean", "max"] as const) {
      const [sparse, dense] = [table(50), table(50)];
      const index = [
        [4, 4, 9],
        [1, 9, 30],
      ];
      embeddingBag(index, sparse, { mode, sparse: true }).square().sum().backward();
      embeddingBag(index, dense, { mode }).square().sum().backward();
      expect(sparse.grad?.sparseRows()?.indices.toArray()).toEqual([1, 4, 9, 30]);
      expect(sparse.grad?.toArray()).toEqual(dense.grad?.toArray());
    }
  });

  test("of two tensors own their rows", () => {
    // A rule of one's own that gives the same row-sparse tensor to both operands.
    const both = defineOp({
      name: "both",
      formula: "0",
      call: (a: Tensor, b: Tensor) => ({ operands: [a, b], options: {} }),
      shape: () => [],
      forward: () => undefined,
      vjp: () => {
        const shared = rowSparse([1], [[1, 1]], 3);
        return [shared, shared];
      },
      samples: [],
    });
    const [a, b] = [ones([3, 2], { requiresGrad: true }), ones([3, 2], { requiresGrad: true })];
    both(a, b).backward();
    noGrad(() => writableRows(a.grad!)!.values.fill(5));
    expect(b.grad?.at(1, 0).item()).toBe(1);
    expect(keptRows(a.grad!)?.values[0]).toBe(5);
  });

  test("have the rows of all lookups in a table, however many there are", () => {
    const w = zeros([10, 1], { requiresGrad: true });
    const lookup = (row: number) => embedding([row], w, { sparse: true }).sum();
    lookup(1).add(lookup(2)).add(lookup(5)).add(lookup(7)).backward();
    expect(w.grad?.sparseRows()?.indices.toArray()).toEqual([1, 2, 5, 7]);
    expect(w.grad?.sparseRows()?.values.toArray()).toEqual([[1], [1], [1], [1]]);
  });

  test("cost no table: a lookup in 10⁷ rows a thousand times", () => {
    const w = zeros([10_000_000, 1], { requiresGrad: true });
    for (let i = 0; i < 1000; i++) {
      w.grad = null;
      embedding([i, 9_999_999], w, { sparse: true }).sum().backward();
    }
    expect(w.grad?.sparseRows()?.indices.toArray()).toEqual([999, 9_999_999]);
  });
});
