import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { Tensor, tensor } from "./index.ts";
import * as methods from "./ops/methods.ts";

const folder = join(import.meta.dirname, "ops");

/** The modules that a list of ops names, lists within it followed. */
function modulesIn(list: string): string[] {
  const text = readFileSync(join(folder, list), "utf8");
  return [...text.matchAll(/^\}? ?.*from "([^"]+)";$/gm)].flatMap(([, path]) => {
    const module = normalize(join(dirname(list), path!));
    return /(methods|index)\.ts$/.test(module) ? modulesIn(module) : [module];
  });
}

describe("methods", () => {
  it("are there for every op of the table", () => {
    for (const name of Object.keys(methods)) {
      expect(typeof Object.getOwnPropertyDescriptor(Tensor.prototype, name)?.value, name).toBe(
        "function",
      );
    }
  });

  it("have their docstrings: modules.ts names the module of each", () => {
    const declared = new Set(modulesIn("modules.ts"));
    expect(modulesIn("methods.ts").filter((module) => !declared.has(module))).toEqual([]);
  });

  it("get no more arguments than were given", () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(x.sum().item()).toBe(10);
    expect(x.sum(undefined).item()).toBe(10);
    expect(x.at(0, 1).item()).toBe(2);
    expect(x.reshape([2, 2, 1, 1]).at(0, 1, 0, 0).item()).toBe(2);
  });

  it("are not enumerable, so that tensors compare and print by their state", () => {
    expect(Object.keys(Tensor.prototype)).toEqual([]);
  });
});

describe("iteration", () => {
  it("goes along the first dimension", () => {
    expect(
      [
        ...tensor([
          [1, 2],
          [3, 4],
        ]),
      ].map((row) => row.toArray()),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(() => [...tensor(1)]).toThrow(/a 0-d tensor has no dimension to go along/);
  });
});
