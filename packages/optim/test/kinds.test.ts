import type { Tensor } from "@chainrule/core";
import { Generator, randn, svd, tensor, zerosLike } from "@chainrule/core";
import type { MomentsOptions, PenaltyOptions } from "@chainrule/optim";
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  ASGD,
  elasticNetPenalty,
  Lion,
  l1Penalty,
  l2Penalty,
  Muon,
  NAdam,
  RAdam,
  RMSprop,
  Rprop,
  SGD,
} from "@chainrule/optim";
import { describe, expect, test } from "vitest";

const leaf = (values: Parameters<typeof tensor>[0]): Tensor =>
  tensor(values, { requiresGrad: true, dtype: "float64" });

/** The gradient of Σ (x − 1)⁴, so that it depends on the place. */
function backward(parameters: readonly Tensor[], sign = 1): void {
  for (const x of parameters) x.sub(1).square().square().sum().mul(sign).backward();
}

type Penalized = Partial<Omit<PenaltyOptions, "lr">>;

/** Optimizers whose penalties go through the gradient. */
const coupled = [
  ["SGD", (params: Tensor[], own: Penalized) => new SGD(params, { lr: 0.01, ...own })],
  [
    "SGD with momentum",
    (params: Tensor[], own: Penalized) =>
      new SGD(params, { lr: 0.01, momentum: 0.9, dampening: 0.1, ...own }),
  ],
  [
    "SGD with Nesterov",
    (params: Tensor[], own: Penalized) =>
      new SGD(params, { lr: 0.01, momentum: 0.9, nesterov: true, ...own }),
  ],
  ["Adagrad", (params: Tensor[], own: Penalized) => new Adagrad(params, { lr: 0.1, ...own })],
  ["Adadelta", (params: Tensor[], own: Penalized) => new Adadelta(params, own)],
  ["RMSprop", (params: Tensor[], own: Penalized) => new RMSprop(params, own)],
  [
    "RMSprop, centered, with momentum",
    (params: Tensor[], own: Penalized) =>
      new RMSprop(params, { centered: true, momentum: 0.5, lr: 0.001, ...own }),
  ],
  ["Adam", (params: Tensor[], own: Penalized) => new Adam(params, { lr: 0.1, ...own })],
  [
    "Adam with AMSGrad",
    (params: Tensor[], own: Penalized) => new Adam(params, { lr: 0.1, amsgrad: true, ...own }),
  ],
  ["Adamax", (params: Tensor[], own: Penalized) => new Adamax(params, own)],
  ["NAdam", (params: Tensor[], own: Penalized) => new NAdam(params, own)],
  ["RAdam", (params: Tensor[], own: Penalized) => new RAdam(params, { lr: 0.01, ...own })],
  ["ASGD", (params: Tensor[], own: Penalized) => new ASGD(params, { t0: 2, ...own })],
] as const;

const kinds = [
  ...coupled,
  ["AdamW", (params: Tensor[], own: Penalized) => new AdamW(params, { lr: 0.1, ...own })],
  [
    "NAdam, decoupled",
    (params: Tensor[], own: Penalized) =>
      new NAdam(params, { weightDecay: 0.1, decoupledWeightDecay: true, ...own }),
  ],
  [
    "RAdam, decoupled",
    (params: Tensor[], own: Penalized) =>
      new RAdam(params, { weightDecay: 0.1, decoupledWeightDecay: true, ...own }),
  ],
  ["Lion", (params: Tensor[], own: Penalized) => new Lion(params, { lr: 0.01, ...own })],
  ["Muon", (params: Tensor[], own: Penalized) => new Muon(params, { lr: 0.01, ...own })],
  ["Rprop", (params: Tensor[], { maximize = false }: Penalized) => new Rprop(params, { maximize })],
] as const;

describe("every kind", () => {
  test.each(kinds)("%s: float32 follows float64", (_name, make) => {
    const start = randn([2, 3], { generator: new Generator(1), dtype: "float64" });
    const single = start.to("float32").requiresGrad_();
    const double = start.requiresGrad_();
    const optimizers = [make([single], {}), make([double], {})];
    for (let i = 0; i < 20; i++) {
      for (const optimizer of optimizers) {
        optimizer.zeroGrad();
        backward(optimizer.parameters());
        optimizer.step();
      }
    }
    const off = single.detach().to("float64").sub(double.detach()).abs().max().item();
    expect(off).toBeLessThan(1e-5);
  });

  test.each(kinds)("%s goes on from its state to the bit", (_name, make) => {
    const [a, b] = [leaf([[0.5, 2]]), leaf([[3]])];
    const first = make([a, b], {});
    const train = (optimizer: ReturnType<typeof make>, steps: number): void => {
      for (let i = 0; i < steps; i++) {
        optimizer.zeroGrad();
        backward(optimizer.parameters());
        optimizer.step();
      }
    };
    train(first, 3);
    const state = first.stateDict();
    const copies = [a, b].map((x) => tensor(x.detach(), { requiresGrad: true, dtype: "float64" }));
    const second = make(copies, {});
    second.loadStateDict(state);
    train(first, 3);
    train(second, 3);
    expect(copies.map((x) => x.toArray())).toEqual([a, b].map((x) => x.toArray()));
    expect(JSON.stringify(second.stateDict())).toBe(JSON.stringify(first.stateDict()));
    // What was taken is a copy: it did not move on.
    if (Object.keys(state.state).length > 0)
      expect(JSON.stringify(state)).not.toBe(JSON.stringify(first.stateDict()));
  });

  test.each(kinds)("%s goes downhill, and with maximize uphill", (_name, make) => {
    const [down, up] = [leaf([[0.5, 3]]), leaf([[0.5, 3]])];
    const loss = (x: Tensor): number => x.detach().sub(1).square().square().sum().item();
    const before = loss(down);
    const [descends, climbs] = [make([down], {}), make([up], { maximize: true })];
    for (let i = 0; i < 10; i++) {
      descends.zeroGrad();
      climbs.zeroGrad();
      backward([down]);
      backward([up], -1);
      descends.step();
      climbs.step();
    }
    expect(loss(down)).toBeLessThan(before);
    expect(up.toArray()).toEqual(down.toArray());
  });
});

describe("penalties", () => {
  test.each(coupled)("%s: options do what functions do", (_name, make) => {
    const start = [
      [0.5, -2, 1],
      [-0.25, 3, 0],
    ];
    const [byOption, byFunction] = [leaf(start), leaf(start)];
    const penalized = make([byOption], { l1: 0.3, weightDecay: 0.2 });
    const plain = make([byFunction], {});
    for (let i = 0; i < 5; i++) {
      penalized.zeroGrad();
      plain.zeroGrad();
      backward([byOption, byFunction]);
      elasticNetPenalty([byFunction], { l1: 0.3, l2: 0.2 }).backward();
      penalized.step();
      plain.step();
    }
    const off = byOption.detach().sub(byFunction.detach()).abs().max().item();
    expect(off).toBeLessThan(1e-12);
  });

  test("shrink also where the loss is climbed", () => {
    const w = leaf([4]);
    w.grad = zerosLike(w);
    new SGD([w], { lr: 0.5, l1: 1, weightDecay: 0.5, maximize: true }).step();
    expect(w.item()).toBe(2.5);
  });

  test("are refused for what is no number or no tensor", () => {
    expect(() => l1Penalty([], 1)).toThrow(/l1Penalty: there are no parameters/);
    expect(() => l2Penalty(leaf([1]), -1)).toThrow(/strength must be at least 0/);
    expect(() => l1Penalty(leaf([1]), Number.POSITIVE_INFINITY)).toThrow(/and finite/);
    // @ts-expect-error no tensor
    expect(() => l1Penalty([1], 1)).toThrow(/parameter 0 is no tensor/);
    // @ts-expect-error misspelt
    expect(() => elasticNetPenalty(leaf([1]), { ll: 1 })).toThrow(/unknown option "ll"/);
    expect(() => new SGD([leaf([1])], { lr: 1, l1: -1 })).toThrow(/l1 must be at least 0/);
  });
});

describe("decoupled decay", () => {
  test.each([
    ["AdamW", (w: Tensor) => new AdamW([w], { lr: 0.5, weightDecay: 0.5 })],
    ["Lion", (w: Tensor) => new Lion([w], { lr: 0.5, weightDecay: 0.5 })],
    ["Muon", (w: Tensor) => new Muon([w], { lr: 0.5, weightDecay: 0.5 })],
    [
      "NAdam",
      (w: Tensor) => new NAdam([w], { lr: 0.5, weightDecay: 0.5, decoupledWeightDecay: true }),
    ],
    [
      "RAdam",
      (w: Tensor) => new RAdam([w], { lr: 0.5, weightDecay: 0.5, decoupledWeightDecay: true }),
    ],
  ])("of %s shrinks weights where the gradient is 0", (_name, make) => {
    const w = leaf([[4, -8]]);
    w.grad = zerosLike(w);
    make(w).step();
    expect(w.toArray()).toEqual([[3, -6]]);
  });
});

describe("single kinds", () => {
  test("Lion follows its formula", () => {
    const w = leaf([0.3, -2]);
    const optimizer = new Lion([w], { lr: 0.1, betas: [0.8, 0.9], weightDecay: 0.2 });
    let [theta, m] = [-2, 0];
    for (const g of [1, -0.1, -3, 2, 0.5]) {
      w.grad = tensor([0, g], { dtype: "float64" });
      optimizer.step();
      theta = theta * (1 - 0.1 * 0.2) - 0.1 * Math.sign(0.8 * m + (1 - 0.8) * g);
      m = 0.9 * m + (1 - 0.9) * g;
    }
    expect(w.toTypedArray()[1]).toBe(theta);
  });

  test.each([
    [[2, 5], "original", 1],
    [[6, 2], "original", Math.sqrt(3)],
    [[6, 2], "match_rms_adamw", 0.2 * Math.sqrt(6)],
    [[3, 0], "original", 1],
  ] as const)("Muon's first step for %j is orthogonal (%s)", (shape, adjustLrFn, scale) => {
    const w = tensor(zerosLike(randn([...shape], { dtype: "float64" })), { requiresGrad: true });
    const gradient = randn([...shape], { generator: new Generator(3), dtype: "float64" });
    w.grad = gradient;
    const cubic = { nsCoefficients: [1.5, -0.5, 0], nsSteps: 40 } as const;
    new Muon([w], { lr: 0.5, adjustLrFn, ...cubic }).step();
    if (w.numel() === 0) return;
    const { U, Vh } = svd(gradient, { fullMatrices: false });
    const expected = U.matmul(Vh).mul(-0.5 * scale);
    expect(w.detach().sub(expected).abs().max().item()).toBeLessThan(1e-12);
  });

  test("Muon takes matrices only", () => {
    const matrix = leaf([[1, 2]]);
    expect(() => new Muon([matrix, leaf([1]).named("bias")])).toThrow(
      /parameter 1 \("bias"\) has shape \[1\], but only matrices .* Give the others to AdamW/,
    );
    const optimizer = new Muon([matrix]);
    expect(() => optimizer.addParamGroup({ params: [leaf(1)] })).toThrow(/only matrices/);
    expect(optimizer.paramGroups.length).toBe(1);
    expect(() => new Muon([matrix], { adjustLrFn: "none" as never })).toThrow(
      /adjustLrFn must be "original" or "match_rms_adamw", not "none"/,
    );
    expect(() => new Muon([matrix], { nsSteps: 0 })).toThrow(/nsSteps/);
    expect(() => new Muon([matrix], { nsCoefficients: [1] as never })).toThrow(/three numbers/);
  });

  test("ASGD averages from t0 on", () => {
    const w = leaf(1);
    const optimizer = new ASGD([w], { lr: 0.5, lambd: 0, t0: 2 });
    expect(() => optimizer.average(w)).toThrow(/has no average/);
    const seen: number[] = [];
    for (const g of [1, -2, 3, 4, -5]) {
      w.grad = tensor(g, { dtype: "float64" });
      optimizer.step();
      seen.push(w.item());
    }
    // It begins at t = 5, counted from 1: the weight is 1/max(1, t − 1 − t0) as in PyTorch.
    expect(optimizer.average(w).item()).toBeCloseTo((seen[3]! + seen[4]!) / 2, 14);
  });

  test("what their options refuse", () => {
    const w = leaf([1]);
    expect(() => new Rprop([w], { etas: [1.2, 0.5] })).toThrow(/etas must be a factor between/);
    expect(() => new Rprop([w], { stepSizes: [1, 0.5] })).toThrow(/stepSizes must be a smallest/);
    expect(() => new RMSprop([w], { alpha: 1.5 })).toThrow(/alpha must be from 0 to 1/);
    expect(() => new Adadelta([w], { rho: -1 })).toThrow(/rho must be from 0 to 1/);
    expect(() => new Adagrad([w], { lrDecay: -1 })).toThrow(/lrDecay must be at least 0/);
    expect(() => new NAdam([w], { momentumDecay: -1 })).toThrow(/momentumDecay must be/);
    const moments: Partial<MomentsOptions> = { betas: [1, 0] };
    expect(() => new RAdam([w], moments)).toThrow(/betas\[0\] must be at least 0 and less than 1/);
    expect(() => new Lion([w], { eps: 1 } as never)).toThrow(/unknown option "eps"/);
    expect(() => new Muon([leaf([[1]])], { eps: 0 })).toThrow(/eps must be greater than 0/);
  });
});
