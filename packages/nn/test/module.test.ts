import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  DTypeError,
  GradError,
  noGrad,
  ones,
  randn,
  relu,
  tensor,
  topologicalOrder,
  zeros,
} from "@chainrule/core";
import {
  BatchNorm1d,
  buffer,
  Embedding,
  Linear,
  Module,
  parameter,
  ReLU,
  Sequential,
} from "@chainrule/nn";
import { describe, expect, test } from "vitest";

class Block extends Module {
  readonly linear = new Linear(4, 4);
  override forward(x: Tensor): Tensor {
    return this.linear.forward(x).relu();
  }
}

class Net extends Module {
  readonly scale = parameter(ones([4]));
  readonly shift = buffer(zeros([4]));
  readonly blocks = [new Block(), new Block()];
  readonly heads = { main: new Linear(4, 2), extra: new Linear(4, 1, { bias: false }) };
  override forward(x: Tensor): Tensor {
    let y = x.mul(this.scale).add(this.shift);
    for (const block of this.blocks) y = block.forward(y);
    return this.heads.main.forward(y);
  }
}

const names = (entries: readonly (readonly [string, unknown])[]): string[] =>
  entries.map(([name]) => name);

describe("finding parts", () => {
  test("parameters, buffers and modules, in arrays and objects too, by path", () => {
    const net = new Net();
    expect(names(net.namedParameters())).toEqual([
      "scale",
      "blocks.0.linear.weight",
      "blocks.0.linear.bias",
      "blocks.1.linear.weight",
      "blocks.1.linear.bias",
      "heads.main.weight",
      "heads.main.bias",
      "heads.extra.weight",
    ]);
    expect(names(net.namedParameters({ recurse: false }))).toEqual(["scale"]);
    expect(names(net.namedBuffers())).toEqual(["shift"]);
    expect(names(net.namedChildren())).toEqual([
      "blocks.0",
      "blocks.1",
      "heads.main",
      "heads.extra",
    ]);
    expect(names(net.namedModules())).toEqual([
      "",
      "blocks.0",
      "blocks.0.linear",
      "blocks.1",
      "blocks.1.linear",
      "heads.main",
      "heads.extra",
    ]);
    expect(net.modules()[0]).toBe(net);
    expect(net.children().length).toBe(4);
    expect(net.parameters().every((x) => x.requiresGrad)).toBe(true);
  });

  test("a leaf with requiresGrad is a parameter, and stays one when it is frozen", () => {
    class Plain extends Module {
      readonly w = tensor([1, 2], { requiresGrad: true });
      readonly constant = tensor([3]);
      override forward(x: Tensor): Tensor {
        return x.mul(this.w);
      }
    }
    const plain = new Plain();
    expect(plain.parameters()[0]).toBe(plain.w);
    expect(plain.parameters().length).toBe(1);
    plain.requiresGrad_(false);
    expect(plain.w.requiresGrad).toBe(false);
    expect(plain.parameters()[0]).toBe(plain.w);
    const frozen = parameter([1], { requiresGrad: false });
    expect(frozen.requiresGrad).toBe(false);
    expect(Object.keys(plain.stateDict())).toEqual(["w"]);
  });

  test("what is shared is named once, and saved under each name", () => {
    class Tied extends Module {
      readonly encode = new Linear(3, 3, { bias: false });
      readonly decode = new Linear(3, 3, { bias: false });
      constructor() {
        super();
        Object.assign(this.decode, { weight: this.encode.weight });
      }
      override forward(x: Tensor): Tensor {
        return this.decode.forward(this.encode.forward(x));
      }
    }
    const tied = new Tied();
    expect(names(tied.namedParameters())).toEqual(["encode.weight"]);
    expect(Object.keys(tied.stateDict())).toEqual(["encode.weight", "decode.weight"]);
    const twice = new Sequential(tied, tied);
    expect(names(twice.namedModules())).toEqual(["", "0", "0.encode", "0.decode"]);
  });

  test("a module that holds its parent ends", () => {
    class Child extends Module {
      parent: Module | null = null;
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    class Parent extends Module {
      readonly child = new Child();
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    const parent = new Parent();
    parent.child.parent = parent;
    expect(names(parent.namedModules())).toEqual(["", "child"]);
    expect(parent.toString()).toContain("(child)");
  });

  test("a chain of thousands of modules is walked without recursion", () => {
    class Link extends Module {
      next: Link | null = null;
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    const first = new Link();
    let last = first;
    for (let i = 0; i < 20_000; i++) {
      last.next = new Link();
      last = last.next;
    }
    expect(first.modules().length).toBe(20_001);
  });
});

describe("what cannot be found is refused", () => {
  const forward = (x: Tensor): Tensor => x;

  test("modules and parameters in a Map, a Set or an object of another class", () => {
    class Bag {
      readonly inside = new Linear(1, 1);
    }
    for (const [holder, message] of [
      [new Map([["a", new Linear(1, 1)]]), /layers is a Map and holds the module Linear \(at a\)/],
      [new Set([parameter([1])]), /layers is a Set and holds a parameter \(at 0\)/],
      [new Bag(), /layers is a Bag and holds the module Linear \(at inside\)/],
    ] as const) {
      class Hidden extends Module {
        readonly layers: unknown = holder;
        override forward(x: Tensor): Tensor {
          return forward(x);
        }
      }
      expect(() => new Hidden().parameters()).toThrow(message);
      expect(() => new Hidden().parameters()).toThrow(ArgumentError);
    }
  });

  test("a parameter in a private field or a closure, when forward first uses it", () => {
    class Private extends Module {
      readonly #w = parameter(ones([2]), { name: "w" });
      override forward(x: Tensor): Tensor {
        return x.mul(this.#w);
      }
    }
    const message =
      /Private: forward uses a tensor "w" of shape \[2\] \(in mul, scope Private\) that requires gradients but is not among/;
    expect(() => new Private().forward(ones([2]))).toThrow(message);
    expect(() => new Private().forward(ones([2]))).toThrow(GradError);
    expect(noGrad(() => new Private().forward(ones([2]))).toArray()).toEqual([1, 1]);
    const outside = new Linear(2, 2);
    expect(() => new Sequential((x) => outside.forward(x)).forward(ones([2]))).toThrow(
      /Sequential: forward uses/,
    );
  });

  test("but not what comes in from outside: inputs, and what they were computed from", () => {
    const generator = new Linear(2, 2);
    const critic = new Linear(2, 1);
    const x = tensor([1, 2], { requiresGrad: true });
    critic.forward(generator.forward(x)).sum().backward();
    expect(x.grad).not.toBeNull();
    expect(generator.weight.grad).not.toBeNull();
  });

  test("a parameter replaced by the result of an op", () => {
    class Careless extends Module {
      w = parameter(ones([2]));
      override forward(x: Tensor): Tensor {
        return x.mul(this.w);
      }
    }
    const careless = new Careless();
    careless.parameters();
    careless.w = careless.w.sub(1);
    expect(() => careless.parameters()).toThrow(
      /Careless: w was a parameter and is now the result of sub/,
    );
    careless.w = zeros([2]);
    expect(() => careless.parameters()).toThrow(/is now a tensor that requires no gradients/);
    careless.w = parameter(zeros([2]));
    expect(careless.parameters()[0]).toBe(careless.w);
  });

  test("a class without forward", () => {
    // @ts-expect-error forward is missing
    class Empty extends Module {}
    expect(() => new Empty()).toThrow(/Empty: a module needs a method forward/);
  });
});

describe("buffers", () => {
  class Counter extends Module {
    count = buffer(zeros([]));
    readonly mask = buffer(ones([2]), { persistent: false });
    override forward(x: Tensor): Tensor {
      this.count = this.count.add(1);
      return x;
    }
  }

  test("stay buffers when the property gets another tensor, and are saved if persistent", () => {
    const counter = new Counter();
    counter.forward(ones([1]));
    counter.forward(ones([1]));
    expect(names(counter.namedBuffers())).toEqual(["count", "mask"]);
    expect(counter.stateDict().count?.item()).toBe(2);
    expect(Object.keys(counter.stateDict())).toEqual(["count"]);
  });

  test("can be registered by name", () => {
    const net = new Net();
    net.registerBuffer("mask", tensor([true, false]));
    net.registerBuffer("nothing", null);
    expect(names(net.namedBuffers())).toEqual(["shift", "mask"]);
    Object.assign(net, { mask: tensor([false, false]) });
    expect(net.stateDict().mask?.toArray()).toEqual([false, false]);
    expect(() => net.registerBuffer("a.b", null)).toThrow(/a word without points, not "a.b"/);
    expect(() => net.registerBuffer("train", null)).toThrow(
      /Net.train is there already and no tensor/,
    );
    expect(() => net.registerBuffer("forward", null)).toThrow(/Net.forward is there already/);
    expect(() => net.registerBuffer("training", null)).toThrow(/Net.training is there already/);
    expect(net.training).toBe(true);
  });
});

describe("state", () => {
  test("is a copy, and loads back to the bit", () => {
    const net = new Net();
    const state = net.stateDict();
    const x = randn([3, 4]);
    const before = net.forward(x).toTypedArray();
    noGrad(() => net.parameters().forEach((p) => void p.mul_(2)));
    expect(net.forward(x).toTypedArray()).not.toEqual(before);
    expect(net.loadStateDict(state)).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(net.forward(x).toTypedArray()).toEqual(before);
    expect(Object.values(state).every((t) => !t.requiresGrad)).toBe(true);
  });

  test("that does not fit is refused as a whole, with everything that is wrong", () => {
    const net = new Net();
    const { scale, shift, ...rest } = net.stateDict();
    const before = JSON.stringify(net.stateDict());
    const bad = {
      ...rest,
      "heads.main.bias": ones([3]),
      other: ones([1]),
      "blocks.0.linear.bias": ones([4]),
    };
    expect(scale?.shape).toEqual(shift?.shape);
    expect(() => net.loadStateDict(bad)).toThrow(ArgumentError);
    expect(() => net.loadStateDict(bad)).toThrow(
      "Net.loadStateDict: the state does not fit, and nothing was loaded. Missing: scale, shift. Not in the module: other. Of another kind: heads.main.bias has [3] instead of [2].",
    );
    expect(() => net.loadStateDict(bad, { strict: false })).toThrow(/heads.main.bias has \[3\]/);
    expect(JSON.stringify(net.stateDict())).toBe(before);
    const { "heads.main.bias": _, ...some } = bad;
    expect(net.loadStateDict(some, { strict: false })).toEqual({
      missingKeys: ["scale", "shift", "heads.main.bias"],
      unexpectedKeys: ["other"],
    });
    // @ts-expect-error misspelt
    expect(() => net.loadStateDict(some, { Strict: false })).toThrow(/unknown option "Strict"/);
  });

  test("takes the type of its target", () => {
    const net = new Linear(1, 1);
    net.loadStateDict({
      weight: tensor([[0.1]], { dtype: "float64" }),
      bias: tensor([1], { dtype: "int32" }),
    });
    expect(net.weight.item()).toBe(Math.fround(0.1));
    expect(net.bias?.item()).toBe(1);
  });
});

describe("modes and types", () => {
  test("train and eval reach all modules", () => {
    const net = new Net();
    expect(net.eval()).toBe(net);
    expect(net.modules().some((module) => module.training)).toBe(false);
    net.train();
    expect(net.modules().every((module) => module.training)).toBe(true);
    // @ts-expect-error no boolean
    expect(() => net.train("yes")).toThrow(/train: expected true or false, not yes/);
  });

  test("to converts in place, gradients too, and leaves whole numbers alone", () => {
    const net = new Net();
    net.registerBuffer("steps", tensor([1], { dtype: "int32" }));
    const [first] = net.parameters();
    net
      .forward(ones([1, 4]))
      .sum()
      .backward();
    net.to("float64");
    expect(net.parameters()[0]).toBe(first);
    expect(net.parameters().every((p) => p.dtype === "float64")).toBe(true);
    expect(first?.grad?.dtype).toBe("float64");
    expect(net.buffers().map((b) => b.dtype)).toEqual(["float64", "int32"]);
    expect(() => net.to("int32")).toThrow(DTypeError);
    net
      .forward(ones([1, 4], { dtype: "float64" }))
      .sum()
      .backward();
  });

  test("to on a graph in use is noticed by its backward pass", () => {
    const layer = new Linear(2, 2);
    const loss = layer
      .forward(ones([1, 2], { requiresGrad: true }))
      .square()
      .sum();
    layer.to("float64");
    expect(() => loss.backward()).toThrow(/changed in place/);
  });

  test("apply goes children first, zeroGrad forgets", () => {
    const order: string[] = [];
    const model = new Sequential(new Block(), new ReLU());
    model.apply((module) => order.push(module.constructor.name));
    expect(order).toEqual(["Linear", "Block", "ReLU", "Sequential"]);
    const layer = new Linear(1, 1);
    layer
      .forward(ones([1]))
      .sum()
      .backward();
    layer.zeroGrad();
    expect(layer.parameters().map((p) => p.grad)).toEqual([null, null]);
  });
});

describe("scopes", () => {
  test("name each node after the module that recorded it", () => {
    const net = new Net();
    const y = net.forward(ones([1, 4]));
    const scopes = topologicalOrder(y.node!).map(({ scope, op }) => `${scope} ${op.name}`);
    expect(scopes).toEqual([
      "Net mul",
      "Net add",
      "Net/blocks/0/linear linear",
      "Net/blocks/0 relu",
      "Net/blocks/1/linear linear",
      "Net/blocks/1 relu",
      "Net/heads/main linear",
    ]);
  });

  test("end with forward, also when it throws", () => {
    const net = new Net();
    expect(() => net.forward(ones([1, 3]))).toThrow();
    expect(ones([1], { requiresGrad: true }).mul(2).node?.scope).toBe("");
  });

  test("of a module used in two places differ", () => {
    const shared = new Linear(2, 2);
    const model = new Sequential(new Sequential(shared), shared);
    const y = model.forward(ones([2]));
    expect(y.node?.scope).toBe("Sequential/0/0");
    expect(y.node?.operands[0]?.node?.scope).toBe("Sequential/0/0");
  });
});

describe("hooks", () => {
  test("before and after forward may replace what passes", () => {
    const layer = new ReLU();
    const before = layer.registerForwardPreHook((_module, [x]) => [(x as Tensor).mul(2)]);
    const after = layer.registerForwardHook((_module, _inputs, y) => (y as Tensor).add(1));
    const seen: unknown[] = [];
    layer.registerForwardHook((module, inputs, output) => {
      seen.push(module, inputs.length, String(output));
    });
    expect(layer.forward(tensor([1, -1])).toArray()).toEqual([3, 1]);
    expect(seen).toEqual([layer, 1, "tensor([3, 1])"]);
    before.remove();
    after.remove();
    expect(layer.forward(tensor([1, -1])).toArray()).toEqual([1, 0]);
    // @ts-expect-error no function
    expect(() => layer.registerForwardHook(1)).toThrow(/a hook is a function, not 1/);
  });

  test("backward ones get the gradients of inputs and outputs, and may replace the former", () => {
    const layer = new Linear(2, 1, { bias: false });
    noGrad(() => layer.weight.copy_([[2, 3]]));
    const x = tensor([[1, 1]], { requiresGrad: true });
    const seen: string[] = [];
    const hook = layer.registerFullBackwardHook((_module, gradInputs, gradOutputs) => {
      seen.push(String(gradInputs[0]), String(gradOutputs[0]));
      return [gradInputs[0]!.mul(10)];
    });
    // The input is used beside the module, too: the hook sees only what comes through the module.
    layer.forward(x).mul(5).sum().add(x.sum()).backward();
    expect(seen).toEqual(["tensor([[10, 15]])", "tensor([[5]])"]);
    expect(x.grad?.toArray()).toEqual([[101, 151]]);
    hook.remove();
    layer.forward(x).sum().backward();
    expect(seen.length).toBe(2);
  });

  test("backward ones run without inputs that require gradients", () => {
    const layer = new Linear(2, 1);
    let called = 0;
    layer.registerFullBackwardHook((_module, gradInputs) => {
      called++;
      expect(gradInputs).toEqual([null]);
      return undefined;
    });
    layer
      .forward(ones([1, 2]))
      .sum()
      .backward();
    expect(called).toBe(1);
    expect(layer.weight.grad?.toArray()).toEqual([[1, 1]]);
  });
});

describe("text", () => {
  test("of nested modules", () => {
    expect(String(new Net())).toBe(
      `Net(
  (blocks.0): Block(
    (linear): Linear(inFeatures=4, outFeatures=4, bias=true)
  )
  (blocks.1): Block(
    (linear): Linear(inFeatures=4, outFeatures=4, bias=true)
  )
  (heads.main): Linear(inFeatures=4, outFeatures=2, bias=true)
  (heads.extra): Linear(inFeatures=4, outFeatures=1, bias=false)
)`,
    );
    expect(String(new ReLU())).toBe("ReLU()");
    expect(String(new Sequential(relu))).toBe("Sequential(\n  (0): Lambda(relu)\n)");
  });
});

describe("summary", () => {
  const model = new Sequential(
    new Linear(784, 16),
    new ReLU(),
    new Linear(16, 16),
    new ReLU(),
    new Linear(16, 10),
  );

  test("784-16-16-10 has 13,002 parameters", () => {
    const summary = model.summary([1, 784]);
    expect(summary.parameters).toBe(13_002);
    expect(summary.trainable).toBe(13_002);
    expect(summary.rows.map((row) => row.outputShapes)).toEqual([
      [[1, 10]],
      [[1, 16]],
      [[1, 16]],
      [[1, 16]],
      [[1, 16]],
      [[1, 10]],
    ]);
    expect(summary.toString().split("\n").at(-1)).toBe(
      "13,002 parameters (50.8 KiB): 13,002 trainable, 0 frozen",
    );
  });

  test("without a shape has no outputs; frozen parameters are counted apart; modes stay", () => {
    const net = new Net();
    net.blocks[0]!.requiresGrad_(false);
    net.heads.main.eval();
    const text = net.summary([2, 4]).toString();
    expect(text).toContain("58 parameters (232 B): 38 trainable, 20 frozen");
    expect(text).toMatch(/^ {2}blocks\.0: Block/m);
    expect(text).toMatch(/^ {4}linear: Linear +\[2, 4\]/m);
    expect(net.training).toBe(true);
    expect(net.heads.main.training).toBe(false);
    expect(net.summary().toString()).not.toContain("Output");
  });

  test("what is shared has a row where it is met again, and counts once", () => {
    const block = new Linear(4, 4);
    const again = new Sequential(block, new ReLU(), block).summary([1, 4]);
    expect(again.parameters).toBe(20);
    expect(again.rows.map(({ path, parameters, shared }) => [path, parameters, shared])).toEqual([
      ["", 0, 0],
      ["0", 20, 0],
      ["1", 0, 0],
      ["2", 0, 20],
    ]);
    expect(again.rows.at(-1)!.outputShapes).toEqual([[1, 4]]);
    const tied = new Sequential(new Embedding(10, 3), new Linear(3, 10, { bias: false }));
    tied.layers[1].weight = tied.layers[0].weight;
    // Nobody said so, but an embedding is given whole numbers.
    const text = tied.summary([2, 5]).toString();
    expect(text).toMatch(/^ {2}1: Linear {5}\[2, 5, 10\] {8}\(30\)$/m);
    expect(text).toContain("30 parameters (120 B): 30 trainable, 0 frozen");
  });

  test("buffers are counted apart, and the column of what is trained is there where something is not", () => {
    const norm = new Sequential(new BatchNorm1d(3), new Linear(3, 2));
    norm.layers[0].requiresGrad_(false);
    const summary = norm.summary();
    expect(summary.buffers).toBe(7);
    expect(summary.bytes).toBe(4 * 14);
    expect(summary.toString().split("\n")).toEqual([
      "Module            Parameters  Trainable",
      "───────────────────────────────────────",
      "Sequential",
      "  0: BatchNorm1d           6          0",
      "  1: Linear                8          8",
      "───────────────────────────────────────",
      "14 parameters (56 B): 8 trainable, 6 frozen",
      "7 numbers in buffers",
    ]);
  });

  test("of several inputs, and of whole numbers", () => {
    class Two extends Module {
      readonly linear = new Linear(2, 1);
      override forward(x: Tensor, y: Tensor): Tensor[] {
        return [this.linear.forward(x), y];
      }
    }
    const [row] = new Two().summary([[5, 2], [3]]).rows;
    expect(row?.outputShapes).toEqual([[5, 1], [3]]);
    class Index extends Module {
      override forward(x: Tensor): Tensor {
        expect(x.dtype).toBe("int32");
        return x;
      }
    }
    new Index().summary([2], { dtype: "int32" });
    class Mixed extends Module {
      override forward(x: Tensor, y: Tensor): Tensor {
        expect([x.dtype, y.dtype]).toEqual(["float64", "int32"]);
        return x;
      }
    }
    new Mixed().summary([[2], [3]], { dtype: ["float64", "int32"] });
    expect(() => new Mixed().summary([[2], [3]], { dtype: ["int32"] })).toThrow(
      /an array of 2, one for each input/,
    );
    // @ts-expect-error no shape
    expect(() => model.summary(784)).toThrow(/a shape is an array such as \[1, 784\], not 784/);
    expect(() => model.summary([1, 783])).toThrow(/783 features/);
  });
});
