import { describe, expect, it } from "vitest";
import type { Op } from "../index.ts";
import {
  ArgumentError,
  backward,
  defineOp,
  enableGrad,
  GradError,
  grad,
  noGrad,
  ShapeError,
  Tensor,
  tensor,
  topologicalOrder,
  zeros,
} from "../index.ts";

const leaf = (value: number | number[]): Tensor =>
  tensor(value, { dtype: "float64", requiresGrad: true });

describe("accumulation", () => {
  it("adds up the paths of a node that is used twice: a = 1; b = a + a; c = b + b has dc/da = 4", () => {
    const a = leaf(1);
    const b = a.add(a);
    b.add(b).backward();
    expect(a.grad?.item()).toBe(4);
  });

  it("visits a diamond once: every node sees its whole cotangent before it hands it on", () => {
    const x = leaf(3);
    const y = x.mul(x);
    const z = y.mul(y).add(y);
    z.backward();
    expect(x.grad?.item()).toBe(4 * 27 + 6);
  });

  it("adds to the gradient that is there, in a tensor of its own", () => {
    const x = leaf([1, 2]);
    x.mul(x).sum().backward();
    const first = x.grad;
    x.mul(3).sum().backward();
    expect(x.grad?.toArray()).toEqual([5, 7]);
    expect(first?.toArray()).toEqual([2, 4]);
  });

  it("gives each leaf a gradient with storage of its own", () => {
    const a = leaf([1, 2]);
    const b = leaf([3, 4]);
    a.add(b).sum().backward();
    noGrad(() => a.grad?.mul_(10));
    expect(b.grad?.toArray()).toEqual([1, 1]);
    expect(a.grad?.toArray()).toEqual([10, 10]);
  });

  it("leaves the gradient of a result only if asked to", () => {
    const x = leaf(2);
    const y = x.mul(3).retainGrad();
    const z = y.mul(y);
    z.backward();
    expect(y.grad?.item()).toBe(12);
    expect(z.grad).toBeNull();
  });

  it("takes a cotangent for several outputs' worth of numbers", () => {
    const x = leaf([1, 2, 3]);
    x.mul(x).backward(tensor([1, 0, 2], { dtype: "float64" }));
    expect(x.grad?.toArray()).toEqual([2, 0, 12]);
  });

  it("gives gradients the type of their operand", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const y = leaf([3, 4]);
    x.mul(y).sum().backward();
    expect(x.grad?.dtype).toBe("float32");
    expect(y.grad?.dtype).toBe("float64");
  });

  it("sums over broadcast axes", () => {
    const x = leaf([1, 2, 3]);
    const rows = tensor([[1], [10]], { dtype: "float64", requiresGrad: true });
    x.mul(rows).sum().backward();
    expect(x.grad?.toArray()).toEqual([11, 11, 11]);
    expect(rows.grad?.toArray()).toEqual([[6], [6]]);
  });
});

describe("the life of a graph", () => {
  it("is freed by backward; a second pass says so and changes nothing", () => {
    const x = leaf(3);
    const y = x.mul(x);
    y.backward();
    expect(() => y.backward()).toThrow(GradError);
    expect(() => y.backward()).toThrow(/graph was already freed at mul .* retainGraph: true/);
    expect(x.grad?.item()).toBe(6);
    expect(y.node?.operands).toEqual([]);
  });

  it("is kept by retainGraph", () => {
    const x = leaf(3);
    const y = x.mul(x);
    y.backward(undefined, { retainGraph: true });
    y.backward();
    expect(x.grad?.item()).toBe(12);
  });

  it("stays whole when a rule throws, and no gradient changes", () => {
    let broken = true;
    const fragile: Op<(x: Tensor) => Tensor> = defineOp({
      name: "fragile",
      formula: "y = x",
      call: (x: Tensor) => ({ operands: [x], options: {} }),
      shape: ([x]) => x!.shape,
      forward: ([x], y) => y.storage.data.set(x!.toTypedArray()),
      vjp: [
        (cotangent) => {
          if (broken) throw new Error("broken rule");
          return cotangent;
        },
      ],
      samples: [],
    });
    const x = leaf(2);
    const z = x.mul(x).add(fragile(x));
    expect(() => z.backward()).toThrow("broken rule");
    expect(x.grad).toBeNull();
    broken = false;
    z.backward();
    expect(x.grad?.item()).toBe(5);
  });

  it("can be read: op, operands in order, options, results, scope", () => {
    const x = leaf([1, 2]).named("x");
    const y = x.mul(x).sum(0, { keepdim: true });
    const node = y.node!;
    expect(node.op.name).toBe("sum");
    expect(node.options).toEqual({ dim: [0], keepdim: true });
    expect(node.operands[0]?.node?.operands.map((operand) => operand.name)).toEqual(["x", "x"]);
    expect(node.results[0]).toBe(y);
    expect(topologicalOrder(node).map(({ op }) => op.name)).toEqual(["mul", "sum"]);
  });

  it("holds a chain of a hundred thousand nodes on the default stack", () => {
    const x = leaf(1);
    let y: Tensor = x;
    for (let i = 0; i < 100_000; i++) y = y.add(0);
    y.backward();
    expect(x.grad?.item()).toBe(1);
  });
});

describe("grad(outputs, inputs)", () => {
  it("touches no grad and takes results of ops as inputs", () => {
    const x = leaf(3);
    const y = x.mul(2);
    const z = y.mul(y);
    expect(grad(z, y, { retainGraph: true }).item()).toBe(12);
    expect(grad(z, x, { retainGraph: true }).item()).toBe(24);
    expect(grad([z, y], [x, y]).map((g) => g.item())).toEqual([26, 13]);
    expect(x.grad).toBeNull();
  });

  it("differentiates again with createGraph", () => {
    const x = leaf(3);
    const first = grad(x.mul(x).mul(x), x, { createGraph: true });
    const second = grad(first, x, { createGraph: true });
    expect(first.item()).toBe(27);
    expect(second.item()).toBe(18);
    expect(grad(second, x).item()).toBe(6);
  });

  it("says when an input is not part of the graph, or gives null if that is allowed", () => {
    const x = leaf(3);
    const other = leaf(1).named("other");
    const y = x.mul(x);
    expect(() => grad(y, other)).toThrow(/do not depend on input 0 \("other"\)/);
    expect(grad(y, other, { allowUnused: true, retainGraph: true })).toBeNull();
    expect(grad(y, x).item()).toBe(6);
  });

  it("refuses what cannot be differentiated", () => {
    const x = leaf([1, 2]);
    const y = x.mul(2);
    expect(() => grad(y, x)).toThrow(/shape \[2\], not a single number/);
    expect(() => grad(y, x, { gradOutputs: zeros([3], { dtype: "float64" }) })).toThrow(ShapeError);
    expect(() => grad(y, x, { gradOutputs: [zeros([2]), zeros([2])] })).toThrow(
      /2 cotangents were given for 1 outputs/,
    );
    expect(() => grad(y.sum(), tensor(1))).toThrow(/input 0 does not require gradients/);
    expect(() => grad(tensor(1), x)).toThrow(/output does not require gradients/);
    expect(() => grad(y.sum(), [])).toThrow(ArgumentError);
    // @ts-expect-error an option that does not exist
    expect(() => grad(y.sum(), x, { keepGraph: true })).toThrow(/unknown option "keepGraph"/);
  });
});

describe("backward refuses", () => {
  it("outputs outside of the graph", () => {
    expect(() => tensor(1).backward()).toThrow(/does not require gradients/);
    const x = leaf(1);
    expect(() => noGrad(() => x.mul(2)).backward()).toThrow(GradError);
    expect(() => x.detach().backward()).toThrow(GradError);
  });

  it("several numbers without a cotangent, or a cotangent that does not fit", () => {
    const x = leaf([1, 2]);
    expect(() => x.mul(2).backward()).toThrow(/Reduce it \(sum, mean\), or give a cotangent/);
    expect(() => x.mul(2).backward(zeros([3]))).toThrow(
      /cotangent has shape \[3\], but the output has \[2\]/,
    );
    expect(() => x.mul(2).backward(zeros([2], { dtype: "int32" }))).toThrow(
      /cotangent must be float32 or float64/,
    );
    expect(x.grad).toBeNull();
  });

  it("options it does not know", () => {
    // @ts-expect-error an option that does not exist
    expect(() => backward(leaf(1), undefined, { retain: true })).toThrow(/unknown option "retain"/);
  });

  it("a rule that gives the wrong shape, naming the op", () => {
    const wrong: Op<(x: Tensor) => Tensor> = defineOp({
      name: "wrong",
      formula: "y = x",
      call: (x: Tensor) => ({ operands: [x], options: {} }),
      shape: ([x]) => x!.shape,
      forward: () => undefined,
      vjp: [() => zeros([7])],
      samples: [],
    });
    expect(() =>
      wrong(leaf([1, 2]))
        .sum()
        .backward(),
    ).toThrow(/wrong: the VJP of operand 0 gave shape \[7\], but the operand has \[2\]/);
  });
});

describe("modes", () => {
  it("noGrad records nothing, enableGrad inside it does", () => {
    const x = leaf(2);
    noGrad(() => {
      expect(x.mul(2).requiresGrad).toBe(false);
      expect(enableGrad(() => x.mul(2)).requiresGrad).toBe(true);
    });
    expect(x.mul(2).requiresGrad).toBe(true);
  });

  it("end when the function throws", () => {
    expect(() =>
      noGrad(() => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(leaf(1).mul(1).requiresGrad).toBe(true);
  });

  it("refuse asynchronous functions", () => {
    expect(() => noGrad(async () => 1)).toThrow(/noGrad: the function is asynchronous/);
  });
});

describe("hooks", () => {
  it("see the whole gradient and may replace it, at results and leaves", () => {
    const x = leaf(3);
    const y = x.mul(2);
    const seen: number[] = [];
    y.registerHook((g) => void seen.push(g.item()));
    y.registerHook((g) => g.mul(10));
    const handle = x.registerHook((g) => g.add(1));
    y.mul(y).add(y).backward(undefined, { retainGraph: true });
    expect(seen).toEqual([13]);
    expect(x.grad?.item()).toBe(261);
    handle.remove();
    x.grad = null;
    y.sum().backward();
    expect(x.grad).toEqual(expect.any(Tensor));
  });

  it("after accumulation see the leaf", () => {
    const x = leaf(3);
    const seen: (number | undefined)[] = [];
    x.registerPostAccumulateGradHook((t) => void seen.push(t.grad?.item()));
    x.mul(2).backward();
    x.mul(2).backward();
    expect(seen).toEqual([2, 4]);
  });

  it("refuse a gradient of another shape, and leave everything as it was", () => {
    const x = leaf([1, 2]);
    x.registerHook(() => zeros([3]));
    expect(() => x.sum().backward()).toThrow(
      /hook returned float32 \[3\] for a gradient of float64 \[2\]/,
    );
    expect(x.grad).toBeNull();
  });

  it("refuse tensors without gradients", () => {
    expect(() => tensor(1).registerHook(() => undefined)).toThrow(GradError);
    expect(() =>
      leaf(1)
        .mul(1)
        .registerPostAccumulateGradHook(() => undefined),
    ).toThrow(/only leaves/);
  });
});

describe("changes in place", () => {
  it("of a saved operand are refused by the rule that needs it", () => {
    const x = leaf(3);
    const y = x.mul(x);
    noGrad(() => x.add_(1));
    expect(() => y.backward()).toThrow(
      /mul: operand 1 of shape \[\] was changed in place after it was saved/,
    );
    expect(x.grad).toBeNull();
  });

  it("of an operand whose numbers no rule needs are allowed", () => {
    const x = leaf([1, 2]);
    const y = x.sum();
    noGrad(() => x.add_(1));
    y.backward();
    expect(x.grad?.toArray()).toEqual([1, 1]);
  });

  it("are refused on results, and on leaves while the graph is recorded", () => {
    const x = leaf(3);
    expect(() => x.add_(1)).toThrow(/noGrad\(\(\) => x\.add_/);
    expect(() => noGrad(() => x.mul(2)).add_(1)).not.toThrow();
    expect(() => x.mul(2).add_(1)).toThrow(/result of mul and part of a graph/);
    expect(x.item()).toBe(3);
  });
});

describe("requiresGrad", () => {
  it("belongs to floating leaves", () => {
    expect(() => tensor([1], { dtype: "int32", requiresGrad: true })).toThrow(
      /dtype int32 has no gradient/,
    );
    const y = leaf(1).mul(2);
    expect(() => {
      y.requiresGrad = false;
    }).toThrow(/result of mul, not a leaf.*detach/);
    y.requiresGrad = true;
    expect(() => tensor(1).retainGrad()).toThrow(GradError);
  });
});
