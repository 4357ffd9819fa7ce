/**
 * What cannot be compiled, and says so.
 */
import {
  ArgumentError,
  compile,
  defineOp,
  Generator,
  GradError,
  grad,
  manualSeed,
  type Tensor,
  type TensorLike,
  tensor,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { numbers } from "./numbers.ts";

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
