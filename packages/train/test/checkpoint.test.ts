import { crossEntropy, Generator, manualSeed, randn } from "@chainrule/core";
import type { CheckpointStore } from "@chainrule/formats";
import { memoryStore } from "@chainrule/formats";
import { Dropout, Linear, Sequential } from "@chainrule/nn";
import { Adam } from "@chainrule/optim";
import type { CheckpointOptions, FitResult } from "@chainrule/train";
import { fit } from "@chainrule/train";
import { expect, test } from "vitest";

/** Five batches an epoch; with `accumulate: 2` one is left over. */
async function train(
  checkpoint: CheckpointOptions | undefined,
  options: { accumulate?: number; epochs?: number; validationSplit?: number } = {},
): Promise<{ result: FitResult; weights: number[][]; figures: object }> {
  manualSeed(4);
  const x = randn([50, 4]);
  const model = new Sequential(
    new Linear(4, 8),
    new Dropout({ p: 0.5 }),
    new Linear(8, 8),
    new Dropout({ p: 0.5, generator: new Generator(6) }),
    new Linear(8, 2),
  );
  const result = await fit(model, [x, x.at("...", ":2").argmax(1)], {
    loss: crossEntropy,
    optimizer: new Adam(model.parameters()),
    batchSize: 8,
    epochs: 3,
    validationSplit: 0.2,
    progress: "off",
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...options,
  });
  const { seconds: _, ...figures } = result.history;
  return { result, figures, weights: model.parameters().map((p) => [...p.toTypedArray()]) };
}

/** A store with one of another's checkpoints. */
async function only(store: CheckpointStore, step: number): Promise<CheckpointStore> {
  const copy = memoryStore();
  await copy.write(step, await store.read(step));
  return copy;
}

test.each([1, 2])(
  "goes on from each checkpoint to the bit, accumulating %i",
  async (accumulate) => {
    const store = memoryStore();
    const whole = await train({ to: store, every: 1, keep: 1000 }, { accumulate });
    const alone = await train(undefined, { accumulate });
    expect(whole.weights).toEqual(alone.weights);
    const steps = await store.steps();
    expect(steps.length).toBe(3 * Math.ceil(5 / accumulate));
    for (const step of steps) {
      const to = await only(store, step);
      const { result, weights, figures } = await train({ to, resume: true }, { accumulate });
      expect(result.resumed).toEqual({ step, damaged: [] });
      expect(weights).toEqual(whole.weights);
      expect(figures).toEqual(whole.figures);
    }
  },
);

test("saves behind each epoch and at the end, and keeps the last ones", async () => {
  const store = memoryStore();
  await train({ to: store, keep: 2 });
  expect(await store.steps()).toEqual([10, 15]);
  // A run that was completed can go on for more epochs, as if they had been asked for at once.
  const longer = await train({ to: store, resume: true }, { epochs: 5 });
  expect(longer.weights).toEqual((await train(undefined, { epochs: 5 })).weights);
});

test("begins anew where there is nothing to resume", async () => {
  const { result } = await train({ to: memoryStore(), resume: true });
  expect(result.resumed).toBe(null);
  expect((await train(undefined)).result.resumed).toBe(null);
});

test("reports checkpoints that are damaged, and goes on from the one before", async () => {
  const store = memoryStore();
  const whole = await train({ to: store });
  await store.write(15, (await store.read(15)).subarray(0, 1000));
  const { result, weights } = await train({ to: store, resume: true });
  expect(result.resumed).toMatchObject({ step: 10, damaged: [{ step: 15 }] });
  expect(weights).toEqual(whole.weights);
});

test.each([
  ["no place", {}, /where to\? Give the path/],
  ["a misspelt option", { to: memoryStore(), evry: 1 }, /unknown option "evry"/],
  ["every 0 updates", { to: memoryStore(), every: 0 }, /every must be a whole number/],
  ["resume of another kind", { to: memoryStore(), resume: 1 }, /resume must be true or false/],
  ["no store", { to: {} }, /has no steps/],
])("refuses %s", async (_, checkpoint, message) => {
  await expect(train(checkpoint as CheckpointOptions)).rejects.toThrow(message);
});

test("does not mix runs", async () => {
  const store = memoryStore();
  const { result } = await train({ to: store });
  await expect(train({ to: store })).rejects.toThrow(
    /there are checkpoints already, the last of update 15\. To go on from it, give resume: true/,
  );
  const model = new Linear(4, 2);
  const options = {
    loss: crossEntropy,
    optimizer: new Adam(model.parameters()),
    checkpoint: { to: store, resume: true },
    progress: "off",
  } as const;
  await expect(fit(model, [randn([8, 4]), randn([8, 2])], options)).rejects.toThrow(
    /other modules than the one that was saved: 0 generators of their own instead of 1/,
  );
  await expect(
    fit(model, [randn([8, 4]), randn([8, 2])], { ...options, resume: result.state }),
  ).rejects.toThrow(/both a state to resume and checkpoint\.resume/);
});
