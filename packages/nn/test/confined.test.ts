/**
 * Layers promise that they keep nothing; modules, functions and hooks of others do not.
 */
import type { Tensor } from "@chainrule/core";
import { GradError, manualSeed, noGrad, randn, relu, scope } from "@chainrule/core";
import { beforeEach, describe, expect, test } from "vitest";
import * as nn from "../src/index.ts";

/** Uses memory of many sizes, so that what was given back too early is overwritten. */
function churn(): void {
  for (const shape of [[6, 8], [6, 5], [6, 32], [2, 3, 8], [48]])
    scope(() => randn(shape, { requiresGrad: true }).mul(3).tanh().exp().sum().backward());
}

/** What somebody kept, and the numbers that it had. */
class Keeper {
  private readonly kept: { readonly x: Tensor; readonly numbers: readonly number[] }[] = [];

  keep<X extends Tensor>(x: X): X {
    this.kept.push({ x, numbers: Array.from(x.contiguous().toTypedArray()) });
    return x;
  }

  check(): void {
    churn();
    expect(this.kept.length).toBeGreaterThan(0);
    for (const { x, numbers } of this.kept)
      expect(Array.from(x.contiguous().toTypedArray())).toEqual(numbers);
  }
}

let keeper: Keeper;
beforeEach(() => {
  keeper = new Keeper();
  manualSeed(3);
});

const x = (): Tensor => randn([6, 8]);

/** The tensors that ops of this name have made, found in the graph behind another. */
function found(from: Tensor, name: string): Tensor[] {
  const open = [from];
  const tensors: Tensor[] = [];
  for (let y = open.pop(); y !== undefined; y = open.pop()) {
    if (y.node?.op.name === name) tensors.push(y);
    open.push(...(y.node?.operands ?? []));
  }
  return tensors;
}

test("what lies between the layers of a network is given back by backward, what it returns is not", () => {
  const model = new nn.Sequential(new nn.Linear(8, 32), new nn.Tanh(), new nn.Linear(32, 5));
  const scores = keeper.keep(model.forward(x()));
  const [inner] = found(scores, "tanh");
  scores.square().sum().backward();
  expect(() => inner!.toTypedArray()).toThrow(GradError);
  keeper.check();
});

test("steps of training are the same to the bit with intermediate results kept and not", () => {
  const train = (keepsAll: boolean): readonly number[] => {
    manualSeed(5);
    const layer = new nn.TransformerEncoderLayer(8, 2, {
      dimFeedforward: 32,
      dropout: 0,
      batchFirst: true,
    });
    const model = new nn.Sequential(new nn.TransformerEncoder(layer, 2), new nn.Linear(8, 5));
    if (keepsAll) for (const module of model.modules()) module.registerForwardHook(() => undefined);
    const input = randn([2, 3, 8]);
    const losses = Array.from({ length: 4 }, () => {
      model.zeroGrad();
      const loss = model.forward(input).square().mean();
      loss.backward();
      noGrad(() => {
        for (const parameter of model.parameters()) parameter.sub_(parameter.grad!.mul(0.1));
      });
      churn();
      return loss.item();
    });
    return losses;
  };
  expect(train(false)).toEqual(train(true));
});

describe("may keep what they see", () => {
  class Keeping extends nn.Module {
    forward(input: Tensor): Tensor {
      return keeper.keep(keeper.keep(input).exp());
    }
  }

  test("modules of users between layers, and functions", () => {
    const model = new nn.Sequential(
      new nn.Linear(8, 32),
      new Keeping(),
      new nn.Tanh(),
      (y: Tensor) => keeper.keep(keeper.keep(y).sigmoid()),
      new nn.Linear(32, 5),
    );
    model.forward(x()).square().sum().backward();
    keeper.check();
  });

  test("subclasses of layers", () => {
    class Noted extends nn.Tanh {
      override forward(input: Tensor): Tensor {
        return keeper.keep(super.forward(keeper.keep(input)));
      }
    }
    const model = new nn.Sequential(new nn.Linear(8, 32), new Noted(), new nn.Linear(32, 5));
    model.forward(x()).square().sum().backward();
    keeper.check();
  });

  test("hooks", () => {
    const model = new nn.Sequential(new nn.Linear(8, 32), new nn.Tanh(), new nn.Linear(32, 5));
    model.modules()[2]!.registerForwardHook((_module, inputs, output) => {
      keeper.keep(inputs[0] as Tensor);
      keeper.keep(output as Tensor);
    });
    model.forward(x()).square().sum().backward();
    keeper.check();
  });

  test("functions that take the place of forward", () => {
    const middle = new nn.Tanh();
    middle.forward = (input) => keeper.keep(keeper.keep(input).sinh());
    const model = new nn.Sequential(new nn.Linear(8, 32), middle, new nn.Linear(32, 5));
    const scores = model.forward(x());
    expect(found(scores, "sinh")).toHaveLength(1);
    scores.square().sum().backward();
    keeper.check();
  });

  test("activations that are functions", () => {
    const activation = (y: Tensor): Tensor => keeper.keep(relu(keeper.keep(y)));
    const layer = new nn.TransformerEncoderLayer(8, 2, {
      dimFeedforward: 32,
      dropout: 0,
      batchFirst: true,
      activation,
    });
    layer
      .forward(randn([2, 3, 8]))
      .square()
      .sum()
      .backward();
    keeper.check();
  });
});

test("a class makes the promise for itself alone", () => {
  class Careful extends nn.Module {
    static override readonly isConfined = true;

    forward(input: Tensor): Tensor {
      return input.tanh().exp();
    }
  }
  class Heir extends Careful {}
  const input = x();
  input.requiresGrad = true;
  for (const [Kind, isGivenBack] of [
    [Careful, true],
    [Heir, false],
  ] as const) {
    const y = new Kind().forward(input);
    const [inner] = found(y, "tanh");
    y.sum().backward();
    if (isGivenBack) expect(() => inner!.toTypedArray()).toThrow(GradError);
    else expect(inner!.toTypedArray()).toHaveLength(48);
  }
});
