/**
 * Ops that PyTorch 1.13 has no values for, or whose values are not unique, against their definitions.
 */
import {
  alias,
  deg2rad,
  eigh,
  eye,
  isclose,
  lerp,
  linspace,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  lu,
  manualSeed,
  matrixExp,
  ndtr,
  pinv,
  polygamma,
  qr,
  rad2deg,
  randn,
  signbit,
  type Tensor,
  tensor,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";

const float64 = { dtype: "float64" } as const;

function expectClose(found: Tensor, expected: Tensor, tolerance = 1e-12): void {
  expect(found.shape).toEqual(expected.shape);
  expect(found.sub(expected).abs().amax().item()).toBeLessThan(tolerance);
}

describe("element by element", () => {
  test("alias is x itself", () => {
    const x = tensor([1, 2]);
    expect(alias(x).storage).toBe(x.storage);
  });

  test("polygamma at known places, and by its recurrence ψₙ(x + 1) = ψₙ(x) + (−1)ⁿ n!/xⁿ⁺¹", () => {
    expect(polygamma(1, tensor(1, float64)).item()).toBeCloseTo(Math.PI ** 2 / 6, 13);
    expect(polygamma(1, tensor(0.5, float64)).item()).toBeCloseTo(Math.PI ** 2 / 2, 13);
    expect(polygamma(2, tensor(1, float64)).item()).toBeCloseTo(-2.404113806319188, 13);
    const x = linspace(0.5, 4, 8, float64);
    for (const [n, factor] of [
      [1, -1],
      [2, 2],
      [3, -6],
    ] as const) {
      expectClose(polygamma(n, x.add(1)), polygamma(n, x).add(x.pow(-n - 1).mul(factor)), 1e-10);
    }
  });

  test("ndtr at known places, with all digits in the tails; it mirrors about 0", () => {
    // Abramowitz and Stegun, Handbook of Mathematical Functions, tables 26.1 and 26.2; and 2.7536·10⁻⁸⁹ at −20.
    for (const [x, value] of [
      [0, 0.5],
      [1, 0.841344746068543],
      [1.96, 0.97500210485178],
      [-5, 2.866515718791939e-7],
      [-9, 1.1285884059538406e-19],
      [-20, 2.753624118606233e-89],
    ] as const)
      expect(Math.abs(ndtr(tensor(x, float64)).item() / value - 1)).toBeLessThan(5e-14);
    const x = linspace(-6, 6, 25, float64);
    expectClose(ndtr(x).add(ndtr(x.neg())), x.mul(0).add(1), 1e-15);
  });

  test("lerp, deg2rad and rad2deg are their formulas", () => {
    expect(lerp(tensor([1, 2]), tensor([3, 10]), 0.25).toArray()).toEqual([1.5, 4]);
    expect(deg2rad(tensor(90, float64)).item()).toBeCloseTo(Math.PI / 2, 15);
    expect(rad2deg(tensor(Math.PI, float64)).item()).toBeCloseTo(180, 12);
  });

  test("logic by its truth table", () => {
    const a = tensor([0, 0, 2, 2]);
    const b = tensor([0, 3, 0, 3]);
    expect(logicalAnd(a, b).toArray()).toEqual([false, false, false, true]);
    expect(logicalOr(a, b).toArray()).toEqual([false, true, true, true]);
    expect(logicalXor(a, b).toArray()).toEqual([false, true, true, false]);
    expect(logicalNot(a).toArray()).toEqual([true, true, false, false]);
  });

  test("signbit tells −0 from 0; isclose is |a − b| ≤ atol + rtol·|b|", () => {
    expect(signbit(tensor([-1, -0, 0, 1])).toArray()).toEqual([true, true, false, false]);
    const a = tensor([1, 1, 0, Number.POSITIVE_INFINITY, Number.NaN], float64);
    const b = tensor([1 + 9e-6, 1 + 2e-5, 1e-8, Number.POSITIVE_INFINITY, Number.NaN], float64);
    expect(isclose(a, b).toArray()).toEqual([true, false, true, true, false]);
  });
});

describe("matrices", () => {
  manualSeed(4);
  const x = randn([2, 4, 3], float64);
  const square = randn([2, 3, 3], float64);
  const identity = eye(3, 3, float64).expand([2, 3, 3]);

  test("qr: Q·R = X, QᵀQ = 1, R upper triangular", () => {
    const { Q: q, R: r } = qr(x);
    expectClose(q.matmul(r), x);
    expectClose(q.mT.matmul(q), identity);
    expectClose(r.triu(), r);
  });

  test("eigh: X·V = V·Λ, VᵀV = 1, in rising order", () => {
    const symmetric = square.add(square.mT);
    const { eigenvalues, eigenvectors } = eigh(symmetric);
    expectClose(symmetric.matmul(eigenvectors), eigenvectors.mul(eigenvalues.unsqueeze(-2)));
    expectClose(eigenvectors.mT.matmul(eigenvectors), identity);
    expectClose(eigenvalues.sort(-1).values, eigenvalues);
  });

  test("lu: P·L·U = X, L with ones on its diagonal", () => {
    const factors = lu(square);
    const [p, l, u] = Object.values(factors) as [Tensor, Tensor, Tensor];
    expectClose(p.matmul(l).matmul(u), square);
    expectClose(l.tril(), l);
    expectClose(u.triu(), u);
    expectClose(l.diagonal({ dim1: -2, dim2: -1 }), identity.diagonal({ dim1: -2, dim2: -1 }));
  });

  test("pinv: the four equations of Penrose", () => {
    const y = pinv(x);
    expectClose(x.matmul(y).matmul(x), x);
    expectClose(y.matmul(x).matmul(y), y);
    expectClose(x.matmul(y).mT, x.matmul(y));
    expectClose(y.matmul(x).mT, y.matmul(x));
  });

  test("matrixExp: of a turn is the rotation, and e^X·e^−X = 1", () => {
    const turn = tensor(
      [
        [0, -0.7],
        [0.7, 0],
      ],
      float64,
    );
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    expectClose(
      matrixExp(turn),
      tensor(
        [
          [c, -s],
          [s, c],
        ],
        float64,
      ),
    );
    expectClose(matrixExp(square).matmul(matrixExp(square.neg())), identity, 1e-10);
  });
});
