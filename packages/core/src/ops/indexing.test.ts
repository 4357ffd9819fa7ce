/**
 * Indexing against a plain loop that walks the result element by element, with NumPy's rules.
 */
import { seededDraw } from "@chainrule/testing";
import { describe, expect, it } from "vitest";
import type { IndexItem, Tensor } from "../index.ts";
import {
  arange,
  clone,
  gather,
  grad,
  IndexError,
  index,
  indexAdd,
  indexCopy,
  indexFill,
  indexPut,
  indexSelect,
  maskedScatter,
  nonzero,
  oneHot,
  put,
  ShapeError,
  scatter,
  scatterAdd,
  take,
  takeAlongDim,
  tensor,
  vmap,
  zeros,
} from "../index.ts";

const float64 = { dtype: "float64" } as const;
const whole = (values: number[] | number[][]): Tensor => tensor(values, { dtype: "int32" });

/** One axis of the result: the positions it selects from one dimension, or indices over several. */
type Axis =
  | { kind: "slice"; positions: number[] }
  | { kind: "new" }
  | { kind: "indices"; shape: number[]; flat: number[] };

/** What `at` should give: the shape, and for each element the flat place in x. */
function naive(
  shape: readonly number[],
  items: readonly IndexItem[],
): { shape: number[]; places: number[] } {
  const axes: Axis[] = [];
  const numbers: { dim: number; position: number }[] = [];
  const used = items.reduce<number>((sum, item) => {
    if (item === null || item === "...") return sum;
    return sum + (isTensor(item) && item.dtype === "bool" ? item.ndim : 1);
  }, 0);
  const dims: number[] = [];
  let dim = 0;
  const addWhole = (): void => {
    axes.push({ kind: "slice", positions: range(shape[dim]!) });
    dims.push(dim++);
  };
  for (const item of [...items, ...(items.includes("...") ? [] : ["..." as const])]) {
    if (item === "...") for (let i = shape.length - used; i > 0; i--) addWhole();
    else if (item === null) {
      axes.push({ kind: "new" });
      dims.push(-1);
    } else if (typeof item === "number") {
      numbers.push({ dim, position: item < 0 ? item + shape[dim]! : item });
      dim++;
    } else if (isTensor(item) && item.dtype === "bool") {
      const hits = range(item.numel()).filter((k) => item.toTypedArray()[k] !== 0);
      for (let k = 0; k < item.ndim; k++) {
        const step = item.shape.slice(k + 1).reduce((a, b) => a * b, 1);
        const flat = hits.map((hit) => Math.floor(hit / step) % item.shape[k]!);
        axes.push({ kind: "indices", shape: [hits.length], flat });
        dims.push(dim++);
      }
    } else if (isTensor(item)) {
      const flat = Array.from(item.toTypedArray(), (i) => (i < 0 ? i + shape[dim]! : i));
      axes.push({ kind: "indices", shape: [...item.shape], flat });
      dims.push(dim++);
    } else {
      const {
        start = 0,
        stop = shape[dim]!,
        step = 1,
      } = item as { start?: number; stop?: number; step?: number };
      axes.push({
        kind: "slice",
        positions: range(shape[dim]!).filter(
          (i) => i >= start && i < stop && (i - start) % step === 0,
        ),
      });
      dims.push(dim++);
    }
  }
  const indexed = axes.flatMap(({ kind }, i) => (kind === "indices" ? [i] : []));
  const chosen = indexed.reduce<number[]>((met, i) => {
    const { shape: own } = axes[i] as Extract<Axis, { kind: "indices" }>;
    const rank = Math.max(met.length, own.length);
    return range(rank).map((d) => {
      const a = met[d - rank + met.length] ?? 1;
      const b = own[d - rank + own.length] ?? 1;
      return a === 1 ? b : a;
    });
  }, []);
  const adjacent = indexed.length > 0 && indexed.at(-1)! - indexed[0]! === indexed.length - 1;
  const rest = range(axes.length).filter((i) => !indexed.includes(i));
  const before = indexed.length === 0 ? rest : adjacent ? rest.filter((i) => i < indexed[0]!) : [];
  const after = rest.filter((i) => !before.includes(i));
  const lengthOf = (i: number): number => {
    const axis = axes[i]!;
    return axis.kind === "slice" ? axis.positions.length : 1;
  };
  const middle = indexed.length === 0 ? [] : chosen;
  const result = [...before.map(lengthOf), ...middle, ...after.map(lengthOf)];
  const places: number[] = [];
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
  for (let n = 0; n < result.reduce((a, b) => a * b, 1); n++) {
    const position = range(result.length).map(
      (d) => Math.floor(n / result.slice(d + 1).reduce((a, b) => a * b, 1)) % result[d]!,
    );
    let place = numbers.reduce((sum, one) => sum + one.position * strides[one.dim]!, 0);
    for (const [k, i] of [...before, ...after].entries()) {
      const axis = axes[i]!;
      const at = position[k < before.length ? k : k + middle.length]!;
      if (axis.kind === "slice") place += axis.positions[at]! * strides[dims[i]!]!;
    }
    const among = position.slice(before.length, before.length + middle.length);
    for (const i of indexed) {
      const { shape: own, flat } = axes[i] as Extract<Axis, { kind: "indices" }>;
      const lead = middle.length - own.length;
      const k = own.reduce(
        (sum, length, d) => sum * length + (length === 1 ? 0 : among[lead + d]!),
        0,
      );
      place += flat[k]! * strides[dims[i]!]!;
    }
    places.push(place);
  }
  return { shape: result, places };
}

function isTensor(item: unknown): item is Tensor {
  return typeof item === "object" && item !== null && "storage" in item;
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** Items for a tensor of this shape: numbers, slices, new dimensions, indices that broadcast, masks. */
function drawItems(seed: number): { shape: number[]; items: IndexItem[] } {
  const draw = seededDraw(seed);
  const shape = draw.shape(1, 4);
  const chosen = draw.shape(0, 2);
  const items: IndexItem[] = [];
  let hits: number | undefined;
  for (let dim = 0; dim < shape.length; ) {
    const length = shape[dim]!;
    switch (draw.integer(0, 7)) {
      case 0:
        items.push(draw.integer(-length, length - 1));
        dim++;
        break;
      case 1:
        items.push(null);
        if (items.length > 6) return { shape, items };
        break;
      case 2:
        items.push({ start: draw.integer(0, length), stop: length, step: draw.integer(1, 2) });
        dim++;
        break;
      case 3: {
        // A mask gives one dimension, so it stands alone, or beside indices of length 1.
        const rank = draw.integer(1, shape.length - dim);
        const mask = draw.mask(shape.slice(dim, dim + rank));
        if (hits !== undefined || items.some((item) => isTensor(item) && item.numel() !== 1)) {
          items.push({});
          dim++;
          break;
        }
        hits = mask.sum().item();
        items.push(mask);
        dim += rank;
        break;
      }
      case 4:
      case 5: {
        const broadcast = hits === undefined ? draw.broadcastable(chosen) : [1];
        items.push(draw.indices(broadcast.length === 0 ? [1] : broadcast, length));
        dim++;
        break;
      }
      case 6:
        if (!items.includes("...")) {
          items.push("...");
          return { shape, items };
        }
        break;
      default:
        items.push({});
        dim++;
    }
  }
  return { shape, items };
}

describe("at", () => {
  it("gives what a loop with NumPy's rules gives, for 2000 drawn calls, and so does its gradient", () => {
    for (let seed = 0; seed < 2000; seed++) {
      const { shape, items } = drawItems(seed);
      const count = shape.reduce((a, b) => a * b, 1);
      const x = arange(count, float64).reshape(shape);
      x.requiresGrad = true;
      const expected = naive(shape, items);
      const y = x.at(...items);
      const call = `seed ${seed}: [${shape.join()}] at ${items.map((item) => (isTensor(item) ? `${item.dtype}[${item.shape.join()}]` : JSON.stringify(item))).join(" ")}`;
      expect([...y.shape], call).toEqual(expected.shape);
      expect(Array.from(y.toTypedArray()), call).toEqual(expected.places);
      const weights = arange(y.numel(), float64).add(1).reshape(y.shape);
      const gradient = grad(y, x, { gradOutputs: weights })!;
      const sums = new Array<number>(count).fill(0);
      for (const [i, place] of expected.places.entries()) sums[place]! += i + 1;
      expect(Array.from(gradient.toTypedArray()), call).toEqual(sums);
    }
  });

  it("selects by whole numbers before it asks whether indices are adjacent, as PyTorch and unlike NumPy", () => {
    const x = zeros([2, 3, 4]);
    expect(x.at(0, ":", [0, 1, 2, 3, 0]).shape).toEqual([3, 5]);
    expect(x.at([0], ":", [0, 1, 2, 3, 0]).shape).toEqual([5, 3]);
    expect(x.at(whole([[0]]).at(0, 0), ":", [0, 1]).shape).toEqual([3, 2]);
  });

  it("takes arrays, typed arrays and truth values", () => {
    const x = arange(6).reshape([2, 3]);
    expect(x.at([1, 0]).toArray()).toEqual([
      [3, 4, 5],
      [0, 1, 2],
    ]);
    expect(x.at(new Int32Array([1]), [true, false, true]).toArray()).toEqual([3, 5]);
    expect(
      x
        .at([
          [true, false, false],
          [false, false, true],
        ])
        .toArray(),
    ).toEqual([0, 5]);
    expect(x.at([]).shape).toEqual([0, 3]);
    expect(x.at(tensor(true)).shape).toEqual([1, 2, 3]);
    expect(x.at(tensor(false)).shape).toEqual([0, 2, 3]);
  });

  it("is a view where no index stands, and a copy otherwise", () => {
    const x = zeros([3, 4]);
    expect(x.at(1, "1:3").storage).toBe(x.storage);
    expect(x.at([1]).storage).not.toBe(x.storage);
  });

  it("names what is wrong", () => {
    const x = zeros([2, 3]);
    expect(() => x.at(":", [0, 3])).toThrow(
      "index 3 at [1] is out of range at dimension 1 of shape [2, 3]; use -3 to 2",
    );
    expect(() => x.at([true, false, true])).toThrow(
      "at: a mask of shape [3] does not cover the dimensions from 0 on of shape [2, 3]",
    );
    expect(() => x.at([0], [0], [0])).toThrow("at: 3 indices for 2 dimensions");
    expect(() => x.at(tensor([0.5]))).toThrow(
      "at: an index must be int32 or a bool mask, not float32",
    );
    expect(() => x.at(tensor([[true]]), 0)).toThrow("at: 3 indices for 2 dimensions");
    expect(() => x.at(whole([5]).at(0))).toThrow("at: index 5 is out of range at dimension 0");
  });

  it("maps over samples, each with indices of its own", () => {
    const x = arange(12, float64).reshape([3, 4]);
    const rows = vmap((row: Tensor, i: Tensor) => row.at(i))(x, whole([3, 0, 1]));
    expect(rows.toArray()).toEqual([3, 4, 9]);
    const picked = vmap((i: Tensor) => x.at(":", i))(
      whole([
        [0, 1],
        [3, 3],
      ]),
    );
    expect(picked.shape).toEqual([2, 3, 2]);
    expect(picked.at(1, 0).toArray()).toEqual([3, 3]);
  });
});

describe("where several go to one place", () => {
  it("float32 sums are kept in double precision: 1 + 2²⁴ times 2⁻²⁴ is 2", () => {
    const small = 2 ** -24;
    const count = 2 ** 16;
    const x = tensor([1]);
    const places = zeros([count], { dtype: "int32" });
    const values = zeros([count]).add(small);
    const expected = Math.fround(1 + count * small);
    expect(scatterAdd(x, 0, places, values).item()).toBe(expected);
    expect(indexPut(x, [places], values, { accumulate: true }).item()).toBe(expected);
    const w = tensor([[1]], { requiresGrad: true });
    const gradient = grad(indexSelect(w, 0, places), w, {
      gradOutputs: zeros([count, 1]).add(1 + 2 ** -20),
    })!;
    expect(gradient.item()).toBe(Math.fround(count * (1 + 2 ** -20)));
  });

  it("adds a few numbers to a large tensor without going through all of it", () => {
    const x = zeros([1000, 4]);
    const index = tensor(
      [
        [7, 7, 0, 7],
        [7, 3, 0, 7],
      ],
      { dtype: "int32" },
    );
    const y = scatterAdd(
      x,
      0,
      index,
      tensor([
        [1, 2, 3, 4],
        [10, 20, 30, 40],
      ]),
    );
    expect(y.at([0, 3, 7]).toArray()).toEqual([
      [0, 0, 33, 0],
      [0, 20, 0, 0],
      [11, 2, 0, 44],
    ]);
    expect(y.sum().item()).toBe(110);
    const once = scatterAdd(x, 1, [[3, 1]], tensor([[5, 6]]));
    expect(once.at(0).toArray()).toEqual([0, 6, 0, 5]);
  });

  it("adds rows in groups, whether places are counted or sorted", () => {
    const rows = whole([9, 1, 9, 0, 9, 1]);
    const values = arange(12, { dtype: "float32" }).reshape([6, 2]);
    const near = indexPut(zeros([10, 2]), [rows], values, { accumulate: true });
    const far = indexPut(zeros([100000, 2]), [rows.mul(9999)], values, { accumulate: true });
    expect(near.at([0, 1, 9]).toArray()).toEqual([
      [6, 7],
      [12, 14],
      [12, 15],
    ]);
    expect(far.at([0, 9999, 9 * 9999]).toArray()).toEqual([
      [6, 7],
      [12, 14],
      [12, 15],
    ]);
    expect(far.sum().item()).toBe(66);
  });

  it("the last one stays, and has the gradient", () => {
    const x = tensor([1, 2, 3], { ...float64, requiresGrad: true });
    const v = tensor([10, 20, 30], { ...float64, requiresGrad: true });
    for (const y of [
      scatter(x, 0, [2, 0, 2], v),
      indexPut(x, [[2, 0, -1]], v),
      put(x, [2, 0, 2], v),
    ]) {
      expect(y.toArray()).toEqual([20, 2, 30]);
      const [dx, dv] = grad(y, [x, v], { gradOutputs: tensor([1, 2, 3], float64) });
      expect(dx!.toArray()).toEqual([0, 2, 0]);
      expect(dv!.toArray()).toEqual([0, 1, 3]);
    }
  });
});

describe("slices at a list of positions", () => {
  const x = arange(12, float64).reshape([3, 4]);

  it("indexSelect, indexCopy, indexFill and indexAdd agree with a loop", () => {
    expect(indexSelect(x, 1, [3, 3]).toArray()).toEqual([
      [3, 3],
      [7, 7],
      [11, 11],
    ]);
    expect(indexSelect(x, -2, 1).shape).toEqual([1, 4]);
    expect(indexFill(x, 0, [0, 2], -1).sum().item()).toBe(4 + 5 + 6 + 7 - 8);
    const parts = tensor(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      float64,
    );
    expect(indexCopy(x, 1, [2, 0], parts).toArray()).toEqual([
      [2, 1, 1, 3],
      [4, 5, 3, 7],
      [6, 9, 5, 11],
    ]);
    expect(indexAdd(x, 1, [0, 0], parts, { alpha: 2 }).at(":", 0).toArray()).toEqual([6, 18, 30]);
  });

  it("a single number is a row of one, and stays a single number", () => {
    expect(indexSelect(5, 0, [0]).shape).toEqual([]);
    expect(indexAdd(5, 0, [0, 0], [1, 2]).item()).toBe(8);
    expect(indexSelect(tensor([5]), 0, [0]).shape).toEqual([1]);
  });

  it("refuses what does not fit", () => {
    expect(() => indexSelect(x, 0, [-1])).toThrow(IndexError);
    expect(() => indexSelect(x, 0, [[0]])).toThrow("a list of positions, not of shape [1, 1]");
    expect(() => indexAdd(x, 0, [0], zeros([2, 4], float64))).toThrow(
      "the source has shape [2, 4], but the slices have [1, 4]",
    );
    expect(() => indexFill(x, 0, [0], [1, 2])).toThrow(ShapeError);
    expect(() => indexAdd(x, 0, [0], zeros([1, 4]))).toThrow("the values are float32");
  });
});

describe("take, put and takeAlongDim", () => {
  const x = arange(6, float64).reshape([2, 3]);

  it("count in row-major order, whatever the layout", () => {
    expect(take(x.T, [1, -1]).toArray()).toEqual([3, 5]);
    expect(put(x, [[0], [-1]], [[9], [8]]).toArray()).toEqual([
      [9, 1, 2],
      [3, 4, 8],
    ]);
    expect(put(x, [0, 0], [1, 2], { accumulate: true }).at(0, 0).item()).toBe(3);
    expect(() => put(x, [0, 1], [1])).toThrow("1 numbers of shape [1] for 2 places");
    expect(() => take(x, [6])).toThrow("index 6 at [0] is out of range");
  });

  it("takeAlongDim undoes a sort", () => {
    const y = tensor(
      [
        [3, 1, 2],
        [0, 5, 4],
      ],
      float64,
    );
    expect(takeAlongDim(y, y.argsort(1), 1).toArray()).toEqual([
      [1, 2, 3],
      [0, 4, 5],
    ]);
    expect(takeAlongDim(y, [[0]], 1).shape).toEqual([2, 1]);
    expect(() => takeAlongDim(y, [0], 1)).toThrow("They must have as many dimensions");
  });
});

describe("masks", () => {
  it("maskedScatter puts numbers in row-major order", () => {
    const mask = tensor([
      [true, false],
      [true, true],
    ]);
    expect(maskedScatter(zeros([2, 2]), mask, [1, 2, 3, 4]).toArray()).toEqual([
      [1, 0],
      [2, 3],
    ]);
    expect(() => maskedScatter(zeros([2, 2]), mask, [1, 2])).toThrow(
      "the mask has 3 places, but the source only 2 elements",
    );
  });

  it("maskedFill keeps the type of what it fills", () => {
    const x = whole([1, 2]);
    expect(x.maskedFill([true, false], 5).dtype).toBe("int32");
    expect(() => x.maskedFill([true, false], 0.5)).toThrow(
      "a tensor of int32 cannot hold the value 0.5",
    );
    expect(() => x.maskedFill(x, 1)).toThrow("the mask must be bool, not int32");
    expect(() => x.maskedFill([true, false], [1, 2])).toThrow("Use where");
  });

  it("nonzero finds what a loop finds, in any layout", () => {
    for (let seed = 0; seed < 200; seed++) {
      const draw = seededDraw(seed);
      const mask = draw.mask(draw.shape(1, 4, 0));
      const places = naive(mask.shape, [mask]).places;
      const strides = mask.shape.map((_, d) => mask.shape.slice(d + 1).reduce((a, b) => a * b, 1));
      const expected = places.map((place) =>
        strides.map((step, d) => Math.floor(place / step) % mask.shape[d]!),
      );
      expect(nonzero(mask).toArray()).toEqual(expected);
      const tuple = nonzero(mask, { asTuple: true });
      expect(tuple.map((one) => one.toArray())).toEqual(
        mask.shape.map((_, d) => expected.map((position) => position[d])),
      );
    }
    expect(nonzero(tensor(3)).shape).toEqual([1, 0]);
    expect(nonzero(tensor(3), { asTuple: true }).map((one) => one.toArray())).toEqual([[0]]);
  });

  it("inside vmap a mask of each sample cannot decide a shape that differs", () => {
    const x = arange(4, float64).reshape([2, 2]);
    const masks = tensor([
      [true, false],
      [false, true],
    ]);
    expect(vmap((row: Tensor, mask: Tensor) => row.at(mask))(x, masks).toArray()).toEqual([
      [0],
      [3],
    ]);
    expect(() =>
      vmap((row: Tensor, mask: Tensor) => row.at(mask))(
        x,
        tensor([
          [true, true],
          [false, true],
        ]),
      ),
    ).toThrow(ShapeError);
  });
});

describe("oneHot, clone", () => {
  it("oneHot is the identity matrix indexed by classes", () => {
    for (let seed = 0; seed < 50; seed++) {
      const draw = seededDraw(seed);
      const classes = draw.indices(draw.shape(0, 3), 4);
      const eye = tensor(
        [
          [1, 0, 0, 0],
          [0, 1, 0, 0],
          [0, 0, 1, 0],
          [0, 0, 0, 1],
        ],
        { dtype: "int32" },
      );
      expect(oneHot(classes, 4).toArray()).toEqual(
        eye
          .at(classes.reshape([...classes.shape, 1]))
          .reshape([...classes.shape, 4])
          .toArray(),
      );
    }
  });

  it("clone has the same numbers in other storage", () => {
    const x = arange(6).reshape([2, 3]).T;
    const y = clone(x);
    expect(y.toArray()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(y.strides).toEqual([2, 1]);
    expect(y.storage).not.toBe(x.storage);
  });
});

describe("gather", () => {
  it("takes an index shorter than x in other dimensions", () => {
    expect(
      gather(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        0,
        [[1]],
      ).toArray(),
    ).toEqual([[3]]);
    expect(() => gather(zeros([2, 2]), 0, [[0, 0, 0]])).toThrow(
      "be no longer elsewhere than in dimension 0",
    );
  });
});

describe("index of an index", () => {
  it("has second derivatives: the Hessian of Σ xᵢ² over repeated places is 2 · how often", () => {
    const x = tensor([1, 2, 3], { ...float64, requiresGrad: true });
    const y = index(x, [[0, 0, 2]])
      .square()
      .sum();
    const first = grad(y, x, { createGraph: true })!;
    const second = grad(first.sum(), x)!;
    expect(second.toArray()).toEqual([4, 0, 2]);
  });
});
