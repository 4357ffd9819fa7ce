import { describe, expect, it } from "vitest";
import type { Tensor } from "../index.ts";
import {
  checkpoint,
  customOp,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  manualSeed,
  rand,
  randn,
  registerHook,
  stopGradient,
  tensor,
  valueAndGrad,
  vjp,
  vmap,
} from "../index.ts";

const float64 = { dtype: "float64" } as const;
const vector = (...values: number[]): Tensor => tensor(values, float64);
const cubes = (x: Tensor): Tensor => x.mul(x).mul(x).sum();
const square = (x: Tensor): Tensor => x.mul(x);

describe("grad(f)", () => {
  it("has the nesting of the argument, for numbers, arrays and plain objects", () => {
    const loss = ({ layers, scale }: { layers: Tensor[]; scale: Tensor }): Tensor =>
      layers.reduce((sum, layer) => sum.add(layer.mul(layer).sum()), tensor(0, float64)).mul(scale);
    const found = grad(loss)({ layers: [vector(1, 2), vector(3)], scale: 2 });
    expect(found.layers.map((g) => g.toArray())).toEqual([[4, 8], [12]]);
    expect(found.scale.item()).toBe(14);
  });

  it("takes a plain number as precisely as the tensors beside it", () => {
    const w = tensor([1, 2], { dtype: "float64" });
    expect(grad((x: Tensor, v: Tensor) => x.mul(v).sum())(2, w).dtype).toBe("float64");
    const { x } = grad((at: { x: Tensor; w: Tensor }) => at.x.mul(at.w).sum())({ x: 2, w });
    expect((x as Tensor).dtype).toBe("float64");
  });

  it("keeps keys such as __proto__ as data", () => {
    const argument = JSON.parse('{"__proto__": 3}') as Record<string, number>;
    const found = grad((x: Record<string, Tensor>) => square(Object.values(x)[0]!))(
      argument as never,
    );
    expect(Object.keys(found)).toEqual(["__proto__"]);
  });

  it("gives derivatives of any order", () => {
    const f = (x: Tensor): Tensor => x.mul(x).mul(x).mul(x);
    expect(grad(f)(2).item()).toBe(32);
    expect(grad(grad(f))(2).item()).toBe(48);
    expect(grad(grad(grad(f)))(2).item()).toBe(48);
  });

  it("differentiates the chosen argument, and treats equal arguments as two variables", () => {
    const product = (a: Tensor, b: Tensor): Tensor => a.mul(b).sum();
    const x = vector(2, 3);
    expect(grad(product)(x, x).toArray()).toEqual([2, 3]);
    expect(grad(product, { argument: 1 })(vector(5, 7), x).toArray()).toEqual([5, 7]);
    expect(() => grad(product, { argument: 2 })(x, x)).toThrow(
      /argument 2 is to be differentiated, but only 2/,
    );
  });

  it("lets gradients flow on to tensors from outside (a gradient penalty)", () => {
    const w = tensor(3, { ...float64, requiresGrad: true });
    const slope = grad((x: Tensor) => x.mul(x).mul(w))(5);
    slope.mul(slope).backward();
    expect(w.grad?.item()).toBe(2 * 30 * 10);
  });

  it("gives zero for what the value does not depend on, and plain results", () => {
    const found = grad(({ a }: { a: Tensor; b: Tensor }) => square(a))({ a: 2, b: 3 });
    expect(found.b.item()).toBe(0);
    expect(found.a.requiresGrad).toBe(false);
    const { value } = valueAndGrad(square)(3);
    expect(value.requiresGrad).toBe(false);
  });

  it("refuses functions that give no single number, and what is no tensor", () => {
    expect(() => grad(square)(vector(1, 2))).toThrow(
      /must return a single number, not shape \[2\]/,
    );
    expect(() => grad((() => 3) as never)(1 as never)).toThrow(/must return a tensor, not 3/);
    expect(() => grad(square)("x" as never)).toThrow(
      /the argument must be a tensor, a number, or arrays/,
    );
    expect(() => grad(square)(tensor([1], { dtype: "int32" }))).toThrow(
      /dtype int32; only float32 and float64/,
    );
  });
});

describe("vjp, jvp and hvp", () => {
  const f = (x: Tensor, y: Tensor): Tensor => x.mul(y).add(x.mul(x));

  it("vjp carries cotangents back, as often as one likes", () => {
    const { value, pullback } = vjp(f, vector(1, 2), vector(3, 4));
    expect(value.toArray()).toEqual([4, 12]);
    expect(pullback(vector(1, 10)).map((g) => g.toArray())).toEqual([
      [5, 80],
      [1, 20],
    ]);
    expect(pullback(vector(1, 0)).map((g) => g.toArray())).toEqual([
      [5, 0],
      [1, 0],
    ]);
  });

  it("jvp carries tangents forward", () => {
    const { value, tangent } = jvp(f, [vector(1, 2), vector(3, 4)], [vector(1, 1), vector(0, 10)]);
    expect(value.toArray()).toEqual([4, 12]);
    expect(tangent.toArray()).toEqual([5, 28]);
  });

  it("agree: ⟨ȳ, J·v⟩ = ⟨ȳᵀ·J, v⟩ through broadcasting, products, sums and views", () => {
    manualSeed(1);
    const model = (x: Tensor, w: Tensor, b: Tensor): Tensor => {
      const h = x.matmul(w).add(b);
      return h.mul(h).sum(0).mul(h.at(0)).reshape([-1, 1]).expand([4, 2]);
    };
    const point = [randn([3, 5], float64), randn([5, 4], float64), randn([4], float64)] as const;
    const direction = [
      randn([3, 5], float64),
      randn([5, 4], float64),
      randn([4], float64),
    ] as const;
    const cotangent = randn([4, 2], float64);
    const right = jvp(model, point, direction).tangent.mul(cotangent).sum().item();
    const products = vjp(model, ...point).pullback(cotangent);
    const left = products
      .map((g, i) => g.mul(direction[i]!).sum().item())
      .reduce((a, b) => a + b, 0);
    expect(Math.abs(left - right)).toBeLessThan(1e-12 * Math.abs(left));
  });

  it("jvp of grad is the product with the Hessian, and so is hvp", () => {
    const x = vector(1, 2);
    const v = vector(1, 10);
    expect(jvp(grad(cubes), [x], [v]).tangent.toArray()).toEqual([6, 120]);
    expect(hvp(cubes, x, v).toArray()).toEqual([6, 120]);
    expect(hvp((t: Tensor) => t.sum(), x, v).toArray()).toEqual([0, 0]);
  });

  it("jvp can be differentiated", () => {
    const along = (x: Tensor): Tensor => jvp(cubes, [x], [vector(1, 0)]).tangent;
    expect(grad(along)(vector(2, 3)).toArray()).toEqual([12, 0]);
  });

  it("refuse vectors that do not fit", () => {
    expect(() => jvp(square, [vector(1, 2)], [vector(1)])).toThrow(
      /tangent 0 has shape \[1\], but its tensor has \[2\]/,
    );
    expect(() => vjp(square, vector(1, 2)).pullback(vector(1))).toThrow(
      /cotangent 0 has shape \[1\]/,
    );
    expect(() => jvp(square, [vector(1)], [] as never)).toThrow(/0 tangents were given for 1/);
  });
});

describe("jacobian and hessian", () => {
  const f = (x: Tensor): Tensor =>
    x
      .matmul(
        tensor(
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          float64,
        ),
      )
      .mul(x.sum());

  it("agree in both modes, also for empty values and arguments", () => {
    const x = vector(1, 2, 3);
    const reverse = jacobian(f)(x);
    expect(reverse.shape).toEqual([2, 3]);
    expect(jacobian(f, { mode: "forward" })(x).toArray()).toEqual(reverse.toArray());
    expect(jacobian(square)(tensor([], float64)).shape).toEqual([0, 0]);
    expect(jacobian(square, { mode: "forward" })(tensor([], float64)).shape).toEqual([0, 0]);
  });

  it("has blocks for structures", () => {
    const g = ({ a, b }: { a: Tensor; b: Tensor }): Tensor => a.mul(a).mul(b).sum();
    const h = hessian(g)({ a: vector(1, 2), b: vector(3, 4) });
    expect(h.a.a.toArray()).toEqual([
      [6, 0],
      [0, 8],
    ]);
    expect(h.a.b.toArray()).toEqual([
      [2, 0],
      [0, 4],
    ]);
    expect(h.b.b.toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it("hessian is the Jacobian of the gradient", () => {
    const x = vector(1, 2);
    expect(hessian(cubes)(x).toArray()).toEqual(jacobian(grad(cubes))(x).toArray());
  });

  it("refuses a mode that does not exist", () => {
    expect(() => jacobian(square, { mode: "sideways" as never })).toThrow(
      /"reverse" or "forward", not "sideways"/,
    );
  });
});

describe("vmap", () => {
  const loss = (w: Tensor, x: Tensor): Tensor => square(x.matmul(w)).sum();
  manualSeed(2);
  const w = randn([3, 2], float64);
  const xs = randn([5, 3], float64);

  it("equals the loop over samples", () => {
    const mapped = vmap(loss, { inDims: [null, 0] })(w, xs);
    expect(mapped.toArray()).toEqual([...xs].map((x) => loss(w, x).item()));
  });

  it("of grad gives the gradient of each sample, also by what they share", () => {
    const each = vmap(grad(loss), { inDims: [null, 0] })(w, xs);
    expect(each.toArray()).toEqual([...xs].map((x) => grad(loss)(w, x).toArray()));
  });

  it("can be differentiated", () => {
    const total = (t: Tensor): Tensor => vmap(loss, { inDims: [null, 0] })(t, xs).sum();
    const direct = (t: Tensor): Tensor => square(xs.matmul(t)).sum();
    const a = grad(total)(w).toTypedArray();
    const b = grad(direct)(w).toTypedArray();
    for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i]!, 12);
  });

  it("nests, in any order of dimensions", () => {
    const products = vmap((a: Tensor) => vmap((b: Tensor) => a.mul(b).sum())(xs))(xs);
    const expected = xs.matmul(xs.mT).toTypedArray();
    for (const [i, value] of products.toTypedArray().entries())
      expect(value).toBeCloseTo(expected[i]!, 12);
    const columns = vmap((a: Tensor) => a.sum(), { inDims: 1 })(xs);
    expect(columns.toArray()).toEqual(xs.sum(0).toArray());
    expect(vmap((a: Tensor) => a.mul(2), { outDims: 1 })(xs).toArray()).toEqual(
      xs.mul(2).mT.toArray(),
    );
  });

  it("composes with hessian, jvp, jacobian and vjp", () => {
    const points = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      float64,
    );
    expect(vmap(hessian(cubes))(points).at(1).toArray()).toEqual([
      [18, 0],
      [0, 24],
    ]);
    expect(vmap((x: Tensor) => jvp(cubes, [x], [vector(1, 0)]).tangent)(points).toArray()).toEqual([
      3, 27,
    ]);
    expect(
      jacobian((x: Tensor) => vmap(cubes)(x))(points)
        .at(1, 1)
        .toArray(),
    ).toEqual([27, 48]);
    expect(vmap((x: Tensor) => vjp(square, x).pullback(vector(1, 1))[0])(points).toArray()).toEqual(
      [
        [2, 4],
        [6, 8],
      ],
    );
  });

  it("hides the numbers inside, and says so", () => {
    expect(() => vmap((x: Tensor) => x.mul(x.item()))(vector(1, 2))).toThrow(
      /inside vmap a tensor stands for all 2 samples/,
    );
    vmap((x: Tensor) => {
      expect(x.shape).toEqual([]);
      expect(String(x)).toMatch(/one of 2 samples/);
      return x;
    })(vector(1, 2));
  });

  it("refuses what has no samples, or not as many", () => {
    expect(() => vmap(square)(tensor(1))).toThrow(/argument 0 has no dimension of samples/);
    expect(() => vmap(loss)(w, xs)).toThrow(/has 5 samples, but another has 3/);
    expect(() => vmap(square)(tensor([]))).toThrow(/there are no samples/);
    expect(() => vmap(square, { inDims: null })(w)).toThrow(/no argument has samples/);
    expect(() => vmap(loss, { inDims: [0] })(w, xs)).toThrow(
      /inDims has 1 entries for 2 arguments/,
    );
  });
});

describe("checkpoint", () => {
  it("gives the same value and gradients, for arguments and for what is used from outside", () => {
    const w = tensor([2, 3], { ...float64, requiresGrad: true });
    const x = tensor([5, 7], { ...float64, requiresGrad: true });
    const f = (t: Tensor): Tensor => t.mul(t).mul(w);
    const y = checkpoint(f, x);
    expect(y.toArray()).toEqual([50, 147]);
    y.sum().backward();
    expect(x.grad?.toArray()).toEqual([20, 42]);
    expect(w.grad?.toArray()).toEqual([25, 49]);
  });

  it("draws the same random numbers again, and leaves the generator where it was", () => {
    manualSeed(7);
    const x = tensor([1, 1, 1], { ...float64, requiresGrad: true });
    const y = checkpoint((t: Tensor) => t.mul(rand([3], float64)), x);
    const after = rand([1], float64).item();
    const factors = y.toArray();
    y.sum().backward();
    expect(x.grad?.toArray()).toEqual(factors);
    manualSeed(7);
    rand([3], float64);
    expect(rand([1], float64).item()).toBe(after);
  });

  it("can be differentiated twice, and takes structures", () => {
    const f = (x: Tensor): Tensor =>
      checkpoint((t: { a: Tensor }) => t.a.mul(t.a).mul(t.a), { a: x });
    expect(grad(grad(f))(2).item()).toBe(12);
  });

  it("keeps nothing but its inputs in the graph", () => {
    const x = tensor(2, { requiresGrad: true });
    const y = checkpoint((t: Tensor) => t.mul(t).mul(t).mul(t), x);
    expect(y.node?.op.name).toBe("checkpoint");
    expect(y.node?.operands.map((operand) => operand === x)).toEqual([true]);
  });

  it("says when the function does something else the second time", () => {
    let calls = 0;
    const x = tensor([1, 2], { requiresGrad: true });
    const y = checkpoint((t: Tensor) => (calls++ === 0 ? t.mul(2) : t.sum()), x);
    expect(() => y.sum().backward()).toThrow(
      /gave \[\] when it was computed again, but \[2\] at first/,
    );
  });
});

describe("customOp", () => {
  it("uses the gradient it was given: reversal", () => {
    const reverseGradient = customOp({
      name: "reverseGradient",
      forward: (x: Tensor) => x,
      vjp: (cotangent) => [cotangent.neg()],
    });
    const x = tensor(3, { requiresGrad: true });
    const y = reverseGradient(x);
    expect(y === x).toBe(false);
    y.mul(2).backward();
    expect(x.grad?.item()).toBe(-2);
  });

  it("may have several operands and results, and can be differentiated again", () => {
    const both = customOp({
      name: "both",
      forward: (a: Tensor, b: Tensor): readonly Tensor[] => [a.mul(b), a.add(b)],
      vjp: ([product, sum], { operands: [a, b] }) => {
        const p = product ?? a!.mul(0);
        const s = sum ?? a!.mul(0);
        return [p.mul(b!).add(s), p.mul(a!).add(s)];
      },
    });
    const f = (x: Tensor): Tensor => {
      const [product, sum] = both(x, x.mul(x));
      return product!.add(sum!);
    };
    expect(grad(f)(2).item()).toBe(3 * 4 + 1 + 4);
    expect(grad(grad(f))(2).item()).toBe(6 * 2 + 2);
  });

  it("refuses broken literals and answers", () => {
    expect(() => customOp({ name: "x" } as never)).toThrow(
      /needs a name, a function forward and a function vjp/,
    );
    const short = customOp({
      name: "short",
      forward: (a: Tensor, b: Tensor) => a.add(b),
      vjp: (g) => [g],
    });
    const x = tensor(1, { requiresGrad: true });
    expect(() => short(x, x).backward()).toThrow(/one entry for each of the 2 operands/);
    const nothing = customOp({
      name: "nothing",
      forward: (() => 3) as never,
      vjp: (() => []) as never,
    });
    expect(() => nothing(x)).toThrow(/forward must return a tensor or an array of tensors, not 3/);
  });

  it("stopGradient lets nothing through", () => {
    const x = tensor(3, { requiresGrad: true });
    x.mul(stopGradient(x)).backward();
    expect(x.grad?.item()).toBe(3);
  });
});

describe("hooks inside of transforms", () => {
  it("see the gradients of the pass they are in", () => {
    const seen: number[] = [];
    grad((x: Tensor) => {
      const y = x.mul(3);
      registerHook(y, (g) => void seen.push(g.item()));
      return y.mul(y);
    })(2);
    expect(seen).toEqual([12]);
  });
});
