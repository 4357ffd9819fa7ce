/**
 * Compiled functions: that they compute what the functions compute, each time.
 */
import {
  ArgumentError,
  backward,
  checkpoint,
  compile,
  confined,
  crossEntropy,
  defineOp,
  detectAnomaly,
  dropout,
  enableGrad,
  forgetCompiled,
  full,
  Generator,
  GradError,
  grad,
  hessian,
  isGradEnabled,
  jvp,
  manualSeed,
  maxPool,
  noGrad,
  ones,
  rand,
  randn,
  registerHook,
  registerPostAccumulateGradHook,
  scope,
  type Tensor,
  type TensorLike,
  tensor,
  to_,
  valueAndGrad,
  vmap,
  zeros,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";

/** Counts how often a function is called, which is how often it is compiled. */
function counted<Args extends readonly unknown[], Value>(f: (...args: Args) => Value) {
  const counter = {
    calls: 0,
    f: (...args: Args): Value => {
      counter.calls++;
      return f(...args);
    },
  };
  return counter;
}

const numbers = (x: Tensor): unknown => x.toArray();

describe("the same results", () => {
  const energy = (x: Tensor): Tensor => x.mul(x).add(1).log().sum();

  test("for other numbers, and the function is called once", () => {
    const counter = counted(energy);
    const compiled = compile(valueAndGrad(counter.f));
    for (const values of [
      [1, 2],
      [3, 4],
      [-5, 0],
    ]) {
      const expected = valueAndGrad(energy)(tensor(values));
      const found = compiled(tensor(values));
      expect(numbers(found.grad)).toEqual(numbers(expected.grad));
      expect(found.value.item()).toBe(expected.value.item());
    }
    expect(counter.calls).toBe(1);
  });

  test("for derivatives of higher order, forward mode and vmap inside", () => {
    const x = tensor([0.5, -1.5], { dtype: "float64" });
    const v = tensor([1, 2], { dtype: "float64" });
    expect(numbers(compile(hessian(energy))(x))).toEqual(numbers(hessian(energy)(x)));
    const along = (at: Tensor, direction: Tensor) => jvp(energy, [at], [direction]).tangent;
    expect(compile(along)(x, v).item()).toBe(along(x, v).item());
    const each = vmap(grad(energy));
    const rows = randn([3, 2], { dtype: "float64" });
    expect(numbers(compile(each)(rows))).toEqual(numbers(each(rows)));
  });

  test("under vmap, and inside of another compiled function", () => {
    const compiled = compile((x: Tensor) => energy(x).mul(2));
    const rows = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(numbers(vmap(compiled)(rows))).toEqual(
      numbers(vmap((x: Tensor) => energy(x).mul(2))(rows)),
    );
    expect(compile((x: Tensor) => compiled(x).add(1))(tensor([1, 2])).item()).toBeCloseTo(
      energy(tensor([1, 2])).item() * 2 + 1,
      5,
    );
  });

  test("where ops keep what they found for their gradient", () => {
    const pooled = grad((x: Tensor) =>
      maxPool(x, { outputSize: [2] })
        .square()
        .sum(),
    );
    const compiled = compile(pooled);
    for (const row of [
      [1, 5, 3, 2],
      [7, 5, -3, 2],
    ])
      expect(numbers(compiled(tensor([row])))).toEqual(numbers(pooled(tensor([row]))));
  });

  test("for arguments that lie otherwise in memory, and parts of others", () => {
    const f = (x: Tensor): Tensor => x.reshape([-1]).mul([1, 2, 3, 4]).sum();
    const counter = counted(f);
    const compiled = compile(counter.f);
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const part = tensor([0, 0, 5, 6, 7, 8]).at("2:").reshape([2, 2]);
    for (const one of [x, x.mT, part, tensor([[9], [8]]).expand([2, 2])])
      expect(compiled(one).item()).toBe(f(one).item());
    expect(counter.calls).toBe(3);
  });

  test("for nested arguments and results", () => {
    const f = ({ w, b }: { w: Tensor; b: readonly Tensor[] }, scale: number) => ({
      sum: w.add(b[0]!).mul(scale),
      rest: [b[1]!, scale, null, "text", undefined] as const,
    });
    const compiled = compile(f);
    const given = { w: tensor([1]), b: [tensor([2]), tensor([3])] };
    const { sum, rest } = compiled(given, 2);
    expect(numbers(sum)).toEqual([6]);
    expect(rest.slice(1)).toEqual([2, null, "text", undefined]);
    expect(numbers(rest[0])).toEqual([3]);
    // What is handed back as it was given is the very tensor.
    expect(rest[0] === given.b[1]).toBe(true);
  });

  test("chains of any length", () => {
    const chain = (x: Tensor): Tensor => {
      let y = x;
      for (let i = 0; i < 5000; i++) y = i % 3 === 0 ? y.sin() : y.mul(1.01);
      return y;
    };
    const x = tensor(0.5, { dtype: "float64" });
    const found = compile(valueAndGrad(chain))(x);
    const expected = valueAndGrad(chain)(x);
    expect(found.value.item()).toBe(expected.value.item());
    expect(found.grad.item()).toBe(expected.grad.item());
  });

  test("a result is new at every call, also where it is a constant", () => {
    const compiled = compile((x: Tensor) => [x.mul(2), zeros([2]), x] as const);
    const first = compiled(tensor([1, 2]));
    const second = compiled(tensor([1, 2]));
    noGrad(() => first[0].mul_(0));
    noGrad(() => first[1].add_(7));
    expect(numbers(second[0])).toEqual([2, 4]);
    expect(numbers(compiled(tensor([1, 2]))[1])).toEqual([0, 0]);
  });
});

describe("what is compiled anew", () => {
  test("other shapes, types, numbers, objects, and the mode of recording", () => {
    const counter = counted((x: Tensor, n: number, _other?: object) => x.mul(n));
    const compiled = compile(counter.f);
    const seen: number[] = [];
    const call = (...args: Parameters<typeof compiled>): void => {
      compiled(...args);
      seen.push(counter.calls);
    };
    const object = new Date();
    call(tensor([1]), 2);
    call(tensor([5]), 2);
    call(tensor([1, 2]), 2);
    call(tensor([1]), 3);
    call(tensor([1], { dtype: "float64" }), 3);
    call(tensor([1]), 3, object);
    call(tensor([1]), 3, object);
    call(tensor([1]), 3, new Date());
    call(tensor([1]), 2);
    noGrad(() => call(tensor([1]), 2));
    expect(seen).toEqual([1, 1, 2, 3, 4, 5, 5, 6, 6, 7]);
    expect(compiled(tensor([4]), -0).item()).toBe(-0);
    expect(compiled(tensor([4]), 0).item()).toBe(0);
  });

  test("whether recording is on, and which argument requires gradients", () => {
    const mode = compile((x: Tensor) => (isGradEnabled() ? x.mul(2) : x.mul(3)));
    expect(mode(tensor([1])).item()).toBe(2);
    expect(noGrad(() => mode(tensor([1]))).item()).toBe(3);
    expect(mode(tensor([1])).item()).toBe(2);
    const nested = compile(({ x }: { x: Tensor }) => {
      const y = x.mul(3).sum();
      if (y.requiresGrad) y.backward();
      return y.detach();
    });
    nested({ x: tensor([1]) });
    const leaf = tensor([1], { requiresGrad: true });
    nested({ x: leaf });
    expect(leaf.grad!.item()).toBe(3);
  });

  test("an array of tensors and tensors are told apart, and so are symbols", () => {
    const f = (a: Tensor | readonly Tensor[], b: Tensor | number): Tensor =>
      Array.isArray(a) ? a[0]!.mul(a[1]!).mul(b) : (a as Tensor).add(b);
    const compiled = compile(f);
    const [a, b] = [tensor(2), tensor(3)];
    expect([compiled([a, b], 5).item(), compiled(a, b).item()]).toEqual([30, 5]);
    const one = Symbol("name");
    const chosen = compile((x: Tensor, key: symbol) => (key === one ? x : x.neg()));
    expect([chosen(a, one).item(), chosen(a, Symbol("name")).item()]).toEqual([2, -2]);
  });

  test("when hooks of a leaf come and go", () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const compiled = compile((x: Tensor) => w.mul(x).sum().backward());
    const gradient = (): unknown => {
      w.grad = null;
      compiled(tensor([1, 1]));
      return numbers(w.grad!);
    };
    expect(gradient()).toEqual([1, 1]);
    const hook = registerHook(w, (g) => g.mul(10));
    let updates = 0;
    const after = registerPostAccumulateGradHook(w, (leaf) => {
      updates += leaf.grad!.sum().item();
    });
    expect([gradient(), gradient()]).toEqual([
      [10, 10],
      [10, 10],
    ]);
    expect(updates).toBe(40);
    hook.remove();
    after.remove();
    expect(gradient()).toEqual([1, 1]);
    expect(updates).toBe(40);
  });

  test("when a tensor that is seen through a view is no longer the same", () => {
    const w = tensor([
      [1, 2],
      [3, 4],
    ]);
    const product = compile((x: Tensor) => x.matmul(w.mT));
    const x = tensor([[1, 0]]);
    product(x);
    to_(w, "float64");
    w.fill_(9);
    expect(numbers(product(x.to("float64")))).toEqual([[9, 9]]);
    const shown = compile((y: Tensor) => y.add(w.detach()));
    shown(
      tensor(
        [
          [1, 1],
          [1, 1],
        ],
        { dtype: "float64" },
      ),
    );
    to_(w, "float32");
    w.fill_(5);
    expect(
      numbers(
        shown(
          tensor([
            [1, 1],
            [1, 1],
          ]),
        ),
      ),
    ).toEqual([
      [6, 6],
      [6, 6],
    ]);
  });

  test("the oldest of many kinds of arguments is forgotten", () => {
    const counter = counted((x: Tensor, n: number) => x.mul(n));
    const compiled = compile(counter.f);
    for (let n = 0; n < 40; n++) compiled(tensor([1]), n);
    compiled(tensor([1]), 39);
    expect(counter.calls).toBe(40);
    compiled(tensor([1]), 0);
    expect(counter.calls).toBe(41);
  });

  test("after forgetCompiled", () => {
    let factor = 2;
    const compiled = compile((x: Tensor) => x.mul(factor));
    expect(compiled(tensor(1)).item()).toBe(2);
    factor = 3;
    expect(compiled(tensor(1)).item()).toBe(2);
    forgetCompiled();
    expect(compiled(tensor(1)).item()).toBe(3);
  });

  test("when numbers from outside were read and have changed", () => {
    const limit = tensor(2);
    const counter = counted((x: Tensor) => (limit.item() > 1 ? x.mul(2) : x.neg()));
    const compiled = compile(counter.f);
    expect(numbers(compiled(tensor([3])))).toEqual([6]);
    expect(numbers(compiled(tensor([4])))).toEqual([8]);
    limit.copy_(0);
    expect(numbers(compiled(tensor([3])))).toEqual([-3]);
    expect(counter.calls).toBe(2);
  });

  test("when a tensor from outside no longer requires gradients, or has another type", () => {
    const w = tensor([2], { requiresGrad: true });
    const frozen = tensor([3], { requiresGrad: true });
    const compiled = compile((x: Tensor) => x.mul(w).mul(frozen).sum().backward());
    compiled(tensor([1]));
    frozen.requiresGrad = false;
    compiled(tensor([1]));
    expect([w.grad!.item(), frozen.grad!.item()]).toEqual([6, 2]);
    const scale = tensor([0.1]);
    const scaled = compile((x: Tensor) => x.mul(scale));
    scaled(tensor([1]));
    to_(scale, "float64");
    expect(scaled(tensor([1])).dtype).toBe("float64");
  });
});

describe("tensors from outside", () => {
  test("are read where they are", () => {
    const w = tensor([1, 2]);
    const compiled = compile((x: Tensor) => x.mul(w.add(1)).sum());
    expect(compiled(tensor([1, 1])).item()).toBe(5);
    w.copy_([10, 20]);
    expect(compiled(tensor([1, 1])).item()).toBe(32);
  });

  test("are changed in place at every call, in the order of the function", () => {
    const make = () => {
      const state = tensor([1, 2]);
      const f = (x: Tensor): readonly Tensor[] => {
        const before = state.mul(x);
        state.copy_(state.add(x));
        const between = state.mul(x).add(before);
        state.add_(1);
        return [before, between, state.mul(1)];
      };
      return { f, state };
    };
    const [plain, other] = [make(), make()];
    const compiled = compile(other.f);
    for (const x of [tensor([1, 2]), tensor([-3, 0.5]), tensor([0, 7])]) {
      expect(compiled(x).map(numbers)).toEqual(plain.f(x).map(numbers));
      expect(numbers(other.state)).toEqual(numbers(plain.state));
    }
  });
});

describe("changes in place", () => {
  test("of constants are those that were made when they were used", () => {
    const f = (x: Tensor): readonly Tensor[] => {
      const constant = zeros([2]);
      const first = x.add(constant);
      constant.fill_(1);
      return [first, x.add(constant), constant];
    };
    const compiled = compile(f);
    for (let i = 0; i < 2; i++)
      expect(compiled(tensor([1, 2])).map(numbers)).toEqual(f(tensor([1, 2])).map(numbers));
  });

  test("of what an argument shares: the function itself runs", () => {
    const w = tensor([1, 2]);
    const f = (x: Tensor): Tensor => {
      const y = x.exp();
      w.copy_([0, 0]);
      return y.add(1);
    };
    const compiled = compile(f);
    compiled(tensor([1, 2]));
    w.copy_([1, 2]);
    const found = numbers(compiled(w));
    w.copy_([1, 2]);
    expect(found).toEqual(numbers(f(w)));
  });

  test("after backward do not change what was added", () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const seed = tensor([3, 4]);
    const compiled = compile((x: Tensor) => {
      w.add(x).backward(seed);
      seed.copy_(x);
    });
    compiled(tensor([7, 7]));
    expect(numbers(w.grad!)).toEqual([3, 4]);
    compiled(tensor([0, 0]));
    expect(numbers(w.grad!)).toEqual([10, 11]);
  });
});

test("what is returned as it was is the very tensor, and shows later changes", () => {
  const w = tensor([[1, 2]]);
  const compiled = compile((x: Tensor) => [w, w.mT, x] as const);
  const x = tensor([1]);
  const [same, view, argument] = compiled(x);
  expect(same === w && argument === x).toBe(true);
  w.fill_(5);
  expect(numbers(view)).toEqual([[5], [5]]);
  const leaf = tensor([[1, 2]], { requiresGrad: true });
  const trained = compile((y: Tensor) => {
    leaf.mul(y).sum().backward();
    return [leaf, leaf.mT] as const;
  });
  const [itself, turned] = trained(x);
  expect(itself === leaf).toBe(true);
  expect(turned.requiresGrad).toBe(false);
  expect(numbers(turned)).toEqual([[1], [2]]);
});

describe("where the function itself runs", () => {
  test("arguments that were computed by recorded ops, so that gradients go on", () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const compiled = compile((x: Tensor) => x.square().sum());
    compiled(w.mul(3)).backward();
    expect(numbers(w.grad!)).toEqual([18, 36]);
  });

  test("arguments with hooks", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    registerHook(x, (g) => g.mul(10));
    compile((y: Tensor) => y.square().sum().backward())(x);
    expect(numbers(x.grad!)).toEqual([20, 40]);
  });

  test("inside of vmap, also where no argument is a sample", () => {
    const f = (w: Tensor): Tensor => compile((x: Tensor) => x.mul(w))(tensor([1, 2]));
    expect(numbers(vmap(f)(tensor([1, 2, 3])))).toEqual([
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
  });
});

describe("backward inside", () => {
  test("adds to grad at every call", () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const compiled = compile((x: Tensor) => {
      const loss = w.mul(x).square().sum();
      loss.backward();
      return loss;
    });
    expect(compiled(tensor([1, 1])).item()).toBe(5);
    expect(numbers(w.grad!)).toEqual([2, 4]);
    compiled(tensor([2, 0]));
    expect(numbers(w.grad!)).toEqual([10, 4]);
    w.grad = null;
    compiled(tensor([2, 0]));
    expect(numbers(w.grad!)).toEqual([8, 0]);
  });

  test("gives each leaf a gradient of its own, and arguments theirs", () => {
    const [a, b] = [tensor([1], { requiresGrad: true }), tensor([1], { requiresGrad: true })];
    const compiled = compile((x: Tensor) => {
      a.add(b)
        .add(x)
        .backward(tensor([1]));
    });
    const x = tensor([1], { requiresGrad: true });
    compiled(x);
    noGrad(() => a.grad!.mul_(100));
    compiled(x);
    expect([a, b, x].map((leaf) => leaf.grad!.item())).toEqual([101, 2, 2]);
  });

  // Large enough for their memory to be used again.
  test("memory of gradients that are also returned, or given to two leaves, is their own", () => {
    const [a, b] = [0, 1].map(() => tensor(new Float32Array(4096), { requiresGrad: true }));
    const compiled = compile((x: Tensor) => {
      const scaled = x.mul(2).exp();
      a!.add(b!).backward(scaled);
      return [scaled, scaled.mul(1)] as const;
    });
    const first = compiled(full([4096], 0));
    const kept = [a!.grad!, b!.grad!];
    for (const leaf of [a!, b!]) leaf.grad = null;
    for (let i = 1; i < 4; i++) compiled(full([4096], i));
    for (const x of [...first, ...kept]) expect(x.max().item()).toBe(1);
    expect(a!.grad!.at(0).item()).toBeCloseTo(Math.exp(2) + Math.exp(4) + Math.exp(6), 3);
    noGrad(() => a!.grad!.fill_(0));
    expect(b!.grad!.at(0).item()).toBeGreaterThan(1);
  });

  test("two leaves that are given the same gradient have one each", () => {
    const [a, b] = [0, 1].map(() => tensor(new Float32Array(4096), { requiresGrad: true }));
    const compiled = compile((x: Tensor) => a!.add(b!).backward(x.exp()));
    compiled(full([4096], 0));
    noGrad(() => a!.grad!.fill_(7));
    compiled(full([4096], 1));
    compiled(full([4096], 2));
    const added = Math.E + Math.exp(2);
    for (const i of [0, 4095]) {
      expect(a!.grad!.at(i).item()).toBeCloseTo(7 + added, 4);
      expect(b!.grad!.at(i).item()).toBeCloseTo(1 + added, 4);
    }
  });

  test("a result belongs to the caller, who may make it a gradient and set that to null", () => {
    const w = tensor(new Float32Array(4096), { requiresGrad: true });
    const compiled = compile((x: Tensor) => x.exp());
    const result = compiled(full([4096], 0));
    w.grad = result;
    w.grad = null;
    for (let i = 1; i < 4; i++) compiled(full([4096], i));
    expect(result.max().item()).toBe(1);
  });

  test("gradients that a rule shares with a result stay apart", () => {
    const w = tensor([3], { requiresGrad: true });
    const compiled = compile((x: Tensor) => {
      const scaled = x.mul(2);
      w.backward(scaled);
      return scaled;
    });
    const result = compiled(tensor([1]));
    compiled(tensor([5]));
    expect(numbers(result)).toEqual([2]);
    expect(numbers(w.grad!)).toEqual([12]);
  });

  test("in a scope, over many steps", () => {
    manualSeed(3);
    const make = () => {
      const w = tensor(
        [
          [0.1, -0.2],
          [0.3, 0.4],
          [0, 0.5],
        ],
        { requiresGrad: true },
      );
      const loss = (x: Tensor, labels: Tensor): Tensor => {
        const result = crossEntropy(x.matmul(w).tanh(), labels);
        result.backward();
        return result;
      };
      const step = (f: typeof loss, x: Tensor, labels: Tensor): number =>
        scope(() => {
          w.grad = null;
          const value = f(x, labels).item();
          noGrad(() => w.sub_(w.grad!.mul(0.1)));
          return value;
        });
      return { loss, step };
    };
    const [plain, other] = [make(), make()];
    const compiled = compile(other.loss);
    for (let i = 0; i < 20; i++) {
      const x = randn([5, 3]);
      const labels = tensor([0, 1, 1, 0, i % 2], { dtype: "int32" });
      expect(other.step(compiled, x, labels)).toBeCloseTo(plain.step(plain.loss, x, labels), 5);
    }
  });
});

test("gradients of functions of variables that require them are plain results", () => {
  const w = tensor([3], { requiresGrad: true });
  const compiled = compile(valueAndGrad((x: Tensor) => x.mul(w).square().sum()));
  const { value, grad: gradient } = compiled(tensor([2], { requiresGrad: true }));
  expect([value.item(), gradient.item()]).toEqual([36, 36]);
  expect(value.requiresGrad || gradient.requiresGrad).toBe(false);
  expect(noGrad(() => compile((x: Tensor) => enableGrad(() => x.mul(w)))(tensor([2]))).item()).toBe(
    6,
  );
});

test("a checkpoint inside is the function itself, with the same random numbers", () => {
  const f = (x: Tensor): Tensor =>
    checkpoint((y: Tensor) => dropout(y, { p: 0.5 }).square(), x).sum();
  const compiled = compile(valueAndGrad(f));
  const x = tensor(Float64Array.from({ length: 40 }, (_, i) => i));
  manualSeed(3);
  const found = compiled(x).grad;
  manualSeed(3);
  expect(numbers(found)).toEqual(numbers(valueAndGrad(f)(x).grad));
});

test("compiled in a scope, constants stay", () => {
  const compiled = compile((x: Tensor) => {
    const table = zeros([64, 64], { requiresGrad: true }).add(1).detach();
    return x.matmul(table);
  });
  const call = (): number =>
    scope(() =>
      compiled(full([1, 64], 1))
        .sum()
        .item(),
    );
  expect([call(), call()]).toEqual([4096, 4096]);
  const other = compile((x: Tensor) => x.matmul(full([64, 64], 2).mul(0.5)));
  const inside = (): number => noGrad(() => confined(() => other(full([1, 64], 1)).sum())).item();
  expect([inside(), inside()]).toEqual([4096, 4096]);
});

describe("random numbers", () => {
  test("are drawn at every call, as the function itself would draw them", () => {
    // In float64, since one loop rounds to float32 once where two loops do twice.
    const dtype = "float64";
    const f = (x: Tensor): Tensor =>
      dropout(x.add(rand([4], { dtype })), { p: 0.5 }).mul(randn([4], { dtype }));
    const compiled = compile(f);
    const x = tensor([1, 2, 3, 4], { dtype });
    compiled(x);
    manualSeed(5);
    const found = [compiled(x), compiled(x)].map(numbers);
    manualSeed(5);
    expect(found).toEqual([f(x), f(x)].map(numbers));
    expect(found[0]).not.toEqual(found[1]);
  });

  test("are drawn for large constants, too", () => {
    const compiled = compile(() => dropout(ones([3000]), { p: 0.3 }));
    expect(numbers(compiled())).not.toEqual(numbers(compiled()));
  });

  test("are drawn where nothing depends on them, too", () => {
    const f = (): Tensor => {
      rand([3]);
      return rand([2]);
    };
    const compiled = compile(f);
    manualSeed(1);
    const found = numbers(compiled());
    manualSeed(1);
    expect(found).toEqual(numbers(f()));
  });
});

describe("refused, with nothing changed", () => {
  const w = tensor([1, 2], { requiresGrad: true, name: "w" });
  const outside = w.mul(2);
  const limit = tensor(0);
  const refusals: readonly [string, (x: Tensor) => unknown, RegExp][] = [
    [
      "reading numbers",
      (x) => (x.sum().item() > 0 ? x : x.neg()),
      /numbers of this tensor are not known while the function is compiled.*choose with where/,
    ],
    ["a shape that depends on numbers", (x) => x.nonzero(), /numbers of this tensor are not known/],
    [
      "setting a gradient to null",
      (x) => {
        w.grad = null;
        return x;
      },
      /sets the gradient of a tensor, which would happen once.*leave zeroGrad/,
    ],
    ["reading a gradient", (x) => x.add(w.grad!), /reads the gradient of a tensor/],
    [
      "a result to be differentiated",
      (x) => x.mul(w),
      /returns the result of mul, which is still to be differentiated.*Take the gradient inside/,
    ],
    [
      "changing an argument",
      (x) => x.add_(1),
      /changes an argument in place \(add_\).*Compute a new tensor/,
    ],
    [
      "changing places by index",
      (x) => w.detach().setAt(tensor([1], { dtype: "int32" }), x.sum()),
      /changes numbers in place \(setAt\)/,
    ],
    [
      "a gradient of an intermediate result",
      (x) => x.mul(w).retainGrad().sum().backward(),
      /adds to the gradient of an intermediate result/,
    ],
    [
      "reading what it changed",
      (x) => {
        const seen = tensor([0]);
        limit.copy_(x.sum());
        return seen.add(limit.item());
      },
      /reads numbers that it has changed in place/,
    ],
    [
      "going backward through what was computed outside",
      () => outside.sum().backward(),
      /goes backward through mul, which was computed outside/,
    ],
    [
      "seeding a generator",
      (x) => {
        manualSeed(1);
        return x;
      },
      /seeds a generator or asks it for a number/,
    ],
    [
      "asking a generator",
      (x) => x.add(new Generator(1).uniform()),
      /seeds a generator or asks it for a number/,
    ],
    ["an asynchronous function", async (x) => x, /the function is asynchronous/],
    [
      "a result of another kind",
      (x) => ({ a: [new Map([[1, x]])] }),
      /returns Map at \.a\[0\]; it may return tensors/,
    ],
  ];

  test.each(refusals)("%s", (_what, f, message) => {
    const x = tensor([1, 2]);
    expect(() => compile(f)(x)).toThrow(message);
    expect(numbers(x)).toEqual([1, 2]);
    expect(numbers(w)).toEqual([1, 2]);
    expect(w.grad).toBeNull();
  });

  test("what is no function, and an argument that contains itself", () => {
    expect(() => compile(3 as never)).toThrow(ArgumentError);
    expect(() => compile(3 as never)).toThrow("compile: expected a function, not 3.");
    const around: unknown[] = [];
    around.push(around);
    expect(() => compile((_: unknown) => tensor(1))(around)).toThrow(/contains itself/);
  });

  test("arguments whose content would be fixed", () => {
    const f = compile((given: { b: Float32Array }) => tensor(given.b));
    expect(() => f({ b: new Float32Array(2) })).toThrow(
      /compile: argument \[0\]\.b is Float32Array.*fromTypedArray/,
    );
  });

  test("a tensor of the compilation that was kept says so when it is used", () => {
    let kept: Tensor | undefined;
    compile((x: Tensor) => {
      kept = x.mul(2);
      return x;
    })(tensor([1]));
    expect(() => kept!.item()).toThrow(/made while a function was compiled, and kept/);
  });

  test("an op that keeps what nobody foresees, when its gradient is compiled", () => {
    const keeping = defineOp({
      name: "keeping",
      formula: "y = x",
      call: (x: TensorLike) => ({ operands: [x], options: {} }),
      shape: ([x]) => x!.shape,
      forward: ([x], y) => {
        y.storage.data.set(x!.toTypedArray());
        return { factor: 2 };
      },
      vjp: [(cotangent, node) => cotangent.mul((node.saved as { factor: number }).factor)],
      samples: [(draw) => [draw.tensor([2])]],
    });
    expect(numbers(compile((x: Tensor) => keeping(x))(tensor([3])))).toEqual([3]);
    const gradient = compile(grad((x: Tensor) => keeping(x).sum()));
    expect(() => gradient(tensor([3]))).toThrow(GradError);
    expect(() => gradient(tensor([3]))).toThrow(
      /rule of keeping reads what the forward computation saved.*`saves`/,
    );
  });

  test("and ops say at every call what is wrong with numbers", () => {
    const chosen = compile((x: Tensor, at: Tensor) => x.indexSelect(0, at));
    const indices = (...values: number[]) => tensor(values, { dtype: "int32" });
    expect(numbers(chosen(tensor([5, 6]), indices(1)))).toEqual([6]);
    expect(() => chosen(tensor([5, 6]), indices(2))).toThrow(
      /indexSelect: index 2 .* out of range/,
    );
    expect(numbers(chosen(tensor([5, 6]), indices(0)))).toEqual([5]);
    const divided = compile((a: Tensor, b: Tensor) => a.floorDivide(b));
    expect(numbers(divided(indices(7), indices(2)))).toEqual([3]);
    expect(() => divided(indices(7), indices(0))).toThrow(/whole divisors are 0/);
  });
});

test("where somebody watches, the function itself runs", () => {
  const counter = counted((x: Tensor) => x.log().sum());
  const compiled = compile(counter.f);
  compiled(tensor([1]));
  expect(() => detectAnomaly(() => compiled(tensor([-1])))).toThrow(/log/);
  expect(counter.calls).toBe(2);
});

test("a deferred tensor can be printed, but shows no numbers", () => {
  let text = "";
  compile((x: Tensor) => {
    text = String(x.mul(2));
    return x;
  })(tensor([1, 2]));
  expect(text).toBe("tensor(shape=[2], not computed while a function is compiled)");
});

describe("describe", () => {
  test("writes down the program, without what is dropped, folded or a view", () => {
    const w = tensor([1, 2], { requiresGrad: true, name: "w" });
    const counts = tensor(0, { name: "counts" });
    const compiled = compile((x: Tensor) => {
      x.exp();
      const loss = x.mT.reshape([2, 2]).matmul(w).mul(tensor(3).add(1)).tanh().sum();
      backward(loss);
      counts.add_(1);
      return loss;
    });
    expect(compiled.describe(zeros([2, 2]))).toBe(
      [
        "(%0)",
        "%2 = matmul(%0, w) → [2]",
        "%4 = mul·tanh(%2) → [2]",
        "%5 = sum(%4) → []",
        "%7 = tanhGradient·mulGradientA(%4) → [2]",
        "%8 = matmul(%0, %7) → [2, 1]",
        "%9 = add(counts, 1) → []",
        "counts.add_(%9)",
        "w.grad += %8",
        "return %5",
      ].join("\n"),
    );
    expect(counts.item()).toBe(0);
  });
});
