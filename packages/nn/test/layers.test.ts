import type { Tensor } from "@chainrule/core";
import * as core from "@chainrule/core";
import {
  ArgumentError,
  Generator,
  IndexError,
  ones,
  randn,
  relu,
  tensor,
  zeros,
} from "@chainrule/core";
import * as nn from "@chainrule/nn";
import { init } from "@chainrule/nn";
import { assertGradcheck } from "@chainrule/testing";
import { describe, expect, test } from "vitest";

const float64 = { dtype: "float64" } as const;
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArray());

describe("Linear", () => {
  test("begins within ±1/√inFeatures, with the same numbers for the same seed", () => {
    const make = (seed: number) => new nn.Linear(16, 500, { generator: new Generator(seed) });
    const layer = make(1);
    for (const parameter of layer.parameters()) {
      const all = numbers(parameter);
      expect(Math.max(...all)).toBeLessThan(0.25);
      expect(Math.max(...all)).toBeGreaterThan(0.24);
      expect(Math.min(...all)).toBeLessThan(-0.24);
    }
    expect(numbers(make(1).weight)).toEqual(numbers(layer.weight));
    expect(numbers(make(2).weight)).not.toEqual(numbers(layer.weight));
  });

  test("is x·Wᵀ + b with gradients, for any leading dimensions", () => {
    const layer = new nn.Linear(3, 2, float64);
    for (const shape of [[3], [4, 3], [2, 0, 3], [2, 2, 3]]) {
      const x = randn(shape, float64);
      const expected = x.matmul(layer.weight.T).add(layer.bias!);
      expect(layer.forward(x).sub(expected).abs().sum().item()).toBeLessThan(1e-14);
      if (x.numel() > 0) assertGradcheck((input: Tensor) => layer.forward(input), x, { order: 2 });
    }
  });

  test("may do without a bias, and refuses sizes and options that are none", () => {
    expect(new nn.Linear(2, 3, { bias: false }).bias).toBeNull();
    expect(new nn.Linear(0, 3).forward(zeros([2, 0])).shape).toEqual([2, 3]);
    expect(() => new nn.Linear(2.5, 3)).toThrow(/Linear: inFeatures must be a whole number/);
    // @ts-expect-error misspelt
    expect(() => new nn.Linear(2, 3, { Bias: false })).toThrow(ArgumentError);
    expect(() => new nn.Linear(2, 3).forward(ones([4, 3]))).toThrow(
      /3 features, but the weight .* takes 2/,
    );
  });
});

describe("Sequential", () => {
  test("holds layers by place", () => {
    const model = new nn.Sequential(new nn.Linear(2, 3), relu, new nn.Linear(3, 1));
    expect(model.length).toBe(3);
    expect(model.at(-1)).toBe(model.layers[2]);
    expect(model.at(1)).toBeInstanceOf(nn.Lambda);
    expect([...model].length).toBe(3);
    expect(Object.keys(model.stateDict())).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
    expect(() => model.at(3)).toThrow(IndexError);
    expect(() => model.at(0.5)).toThrow(/there is no layer 0.5 among 3/);
  });

  test("holds layers by name", () => {
    const model = new nn.Sequential({ encode: new nn.Linear(2, 1), activate: new nn.Tanh() });
    expect(Object.keys(model.stateDict())).toEqual(["encode.weight", "encode.bias"]);
    expect(model.forward(ones([5, 2])).shape).toEqual([5, 1]);
    expect(model.forward(ones([2])).node?.scope).toBe("Sequential/activate");
  });

  test("of nothing is the identity; what is no layer is refused", () => {
    const x = ones([2]);
    expect(new nn.Sequential().forward(x)).toBe(x);
    // @ts-expect-error a number is no layer
    expect(() => new nn.Sequential(new nn.ReLU(), 3)).toThrow(
      /layer 1 is 3, neither a module nor a function/,
    );
    // @ts-expect-error nor is a string
    expect(() => new nn.Lambda("relu")).toThrow(/expected a function of a tensor, not "relu"/);
  });
});

describe("activations", () => {
  const x = tensor([[-2, -0.5, 0.3, 2]], float64);

  test.each([
    [new nn.ReLU(), core.relu(x), "ReLU()"],
    [new nn.Sigmoid(), core.sigmoid(x), "Sigmoid()"],
    [new nn.Tanh(), core.tanh(x), "Tanh()"],
    [new nn.SiLU(), core.silu(x), "SiLU()"],
    [new nn.GELU(), core.gelu(x), "GELU(approximate=none)"],
    [
      new nn.GELU({ approximate: "tanh" }),
      core.gelu(x, { approximate: "tanh" }),
      "GELU(approximate=tanh)",
    ],
    [new nn.LeakyReLU(), core.leakyRelu(x), "LeakyReLU(negativeSlope=0.01)"],
    [
      new nn.LeakyReLU({ negativeSlope: 0.3 }),
      core.leakyRelu(x, { negativeSlope: 0.3 }),
      "LeakyReLU(negativeSlope=0.3)",
    ],
    [new nn.ELU({ alpha: 2 }), core.elu(x, { alpha: 2 }), "ELU(alpha=2)"],
    [new nn.Softplus({ beta: 2 }), core.softplus(x, { beta: 2 }), "Softplus(beta=2, threshold=20)"],
    [new nn.ReLU6(), core.relu6(x), "ReLU6()"],
    [new nn.LogSigmoid(), core.logsigmoid(x), "LogSigmoid()"],
    [new nn.Tanhshrink(), core.tanhshrink(x), "Tanhshrink()"],
    [new nn.Mish(), core.mish(x), "Mish()"],
    [new nn.SELU(), core.selu(x), "SELU()"],
    [new nn.Heaviside(), core.heaviside(x, 1), "Heaviside()"],
    [new nn.Sign(), core.sign(x), "Sign()"],
    [new nn.Softsign(), core.softsign(x), "Softsign()"],
    [new nn.Hardsigmoid(), core.hardsigmoid(x), "Hardsigmoid()"],
    [new nn.Hardswish(), core.hardswish(x), "Hardswish()"],
    [new nn.CELU({ alpha: 0.5 }), core.celu(x, { alpha: 0.5 }), "CELU(alpha=0.5)"],
    [
      new nn.Hardtanh({ maxVal: 0.1 }),
      core.hardtanh(x, { maxVal: 0.1 }),
      "Hardtanh(minVal=-1, maxVal=0.1)",
    ],
    [
      new nn.Softshrink({ lambd: 0.4 }),
      core.softshrink(x, { lambd: 0.4 }),
      "Softshrink(lambd=0.4)",
    ],
    [new nn.Hardshrink(), core.hardshrink(x), "Hardshrink(lambd=0.5)"],
    [new nn.Threshold(0, -1), core.threshold(x, 0, -1), "Threshold(threshold=0, value=-1)"],
    [
      new nn.PReLU({ numParameters: 4, init: 0.5, dtype: "float64" }),
      core.prelu(x, core.full([4], 0.5, float64)),
      "PReLU(numParameters=4)",
    ],
    [new nn.GLU(), core.glu(x), "GLU(dim=-1)"],
    [new nn.Softmax(1), core.softmax(x, 1), "Softmax(dim=1)"],
    [new nn.LogSoftmax(-1), core.logSoftmax(x, -1), "LogSoftmax(dim=-1)"],
    [new nn.Softmin(1), core.softmin(x, 1), "Softmin(dim=1)"],
    [new nn.Identity(), x, "Identity()"],
    [new nn.Flatten({ startDim: 0 }), x.flatten(), "Flatten(startDim=0, endDim=-1)"],
  ])("%s", (layer: nn.Layer, expected, text) => {
    expect(numbers(layer.forward(x))).toEqual(numbers(expected));
    expect(layer.forward(x).shape).toEqual(expected.shape);
    expect(String(layer)).toBe(text);
  });

  test("refuse options they do not have", () => {
    // @ts-expect-error PyTorch's old name
    expect(() => new nn.LeakyReLU({ slope: 1 })).toThrow(/LeakyReLU: unknown option "slope"/);
    // @ts-expect-error misspelt
    expect(() => new nn.Flatten({ start: 1 })).toThrow(/Flatten: unknown option "start"/);
  });
});

describe("Dropout", () => {
  test("keeps the expectation while training, and everything otherwise", () => {
    const layer = new nn.Dropout({ p: 0.2, generator: new Generator(3) });
    const x = ones([10_000], { requiresGrad: true });
    const y = layer.forward(x);
    const kept = numbers(y).filter((value) => value !== 0);
    expect(new Set(kept)).toEqual(new Set([1.25]));
    expect(kept.length / 10_000).toBeCloseTo(0.8, 1);
    y.sum().backward();
    expect(numbers(x.grad!)).toEqual(numbers(y));
    expect(layer.eval().forward(x)).toBe(x);
  });

  test("of whole channels, and for SELU", () => {
    const x = randn([4, 6, 5], { generator: new Generator(2) });
    const y = new nn.Dropout1d({ generator: new Generator(4) }).forward(x);
    const zeroChannels = y.abs().sum(2).eq(0).to("int32").sum().item();
    expect(zeroChannels).toBeGreaterThan(4);
    expect(zeroChannels).toBeLessThan(20);
    expect(numbers(new nn.Dropout2d({ p: 1 }).forward(ones([1, 1, 2, 1])))).toEqual([0, 0]);
    expect(numbers(new nn.Dropout3d({ p: 1 }).forward(ones([1, 1, 1, 2, 1])))).toEqual([0, 0]);
    for (const layer of [new nn.AlphaDropout(), new nn.FeatureAlphaDropout()]) {
      expect(layer.forward(x).shape).toEqual([4, 6, 5]);
      expect(layer.eval().forward(x)).toBe(x);
    }
  });

  test("with p = 1 drops everything, with p = 0 nothing", () => {
    expect(numbers(new nn.Dropout({ p: 1 }).forward(ones([3])))).toEqual([0, 0, 0]);
    const x = ones([3]);
    expect(new nn.Dropout({ p: 0 }).forward(x)).toBe(x);
    expect(() => new nn.Dropout({ p: 2 })).toThrow(/p is a probability, from 0 to 1, not 2/);
  });
});

describe("initialisers", () => {
  const big = () => zeros([200, 100], float64);
  const spread = (x: Tensor) => {
    const all = numbers(x);
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    const std = Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length);
    return { mean, std, most: all.reduce((most, value) => Math.max(most, Math.abs(value)), 0) };
  };

  test.each([
    ["uniform_", init.uniform_(big(), { a: -2, b: 2 }), 2 / Math.sqrt(3)],
    ["normal_", init.normal_(big(), { std: 3 }), 3],
    ["xavierUniform_", init.xavierUniform_(big(), { gain: 2 }), 2 * Math.sqrt(2 / 300)],
    ["xavierNormal_", init.xavierNormal_(big()), Math.sqrt(2 / 300)],
    ["kaimingUniform_", init.kaimingUniform_(big(), { nonlinearity: "relu" }), Math.sqrt(2 / 100)],
    ["kaimingNormal_", init.kaimingNormal_(big(), { mode: "fanOut", a: 1 }), Math.sqrt(1 / 200)],
    ["truncNormal_", init.truncNormal_(big(), { std: 1 }), 0.8796],
  ])("%s has the standard deviation it should have", (_name, x, std) => {
    const found = spread(x);
    expect(Math.abs(found.mean)).toBeLessThan(0.05 * std);
    expect(found.std / std).toBeCloseTo(1, 1);
  });

  test("uniform ones stay within their bounds", () => {
    expect(spread(init.xavierUniform_(big())).most).toBeLessThan(Math.sqrt(6 / 300));
    expect(spread(init.kaimingUniform_(big())).most).toBeLessThan(Math.sqrt(6 / 100));
  });

  test.each([
    [-0.5, 0.5],
    [1, 1.2],
    [4, 8],
    [-9, -5],
    [-1, 30],
    [0.5, 30],
  ])("truncNormal_ in [%f, %f] has the mean of the truncated distribution", (a, b) => {
    const x = init.truncNormal_(big(), { a, b });
    const all = numbers(x);
    expect(all.every((value) => value >= a && value <= b)).toBe(true);
    // E z = (φ(a) − φ(b))/(Φ(b) − Φ(a)), the integral by Simpson's rule.
    const phi = (z: number) => Math.exp((Math.min(a * a, b * b) - z * z) / 2);
    const steps = 2000;
    let mass = 0;
    let first = 0;
    for (let i = 0; i <= steps; i++) {
      const z = a + ((Math.min(b, 12) - a) * i) / steps;
      const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
      mass += weight * phi(z);
      first += weight * z * phi(z);
    }
    expect(Math.abs(spread(x).mean - first / mass)).toBeLessThan(0.02);
  });

  test.each([
    [5, 5],
    [3, 7],
    [7, 3],
  ])("orthogonal_ of %i × %i has orthonormal rows or columns", (rows, columns) => {
    const q = init.orthogonal_(zeros([rows, columns], float64), { gain: 2 });
    const gram = rows <= columns ? q.matmul(q.T) : q.T.matmul(q);
    const expected = core.eye(Math.min(rows, columns), undefined, float64).mul(4);
    expect(gram.sub(expected).abs().max().item()).toBeLessThan(1e-14);
  });

  test("constants", () => {
    expect(numbers(init.constant_(zeros([2]), 3))).toEqual([3, 3]);
    expect(numbers(init.ones_(zeros([2])))).toEqual([1, 1]);
    expect(numbers(init.zeros_(ones([2])))).toEqual([0, 0]);
    expect(numbers(init.eye_(ones([2, 3])))).toEqual([1, 0, 0, 0, 1, 0]);
    expect(init.calculateGain("tanh")).toBe(5 / 3);
    expect(init.calculateGain("leakyRelu", 1)).toBe(1);
  });

  test("fill parameters without noGrad, and refuse what makes no sense", () => {
    const weight = nn.parameter(zeros([2, 2]));
    expect(init.ones_(weight)).toBe(weight);
    expect(() => init.xavierNormal_(zeros([3]))).toThrow(/needs at least two dimensions/);
    expect(() => init.truncNormal_(zeros([3]), { a: 2, b: 1 })).toThrow(/a must be less than b/);
    expect(() => init.normal_(zeros([3]), { std: -1 })).toThrow(/std must be at least 0/);
    // @ts-expect-error unknown
    expect(() => init.kaimingNormal_(big(), { mode: "both" })).toThrow(/mode must be/);
    // @ts-expect-error unknown
    expect(() => init.calculateGain("step")).toThrow(/unknown nonlinearity "step"/);
    expect(() => init.eye_(zeros([3]))).toThrow(/expected a matrix/);
  });
});

describe("losses as modules", () => {
  const x = tensor(
    [
      [0.2, 0.7, 0.4],
      [0.9, 0.1, 0.3],
    ],
    float64,
  );
  const t = tensor(
    [
      [0, 1, 1],
      [1, 0, 1],
    ],
    float64,
  );
  const signs = t.mul(2).sub(1);
  const classes = tensor([2, 0], { dtype: "int32" });
  const weight = tensor([1, 2, 3], float64);

  test.each<[string, Tensor, Tensor]>([
    [
      "MSELoss",
      new nn.MSELoss({ reduction: "sum" }).forward(x, t),
      core.mseLoss(x, t, { reduction: "sum" }),
    ],
    ["L1Loss", new nn.L1Loss().forward(x, t), core.l1Loss(x, t)],
    [
      "SmoothL1Loss",
      new nn.SmoothL1Loss({ beta: 0.2 }).forward(x, t),
      core.smoothL1Loss(x, t, { beta: 0.2 }),
    ],
    [
      "HuberLoss",
      new nn.HuberLoss({ delta: 0.2 }).forward(x, t),
      core.huberLoss(x, t, { delta: 0.2 }),
    ],
    [
      "CrossEntropyLoss",
      new nn.CrossEntropyLoss({ weight }).forward(x, classes),
      core.crossEntropy(x, classes, { weight }),
    ],
    [
      "NLLLoss",
      new nn.NLLLoss({ ignoreIndex: 2 }).forward(x, classes),
      core.nllLoss(x, classes, { ignoreIndex: 2 }),
    ],
    [
      "BCELoss",
      new nn.BCELoss({ weight }).forward(x, t),
      core.binaryCrossEntropy(x, t, { weight }),
    ],
    [
      "BCEWithLogitsLoss",
      new nn.BCEWithLogitsLoss({ posWeight: weight }).forward(x, t),
      core.binaryCrossEntropyWithLogits(x, t, { posWeight: weight }),
    ],
    [
      "KLDivLoss",
      new nn.KLDivLoss({ logTarget: true }).forward(x, t),
      core.klDiv(x, t, { logTarget: true }),
    ],
    [
      "PoissonNLLLoss",
      new nn.PoissonNLLLoss({ full: true }).forward(x, t),
      core.poissonNllLoss(x, t, { full: true }),
    ],
    ["GaussianNLLLoss", new nn.GaussianNLLLoss().forward(x, t, x), core.gaussianNllLoss(x, t, x)],
    ["PerceptronLoss", new nn.PerceptronLoss().forward(x, signs), core.perceptronLoss(x, signs)],
    [
      "HingeLoss",
      new nn.HingeLoss({ squared: true }).forward(x, signs),
      core.hingeLoss(x, signs, { squared: true }),
    ],
    [
      "HingeEmbeddingLoss",
      new nn.HingeEmbeddingLoss().forward(x, signs),
      core.hingeEmbeddingLoss(x, signs),
    ],
    [
      "MarginRankingLoss",
      new nn.MarginRankingLoss().forward(x, t, signs),
      core.marginRankingLoss(x, t, signs),
    ],
    ["SoftMarginLoss", new nn.SoftMarginLoss().forward(x, signs), core.softMarginLoss(x, signs)],
    [
      "MultiMarginLoss",
      new nn.MultiMarginLoss({ p: 2 }).forward(x, classes),
      core.multiMarginLoss(x, classes, { p: 2 }),
    ],
    [
      "MultiLabelMarginLoss",
      new nn.MultiLabelMarginLoss().forward(x, [
        [1, -1, 0],
        [0, 2, -1],
      ]),
      core.multilabelMarginLoss(x, [
        [1, -1, 0],
        [0, 2, -1],
      ]),
    ],
    [
      "MultiLabelSoftMarginLoss",
      new nn.MultiLabelSoftMarginLoss().forward(x, t),
      core.multilabelSoftMarginLoss(x, t),
    ],
    [
      "CosineEmbeddingLoss",
      new nn.CosineEmbeddingLoss().forward(x, t, [1, -1]),
      core.cosineEmbeddingLoss(x, t, [1, -1]),
    ],
    [
      "TripletMarginLoss",
      new nn.TripletMarginLoss({ swap: true }).forward(x, t, signs),
      core.tripletMarginLoss(x, t, signs, { swap: true }),
    ],
    [
      "CTCLoss",
      new nn.CTCLoss().forward(
        core.logSoftmax(randn([4, 2, 3], { ...float64, generator: new Generator(1) }), 2),
        [[1], [2]],
        [4, 4],
        [1, 1],
      ),
      core.ctcLoss(
        core.logSoftmax(randn([4, 2, 3], { ...float64, generator: new Generator(1) }), 2),
        [[1], [2]],
        [4, 4],
        [1, 1],
      ),
    ],
  ])("%s", (_name, found, expected) => {
    expect(numbers(found)).toEqual(numbers(expected));
  });

  test("keep weights as buffers, and refuse unknown options", () => {
    const loss = new nn.CrossEntropyLoss({ weight: [1, 2, 3], labelSmoothing: 0.1 });
    expect(Object.keys(loss.stateDict())).toEqual(["weight"]);
    loss.to("float64");
    expect(loss.buffers()[0]?.dtype).toBe("float64");
    expect(String(loss)).toBe("CrossEntropyLoss(labelSmoothing=0.1)");
    // @ts-expect-error misspelt
    expect(() => new nn.CrossEntropyLoss({ weights: [1] })).toThrow(/unknown option "weights"/);
    // @ts-expect-error unknown
    expect(() => new nn.MSELoss({ reduction: "average" }).forward(x, t)).toThrow(
      /reduction must be/,
    );
  });
});

describe("AdaptiveLogSoftmaxWithLoss", () => {
  const layer = new nn.AdaptiveLogSoftmaxWithLoss(6, 12, [3, 5, 8], {
    divValue: 1.5,
    headBias: true,
    dtype: "float64",
    generator: new Generator(3),
  });
  const x = randn([12, 6], { dtype: "float64", generator: new Generator(4) });

  test("gives of each target what logProb gives of all classes, which add up to 1", () => {
    const all = layer.logProb(x);
    for (const total of all.exp().sum(1).toTypedArray()) expect(total).toBeCloseTo(1, 14);
    const targets = Int32Array.from({ length: 12 }, (_, i) => (7 * i) % 12);
    const [output, loss] = layer.forward(x, tensor(targets));
    for (const [i, k] of targets.entries())
      expect(output.at(i).item()).toBeCloseTo(all.at(i, k).item(), 14);
    expect(loss.item()).toBeCloseTo(-output.mean().item(), 14);
    expect(layer.predict(x).toArray()).toEqual(all.argmax(1).toArray());
    const [single] = layer.forward(x.at(2), tensor(9, { dtype: "int32" }));
    expect(single.item()).toBeCloseTo(all.at(2, 9).item(), 14);
  });

  test("reads only the clusters that are wanted", () => {
    const [, loss] = layer.forward(x.at(":2"), tensor([1, 4], { dtype: "int32" }));
    loss.backward();
    const reached = layer.namedParameters().filter(([, parameter]) => parameter.grad !== null);
    expect(reached.map(([name]) => name)).toEqual([
      "head.weight",
      "head.bias",
      "tail.0.0.weight",
      "tail.0.1.weight",
    ]);
  });
});
