import { describe, expect, it } from "vitest";
import type { GraphNode, Tensor } from "../index.ts";
import {
  ArgumentError,
  arange,
  atleast1d,
  atleast2d,
  atleast3d,
  broadcastTensors,
  cat,
  chunk,
  columnStack,
  contiguous,
  diag,
  diagEmbed,
  dstack,
  flatten,
  flip,
  grad,
  hstack,
  IndexError,
  meshgrid,
  movedim,
  narrow,
  observe,
  pad,
  repeat,
  repeatInterleave,
  roll,
  rot90,
  ShapeError,
  select,
  slice,
  split,
  squeeze,
  stack,
  t,
  tensor,
  tile,
  trilIndices,
  triuIndices,
  unbind,
  unflatten,
  unsqueeze,
  view,
  vstack,
  zeros,
} from "../index.ts";

const float64 = { dtype: "float64" } as const;

/** How often each op runs. */
function opsDuring(body: () => unknown): Map<string, number> {
  const counts = new Map<string, number>();
  observe({ computed: ({ name }) => void counts.set(name, (counts.get(name) ?? 0) + 1) }, body);
  return counts;
}

describe("views", () => {
  const x = arange(24).reshape([2, 3, 4]);

  it("share the storage wherever strides can express them", () => {
    const views: Tensor[] = [
      view(x, [6, 4]),
      flatten(x, 1),
      squeeze(unsqueeze(x, 1)),
      unflatten(x, 2, [2, 2]),
      movedim(x, 0, 2),
      flip(x, [0, 2]),
      rot90(x, 1, [1, 2]),
      slice(x, 1, 0, 3, 2),
      narrow(x, 2, 1, 2),
      select(x, 0, 1),
      diag(x.at(0)),
      t(x.at(0)),
      ...split(x, 2, 2),
      ...unbind(x, 1),
      ...chunk(x, 2),
      ...meshgrid([x.at(0, 0), x.at(1, 1)]),
      ...broadcastTensors([x, x.at(0)]),
      contiguous(x),
    ];
    for (const one of views) expect(one.storage).toBe(x.storage);
  });

  it("view refuses where a copy would be needed, and names the strides", () => {
    expect(() => view(x.at(0).T, [12])).toThrow(
      "view: a tensor of shape [4, 3] that lies in memory with strides [1, 4] cannot be seen as [12] without a copy. Use reshape.",
    );
    expect(view(flip(x, 0), [2, 12]).at(0, 0).item()).toBe(12);
    expect(() => view(flip(x, 0), [24])).toThrow(ShapeError);
    expect(x.at(0).T.reshape([12]).at("::3").toArray()).toEqual([0, 1, 2, 3]);
  });

  it("flip walks backward, also through other views of it", () => {
    expect(flip(arange(5)).at("1:4:2").toArray()).toEqual([3, 1]);
    expect(flip(flip(x)).toArray()).toEqual(x.toArray());
    expect(flip(x, 1).reshape([2, 12]).at(1, ":4").toArray()).toEqual([20, 21, 22, 23]);
    expect(flip(x).sum(0).at(0).toArray()).toEqual([34, 32, 30, 28]);
  });

  it("contiguous copies only what is not", () => {
    expect(contiguous(x)).toBe(x);
    expect(contiguous(x.mT).strides).toEqual([12, 3, 1]);
  });
});

describe("parts of a tensor are one node", () => {
  it("the gradient of 1000 steps is joined once, not step by step", () => {
    const steps = 1000;
    const x = zeros([steps, 2], { ...float64, requiresGrad: true });
    const parts = unbind(x);
    expect(new Set(parts.map(({ node }) => node)).size).toBe(1);
    const counts = opsDuring(() => {
      const loss = parts.reduce(
        (sum, part, i) => (i % 2 === 0 ? sum.add(part.mul(i)) : sum),
        zeros([2], float64),
      );
      loss.sum().backward();
    });
    expect(counts.get("stack")).toBe(1);
    expect(counts.get("place")).toBeUndefined();
    expect(x.grad!.at(998).toArray()).toEqual([998, 998]);
    expect(x.grad!.at(999).toArray()).toEqual([0, 0]);
  });

  it("iterating over a tensor makes one node, too", () => {
    const x = zeros([3, 2], { requiresGrad: true });
    const rows = [...x];
    expect(new Set(rows.map(({ node }) => node)).size).toBe(1);
    const counts = opsDuring(() => rows[1]!.sum().backward());
    expect(counts.get("place")).toBeUndefined();
    expect(x.grad!.toArray()).toEqual([
      [0, 0],
      [1, 1],
      [0, 0],
    ]);
  });

  it("cat gives its operands their gradients as parts, to any order, in one node each", () => {
    const xs = Array.from({ length: 50 }, (_, i) =>
      tensor([i, 1], { ...float64, requiresGrad: true }),
    );
    const counts = opsDuring(() => {
      const y = cat(xs).square().sum();
      const first = grad(y, xs, { createGraph: true });
      const second = grad(
        cat(first.map((one) => one!))
          .square()
          .sum(),
        xs,
      );
      expect(second[3]!.toArray()).toEqual([24, 8]);
    });
    expect(counts.get("split")).toBeLessThanOrEqual(4);
    expect(counts.get("cat")).toBeLessThanOrEqual(4);
  });

  it("keeps the results of one call apart", () => {
    const x = tensor([1, 2, 3, 4], { ...float64, requiresGrad: true });
    const [a, b] = split(x, [1, 3]) as [Tensor, Tensor];
    expect([a.resultIndex, b.resultIndex]).toEqual([0, 1]);
    expect((a.node as GraphNode).results.map((one) => one === a || one === b)).toEqual([
      true,
      true,
    ]);
    expect(grad(b.sum(), x, { retainGraph: true })!.toArray()).toEqual([0, 1, 1, 1]);
    expect(grad(a.sum(), [x], { allowUnused: true })[0]!.toArray()).toEqual([1, 0, 0, 0]);
  });
});

describe("cat and stack", () => {
  it("let element types meet", () => {
    expect(cat([arange(2), tensor([0.5])]).dtype).toBe("float32");
    expect(cat([tensor([true]), tensor([false])]).dtype).toBe("bool");
    expect(stack([1, 2.5]).toArray()).toEqual([1, 2.5]);
  });

  it("refuse single tensors and empty lists by name", () => {
    expect(() => hstack([])).toThrow("hstack: expected an array of tensors, not an empty one");
    expect(() => stack([])).toThrow(ArgumentError);
    expect(() => meshgrid([])).toThrow(ArgumentError);
  });

  it("as rows, columns and layers", () => {
    const a = tensor([1, 2]);
    const b = tensor([3, 4]);
    expect(hstack([a, b, 5]).toArray()).toEqual([1, 2, 3, 4, 5]);
    expect(vstack([a, b]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(dstack([a, b]).shape).toEqual([1, 2, 2]);
    expect(
      columnStack([
        a,
        tensor([
          [5, 6],
          [7, 8],
        ]),
      ]).toArray(),
    ).toEqual([
      [1, 5, 6],
      [2, 7, 8],
    ]);
    expect([atleast1d(1), atleast2d(a), atleast3d(a), atleast3d(1)].map((x) => x.shape)).toEqual([
      [1],
      [1, 2],
      [1, 2, 1],
      [1, 1, 1],
    ]);
  });
});

describe("repeats", () => {
  const x = tensor(
    [
      [1, 2],
      [3, 4],
    ],
    { ...float64, requiresGrad: true },
  );

  it("tile, repeat and repeatInterleave agree with NumPy", () => {
    expect(tile(x, [2]).toArray()).toEqual([
      [1, 2, 1, 2],
      [3, 4, 3, 4],
    ]);
    expect(repeat(x, [2, 1, 1]).shape).toEqual([2, 2, 2]);
    expect(repeatInterleave(x, 2).toArray()).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
    expect(repeatInterleave(x, 2, 1).toArray()).toEqual([
      [1, 1, 2, 2],
      [3, 3, 4, 4],
    ]);
    expect(repeatInterleave(x, [1, 2], 0).toArray()).toEqual([
      [1, 2],
      [3, 4],
      [3, 4],
    ]);
    expect(repeatInterleave(x, [0, 0], 0).shape).toEqual([0, 2]);
    expect(repeatInterleave(x, tensor([1, 0], { dtype: "int32" }), 0).toArray()).toEqual([[1, 2]]);
  });

  it("the gradient is the sum over the copies", () => {
    expect(grad(repeat(x, [2, 3]).sum(), x)!.toArray()).toEqual([
      [6, 6],
      [6, 6],
    ]);
    expect(grad(repeatInterleave(x, [0, 3], 1).sum(), x)!.toArray()).toEqual([
      [0, 3],
      [0, 3],
    ]);
  });

  it("refuse counts that do not fit", () => {
    expect(() => repeat(x, [2])).toThrow(
      "repeat: 1 counts for the 2 dimensions of shape [2, 2]. Give one for each, or use tile.",
    );
    expect(() => repeat(x, [1, -1])).toThrow(
      "a count must be a whole number of at least 0, not -1",
    );
    expect(() => repeatInterleave(x, [1], 0)).toThrow("1 counts for 2 slices along dimension 0");
    expect(() => tile(x, 2 as never)).toThrow(ArgumentError);
  });
});

describe("roll, rot90, pad", () => {
  it("roll goes round any number of times", () => {
    const x = arange(6).reshape([2, 3]);
    expect(roll(x, 7).toArray()).toEqual([
      [5, 0, 1],
      [2, 3, 4],
    ]);
    expect(roll(x, [1, -4], [0, 1]).toArray()).toEqual([
      [4, 5, 3],
      [1, 2, 0],
    ]);
    expect(roll(x, -6).toArray()).toEqual(x.toArray());
    expect(() => roll(x, [1, 2])).toThrow("2 shifts for 0 dimensions");
    expect(() => roll(x, 1, 2)).toThrow(IndexError);
  });

  it("four quarter turns lead back", () => {
    const x = arange(6).reshape([2, 3]);
    for (const k of [0, 4, -4]) expect(rot90(x, k).toArray()).toEqual(x.toArray());
    expect(rot90(x, 5).toArray()).toEqual(rot90(x, -3).toArray());
    expect(rot90(x, 1, [1, 0]).toArray()).toEqual(rot90(x, -1).toArray());
    expect(() => rot90(x, 1, [0, -2])).toThrow("are the same one of 2");
    expect(() => rot90(x, 0.5)).toThrow("k must be a whole number");
  });

  it("negative padding crops, and both sides may be mixed", () => {
    const x = arange(4, float64);
    expect(pad(x, [-1, 2], { value: 9 }).toArray()).toEqual([1, 2, 3, 9, 9]);
    expect(pad(x.reshape([2, 2]), [0, 1, -1, 0]).toArray()).toEqual([[2, 3, 0]]);
    expect(pad(tensor([true]), [1, 0], { value: 1 }).toArray()).toEqual([true, true]);
    expect(() => pad(arange(2), [1, 0], { value: 0.5 })).toThrow(
      "an int32 tensor cannot hold the value 0.5",
    );
  });
});

describe("diagonals and triangles", () => {
  it("the places of a triangle are those that tril and triu keep", () => {
    for (const [rows, columns] of [
      [3, 3],
      [2, 4],
      [4, 2],
      [0, 3],
    ] as const) {
      for (let offset = -4; offset <= 4; offset++) {
        const ones = zeros([rows, columns]).add(1);
        const lower = ones.tril({ diagonal: offset }).nonzero().T;
        const upper = ones.triu({ diagonal: offset }).nonzero().T;
        expect(trilIndices(rows, columns, { offset }).toArray()).toEqual(lower.toArray());
        expect(triuIndices(rows, columns, { offset }).toArray()).toEqual(upper.toArray());
      }
    }
  });

  it("diagEmbed is undone by diagonal, in any plane", () => {
    const x = arange(6).reshape([2, 3]);
    for (const options of [
      {},
      { offset: 2 },
      { offset: -1, dim1: 0, dim2: 2 },
      { dim1: 2, dim2: 0 },
    ]) {
      const plane = { dim1: -2, dim2: -1, ...options };
      expect(diagEmbed(x, options).diagonal(plane).toArray()).toEqual(x.toArray());
      expect(diagEmbed(x, options).sum().item()).toBe(15);
    }
    expect(() => diagEmbed(1)).toThrow(ShapeError);
    expect(() => diag(zeros([2, 2, 2]))).toThrow("Use diagonal or diagEmbed");
  });
});

describe("meshgrid", () => {
  it("runs along dimension i, or as in a picture", () => {
    const [x, y] = meshgrid(
      [
        [1, 2, 3],
        [4, 5],
      ],
      { indexing: "xy" },
    ) as [Tensor, Tensor];
    expect(x.toArray()).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(y.toArray()).toEqual([
      [4, 4, 4],
      [5, 5, 5],
    ]);
    expect(() => meshgrid([1], { indexing: "yx" as never })).toThrow(
      'indexing is "ij" or "xy", not "yx"',
    );
    expect(() => meshgrid([zeros([2, 2])])).toThrow("an axis has one dimension");
  });
});

describe("what is refused", () => {
  const x = zeros([2, 3]);
  it.each<[string, () => unknown]>([
    ["squeeze: dim 2 is out of range for 2 dimensions", () => squeeze(x, 2)],
    ["unsqueeze: dim 3 is out of range for 3 dimensions", () => unsqueeze(x, 3)],
    ["flatten: startDim 1 comes after endDim 0", () => flatten(x, 1, 0)],
    [
      "unflatten: shape [3] has 3 elements, which do not fill [2, 2]",
      () => unflatten(x, 1, [2, 2]),
    ],
    ["unflatten: a 0-d tensor has no dimension to split", () => unflatten(1, 0, [1])],
    [
      "narrow: 3 positions from 1 on reach beyond dimension 1 of shape [2, 3]",
      () => narrow(x, 1, 1, 3),
    ],
    ["narrow: 1 positions from -4 on reach beyond", () => narrow(x, 1, -4, 1)],
    ["select: dim 2 is out of range for shape [2, 3]; use -2 to 1", () => select(x, 2, 0)],
    ["at: index 3 is out of range at dimension 1", () => select(x, 1, 3)],
    ["slice: the bounds must be whole numbers, not 0.5", () => slice(x, 0, 0.5)],
    ["at: the step of a slice must be at least 1, not 0", () => slice(x, 0, 0, 1, 0)],
    ["chunk: the number of chunks must be a whole number of at least 1, not 0", () => chunk(x, 0)],
    ["movedim: 2 dimensions for 1 places", () => movedim(x, [0, 1], 0)],
    ["movedim: dim 0 is named twice", () => movedim(x, [0, -2], [0, 1])],
    ["t: shape [1, 2, 3] is no matrix", () => t(zeros([1, 2, 3]))],
    [
      "broadcastTensors: shapes [2, 3] and [2] do not broadcast",
      () => broadcastTensors([x, zeros([2])]),
    ],
  ])("%s", (message, call) => {
    expect(call).toThrow(message);
  });
});
