/** Products of matrices and tensors, and linear algebra. */
import {
  addbmm,
  addmm,
  addmv,
  addr,
  baddbmm,
  bmm,
  cholesky,
  choleskyInverse,
  choleskySolve,
  cond,
  cross,
  det,
  dot,
  eigh,
  eigvalsh,
  einsum,
  inner,
  inverse,
  kron,
  logdet,
  lstsq,
  lu,
  matmul,
  matrixExp,
  matrixNorm,
  matrixPower,
  matrixRank,
  mm,
  multiDot,
  mv,
  outer,
  pinv,
  qr,
  slogdet,
  solve,
  solveTriangular,
  svd,
  svdvals,
  tensordot,
  linalg as torchLinalg,
  trace,
  vdot,
} from "@chainrule/core";
import type { Signatures } from "../signature.ts";
import { given, torch, withTolerance } from "../signature.ts";

/** Inverses, determinants and factorizations are compared at 1e-8, products at 1e-10. */
const decompositions: Signatures = withTolerance(1e-8, {
  cholesky_inverse: torch("input, upper?", (l, upper) => choleskyInverse(l, given({ upper }))),
  cholesky_solve: torch("input, input2, upper?", (b, l, upper) =>
    choleskySolve(b, l, given({ upper })),
  ),
  det: torch("input", (x) => det(x)),
  inverse: torch("input", (x) => inverse(x)),
  "linalg.cholesky": torch("input, upper?", (x, upper) => cholesky(x, given({ upper }))),
  "linalg.cond": torch("input, p?", (x, p) => cond(x, p)),
  "linalg.det": torch("input", (x) => det(x)),
  "linalg.eigh": torch("input, UPLO?", (x, uplo) => eigh(x, given({ uplo }))),
  "linalg.eigvalsh": torch("input, UPLO?", (x, uplo) => eigvalsh(x, given({ uplo }))),
  "linalg.inv": torch("input", (x) => inverse(x)),
  "linalg.lstsq": torch("input, b, rcond?", (a, b, rcond) => lstsq(a, b, given({ rcond }))),
  "linalg.lu": torch("input", (x) => lu(x)),
  "linalg.matrix_exp": torch("input", (x) => matrixExp(x)),
  "linalg.matrix_power": torch("input, n", (x, n) => matrixPower(x, n)),
  "linalg.matrix_rank": torch("input, atol?, rtol?", (x, atol, rtol) =>
    matrixRank(x, given({ atol, rtol })),
  ),
  "linalg.pinv": torch("input, atol?, rtol?", (x, atol, rtol) => pinv(x, given({ atol, rtol }))),
  "linalg.qr": torch("input, mode?", (x, mode) => qr(x, given({ mode }))),
  "linalg.slogdet": torch("input", (x) => slogdet(x)),
  "linalg.solve": torch("input, b, left?", (a, b, left) => solve(a, b, given({ left }))),
  "linalg.solve_triangular": torch(
    "input, b, upper, left?, unitriangular?",
    (a, b, upper, left, unitriangular) =>
      solveTriangular(a, b, { upper, ...given({ left, unitriangular }) }),
  ),
  "linalg.svd": torch("input, full_matrices?", (x, fullMatrices) =>
    svd(x, given({ fullMatrices })),
  ),
  "linalg.svdvals": torch("input", (x) => svdvals(x)),
  logdet: torch("input", (x) => logdet(x)),
  matrix_exp: torch("input", (x) => matrixExp(x)),
  matrix_power: torch("input, n", (x, n) => matrixPower(x, n)),
  pinverse: torch("input, rcond?", (x, rtol) => pinv(x, given({ rtol }))),
  slogdet: torch("input", (x) => slogdet(x)),
  "linalg.matrix_norm": torch("input, ord?, dim?, keepdim?", (x, ord, dim, keepdim) =>
    matrixNorm(x, ord, dim, given({ keepdim })),
  ),
  "linalg.norm": torch("input, ord?, dim?, keepdim?", (x, ord, dim, keepdim) =>
    torchLinalg.norm(x, ord, dim, given({ keepdim })),
  ),
});

const factors = "beta?, alpha?";

export const linalg: Signatures = {
  ...decompositions,
  addbmm: torch(`input, batch1, batch2, ${factors}`, (x, a, b, beta, alpha) =>
    addbmm(x, a, b, given({ beta, alpha })),
  ),
  addmm: torch(`input, mat1, mat2, ${factors}`, (x, a, b, beta, alpha) =>
    addmm(x, a, b, given({ beta, alpha })),
  ),
  addmv: torch(`input, mat, vec, ${factors}`, (x, a, b, beta, alpha) =>
    addmv(x, a, b, given({ beta, alpha })),
  ),
  addr: torch(`input, vec1, vec2, ${factors}`, (x, a, b, beta, alpha) =>
    addr(x, a, b, given({ beta, alpha })),
  ),
  baddbmm: torch(`input, batch1, batch2, ${factors}`, (x, a, b, beta, alpha) =>
    baddbmm(x, a, b, given({ beta, alpha })),
  ),
  bmm: torch("input, mat2", (a, b) => bmm(a, b)),
  cross: torch("input, other, dim?", (a, b, dim) => cross(a, b, dim)),
  dot: torch("input, tensor", (a, b) => dot(a, b)),
  einsum: torch("equation, ...operands", (equation: string, operands: never[]) =>
    einsum(equation, operands),
  ),
  ger: torch("input, vec2", (a, b) => outer(a, b)),
  inner: torch("input, other", (a, b) => inner(a, b)),
  kron: torch("input, other", (a, b) => kron(a, b)),
  "linalg.cross": torch("input, other, dim?", (a, b, dim) => torchLinalg.cross(a, b, dim)),
  "linalg.multi_dot": torch("tensors", (tensors) => multiDot(tensors)),
  "linalg.vecdot": torch("input, other, dim?", (a, b, dim) => torchLinalg.vecdot(a, b, dim)),
  matmul: torch("input, other", (x, y) => matmul(x, y)),
  mm: torch("input, mat2", (a, b) => mm(a, b)),
  mv: torch("input, vec", (a, b) => mv(a, b)),
  outer: torch("input, vec2", (a, b) => outer(a, b)),
  tensordot: torch("a, b, dims?", (a, b, dims) => tensordot(a, b, dims)),
  trace: torch("input", (x) => trace(x)),
  vdot: torch("input, other", (a, b) => vdot(a, b)),
};
