import {
  ArgumentError,
  add,
  mul,
  newTensor,
  noGrad,
  pointwise,
  rand,
  sub,
  sum,
  type Tensor,
  tensor,
  within,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { assertGradcheck, GradcheckError, gradcheck } from "./index.ts";

/** x² with a derivative that is off by a factor. */
const squareOffBy = (factor: number) =>
  pointwise({
    name: "square",
    operands: ["x"],
    value: (s, x) => s.mul(x, x),
    derivative: (s, x) => [s.mul(s.constant(2 * factor), x)],
    samples: [{ args: [within(-2, 2)] }],
  });

const relu = pointwise({
  name: "relu",
  operands: ["x"],
  value: (s, x) => s.maximum(x, s.zero),
  derivative: (s, x) => [s.where(s.gt(x, s.zero), s.one, s.zero)],
  samples: [],
});

describe("gradcheck", () => {
  test("passes right derivatives of both orders and says what it compared", () => {
    const report = gradcheck((x, y) => mul(mul(x, y), x), [tensor([1, -2]), tensor([3, 0.5])], {
      order: 2,
    });
    expect(report.ok).toBe(true);
    expect(report.orders.map(({ order }) => order)).toEqual([1, 2]);
    expect(report.comparisons).toBeGreaterThan(10);
    expect(String(report)).toBe(
      `gradcheck passed: ${report.comparisons} slopes compared, orders 1 to 2.`,
    );
  });

  test("a factor of 1 + 5e-4 fails, and the table names the entries", () => {
    const report = gradcheck((x) => squareOffBy(1 + 5e-4)(x), [tensor([1, 2])]);
    expect(report.ok).toBe(false);
    expect(report.failures.map(({ input, output }) => [input, output])).toEqual([
      ["x[0]", "output[0]"],
      ["x[1]", "output[1]"],
    ]);
    const [first] = report.failures;
    expect(first!.analytic).toBeCloseTo(2.001, 6);
    expect(first!.numeric).toBeCloseTo(2, 6);
    expect(first!.error).toBeCloseTo(1e-3, 6);
    expect(String(report)).toMatch(/order {2}input {2}output {5}analytic/);
    expect(String(report)).toMatch(/x\[1\] +output\[1\] +4\.002/);
  });

  test("larger functions are checked by projections, and located by entry of the input", () => {
    const wrongAtOne = (x: Tensor): Tensor => {
      const y = mul(x, x);
      return add(
        y,
        sub(squareOffBy(1.01)(x), mul(x, x)).mul(
          tensor([...Array(11).fill(0), 1], { dtype: "float64" }),
        ),
      );
    };
    const report = gradcheck(wrongAtOne, [tensor(Array.from({ length: 12 }, (_, i) => i + 1))]);
    expect(report.failures.map(({ input }) => input)).toEqual(["x[11]"]);
    expect(report.failures[0]!.output).toBe("a projection of the outputs");
  });

  test("a wrong second derivative fails at order 2 only", () => {
    const forgets = (x: Tensor): Tensor => {
      const y = mul(x, x);
      return x.requiresGrad ? add(mul(x, x.detach().mul(2)), sub(y, mul(x, x.mul(2))).detach()) : y;
    };
    expect(gradcheck(forgets, [tensor([1.5])]).ok).toBe(true);
    const report = gradcheck(forgets, [tensor([1.5])], { order: 2 });
    expect(report.failures[0]).toMatchObject({
      order: 2,
      input: "x[0]",
      output: "grad x[0]",
      analytic: 0,
    });
  });

  test("arrays and plain objects of tensors are inputs and outputs", () => {
    const report = gradcheck(
      ({ w, layers }: { w: Tensor; layers: Tensor[] }) => ({
        y: mul(w, layers[0]!),
        z: [sum(mul(layers[1]!, w))],
      }),
      { w: tensor([1, 2]), layers: [tensor([3, 4]), tensor([5, 6])] },
      { order: 2 },
    );
    expect(report.ok).toBe(true);
    const wrong = gradcheck(({ w }: { w: Tensor }) => ({ y: squareOffBy(2)(w) }), {
      w: tensor([1]),
    });
    expect(wrong.failures[0]).toMatchObject({ input: "w[0]", output: "y[0]" });
    const second = gradcheck(
      (_x: Tensor, y: Tensor) => squareOffBy(2)(y),
      [tensor(1), tensor([1])],
    );
    expect(second.failures[0]!.input).toBe("[1][0]");
  });

  test("only those that require gradients are checked, if some do", () => {
    const x = tensor([1, 2]);
    const y = tensor([3, 4], { requiresGrad: true });
    expect(gradcheck((a, b) => mul(squareOffBy(2)(a), b), [x, y]).ok).toBe(true);
    expect(gradcheck((a, b) => mul(squareOffBy(2)(a), b), [x, y.detach()]).ok).toBe(false);
  });

  test("kinks are skipped and counted; a wrong slope beside one is not", () => {
    const report = gradcheck(relu, [tensor([0, 1])]);
    expect(report.ok).toBe(true);
    expect(report.kinkSkips).toBeGreaterThan(0);
    expect(String(report)).toMatch(/skipped at kinks/);
    expect(gradcheck(relu, [tensor([-1, 1])]).kinkSkips).toBe(0);
    expect(gradcheck((x: Tensor) => squareOffBy(2)(x), [tensor([1e-9, 1])]).ok).toBe(false);
  });

  test("whole numbers, 0-d and empty tensors", () => {
    expect(gradcheck((x) => mul(x, x), [tensor(3)], { order: 2 }).ok).toBe(true);
    expect(gradcheck((x) => mul(x, x), [newTensor("float64", [0, 3])], { order: 2 }).ok).toBe(true);
    expect(
      gradcheck((x, n) => mul(x, n), [tensor([1, 2]), tensor([1, 2], { dtype: "int32" })]).ok,
    ).toBe(true);
  });

  test("non-contiguous inputs keep their layout", () => {
    const seen: boolean[] = [];
    const x = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { dtype: "float64" },
    ).T;
    gradcheck(
      (a) => {
        seen.push(a.isContiguous());
        return mul(a, a);
      },
      [x],
    );
    expect(seen[0]).toBe(false);
  });

  test("a detached path has the gradient zero, and is found out", () => {
    const report = gradcheck((x: Tensor) => noGrad(() => mul(x, x)), [tensor([2])]);
    expect(report.failures[0]).toMatchObject({ analytic: 0 });
    expect(report.failures[0]!.numeric).toBeCloseTo(4);
  });

  test("random numbers of the default generator are repeated; other noise is named", () => {
    expect(
      gradcheck((x: Tensor) => mul(x, rand([2], { dtype: "float64" })), [tensor([1, 2])]).ok,
    ).toBe(true);
    let calls = 0;
    const report = gradcheck((x: Tensor) => mul(x, ++calls), [tensor([1, 2])]);
    expect(String(report)).toMatch(/gave other numbers for the same inputs/);
  });

  test("backward that changes from pass to pass, or does not vanish with the cotangent, fails", () => {
    let calls = 0;
    const restless = pointwise({
      name: "restless",
      operands: ["x"],
      value: (s, x) => s.mul(x, x),
      derivative: (s, x) => [s.mul(s.constant(2), x)],
      samples: [],
    });
    const rules = restless.op.vjp as unknown as ((...args: unknown[]) => Tensor)[];
    const [right] = rules;
    rules[0] = (...args) => right!(...args).add(calls++ * 1e-300);
    expect(String(gradcheck((x: Tensor) => restless(x).mul(1e-290), [tensor([0])]))).toMatch(
      /second backward pass/,
    );
    rules[0] = (...args) => right!(...args).add(1e-12);
    expect(String(gradcheck((x: Tensor) => restless(x), [tensor([1])]))).toMatch(
      /a cotangent of zero gave 1e-12, not 0/,
    );
  });

  test("assertGradcheck throws the table", () => {
    expect(assertGradcheck((x) => mul(x, x), [tensor([1])]).ok).toBe(true);
    const wrong = (): unknown => assertGradcheck((x: Tensor) => squareOffBy(3)(x), [tensor([1])]);
    expect(wrong).toThrow(GradcheckError);
    expect(wrong).toThrow(/x\[0\] +output\[0\] +6\.0+ +2\.0+/);
  });

  test("what makes no sense is refused", () => {
    expect(() => gradcheck((x: Tensor) => x, [tensor([1], { dtype: "int32" })])).toThrow(
      ArgumentError,
    );
    expect(() => gradcheck((x: Tensor) => x, [tensor([1])], { order: 3 as 2 })).toThrow(
      /order must be a whole number from 1 to 2/,
    );
    // @ts-expect-error: a misspelt option
    expect(() => gradcheck((x: Tensor) => x, [tensor([1])], { ordre: 2 })).toThrow(
      /unknown option "ordre"/,
    );
  });
});
