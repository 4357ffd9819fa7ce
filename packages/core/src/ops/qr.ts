/**
 * The QR decomposition.
 */
import type { TensorLike } from "../creation.ts";
import { eye, tensor, zeros, zerosLike } from "../creation.ts";
import {
  ArgumentError,
  checkOptions,
  GradError,
  LinAlgError,
  quoted,
  ShapeError,
} from "../errors.ts";
import { dividedBy, scaleOf } from "../kernels/matrices.ts";
import { reflect, reflectionsAsMatrix, upperTriangle } from "../kernels/qr.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Draw } from "../samples.ts";
import { within } from "../samples.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { cat } from "./cat.ts";
import { matmul } from "./matmul.ts";
import { checkMatrices, forEachFiniteMatrix, mT, stackShape } from "./matrices.ts";
import { narrow } from "./slice.ts";
import { tril, triu } from "./triangle.ts";
import { solveTriangular } from "./triangular.ts";

const modes = ["reduced", "complete", "r"] as const;

/** Options of {@link qr}. */
export interface QROptions {
  /**
   * With k = min(m, n): `"reduced"` (unless given) has Q of m × k and R of k × n, `"complete"` Q of m × m and R of m × n,
   * `"r"` only the R of `"reduced"`, and an empty Q.
   */
  mode?: "reduced" | "complete" | "r";
}

/** The factors of {@link qr}. */
export interface QR {
  /** Orthonormal columns. */
  readonly Q: Tensor;
  /** Upper triangular. */
  readonly R: Tensor;
}

function readMode(options: QROptions = {}): Required<QROptions> {
  checkOptions("qr", options, ["mode"]);
  const { mode = "reduced" } = options;
  if (!modes.includes(mode)) {
    throw new ArgumentError(`qr: mode must be "reduced", "complete" or "r", not ${quoted(mode)}.`, {
      mode,
    });
  }
  return { mode };
}

/** The shapes of Q and R. */
function shapesOf(x: Shape, mode: QROptions["mode"]): readonly [Shape, Shape] {
  checkMatrices("qr", x);
  const [m, n] = x.slice(-2) as [number, number];
  const stack = stackShape(x);
  const k = mode === "complete" ? m : Math.min(m, n);
  return [mode === "r" ? [0] : [...stack, m, k], [...stack, k, n]];
}

/**
 * Q·R = X with orthonormal columns of Q and an upper triangular R, for a matrix or each matrix of a stack.
 *
 * By Householder reflections, in double precision, with LAPACK's signs: the diagonal of R is not always positive. The
 * gradient for m ≥ n is X̄ = (Q̄ + Q·copyltu(R·R̄ᵀ − Q̄ᵀ·Q))·R⁻ᵀ, where copyltu mirrors the lower triangle; wide
 * matrices have it for their first m columns, and R₂ = Qᵀ·X₂ for the others. It asks for linearly independent columns.
 *
 * Source of the gradient: S. Walter and L. Lehmann, Algorithmic differentiation of linear algebra functions, 2012.
 *
 * @throws {ShapeError} when x has fewer than two dimensions.
 * @throws {LinAlgError} when a matrix holds NaN or infinity; in the backward pass, when its first columns are dependent.
 * @throws {GradError} in the backward pass of `"complete"` with more rows than columns, whose further columns of Q are
 * any that complete the others.
 * @example
 * import { qr, tensor } from "@chainrule/core";
 * const { Q, R } = qr(tensor([[3, 5], [4, 0]]));
 * R.toArray(); // → [ [ -5, -3 ], [ 0, -4 ] ]
 * Q.matmul(R).at(0).round().toArray(); // → [ 3, 5 ]
 */
export const qr: Op<(x: TensorLike, options?: QROptions) => QR> = defineOp({
  name: "qr",
  formula: "Q R = X",
  call: (x: TensorLike, options?: QROptions) => ({ operands: [x], options: readMode(options) }),
  shapes: ([x], { mode }) => shapesOf(x!.shape, mode),
  forward: ([x], [Q, R], { mode }) => {
    const [m, n] = x!.shape.slice(-2) as [number, number];
    const rows = R!.shape[R!.ndim - 2]!;
    forEachFiniteMatrix("qr", x!, (matrix, index) => {
      const scale = scaleOf(matrix);
      const work = dividedBy(matrix, scale);
      const taus = reflect(work, m, n);
      const r = upperTriangle(work, n, rows);
      for (let i = 0; i < r.length; i++) R!.storage.data[index * rows * n + i] = r[i]! * scale;
      if (mode === "r") return;
      Q!.storage.data.set(reflectionsAsMatrix(work, taus, m, n, rows), index * m * rows);
    });
  },
  returns: ([Q, R]) => ({ Q: Q!, R: R! }),
  vjp: ([cotangentQ, cotangentR], node) => {
    const { a: x, options } = node;
    const [m, n] = x.shape.slice(-2) as [number, number];
    if (options.mode === "complete" && m > n) {
      throw new GradError(
        `qr: with mode "complete" and more rows (${m}) than columns (${n}), Q has no gradient: its last columns are any that complete the others. Use "reduced".`,
        { rows: m, columns: n },
      );
    }
    const { Q, R } = options.mode === "r" ? qr(x) : { Q: node.result, R: node.resultAt(1) };
    const q = cotangentQ === null || options.mode === "r" ? null : cotangentQ!;
    const r = triu(cotangentR ?? zerosLike(R));
    if (m >= n) return [tallGradient(Q, R, q, r)];
    // Wide: the first m columns give Q and R₁; R₂ = Qᵀ·X₂ for those after.
    const [r1, r2] = [narrow(r, -1, 0, m), narrow(r, -1, m, n - m)];
    const throughR2 = matmul(narrow(x, -1, m, n - m), mT(r2));
    const whole = q === null ? throughR2 : add(q, throughR2);
    return [cat([tallGradient(Q, narrow(R, -1, 0, m), whole, r1), matmul(Q, r2)], -1)];
  },
  samples: [
    (draw) => [drawIndependent(draw, [], draw.integer(2, 4), draw.integer(0, 2))],
    (draw) => [drawIndependent(draw, draw.shape(1, 2, 0), 2, draw.integer(1, 4))],
    (draw) => [
      drawIndependent(draw, draw.shape(0, 1), 2, draw.integer(2, 4)),
      { mode: "complete" },
    ],
    (draw) => [
      drawIndependent(draw, draw.shape(0, 1), draw.integer(1, 3), draw.integer(1, 3)),
      { mode: "r" },
    ],
  ],
  rejects: [
    { call: () => [zeros([2])], message: /qr: expected a matrix/, type: ShapeError },
    {
      call: () => [eye(2), { mode: "full" }],
      message: /mode must be "reduced", "complete" or "r", not "full"/,
      type: ArgumentError,
    },
    {
      call: () => [tensor([[Number.NaN]])],
      message: /qr: the matrix holds NaN or infinity/,
      type: LinAlgError,
    },
  ],
  edges: [
    { note: "no columns", call: () => [zeros([2, 0])], result: [], gradients: [[]] },
    { note: "a number keeps its sign in R", call: () => [tensor([[-3]])], result: [1, -3] },
    { note: "zeros", call: () => [zeros([2, 1])], result: [1, 0, 0] },
  ],
});

/** (Q̄ + Q·copyltu(R·R̄ᵀ − Q̄ᵀ·Q))·R⁻ᵀ. */
function tallGradient(Q: Tensor, R: Tensor, q: Tensor | null, r: Tensor): Tensor {
  const fromR = matmul(R, mT(r));
  const inner = q === null ? fromR : sub(fromR, matmul(mT(q), Q));
  const mirrored = add(tril(inner), mT(tril(inner, { diagonal: -1 })));
  const through = matmul(Q, mirrored);
  const whole = q === null ? through : add(q, through);
  return solveTriangular(mT(R), whole, { upper: false, left: false });
}

/** Matrices whose columns (rows, if there are fewer) are far from dependent ones, and from where signs change. */
function drawIndependent(draw: Draw, stack: Shape, m: number, n: number): Tensor {
  const noise = draw.tensor([...stack, m, n], within(-0.3, 0.3, { avoid: [0], margin: 0.05 }));
  return add(noise, mul(eye(m, n, { dtype: "float64" }), draw.pick([2, -1.5])));
}
