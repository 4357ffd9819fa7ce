import { tensor } from "@chainrule/core";
import { Embedding, EmbeddingBag } from "@chainrule/nn";
import { expect, test } from "vitest";

const index = tensor([[1, 5, 1]], { dtype: "int32" });

test("an embedding with sparse gradients keeps the rows that were looked up", () => {
  const layer = new Embedding(100, 2, { sparse: true, paddingIdx: 5 });
  layer.forward(index).sum().backward();
  expect(layer.weight.grad?.sparseRows()?.indices.toArray()).toEqual([1]);
  expect(layer.weight.grad?.at(1).toArray()).toEqual([2, 2]);
  const pretrained = Embedding.fromPretrained(layer.weight.detach(), {
    freeze: false,
    sparse: true,
  });
  pretrained.forward(index).sum().backward();
  expect(pretrained.weight.grad?.sparseRows()?.indices.toArray()).toEqual([1, 5]);
});

test("so does a bag", () => {
  const layer = new EmbeddingBag(100, 2, { sparse: true, mode: "sum" });
  layer.forward(index).sum().backward();
  expect(layer.weight.grad?.sparseRows()?.indices.toArray()).toEqual([1, 5]);
});

test("it is off unless asked for, and a word is no answer", () => {
  const layer = new Embedding(10, 2);
  expect(layer.sparse).toBe(false);
  layer.forward(index).sum().backward();
  expect(layer.weight.grad?.isSparse).toBe(false);
  expect(() => new Embedding(10, 2, { sparse: "yes" as never })).toThrow(/sparse/);
});
