import type { Tensor } from "@chainrule/core";
import { Generator, GradError, LinAlgError, randn, tensor } from "@chainrule/core";
import { LBFGS, Newton, SGD } from "@chainrule/optim";
import { describe, expect, test } from "vitest";

const leaf = (values: Parameters<typeof tensor>[0], dtype: "float64" | "float32" = "float64") =>
  tensor(values, { requiresGrad: true, dtype });

/** Rosenbrock's valley, with its minimum at (1, …, 1). */
function valley(x: Tensor): Tensor {
  const [head, tail] = [x.at(":-1"), x.at("1:")];
  return head.sub(1).square().add(tail.sub(head.square()).square().mul(100)).sum();
}

const followed = (optimizer: LBFGS, loss: () => Tensor): Tensor =>
  optimizer.step(() => {
    optimizer.zeroGrad();
    const value = loss();
    value.backward();
    return value;
  });

/** The negative log-likelihood of a logistic regression on made data. */
function logistic(): { w: Tensor; loss: () => Tensor } {
  const generator = new Generator(1);
  const x = randn([50, 4], { generator, dtype: "float64" });
  const noise = randn([50], { generator, dtype: "float64" });
  const y = x
    .matmul(tensor([1, -2, 0, 3], { dtype: "float64" }))
    .add(noise)
    .gt(0)
    .to("float64");
  const w = leaf([0, 0, 0, 0]);
  const loss = (): Tensor => {
    const z = x.matmul(w);
    return z.softplus().sub(z.mul(y)).sum();
  };
  return { w, loss };
}

describe("LBFGS", () => {
  test.each([["strong_wolfe"], [null]] as const)("finds minima with %s", (lineSearchFn) => {
    const { w, loss } = logistic();
    const optimizer = new LBFGS([w], { maxIter: 200, lineSearchFn, lr: lineSearchFn ? 1 : 0.5 });
    followed(optimizer, loss);
    optimizer.zeroGrad();
    loss().backward();
    expect(w.grad!.abs().max().item()).toBeLessThan(1e-4);
  });

  test("goes along a valley in single precision, with parameters of several shapes", () => {
    const [a, b] = [leaf([-1.2, 1, 0.5], "float32"), leaf([[2], [0]], "float32")];
    const optimizer = new LBFGS([a, b], { maxIter: 200, lineSearchFn: "strong_wolfe" });
    followed(optimizer, () => valley(a).add(b.sub(3).square().sum()));
    expect(a.detach().sub(1).abs().max().item()).toBeLessThan(0.01);
    expect(b.detach().sub(3).abs().max().item()).toBeLessThan(1e-4);
  });

  test.each([["strong_wolfe"], [null]] as const)(
    "goes on from its state to the bit (%s)",
    (lineSearchFn) => {
      const own = { maxIter: 4, historySize: 3, lineSearchFn, lr: lineSearchFn ? 1 : 0.001 };
      const x = leaf([-1.2, 1, 0.5]);
      const first = new LBFGS([x], own);
      for (let i = 0; i < 3; i++) followed(first, () => valley(x));
      const copy = leaf(x.detach());
      const second = new LBFGS([copy], own);
      second.loadStateDict(first.stateDict());
      for (let i = 0; i < 3; i++) {
        followed(first, () => valley(x));
        followed(second, () => valley(copy));
      }
      expect(copy.toArray()).toEqual(x.toArray());
      expect(second.functionEvaluations).toBe(first.functionEvaluations);
      expect(JSON.stringify(second.stateDict())).toBe(JSON.stringify(first.stateDict()));
    },
  );

  test("a state that does not fit is refused, and nothing changes", () => {
    const x = leaf([-1.2, 1, 0.5]);
    const optimizer = new LBFGS([x]);
    followed(optimizer, () => valley(x));
    const state = optimizer.stateDict();
    const other = leaf([1, 2]);
    const smaller = new LBFGS([other]);
    expect(() => smaller.loadStateDict(state)).toThrow(/d of parameter 0 has shape \[3\]/);
    expect(smaller.stateDict().state).toEqual({});
    expect(smaller.functionEvaluations).toBe(0);
  });

  test("stops at once where there is no slope", () => {
    const x = leaf([1, 1]);
    const optimizer = new LBFGS([x]);
    expect(followed(optimizer, () => valley(x)).item()).toBe(0);
    expect(optimizer.functionEvaluations).toBe(1);
    expect(x.toArray()).toEqual([1, 1]);
  });

  test("refuses what it cannot do", () => {
    const [a, b] = [leaf([1]), leaf([2])];
    expect(() => new LBFGS([{ params: [a] }, { params: [b] }])).toThrow(/one group, not 2/);
    const optimizer = new LBFGS([a]);
    expect(() => optimizer.addParamGroup({ params: [b] })).toThrow(/one group/);
    // @ts-expect-error the result of a step without a closure is `never`
    expect(() => optimizer.step().item()).toThrow(/LBFGS.step: a closure is needed/);
    expect(() => optimizer.step(() => a.square().sum())).toThrow(GradError);
    expect(() => optimizer.step(() => a.square().sum())).toThrow(/left no gradient/);
    expect(() => new LBFGS([a], { lineSearchFn: "wolfe" as never })).toThrow(
      /lineSearchFn must be "strong_wolfe" or null, not "wolfe"/,
    );
    expect(() => new LBFGS([a], { maxIter: 0 })).toThrow(/maxIter/);
    expect(() => new LBFGS([a], { maxEval: 0 })).toThrow(/maxEval/);
    expect(() => new LBFGS([a], { historySize: 1.5 })).toThrow(/historySize/);
    expect(() => new LBFGS([a], { toleranceGrad: -1 })).toThrow(/toleranceGrad/);
  });
});

describe("Newton", () => {
  test("arrives in one step on a quadratic loss", () => {
    const [w, b] = [leaf([[3, -4]]), leaf(7)];
    const loss = (): Tensor =>
      w
        .sub(1)
        .square()
        .sum()
        .add(b.mul(2).sub(6).square())
        .add(w.at(0, 0).sub(1).mul(b.sub(3)));
    const result = new Newton([w, b]).step(loss);
    expect(result.item()).toBe(4 + 25 + 64 + 8);
    expect(w.detach().sub(1).abs().max().item()).toBeLessThan(1e-12);
    expect(b.item()).toBeCloseTo(3, 12);
  });

  test("solves a logistic regression to the last digit in a few steps", () => {
    const { w, loss } = logistic();
    const optimizer = new Newton([w]);
    for (let i = 0; i < 8; i++) optimizer.step(loss);
    loss().backward();
    expect(w.grad!.abs().max().item()).toBeLessThan(1e-10);
  });

  test("leads downhill where the Hessian is not positive definite, or singular", () => {
    const x = leaf([-1.2, 1, 0.5, 3]);
    const optimizer = new Newton([x]);
    let before = valley(x).item();
    for (let i = 0; i < 40; i++) {
      optimizer.step(() => valley(x));
      const now = valley(x).item();
      expect(now).toBeLessThanOrEqual(before);
      before = now;
    }
    // One of the valley's two minima.
    valley(x).backward();
    expect(x.grad!.abs().max().item()).toBeLessThan(1e-9);
    const flat = leaf([2, 5, 1]);
    new Newton([flat]).step(() => flat.at(0).square());
    expect(flat.toArray()).toEqual([expect.closeTo(0, 6), 5, 1]);
    const linear = leaf([2]);
    new Newton([linear], { damping: 0.5, lineSearch: false }).step(() => linear.mul(3).sum());
    expect(linear.item()).toBeCloseTo(-4, 12);
  });

  test("follows damping and lr, and moves nothing that the loss does not know", () => {
    const [x, y] = [leaf([4]), leaf([9])];
    new Newton([x, y], { damping: 2, lr: 0.5, lineSearch: false }).step(() => x.square().sum());
    expect(x.item()).toBeCloseTo(3, 12); // by ½ · 8/(2 + 2)
    expect(y.item()).toBe(9);
  });

  test("stays where nothing is to be gained", () => {
    const x = leaf([0]);
    const optimizer = new Newton([x]);
    // The loss rises wherever it looks: the derivative that it shows is another one's.
    let calls = 0;
    optimizer.step(() =>
      x
        .add(calls++ === 0 ? 1 : 100)
        .square()
        .sum(),
    );
    expect(x.item()).toBe(0);
  });

  test("refuses what it cannot do", () => {
    const x = leaf([1, 2]);
    const optimizer = new Newton([x]);
    // @ts-expect-error the result of a step without a closure is `never`
    expect(() => optimizer.step().item()).toThrow(/Newton.step: a closure is needed/);
    expect(() => optimizer.step(() => x.square())).toThrow(/the loss has shape \[2\]/);
    const withBackward = (): Tensor => {
      const loss = x.square().sum();
      loss.backward();
      return loss;
    };
    expect(() => optimizer.step(withBackward)).toThrow(/the closure called backward/);
    expect(() => optimizer.step(() => x.log().mul(0).sub(x.div(0)).pow(3).sum())).toThrow(
      LinAlgError,
    );
    expect(x.toArray()).toEqual([1, 2]);
    expect(() => new Newton([leaf(Array(5000).fill(0))])).toThrow(/5000 numbers.*use LBFGS/);
    expect(() => new Newton([{ params: [x] }, { params: [leaf([1])] }])).toThrow(/one group/);
    expect(() => new Newton([x], { damping: -1 })).toThrow(/damping/);
    expect(() => new SGD([x], { damping: 1 } as never)).toThrow(/unknown option/);
  });
});
