/**
 * What a compiled function finds outside: tensors that it reads, changes and returns, and who else has a hand in it.
 */
import {
  compile,
  confined,
  full,
  noGrad,
  registerHook,
  scope,
  type Tensor,
  tensor,
  vmap,
  zeros,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { numbers } from "./numbers.ts";

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
