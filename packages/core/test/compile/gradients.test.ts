/**
 * Gradients that a compiled function takes, and random numbers that it draws.
 */
import {
  checkpoint,
  compile,
  crossEntropy,
  dropout,
  enableGrad,
  full,
  manualSeed,
  noGrad,
  ones,
  rand,
  randn,
  scope,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { numbers } from "./numbers.ts";

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
