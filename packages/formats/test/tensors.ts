/** Random tensors of all types, shapes and layouts, and what makes two of them equal. */
import type { DType, Tensor } from "@chainrule/core";
import { dtypes, fromTypedArray } from "@chainrule/core";
import fc from "fast-check";
import { expect } from "vitest";

const special = [0, -0, 1, -1, Infinity, -Infinity, Number.NaN, 5e-324, 1e-45, 3.4e38, 1.7e308];

/** Any tensor: also 0-d, without elements, transposed, and with a step. */
export function anyTensor(): fc.Arbitrary<Tensor> {
  const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
  return fc
    .record({
      dtype: fc.constantFrom(...dtypes),
      shape,
      numbers: fc.infiniteStream(fc.oneof(fc.double(), fc.constantFrom(...special))),
      layout: fc.constantFrom("contiguous", "transposed", "every second"),
    })
    .map(({ dtype, shape, numbers, layout }) => {
      const rank = shape.length;
      const stored = shape.map((n, i) => (layout === "every second" && i === rank - 1 ? 2 * n : n));
      const count = stored.reduce((product, n) => product * n, 1);
      const values = [...numbers.take(count)];
      const x = fromTypedArray(arrayOf(dtype, values), stored);
      if (layout === "transposed" && rank >= 2) return x.transpose(0, rank - 1);
      if (layout === "every second" && rank >= 1) return x.at("...", "::2");
      return x;
    });
}

function arrayOf(
  dtype: DType,
  values: number[],
): Float32Array | Float64Array | Int32Array | Uint8Array {
  switch (dtype) {
    case "float32":
      return Float32Array.from(values);
    case "float64":
      return Float64Array.from(values);
    case "int32":
      return Int32Array.from(values, (value) => value * 2 ** 20);
    case "bool":
      return Uint8Array.from(values, (value) => (value > 0 ? 1 : 0));
  }
}

/** Equal to the bit: type, shape and numbers, with the signs of zeros; all NaN count as one. */
export function expectSameTensor(actual: Tensor, expected: Tensor): void {
  expect(actual.dtype).toBe(expected.dtype);
  expect(actual.shape).toEqual(expected.shape);
  expect([...actual.toTypedArray()]).toEqual([...expected.toTypedArray()]);
}
