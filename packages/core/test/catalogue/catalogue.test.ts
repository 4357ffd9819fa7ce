/**
 * The meta-test: no op without what makes it testable and findable.
 */
import { primitivesWithoutOp } from "@chainrule/core";
import { describe, expect, test } from "vitest";
import * as table from "../../src/ops/index.ts";
import { allOps } from "../laws/table.ts";
import { hasIndependentReference, opsInGolden } from "./references.ts";
import { documentedExports } from "./source.ts";

const documented = documentedExports();
const golden = opsInGolden();

/** The names for which a condition does not hold. */
function without(holds: (name: string) => boolean): string[] {
  return [...allOps.keys()].filter((name) => !holds(name));
}

const op = (name: string) => allOps.get(name)!.op;

describe("every op", () => {
  test("has samples, one or more", () => {
    expect(without((name) => op(name).samples.length > 0)).toEqual([]);
  });

  test("refuses something", () => {
    expect(without((name) => op(name).rejects.length > 0)).toEqual([]);
  });

  test("has a formula", () => {
    expect(without((name) => op(name).formula.trim() !== "")).toEqual([]);
  });

  test("is compared with PyTorch's values or with another independent reference", () => {
    expect(
      without((name) => golden.values.has(op(name).name) || hasIndependentReference(name)),
    ).toEqual([]);
  });

  test("has edge cases: rows of its own, or golden ones", () => {
    expect(without((name) => op(name).edges.length > 0 || golden.edges.has(op(name).name))).toEqual(
      [],
    );
  });

  test("bears the name under which it is exported, unless that is taken", () => {
    const names = [...new Set(allOps.values())].map((one) => one.op.name);
    const isSecondName = (name: string): boolean => allOps.get(op(name).name) === allOps.get(name);
    expect(without((name) => isSecondName(name) || !allOps.has(op(name).name))).toEqual([]);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe("every export of the op table", () => {
  const names = Object.keys(table);
  const doc = (name: string): string => documented.get(name)?.docstring ?? "";

  test("has a docstring", () => {
    expect(names.filter((name) => doc(name) === "")).toEqual([]);
  });

  test("shows an example", () => {
    expect(names.filter((name) => !doc(name).includes("@example"))).toEqual([]);
  });

  test("says what it throws if it refuses something", () => {
    expect(
      without((name) => op(name).rejects.length === 0 || doc(name).includes("@throws")),
    ).toEqual([]);
  });
});

test("every primitive of the scalar algebra has its op", () => {
  expect(primitivesWithoutOp()).toEqual([]);
});
