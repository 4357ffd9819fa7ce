import { type Tensor, tensor, zeros } from "@chainrule/core";
import { loadStateDict } from "@chainrule/formats";
import { BatchNorm1d, Linear, Sequential } from "@chainrule/nn";
import { expect, it } from "vitest";

const small = (): Sequential<readonly [Linear, BatchNorm1d]> =>
  new Sequential(new Linear(2, 3), new BatchNorm1d(3));

/** The tensors of a model under other names. */
function renamed(model: Sequential, name: (own: string) => string): Map<string, Tensor> {
  return new Map(Object.entries(model.stateDict()).map(([own, x]) => [name(own), x.add(1)]));
}

it("takes PyTorch's spelling, behind new names as well", () => {
  const model = small();
  const theirs = Object.entries(model.stateDict({ names: "snake_case" }));
  expect(theirs.map(([name]) => name)).toContain("1.running_mean");
  loadStateDict(model, new Map(theirs.map(([name, x]) => [`net.${name}`, x.add(1)])), {
    rename: { "net.": "" },
  });
  expect(model.stateDict()["1.runningMean"]!.toArray()).toEqual([1, 1, 1]);
});

it("takes new names from an object, a Map and a function, and leaves out what becomes null", () => {
  const wanted = small().stateDict();
  for (const rename of [
    { "body.": "", "body.fc.": "0.", "head.": null },
    new Map([
      ["body.", ""],
      ["body.fc.", "0."],
      ["head.", null],
    ]),
    (name: string) =>
      name.startsWith("head") ? null : name.replace("body.", "").replace("fc", "0"),
  ]) {
    const model = small();
    const theirs = renamed(model, (name) => `body.${name.replace(/^0/, "fc")}`);
    const report = loadStateDict(model, theirs.set("head.weight", zeros([9])), { rename });
    expect(report).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(model.stateDict()["1.weight"]!.toArray()).toEqual(wanted["1.weight"]!.add(1).toArray());
  }
});

it("turns matrices round", () => {
  const weight = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  for (const transpose of [
    ["weight"],
    (name: string, x: Tensor) => name === "weight" && x.ndim === 2,
  ]) {
    const fc = new Linear(2, 3);
    loadStateDict(fc, { weight, bias: zeros([3]) }, { transpose });
    expect(fc.weight.toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  }
});

it("says all that is wrong at once, and changes nothing", () => {
  const model = small();
  const before = model.stateDict()["0.bias"]!.toArray();
  const theirs = { "0.weight": zeros([3, 3]), "0.bias": zeros([3]), "2.bias": zeros([1]) };
  const load = (options = {}) => loadStateDict(model, theirs, options);
  expect(load).toThrow(
    /Missing: 1\.weight, 1\.bias.*Not in the module: 2\.bias.*0\.weight has \[3, 3\] instead of \[3, 2\]/,
  );
  expect(() => load({ rename: { "2.": "x." } })).toThrow(/Renamed were: 2\.bias → x\.bias/);
  expect(model.stateDict()["0.bias"]!.toArray()).toEqual(before);
  expect(() => load({ strict: false })).toThrow(/0\.weight has/);
  const { "0.weight": _, ...others } = theirs;
  expect(loadStateDict(model, others, { strict: false })).toMatchObject({
    unexpectedKeys: ["2.bias"],
  });
  expect(model.stateDict()["0.bias"]!.toArray()).toEqual([0, 0, 0]);
});

it.each([
  [
    "two names that become one",
    { a: zeros([1]), b: zeros([1]) },
    { rename: () => "weight" },
    /both "a" and "b" would become "weight"/,
  ],
  [
    "a vector to be turned round",
    { bias: zeros([3]) },
    { transpose: ["bias"] },
    /"bias" is to be transposed, but has the shape \[3\]/,
  ],
  [
    "a new name that is none",
    { a: zeros([1]) },
    { rename: JSON.parse('{"a": 3}') },
    /must be text, or null/,
  ],
  [
    "names to be turned round that are not there",
    { weight: zeros([3, 2]) },
    { transpose: ["wieght"] },
    /there is no "wieght" to be transposed/,
  ],
  [
    "names to be turned round that are none",
    {},
    { transpose: "weight" as never },
    /transpose must be names/,
  ],
  ["a misspelt option", {}, { stric: true } as never, /unknown option "stric"/],
  ["no tensors", 3 as never, {}, /by name/],
])("refuses %s", (_, tensors, options, message) => {
  expect(() => loadStateDict(new Linear(2, 3), tensors, options)).toThrow(message);
});

it("refuses what is no module", () => {
  expect(() => loadStateDict({} as never, {})).toThrow(/expected a module/);
});
