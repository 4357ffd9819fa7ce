import type { Tensor } from "@chainrule/core";
import { ArgumentError, GradError, ones, ShapeError, tensor, to_, zeros } from "@chainrule/core";
import {
  Adam,
  AdamW,
  clipGradNorm_,
  clipGradValue_,
  GradientOptimizer,
  SGD,
} from "@chainrule/optim";
import { describe, expect, test } from "vitest";

const leaf = (values: Parameters<typeof tensor>[0] = [1, 2]): Tensor =>
  tensor(values, { requiresGrad: true });

/** The gradient of Σ (x − 1)⁴, so that it depends on the place. */
function backward(parameters: readonly Tensor[]): void {
  for (const x of parameters) x.sub(1).square().square().sum().backward();
}

describe("what is refused, before anything is kept", () => {
  // What the types would refuse is handed over as `never`.
  test.each<[string, () => unknown, RegExp, typeof ArgumentError | typeof GradError]>([
    ["an empty list", () => new SGD([], { lr: 1 }), /SGD: there are no parameters/, ArgumentError],
    [
      "an iterator that is used up",
      () => new Adam([].values()),
      /there are no parameters/,
      ArgumentError,
    ],
    [
      "an empty group",
      () => new SGD([{ params: [] }], { lr: 1 }),
      /there are no parameters/,
      ArgumentError,
    ],
    [
      "a tensor",
      () => new SGD(leaf(), { lr: 1 }),
      /as an array or another iterable/,
      ArgumentError,
    ],
    [
      "a group that stands alone",
      () => new SGD({ params: [leaf()] } as never, { lr: 1 }),
      /for groups, as an array/,
      ArgumentError,
    ],
    [
      "a group without parameters",
      () => new SGD([{ lr: 1 }] as never, { lr: 1 }),
      /a group needs its parameters/,
      ArgumentError,
    ],
    [
      "numbers",
      () => new SGD([{ params: [1] }] as never, { lr: 1 }),
      /parameter 0 is no tensor/,
      ArgumentError,
    ],
    [
      "tensors beside groups",
      () => new SGD([leaf(), { params: [leaf()] }] as never, { lr: 1 }),
      /tensors and groups are mixed/,
      ArgumentError,
    ],
    [
      "the result of an op",
      () => new SGD([leaf().mul(2)], { lr: 1 }),
      /parameter 0 is the result of mul, not a leaf/,
      GradError,
    ],
    [
      "a frozen tensor",
      () => new SGD([leaf(), ones([1]).named("w")], { lr: 1 }),
      /parameter 1 \("w"\) does not require gradients/,
      GradError,
    ],
    [
      "SGD without a rate",
      () => new SGD([leaf()], {} as never),
      /SGD: lr is missing. Give \{ lr: … \}/,
      ArgumentError,
    ],
    [
      "a negative rate",
      () => new Adam([leaf()], { lr: -1 }),
      /Adam: lr must be at least 0, not -1/,
      ArgumentError,
    ],
    [
      "NaN",
      () => new AdamW([leaf()], { lr: Number.NaN }),
      /AdamW: lr must be a number, not NaN/,
      ArgumentError,
    ],
    ["infinity", () => new SGD([leaf()], { lr: Infinity }), /lr must be finite/, ArgumentError],
    [
      "negative momentum",
      () => new SGD([leaf()], { lr: 1, momentum: -1 }),
      /momentum must be at least 0/,
      ArgumentError,
    ],
    [
      "an unknown option",
      () => new SGD([leaf()], { lr: 1, weight_decay: 1 } as never),
      /unknown option "weight_decay"/,
      ArgumentError,
    ],
    [
      "an unknown option of a group",
      () => new Adam([{ params: [leaf()], momentum: 1 }] as never),
      /unknown option "momentum"/,
      ArgumentError,
    ],
    [
      "Nesterov without momentum",
      () => new SGD([leaf()], { lr: 1, nesterov: true }),
      /nesterov needs a momentum and no dampening/,
      ArgumentError,
    ],
    [
      "a beta of 1",
      () => new Adam([leaf()], { betas: [0.9, 1] }),
      /betas\[1\] must be at least 0 and less than 1/,
      ArgumentError,
    ],
    [
      "one beta",
      () => new Adam([leaf()], { betas: [0.9] as never }),
      /betas must be two numbers/,
      ArgumentError,
    ],
    [
      "a flag that is none",
      () => new Adam([leaf()], { amsgrad: 1 as never }),
      /amsgrad must be true or false/,
      ArgumentError,
    ],
  ])("%s", (_name, make, message, type) => {
    expect(make).toThrow(message);
    expect(make).toThrow(type);
  });

  test("a module in place of its parameters", () => {
    const model = { parameters: () => [leaf()] };
    const advice =
      /expected tensors to optimize, not .*\. Give its parameters: model\.parameters\(\)/;
    // @ts-expect-error no tensors
    expect(() => new SGD(model, { lr: 1 })).toThrow(advice);
    // @ts-expect-error no tensors
    expect(() => new SGD([model], { lr: 1 })).toThrow(advice);
    // @ts-expect-error no tensors
    expect(() => new SGD([{ params: model }], { lr: 1 })).toThrow(advice);
    // @ts-expect-error no tensors
    expect(() => clipGradNorm_(model, 1)).toThrow(advice);
  });

  test("a parameter given twice, in one group or two", () => {
    const w = leaf().named("w");
    expect(() => new SGD([w, leaf(), w], { lr: 1 })).toThrow(
      /parameter 2 \("w"\) is given twice\. It/,
    );
    expect(() => new SGD([{ params: [w] }, { params: [leaf(), w] }], { lr: 1 })).toThrow(
      /given twice, in two groups/,
    );
    const optimizer = new SGD([w], { lr: 1 });
    expect(() => optimizer.addParamGroup({ params: [w] })).toThrow(/in two groups/);
    expect(optimizer.paramGroups.length).toBe(1);
  });

  test("a gradient put there by hand that does not fit: nothing moves", () => {
    const [a, b] = [leaf(), leaf()];
    const optimizer = new SGD([a, b], { lr: 1 });
    a.grad = ones([2]);
    b.grad = ones([3]);
    expect(() => optimizer.step()).toThrow(ShapeError);
    expect(() => optimizer.step()).toThrow(
      /the gradient is float32 \[3\], but its parameter float32 \[2\]/,
    );
    expect(a.toArray()).toEqual([1, 2]);
    b.grad = ones([2], { dtype: "float64" });
    expect(() => optimizer.step()).toThrow(/float64 \[2\], but its parameter float32/);
  });

  test("an option changed to nonsense between steps", () => {
    const w = leaf();
    const optimizer = new Adam([w]);
    backward([w]);
    optimizer.paramGroups[0]!.lr = Number.NaN;
    expect(() => optimizer.step()).toThrow(/lr must be a number, not NaN/);
    expect(w.toArray()).toEqual([1, 2]);
  });
});

describe("groups", () => {
  test("have options of their own, and may be added", () => {
    const [a, b, c] = [leaf(1), leaf(1), leaf(1)];
    const optimizer = new SGD([{ params: [a] }, { params: [b], lr: 0.1 }], { lr: 1 });
    optimizer.addParamGroup({ params: [c], lr: 0.01 });
    for (const x of optimizer.parameters()) x.grad = ones([]);
    optimizer.step();
    expect([a, b, c].map((x) => x.item())).toEqual([0, 0.9, 0.99].map(Math.fround));
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([1, 0.1, 0.01]);
  });

  test("may come from any iterable, and options may be undefined", () => {
    const params = new Map([["w", leaf(1)]]);
    const optimizer = new Adam(params.values(), { lr: undefined as never });
    expect(optimizer.paramGroups[0]?.lr).toBe(0.001);
    expect(optimizer.parameters().length).toBe(1);
  });
});

describe("steps", () => {
  test("leave alone what has no gradient, and forget gradients on demand", () => {
    const [a, b] = [leaf(), leaf()];
    const optimizer = new Adam([a, b], { lr: 0.1 });
    backward([a]);
    optimizer.step();
    expect(b.toArray()).toEqual([1, 2]);
    expect(a.toArray()).not.toEqual([1, 2]);
    optimizer.zeroGrad();
    expect(a.grad).toBeNull();
  });

  test("compute a closure's loss first, with gradients", () => {
    const w = leaf(3);
    const optimizer = new SGD([w], { lr: 0.5 });
    const loss = optimizer.step(() => {
      optimizer.zeroGrad();
      const value = w.mul(w);
      value.backward();
      return value;
    });
    expect(loss.item()).toBe(9);
    expect(w.item()).toBe(0);
  });

  test("work on views and non-contiguous gradients", () => {
    const base = tensor([1, 2, 3, 4], { dtype: "float64" });
    const w = base.at("1:3").requiresGrad_();
    w.grad = tensor(
      [
        [1, 5],
        [2, 5],
      ],
      { dtype: "float64" },
    ).at(":", 0);
    new SGD([w], { lr: 1 }).step();
    expect(base.toArray()).toEqual([1, 1, 1, 4]);
  });

  test("are noticed by a graph that still needs the old numbers", () => {
    const w = leaf([2]);
    const loss = w.mul(w).sum();
    w.grad = ones([1]);
    new SGD([w], { lr: 1 }).step();
    expect(() => loss.backward()).toThrow(/changed in place/);
  });
});

describe("state", () => {
  test("that does not fit is refused, and nothing changes", () => {
    const make = (): Adam => {
      const optimizer = new Adam([leaf(), leaf(1)], { lr: 0.5 });
      backward(optimizer.parameters());
      optimizer.step();
      return optimizer;
    };
    const optimizer = make();
    const before = JSON.stringify(optimizer.stateDict());
    const good = make().stateDict();
    const [group] = good.paramGroups;
    const refused: [unknown, RegExp][] = [
      [null, /expected what stateDict\(\) gave/],
      [{ ...good, paramGroups: [] }, /the groups have {2}parameters, but this optimizer's have 2/],
      [{ ...good, paramGroups: [{ ...group, params: [0] }] }, /the groups have 1 parameters/],
      [{ ...good, paramGroups: [{ ...group, momentum: 1 }] }, /unknown option "momentum"/],
      [{ ...good, paramGroups: [{ ...group, lr: -1 }] }, /lr must be at least 0/],
      [{ ...good, paramGroups: [{ ...group, lr: undefined }] }, /lr is missing/],
      [{ ...good, state: { 5: good.state[0] } }, /there is no parameter 5/],
      [
        { ...good, state: { 0: { ...good.state[0], expAvg: ones([3]) } } },
        /expAvg of parameter 0 has shape \[3\]/,
      ],
      [
        { ...good, state: { 0: { ...good.state[0], step: "1" } } },
        /step of parameter 0 is no number/,
      ],
      [
        { ...good, state: { 0: { ...good.state[0], step: undefined } } },
        /step of parameter 0 is missing/,
      ],
      [
        { ...good, state: { 0: { ...good.state[0], momentumBuffer: null } } },
        /unknown option "momentumBuffer"/,
      ],
    ];
    for (const [state, message] of refused) {
      expect(() => optimizer.loadStateDict(state as typeof good)).toThrow(message);
      expect(JSON.stringify(optimizer.stateDict())).toBe(before);
    }
    expect(() => new SGD([leaf(), leaf(1)], { lr: 1 }).loadStateDict(good)).toThrow(
      /unknown option/,
    );
  });

  test("follows parameters that change their type", () => {
    const w = leaf([1, 2]);
    const optimizer = new Adam([w], { lr: 0.1 });
    backward([w]);
    optimizer.step();
    to_(w, "float64");
    optimizer.zeroGrad();
    backward([w]);
    optimizer.step();
    const [state] = Object.values(optimizer.stateDict().state);
    expect(state).toHaveProperty("expAvg.dtype", "float64");
  });
});

describe("an optimizer of one's own", () => {
  class SignSGD extends GradientOptimizer<{ lr: number }> {
    constructor(params: Iterable<Tensor>, lr: number) {
      const rules = { lr: () => undefined };
      super(params, { name: "SignSGD", rules, remembers: {} }, {}, { lr });
    }
    protected override update(x: Tensor, gradient: Tensor, { lr }: { lr: number }): void {
      x.sub_(gradient.sign().mul(lr));
    }
  }

  test("gets groups, steps and state from the base", () => {
    const w = leaf([1, -1]);
    const optimizer = new SignSGD([w], 0.5);
    w.square().sum().backward();
    optimizer.step();
    expect(w.toArray()).toEqual([0.5, -0.5]);
    expect(optimizer.stateDict()).toEqual({ state: {}, paramGroups: [{ lr: 0.5, params: [0] }] });
  });
});

describe("clipping", () => {
  test("leaves small gradients and those that are missing alone", () => {
    const [a, b] = [leaf([3, 4]), leaf()];
    a.grad = tensor([3, 4]);
    expect(clipGradNorm_([a, b], 5.1)).toBe(5);
    expect(a.grad.toArray()).toEqual([3, 4]);
    clipGradValue_(a, 3.5);
    expect(a.grad.toArray()).toEqual([3, 3.5]);
    expect(clipGradNorm_([b], 1)).toBe(0);
  });

  test("refuses what makes no sense; a norm that is not finite on demand", () => {
    const a = leaf();
    a.grad = tensor([Number.NaN, 1]);
    expect(() => clipGradNorm_(a, 1, { errorIfNonfinite: true })).toThrow(GradError);
    expect(a.grad.toArray()).toEqual([Number.NaN, 1]);
    expect(clipGradNorm_(a, 1)).toBeNaN();
    expect(() => clipGradNorm_(a, -1)).toThrow(/maxNorm must be at least 0/);
    expect(() => clipGradNorm_(a, 1, { normType: 0 })).toThrow(/normType must be positive/);
    expect(() => clipGradValue_(a, -1)).toThrow(/clipValue must be at least 0/);
    // @ts-expect-error misspelt
    expect(() => clipGradNorm_(a, 1, { norm: 2 })).toThrow(/unknown option "norm"/);
    // @ts-expect-error no tensors
    expect(() => clipGradNorm_([1], 1)).toThrow(/parameter 0 is no tensor/);
  });

  test("of the gradient of another type or shape", () => {
    const a = zeros([2, 2], { dtype: "float64", requiresGrad: true });
    a.grad = tensor(
      [
        [2, 0],
        [0, 0],
      ],
      { dtype: "float64" },
    );
    expect(clipGradNorm_(a, 1, { normType: Infinity })).toBe(2);
    expect(a.grad.toTypedArray()[0]).toBeCloseTo(1, 6);
  });
});
