/**
 * Tensors with a structure: constants, identities, orthogonal and sparse matrices.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkInteger,
  checkNumber,
  checkOptions,
  formatShape,
  noGrad,
  ShapeError,
  writable,
} from "@chainrule/core";
import type { RandomInit } from "./random.ts";
import { fill, normal_, source } from "./random.ts";
import type { XavierInit } from "./scaled.ts";
import { fans } from "./scaled.ts";

/** Sets every element to a number. */
export function constant_(x: Tensor, value: number): Tensor {
  return noGrad(() => x.fill_(value));
}

/** Sets every element to 0. */
export function zeros_(x: Tensor): Tensor {
  return constant_(x, 0);
}

/** Sets every element to 1. */
export function ones_(x: Tensor): Tensor {
  return constant_(x, 1);
}

/** Fills a matrix with the identity. @throws {ShapeError} for anything but a matrix. */
export function eye_(x: Tensor): Tensor {
  if (x.ndim !== 2) {
    throw new ShapeError(`eye_: expected a matrix, not shape ${formatShape(x.shape)}.`, {
      shape: x.shape,
    });
  }
  let i = 0;
  const columns = x.shape[1]!;
  return fill(x, () => {
    const place = i++;
    return Math.floor(place / columns) === place % columns ? 1 : 0;
  });
}

/**
 * A random matrix with orthonormal rows, or columns if there are fewer of them, times `gain`; dimensions after the first
 * count as columns (Saxe, McClelland & Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
 * neural networks", ICLR 2014).
 *
 * @throws {ShapeError} for fewer than two dimensions.
 * @example
 * import { zeros } from "@chainrule/core";
 * import { init } from "@chainrule/nn";
 * const q = init.orthogonal_(zeros([2, 5], { dtype: "float64" }));
 * Math.abs(q.matmul(q.T).at(0, 1).item()) < 1e-15; // → true
 */
export function orthogonal_(x: Tensor, options: XavierInit = {}): Tensor {
  checkOptions("orthogonal_", options, ["gain", "generator"]);
  fans("orthogonal_", x);
  const gain = checkNumber("orthogonal_", "gain", options.gain ?? 1);
  const generator = source(options);
  const rows = x.shape[0]!;
  const columns = rows === 0 ? 0 : x.numel() / rows;
  const count = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const vectors = Array.from({ length: count }, () =>
    Float64Array.from({ length }, () => generator.normal()),
  );
  // Gram–Schmidt; the second round removes what rounding left of the first.
  for (const [i, vector] of vectors.entries()) {
    for (let round = 0; round < 2; round++) {
      for (let j = 0; j < i; j++) removeComponent(vector, vectors[j]!);
    }
    const size = Math.sqrt(dot(vector, vector));
    for (let k = 0; k < length; k++) vector[k]! /= size;
  }
  let place = 0;
  return fill(x, () => {
    const row = Math.floor(place / columns);
    const column = place++ % columns;
    return gain * (rows <= columns ? vectors[row]![column]! : vectors[column]![row]!);
  });
}

/** Options of {@link sparse_}. */
export interface SparseInit extends RandomInit {
  /** The standard deviation of what is not 0; 0.01 unless given. */
  std?: number;
}

/**
 * A matrix with the given share of zeros in each column, rounded up, at random places, and normal numbers elsewhere (Martens,
 * "Deep learning via Hessian-free optimization", ICML 2010).
 *
 * @throws {ShapeError} for anything but a matrix.
 * @throws {ArgumentError} for a share outside of [0, 1].
 */
export function sparse_(x: Tensor, sparsity: number, options: SparseInit = {}): Tensor {
  checkOptions("sparse_", options, ["std", "generator"]);
  const std = checkNumber("sparse_", "std", options.std ?? 0.01);
  checkNumber("sparse_", "sparsity", sparsity);
  if (x.ndim !== 2) {
    throw new ShapeError(`sparse_: expected a matrix, not shape ${formatShape(x.shape)}.`, {
      shape: x.shape,
    });
  }
  if (sparsity < 0 || sparsity > 1) {
    throw new ArgumentError(`sparse_: sparsity is a share, from 0 to 1, not ${sparsity}.`, {
      sparsity,
    });
  }
  const generator = source(options);
  const [rows, columns] = x.shape as [number, number];
  const zeroCount = Math.ceil(sparsity * rows);
  normal_(x, { std, generator });
  const data = noGrad(() => writable(x));
  for (let column = 0; column < columns; column++) {
    // The first places of a random order of the rows.
    const order = Int32Array.from({ length: rows }, (_, i) => i);
    for (let i = 0; i < zeroCount; i++) {
      const other = i + generator.integer(rows - i);
      const row = order[other]!;
      order[other] = order[i]!;
      data[row * columns + column] = 0;
    }
  }
  return x;
}

/** Options of {@link dirac_}. */
export interface DiracInit {
  /** The groups of the convolution, each of which keeps its channels; 1 unless given. */
  groups?: number;
}

/**
 * The weight of a convolution that hands its channels on as they are, as many as there are: 1 in the middle of the kernel from
 * channel i to channel i, 0 elsewhere.
 *
 * @throws {ShapeError} for fewer than three or more than five dimensions, and channels that do not fall into groups.
 * @example
 * import { arange, conv1d, zeros } from "@chainrule/core";
 * import { init } from "@chainrule/nn";
 * const x = arange(4).reshape([1, 1, 4]).to("float32");
 * conv1d(x, init.dirac_(zeros([1, 1, 3])), { padding: 1 }).toArray(); // → [ [ [ 0, 1, 2, 3 ] ] ]
 */
export function dirac_(x: Tensor, options: DiracInit = {}): Tensor {
  checkOptions("dirac_", options, ["groups"]);
  const groups = checkInteger("dirac_", "groups", options.groups ?? 1, 1);
  if (x.ndim < 3 || x.ndim > 5 || x.shape[0]! % groups !== 0) {
    throw new ShapeError(
      `dirac_: expected the weight of a convolution in ${groups} groups, not shape ${formatShape(x.shape)}.`,
      { shape: x.shape, groups },
    );
  }
  const [out, channels, ...kernel] = x.shape as [number, number, ...number[]];
  const field = kernel.reduce((product, length) => product * length, 1);
  const middle = kernel.reduce((place, length) => place * length + Math.floor(length / 2), 0);
  const perGroup = out / groups;
  let place = 0;
  return fill(x, () => {
    const row = Math.floor(place / (channels * field)) % perGroup;
    const channel = Math.floor(place / field) % channels;
    return place++ % field === middle && row === channel ? 1 : 0;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function removeComponent(vector: Float64Array, unit: Float64Array): void {
  const share = dot(vector, unit);
  for (let i = 0; i < vector.length; i++) vector[i]! -= share * unit[i]!;
}
