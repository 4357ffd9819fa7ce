import { Generator, manualSeed, randn, type Tensor, tensor, zeros } from "@chainrule/core";
import type { Stateful } from "@chainrule/formats";
import {
  FormatError,
  loadCheckpoint,
  NewerVersionError,
  readCheckpoint,
  readSafetensors,
  saveCheckpoint,
  writeSafetensors,
} from "@chainrule/formats";
import { BatchNorm1d, Linear, Sequential } from "@chainrule/nn";
import { Adam, StepLR } from "@chainrule/optim";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyTensor, expectSameTensor } from "../tensors.ts";

/** Plain data of all kinds that can be saved. */
const anyData = fc.letrec<{ data: unknown }>((tie) => ({
  data: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(null, undefined, -0, Number.NaN, Number.POSITIVE_INFINITY),
      fc.string({ unit: "grapheme" }),
      fc.bigInt(),
      fc.float64Array({ maxLength: 4 }),
      fc.int32Array({ maxLength: 4 }),
      fc.uint8Array({ maxLength: 4 }),
      fc.float32Array({ maxLength: 4 }),
    ),
    fc.array(tie("data"), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom("__proto__", "tensor", "a.b")),
      tie("data"),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
    fc.array(fc.tuple(tie("data"), tie("data")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(fc.integer(), { maxLength: 3 }).map((items) => new Set(items)),
  ),
})).data;

describe("plain data", () => {
  it("come back as they were", () => {
    fc.assert(
      fc.property(anyData, (data) => {
        expect(readCheckpoint(saveCheckpoint({ data })).get("data")).toStrictEqual(data);
      }),
      { numRuns: 300 },
    );
  });

  it("may hold tensors anywhere", () => {
    fc.assert(
      fc.property(anyTensor(), anyTensor(), (a, b) => {
        const data = readCheckpoint(saveCheckpoint({ x: [{ a }, new Map([["k", b]])], "x.0": a }));
        const [first, second] = data.get("x") as [{ a: Tensor }, Map<string, Tensor>];
        expectSameTensor(first.a, a);
        expectSameTensor(second.get("k")!, b);
        expectSameTensor(data.get("x.0") as Tensor, a);
      }),
      { numRuns: 50 },
    );
  });

  it("keeps tensors apart whose paths read the same", () => {
    const parts = { "a.b": tensor([1]), a: { b: tensor([2]) }, __metadata__: tensor([3]) };
    const data = readCheckpoint(saveCheckpoint(parts));
    expect((data.get("a.b") as Tensor).item()).toBe(1);
    expect((data.get("a") as { b: Tensor }).b.item()).toBe(2);
    expect((data.get("__metadata__") as Tensor).item()).toBe(3);
  });

  it("keeps __proto__ as a name", () => {
    const evil: unknown = JSON.parse('{"__proto__": {"polluted": true}}');
    const data = readCheckpoint(saveCheckpoint({ evil })).get("evil");
    expect(Object.keys(data as object)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });

  const self: unknown[] = [];
  self.push(self);
  it.each([
    ["a function", { f: () => 1 }, /"f" is function f, which cannot be saved/],
    ["an instance", { a: { d: new Date(0) } }, /"a\.d" is Date, which cannot be saved/],
    ["a symbol", { s: [Symbol("x")] }, /"s\.0" is Symbol/],
    ["a cycle", { self }, /deeper than 100 levels.*part of itself/],
    ["half of a surrogate pair", { s: "\ud800" }, /surrogate/],
  ])("refuses %s", (_, parts, message) => {
    expect(() => saveCheckpoint(parts)).toThrow(message);
  });
});

/** A small training run, all of whose state is in `parts`. */
function makeRun(seed: number): {
  parts: Record<string, Stateful | Generator>;
  step(): void;
  state(): unknown[];
} {
  manualSeed(seed);
  const model = new Sequential(new Linear(3, 5), new BatchNorm1d(5), new Linear(5, 1));
  const optimizer = new Adam(model.parameters(), { lr: 0.1, amsgrad: true });
  const schedule = new StepLR(optimizer, { stepSize: 2 });
  const generator = new Generator(seed);
  return {
    parts: { model, optimizer, schedule, generator },
    step() {
      optimizer.zeroGrad();
      model
        .forward(randn([8, 3], { generator }))
        .square()
        .mean()
        .backward();
      optimizer.step();
      schedule.step();
    },
    state: () => Object.values(model.stateDict()).map((x) => [...x.toTypedArray()]),
  };
}

describe("a run", () => {
  it("goes on to the bit", () => {
    const whole = makeRun(1);
    for (let i = 0; i < 7; i++) whole.step();
    const first = makeRun(1);
    for (let i = 0; i < 4; i++) first.step();
    const bytes = saveCheckpoint({ ...first.parts, epoch: 4 });
    const second = makeRun(2);
    expect(loadCheckpoint(bytes, second.parts)).toEqual({ epoch: 4 });
    for (let i = 0; i < 3; i++) second.step();
    expect(second.state()).toEqual(whole.state());
  });

  it("has its tensors under their paths, for any program that reads safetensors", () => {
    const { parts, step } = makeRun(1);
    step();
    const { tensors } = readSafetensors(saveCheckpoint(parts));
    expect([...tensors.keys()]).toContain("model.0.weight");
    expect([...tensors.keys()]).toContain("optimizer.state.0.expAvg");
  });

  it("changes nothing when one part does not take its state", () => {
    const { parts, step } = makeRun(1);
    step();
    const bytes = saveCheckpoint(parts);
    const other = makeRun(2);
    const before = other.state();
    const refusing = {
      stateDict: () => null,
      loadStateDict: () => {
        throw new Error("not mine");
      },
    };
    const more = saveCheckpoint({ ...parts, refusing });
    expect(() => loadCheckpoint(more, { ...other.parts, refusing })).toThrow("not mine");
    expect(other.state()).toEqual(before);
    expect(() => loadCheckpoint(bytes, { ...other.parts, refusing })).toThrow(
      /no state of "refusing", only of "model", "optimizer", "schedule", "generator"/,
    );
    expect(() => loadCheckpoint(bytes, { epoch: 3 })).toThrow(
      /"epoch" is 3, which has no loadStateDict/,
    );
    const wide = new Linear(4, 4);
    expect(() => loadCheckpoint(bytes, { model: wide })).toThrow(/nothing was loaded/);
    expect(other.state()).toEqual(before);
  });

  it("returns the states that nobody takes", () => {
    const bytes = saveCheckpoint({ generator: new Generator(3), note: "x" });
    expect(loadCheckpoint(bytes)).toEqual({
      generator: { seed: 3, counter: 0, left: 0 },
      note: "x",
    });
  });
});

describe("damaged files", () => {
  const bytes = saveCheckpoint({ w: randn([20]), history: { loss: [1, 0.5] } });

  it("notices each byte that was changed", () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << (at % 8);
      expect(() => readCheckpoint(changed), `byte ${at}`).toThrow(FormatError);
    }
  });

  it("notices every cut", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readCheckpoint(bytes.subarray(0, length)), `${length}`).toThrow(FormatError);
    }
  });

  it("tells a checkpoint of a newer version from a damaged one", () => {
    const text = new TextDecoder().decode(saveCheckpoint({ epoch: 1 }));
    const newer = new TextEncoder().encode(text.replace('"version":"1"', '"version":"2"'));
    expect(() => readCheckpoint(newer)).toThrow(NewerVersionError);
    expect(() => readCheckpoint(newer)).toThrow(/version 2, but only versions up to 1.*Update/);
  });

  it("tells a safetensors file that is none", () => {
    expect(() => readCheckpoint(writeSafetensors({ w: zeros([1]) }))).toThrow(/no checkpoint/);
  });
});
