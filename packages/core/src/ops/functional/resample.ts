/**
 * A sparse linear map along one dimension: what padding by copies, interpolation and local sums have in common.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros } from "../../creation.ts";
import { ArgumentError, IndexError, ShapeError } from "../../errors.ts";
import type { SparseMap } from "../../kernels/resample.ts";
import { applyMap, outputLength, sparseMap, transposedMap } from "../../kernels/resample.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import { elementCount, normalizeDim } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

function checkMap(map: SparseMap): void {
  const { inputLength, starts, places, weights } = map ?? {};
  if (![starts, places, weights].every(Array.isArray)) {
    throw new ArgumentError(
      "resample: a map holds its inputLength and the arrays starts, places and weights.",
    );
  }
  const ordered = starts.every((start, i) => i === 0 || start >= starts[i - 1]!);
  const fits =
    starts[0] === 0 && starts.at(-1) === places.length && weights.length === places.length;
  if (!ordered || !fits) {
    throw new ArgumentError(
      "resample: starts must rise from 0 to the number of places, and there must be a weight for each place.",
      { starts, places: places.length, weights: weights.length },
    );
  }
  const outside = places.find(
    (place) => !Number.isInteger(place) || place < 0 || place >= inputLength,
  );
  if (outside !== undefined) {
    throw new IndexError(
      `resample: place ${outside} lies outside of a dimension of length ${inputLength}.`,
      { place: outside, inputLength },
    );
  }
}

/**
 * Each place along a dimension of the result is a weighted sum of some places along that dimension of x:
 * y[…, t, …] = Σᵢ wᵢ · x[…, placeᵢ, …], i from starts[t] up to starts[t + 1]. A sparse matrix given row by row; its transpose,
 * a map of the same kind, takes the gradient back. Sums are kept in double precision.
 *
 * @throws {ShapeError} when the dimension does not have the length that the map is made for.
 * @throws {IndexError} when the dimension or a place is out of range.
 * @example
 * import { resample, tensor } from "@chainrule/core";
 * const means = { inputLength: 3, starts: [0, 2, 4], places: [0, 1, 1, 2], weights: [0.5, 0.5, 0.5, 0.5] };
 * resample(tensor([1, 3, 7]), 0, means); // → tensor([2, 5])
 */
export const resample: Op<(x: TensorLike, dim: number, map: SparseMap) => Tensor> = defineOp({
  name: "resample",
  formula: String.raw`y_t = \sum_i w_{ti} x_{p(t, i)}`,
  call: (x: TensorLike, dim: number, map: SparseMap) => ({ operands: [x], options: { dim, map } }),
  shape: ([x], { dim, map }) => {
    const along = normalizeDim("resample", dim, x!.ndim);
    checkMap(map);
    if (x!.shape[along] !== map.inputLength) {
      throw new ShapeError(
        `resample: dimension ${along} has length ${x!.shape[along]}, but the map is made for ${map.inputLength}.`,
        { shape: x!.shape, inputLength: map.inputLength },
      );
    }
    return x!.shape.map((length, i) => (i === along ? outputLength(map) : length));
  },
  forward: ([input], y, { dim, map }) => {
    const x = contiguousOperand(input!);
    const along = normalizeDim("resample", dim, x.ndim);
    const outer = elementCount(x.shape.slice(0, along));
    const inner = elementCount(x.shape.slice(along + 1));
    applyMap(map, x.storage.data, x.offset, y.storage.data, outer, inner);
  },
  vjp: [(cotangent, { options }) => resample(cotangent, options.dim, transposedMap(options.map))],
  batch: ([x], _batched, { dim, map }) => resample(x!, dim < 0 ? dim : dim + 1, map),
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(1, 4, 0));
      const dim = draw.dim(x.ndim);
      const length = x.shape.at(dim)!;
      const row = (): [number, number][] =>
        Array.from({ length: length === 0 ? 0 : draw.integer(0, 3) }, () => [
          draw.integer(0, length - 1),
          draw.integer(-4, 4) / 2,
        ]);
      return [x, dim, sparseMap(length, Array.from({ length: draw.length(0) }, row))];
    },
  ],
  rejects: [
    {
      call: () => [zeros([3]), 0, sparseMap(2, [[[0, 1]]])],
      message: /dimension 0 has length 3, but the map is made for 2/,
      type: ShapeError,
    },
    {
      call: () => [zeros([2]), 0, sparseMap(2, [[[2, 1]]])],
      message: /place 2 lies outside of a dimension of length 2/,
      type: IndexError,
    },
    {
      call: () => [zeros([2]), 0, { inputLength: 2, starts: [0, 2], places: [0], weights: [1] }],
      message: /starts must rise from 0 to the number of places/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([2]), 1, sparseMap(2, [])],
      message: /dim 1 is out of range/,
      type: IndexError,
    },
  ],
  edges: [
    {
      note: "a place that no row names, and a row without places",
      call: () => [tensor([2, 5]), 0, sparseMap(2, [[[0, 3]], []])],
      result: [6, 0],
      gradients: [[3, 0]],
    },
  ],
});
