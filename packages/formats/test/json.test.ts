import { tensor, zeros } from "@chainrule/core";
import { FormatError, loadStateDict, readJson, writeJson } from "@chainrule/formats";
import { BatchNorm1d, Linear, Sequential, Tanh } from "@chainrule/nn";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyTensor, expectSameTensor } from "./tensors.ts";

const names = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "a.b"));

it("gives tensors of all types and shapes back, to the bit", () => {
  const entries = fc.uniqueArray(fc.tuple(names, anyTensor()), { selector: ([name]) => name });
  fc.assert(
    fc.property(entries, (tensors) => {
      const read = readJson(writeJson(new Map(tensors)));
      expect(read.size).toBe(tensors.length);
      for (const [name, x] of tensors) expectSameTensor(read.get(name)!, x);
    }),
    { numRuns: 200 },
  );
});

it("says what the model is, and loads into another", () => {
  const make = () => new Sequential(new Linear(2, 3), new Tanh(), new BatchNorm1d(3));
  const [model, other] = [make(), make()];
  const text = writeJson(model);
  expect(JSON.parse(text).model[0]).toBe("Sequential(");
  loadStateDict(other, readJson(text));
  expect(String(Object.entries(other.stateDict()))).toBe(String(Object.entries(model.stateDict())));
});

const file = (entry: unknown): string =>
  JSON.stringify({ format: "chainrule.tensors", version: 1, tensors: { w: entry } });
const w = { dtype: "float32", shape: [2], values: [1, 2] };

describe("what is refused", () => {
  it.each([
    ["no JSON", "{", /this is no JSON: .*position 1|this is no JSON/],
    ["another JSON", "[1]", /writeJson did not make it/],
    ["null", "null", /writeJson did not make it/],
    [
      "a newer version",
      '{"format":"chainrule.tensors","version":2}',
      /version 2 is not known.*Update/,
    ],
    ["no version", '{"format":"chainrule.tensors"}', /version undefined is not known; 1 is\.$/],
    ["no tensors", '{"format":"chainrule.tensors","version":1}', /"tensors" must be an object/],
    ["an entry that is none", file(3), /"w" must be an object/],
    ["an unknown field", file({ ...w, strides: [1] }), /has "strides"/],
    ["an unknown type", file({ ...w, dtype: "float16" }), /unknown dtype "float16"/],
    ["no shape", file({ ...w, shape: 2 }), /no shape/],
    ["a negative length", file({ ...w, shape: [-1] }), /no shape/],
    [
      "too few numbers",
      file({ ...w, shape: [3] }),
      /dimension 0 has the length 3, but there is a row of 2/,
    ],
    [
      "rows of two lengths",
      file({ ...w, shape: [2, 1], values: [[1], [2, 3]] }),
      /dimension 1 .* a row of 2/,
    ],
    ["a number for a row", file({ ...w, shape: [2, 1] }), /dimension 1 .* there is 1/],
    ["rows for numbers", file({ ...w, values: [[1], [2]] }), /"w": \[1\] is no float32/],
    ["text for a number", file({ ...w, values: ["1", 2] }), /"1" is no float32/],
    ["NaN in int32", file({ ...w, dtype: "int32", values: ["NaN", 2] }), /"NaN" is no int32/],
    ["a broken int32", file({ ...w, dtype: "int32", values: [0.5, 2] }), /0\.5 is no int32/],
    ["numbers for bools", file({ ...w, dtype: "bool" }), /1 is no bool/],
  ])("%s", (_, text, message) => {
    expect(() => readJson(text)).toThrow(FormatError);
    expect(() => readJson(text)).toThrow(message);
  });

  it("what is no text, no tensors, or too much", () => {
    expect(() => readJson(3 as never)).toThrow(/expected text/);
    expect(() => writeJson(tensor([1]) as never)).toThrow(/by name/);
    expect(() => writeJson({ w: zeros([1_000_001]) })).toThrow(/Use writeSafetensors/);
  });
});
