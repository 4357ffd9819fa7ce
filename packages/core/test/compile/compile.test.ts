/**
 * Compiled functions: that they compute what the functions compute, each time.
 */
import {
  backward,
  compile,
  detectAnomaly,
  forgetCompiled,
  grad,
  hessian,
  isGradEnabled,
  jvp,
  maxPool,
  noGrad,
  randn,
  registerHook,
  registerPostAccumulateGradHook,
  type Tensor,
  tensor,
  to_,
  valueAndGrad,
  vmap,
  zeros,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { numbers } from "./numbers.ts";

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
