/**
 * Containers, clones, modules as functions, computed weights, tied weights, and names of states.
 */
import type { Tensor } from "@chainrule/core";
import { grad, IndexError, noGrad, ones, randn, tensor, vmap, zeros } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import { describe, expect, test } from "vitest";

const float64 = { dtype: "float64" } as const;
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArray());

describe("ModuleList", () => {
  test("grows, and names its modules by place", () => {
    const list = new nn.ModuleList<nn.Layer>([new nn.Linear(2, 2)]);
    const tanh = new nn.Tanh();
    list.append(new nn.Linear(2, 3)).insert(1, tanh).extend([new nn.ReLU()]);
    expect(list.length).toBe(4);
    expect(list.at(1)).toBe(tanh);
    expect(list.at(-1)).toBeInstanceOf(nn.ReLU);
    expect(Object.keys(list.stateDict())).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
    list.set(0, new nn.Identity());
    expect(Object.keys(list.stateDict())).toEqual(["2.weight", "2.bias"]);
    expect([...list].length).toBe(4);
  });

  test("refuses what is no module, places that are none, and to be called", () => {
    const list = new nn.ModuleList();
    // @ts-expect-error no module
    expect(() => list.append("relu")).toThrow(/ModuleList: module 0 is "relu", which is no module/);
    expect(() => list.at(0)).toThrow(IndexError);
    expect(() => list.forward()).toThrow(/has no forward of its own/);
  });
});

describe("ModuleDict", () => {
  test("names its modules", () => {
    const dict = new nn.ModuleDict<nn.Layer>({ a: new nn.Linear(1, 1) });
    dict.set("b", new nn.ReLU());
    expect(dict.keys()).toEqual(["a", "b"]);
    expect([dict.size, dict.has("a"), dict.delete("b"), dict.has("b")]).toEqual([
      2,
      true,
      true,
      false,
    ]);
    expect(dict.namedParameters().map(([name]) => name)).toEqual(["a.weight", "a.bias"]);
    expect(dict.values().length).toBe(1);
    expect([...dict][0]![0]).toBe("a");
    expect(dict.get("a").forward(ones([1])).shape).toEqual([1]);
  });

  test("refuses names that are none, and to be called", () => {
    const dict = new nn.ModuleDict();
    expect(() => dict.set("a.b", new nn.ReLU())).toThrow(/a word without points/);
    expect(() => dict.get("x")).toThrow(/there is no module "x"/);
    expect(() => dict.forward()).toThrow(/has no forward of its own/);
  });
});

describe("Residual", () => {
  test("adds a way around its layer, through a shortcut if there is one", () => {
    const x = ones([2, 3]);
    expect(numbers(new nn.Residual(new nn.Identity()).forward(x))).toEqual(numbers(x.mul(2)));
    expect(() => new nn.Residual(new nn.Linear(3, 2)).forward(x)).toThrow(
      /gives shape \[2, 2\] and the way around it \[2, 3\]/,
    );
    // @ts-expect-error a function is no module
    expect(() => new nn.Residual(() => x)).toThrow(/no module/);
  });
});

describe("clone", () => {
  class Net extends nn.Module {
    readonly table = new nn.Embedding(5, 3);
    readonly out = new nn.Linear(3, 5, { bias: false });
    readonly norm = new nn.BatchNorm1d(5);
    readonly extra = { list: [nn.parameter(ones([2]))], note: "kept" };
    constructor() {
      super();
      this.out.weight = this.table.weight;
    }
    forward(index: Tensor): Tensor {
      return this.norm.forward(this.out.forward(this.table.forward(index)));
    }
  }
  const index = tensor([0, 1, 4], { dtype: "int32" });

  test("has parts of its own, and what was shared is shared", () => {
    const net = new Net();
    const copy = net.clone();
    expect(copy).toBeInstanceOf(Net);
    expect(copy.out.weight === copy.table.weight).toBe(true);
    expect(copy.out.weight === net.out.weight).toBe(false);
    expect(copy.namedParameters().map(([name]) => name)).toEqual(
      net.namedParameters().map(([name]) => name),
    );
    expect(copy.namedBuffers().length).toBe(3);
    expect(numbers(copy.forward(index))).toEqual(numbers(net.forward(index)));
    noGrad(() => copy.extra.list[0]!.zero_());
    expect(numbers(net.extra.list[0]!)).toEqual([1, 1]);
    copy.eval();
    expect(net.norm.training).toBe(true);
  });

  test("keeps hooks and computed weights", () => {
    const layer = nn.weightNorm(new nn.Linear(2, 3));
    let calls = 0;
    layer.registerForwardHook(() => {
      calls++;
      return undefined;
    });
    const copy = layer.clone();
    noGrad(() =>
      copy
        .namedParameters()
        .find(([name]) => name === "weightG")![1]
        .mul_(2),
    );
    const [a, b] = [layer, copy].map((one) => one.forward(ones([2])).sub(one.bias!));
    expect(b!.sub(a!.mul(2)).abs().max().item()).toBeLessThan(1e-6);
    expect(calls).toBe(2);
    nn.removeWeightNorm(copy);
    expect(copy.weight.isLeaf).toBe(true);
    expect(layer.weight.isLeaf).toBe(false);
  });

  test("is refused where forward belongs to one module", () => {
    class Arrow extends nn.Identity {
      readonly inner = new nn.Linear(1, 1);
      constructor() {
        super();
        Object.assign(this, { forward: (x: Tensor) => this.inner.forward(x) });
        Object.defineProperty(this, "forward", { enumerable: true });
      }
    }
    expect(() => new Arrow().clone()).toThrow(/Make it a method/);
  });
});

describe("functionalCall", () => {
  const layer = new nn.Sequential(
    new nn.Linear(2, 3, float64),
    new nn.Tanh(),
    new nn.Linear(3, 1, float64),
  );

  test("leaves the module as it is", () => {
    const before = layer.stateDict();
    const x = randn([4, 2], float64);
    const y = nn.functionalCall(layer, { "0.bias": zeros([3], float64) }, x);
    expect(y.shape).toEqual([4, 1]);
    for (const [name, value] of Object.entries(layer.stateDict())) {
      expect(numbers(value)).toEqual(numbers(before[name]!));
    }
    expect(() => nn.functionalCall(layer, { bias: zeros([3]) }, x)).toThrow(
      /neither a parameter nor a buffer "bias"/,
    );
    expect(() => nn.functionalCall(layer, { "0.bias": zeros([4]) }, x)).toThrow(
      /shape \[3\], but .* \[4\]/,
    );
  });

  test("gives one gradient for each sample", () => {
    const x = randn([4, 2], float64);
    const loss = (weight: Tensor, sample: Tensor): Tensor =>
      nn.functionalCall(layer, { "0.weight": weight }, sample).square().sum();
    const weight = layer.layers[0].weight.detach();
    const each = vmap(grad(loss), { inDims: [null, 0] })(weight, x);
    const all = grad((w: Tensor) => loss(w, x))(weight);
    expect(each.shape).toEqual([4, 3, 2]);
    expect(each.sum(0).sub(all).abs().max().item()).toBeLessThan(1e-14);
  });
});

describe("weights that are shared", () => {
  test("count once, and learn from both places", () => {
    const model = new nn.Sequential(new nn.Embedding(7, 3), new nn.Linear(3, 7, { bias: false }));
    model.layers[1].weight = model.layers[0].weight;
    expect(model.parameters().length).toBe(1);
    expect(model.summary().parameters).toBe(21);
    expect(Object.keys(model.stateDict())).toEqual(["0.weight", "1.weight"]);
    model
      .forward(tensor([2], { dtype: "int32" }))
      .sum()
      .backward();
    expect(model.layers[0].weight.grad!.abs().gt(0).any(-1).sum().item()).toBe(7);
  });
});

describe("weightNorm and spectralNorm", () => {
  test("of a vector: each number has a length of its own, as in PyTorch", () => {
    const layer = new nn.Linear(2, 3);
    layer.loadStateDict({ bias: tensor([3, -4, 0.5]) }, { strict: false });
    nn.weightNorm(layer, "bias");
    const named = new Map(layer.namedParameters());
    expect(numbers(named.get("biasG")!)).toEqual([3, 4, 0.5]);
    expect(numbers(layer.bias!)).toEqual([3, -4, 0.5]);
    nn.weightNorm(layer, "weight", { dim: null });
    expect(new Map(layer.namedParameters()).get("weightG")!.shape).toEqual([]);
  });

  test("leave the numbers as they were, and are undone", () => {
    const layer = new nn.Conv2d(2, 3, 2, float64);
    const before = numbers(layer.weight);
    nn.weightNorm(layer, "weight", { dim: 1 });
    for (const [i, value] of numbers(layer.weight).entries())
      expect(value).toBeCloseTo(before[i]!, 14);
    expect(layer.parameters().length).toBe(3);
    nn.removeWeightNorm(layer);
    expect(layer.namedParameters().map(([name]) => name)).toEqual(["bias", "weight"]);
    for (const [i, value] of numbers(layer.weight).entries())
      expect(value).toBeCloseTo(before[i]!, 14);
    expect(() => nn.removeWeightNorm(layer)).toThrow(/is not computed by weightNorm/);
  });

  test("divide by the largest singular value, which training improves", () => {
    const layer = nn.spectralNorm(new nn.Linear(5, 4, float64), "weight", { nPowerIterations: 3 });
    const norm = (): number => layer.weight.detach().svdvals().at(0).item();
    for (let i = 0; i < 100; i++) layer.forward(ones([1, 5], float64));
    expect(norm()).toBeCloseTo(1, 8);
    const u = numbers(layer.buffers()[0]!);
    layer.eval().forward(ones([1, 5], float64));
    expect(numbers(layer.buffers()[0]!)).toEqual(u);
    nn.removeSpectralNorm(layer);
    expect(norm()).toBeCloseTo(1, 8);
    expect(layer.train().forward(ones([1, 5], float64)).shape).toEqual([1, 4]);
  });

  test("work after a second forward, although u and v have moved on", () => {
    const layer = nn.spectralNorm(new nn.Linear(3, 2));
    const [first, second] = [layer.forward(ones([1, 3])), layer.forward(ones([1, 3]))];
    first.add(second).sum().backward();
    expect(layer.parameters().every(({ grad: g }) => g !== null)).toBe(true);
  });

  test("refuse parameters that are none", () => {
    expect(() => nn.weightNorm(new nn.Linear(2, 3), "weigth")).toThrow(
      /Linear has no parameter "weigth". It has: weight, bias/,
    );
    expect(() => nn.weightNorm(new nn.Linear(2, 3), "weight", { dim: 2 })).toThrow(IndexError);
    // @ts-expect-error misspelt
    expect(() => nn.spectralNorm(new nn.Linear(2, 3), "weight", { steps: 2 })).toThrow(
      /unknown option/,
    );
    expect(() => nn.removeSpectralNorm(new nn.Linear(2, 3))).toThrow(
      /is not computed by spectralNorm/,
    );
  });
});

describe("names of states", () => {
  const make = () => new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8 });

  test("are read as PyTorch writes them", () => {
    const [from, to] = [make(), make()];
    const state = from.stateDict({ names: "snake_case" });
    expect(Object.keys(state)[0]).toBe("self_attn.in_proj_weight");
    to.loadStateDict(state);
    expect(numbers(to.selfAttn.inProjWeight!)).toEqual(numbers(from.selfAttn.inProjWeight!));
  });

  test("are not guessed: what is missing or too much is said", () => {
    const { "self_attn.in_proj_weight": _, ...rest } = make().stateDict({ names: "snake_case" });
    expect(() => make().loadStateDict(rest)).toThrow(/Missing: selfAttn.inProjWeight/);
    expect(() => make().loadStateDict({ ...rest, in_proj: ones([1]) })).toThrow(
      /Not in the module: in_proj/,
    );
    // @ts-expect-error no such way
    expect(() => make().stateDict({ names: "kebab-case" })).toThrow(/"camelCase" or "snake_case"/);
  });

  test("of a module's own underscores stay", () => {
    class Own extends nn.Module {
      readonly my_weight = nn.parameter(ones([1]));
      forward(x: Tensor): Tensor {
        return x.mul(this.my_weight);
      }
    }
    const own = new Own();
    own.loadStateDict(own.stateDict());
    expect(Object.keys(own.stateDict())).toEqual(["my_weight"]);
  });
});

describe("Embedding", () => {
  test("of a table that is there", () => {
    const table = tensor([
      [1, 2],
      [3, 4],
    ]);
    const frozen = nn.Embedding.fromPretrained(table);
    expect(frozen.weight.requiresGrad).toBe(false);
    expect(frozen.parameters().length).toBe(1);
    expect(String(frozen)).toBe("Embedding(numEmbeddings=2, embeddingDim=2)");
    const free = nn.Embedding.fromPretrained(table, { freeze: false, paddingIdx: 0 });
    free
      .forward(tensor([0, 1], { dtype: "int32" }))
      .sum()
      .backward();
    expect(numbers(free.weight.grad!)).toEqual([0, 0, 1, 1]);
    expect(() => nn.Embedding.fromPretrained(ones([2]))).toThrow(/expected a table/);
  });

  test("scales rows down to maxNorm when they are looked up", () => {
    const table = new nn.Embedding(3, 2, { maxNorm: 1 });
    noGrad(() => table.weight.fill_(3));
    const row = table.forward(tensor([1], { dtype: "int32" }));
    expect(row.square().sum().item()).toBeCloseTo(1, 5);
    expect(numbers(table.weight).slice(0, 2)).toEqual([3, 3]);
  });

  test("refuses what is no index of its rows", () => {
    const table = new nn.Embedding(3, 2);
    expect(() => table.forward(ones([2]))).toThrow(/must be int32, not float32/);
    expect(() => table.forward(tensor([3], { dtype: "int32" }))).toThrow(
      /index 3 at \[0\] is out of range/,
    );
    expect(() => new nn.Embedding(3, 2, { paddingIdx: 3 })).toThrow(/paddingIdx 3 is out of range/);
    expect(() => new nn.EmbeddingBag(3, 2, { mode: "min" as "sum" })).toThrow(/mode must be/);
  });
});
