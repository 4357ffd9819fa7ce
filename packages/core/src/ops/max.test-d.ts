import { describe, expectTypeOf, test } from "vitest";
import type { Tensor, UniqueValues, ValuesAndIndices } from "../index.ts";
import { max, median, min, sort, tensor, unique, var as variance, varMean } from "../index.ts";

describe("ops with several kinds of results", () => {
  const x: Tensor = tensor([1, 2]);

  test("max, min: a tensor over all and of two, a pair along a dimension", () => {
    expectTypeOf(max(x)).toEqualTypeOf<Tensor>();
    expectTypeOf(max(x, 0)).toEqualTypeOf<ValuesAndIndices>();
    expectTypeOf(max(x, x)).toEqualTypeOf<Tensor>();
    expectTypeOf(x.max()).toEqualTypeOf<Tensor>();
    expectTypeOf(x.max(0, { keepdim: true })).toEqualTypeOf<ValuesAndIndices>();
    expectTypeOf(x.min(x)).toEqualTypeOf<Tensor>();
    expectTypeOf(min(x, -1).values).toEqualTypeOf<Tensor>();
  });

  test("median and sort", () => {
    expectTypeOf(x.median()).toEqualTypeOf<Tensor>();
    expectTypeOf(median(x, 0)).toEqualTypeOf<ValuesAndIndices>();
    expectTypeOf(x.sort({ descending: true })).toEqualTypeOf<ValuesAndIndices>();
    expectTypeOf(sort([3, 1])).toEqualTypeOf<ValuesAndIndices>();
  });

  test("unique: values alone, or with what was asked for", () => {
    expectTypeOf(unique(x)).toEqualTypeOf<Tensor>();
    expectTypeOf(x.unique()).toEqualTypeOf<Tensor>();
    expectTypeOf(unique(x, { returnCounts: true })).toEqualTypeOf<UniqueValues>();
  });

  test("var is a name like any other", () => {
    expectTypeOf(x.var({ correction: 0 })).toEqualTypeOf<Tensor>();
    expectTypeOf(variance(x, 0)).toEqualTypeOf<Tensor>();
    expectTypeOf(varMean(x)).toEqualTypeOf<[variance: Tensor, mean: Tensor]>();
  });

  test("misspelt options and a position of PyTorch's are type errors", () => {
    // @ts-expect-error — keepdim
    x.sum(0, { keepDim: true });
    // @ts-expect-error — an options object, not a boolean
    x.sum(0, true);
    // @ts-expect-error — softmax needs its dimension
    x.softmax();
  });
});
