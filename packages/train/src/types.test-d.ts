/**
 * What the types of data, batches and steps promise.
 */
import type { Tensor } from "@chainrule/core";
import { crossEntropy, tensor } from "@chainrule/core";
import { Linear, Module } from "@chainrule/nn";
import { SGD } from "@chainrule/optim";
import { describe, expectTypeOf, test } from "vitest";
import type { BatchOf, Collated } from "./index.ts";
import { collate, DataLoader, fit, kFold, TensorDataset, trainTestSplit } from "./index.ts";

const x = tensor([[1], [2]]);
const y = tensor([0, 1]);

describe("types", () => {
  test("a batch has the parts of its samples", () => {
    expectTypeOf<Collated<{ x: Tensor; y: number; name: string }>>().toEqualTypeOf<{
      x: Tensor;
      y: Tensor;
      name: string[];
    }>();
    expectTypeOf<Collated<readonly [Tensor, boolean]>>().toEqualTypeOf<readonly [Tensor, Tensor]>();
    expectTypeOf(collate([{ a: 1 }])).toEqualTypeOf<{ a: Tensor }>();
  });

  test("loaders give batches of their data sets", () => {
    const loader = new DataLoader(new TensorDataset([x, y]));
    for (const batch of loader) expectTypeOf(batch).toEqualTypeOf<readonly [Tensor, Tensor]>();
    expectTypeOf<BatchOf<typeof loader>>().toEqualTypeOf<readonly [Tensor, Tensor]>();
    const own = new DataLoader([1, 2], { collate: (items) => items.length });
    for (const batch of own) expectTypeOf(batch).toEqualTypeOf<number>();
    // @ts-expect-error misspelt
    new DataLoader([1, 2], { batchsize: 2 });
  });

  test("parts are of the kind of the whole", () => {
    expectTypeOf(trainTestSplit([x, y]).train).toEqualTypeOf<readonly [Tensor, Tensor]>();
    expectTypeOf(kFold(new TensorDataset([x, y]))[0]!.test.get(0)).toEqualTypeOf<
      readonly [Tensor, Tensor] | Promise<readonly [Tensor, Tensor]>
    >();
  });

  test("fit ties the step to the batch and the loss to the output", () => {
    class Pair extends Module {
      forward(input: Tensor): { scores: Tensor } {
        return { scores: input };
      }
    }
    const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 1 });
    void (() => {
      void fit(new Linear(1, 2), [x, y], { loss: crossEntropy, optimizer });
      void fit(new Pair(), [x, y], {
        loss: ({ scores }, target) => crossEntropy(scores, target),
        optimizer,
      });
      // @ts-expect-error the output is no tensor
      void fit(new Pair(), [x, y], { loss: crossEntropy, optimizer });
      void fit(new Linear(1, 2), new DataLoader([{ image: x, name: "a" }]), {
        step: ({ image, name }, model) => {
          expectTypeOf(name).toEqualTypeOf<string[]>();
          expectTypeOf(model).toEqualTypeOf<Linear>();
          return model.forward(image).sum();
        },
        optimizer,
      });
      // @ts-expect-error misspelt
      void fit(new Linear(1, 2), [x, y], { loss: crossEntropy, optimizer, epoch: 3 });
    });
  });
});
