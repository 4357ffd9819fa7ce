import { afterEach, beforeEach, expect, test } from "vitest";
import { isTileTall, kernelsAmong } from "./tiles.ts";

const name = "Float16Array";
const present = Object.getOwnPropertyDescriptor(globalThis, name);
const know = () => Object.defineProperty(globalThis, name, { value: 1, configurable: true });

beforeEach(() => {
  Reflect.deleteProperty(globalThis, name);
});
afterEach(() => {
  Reflect.deleteProperty(globalThis, name);
  if (present !== undefined) Object.defineProperty(globalThis, name, present);
});

const both = {
  packRows: 1,
  packColumns: 2,
  multiply: 3,
  packRowsLow: 4,
  multiplyLow: 5,
  clear: 6,
};

test("engines that keep the order of a program have the tall tile, others the low one", () => {
  expect(kernelsAmong(both)).toEqual({ packRows: 4, packColumns: 2, multiply: 5, clear: 6 });
  expect(isTileTall(true)).toBe(false);
  know();
  expect(isTileTall(true)).toBe(true);
  expect(kernelsAmong(both)).toEqual({ packRows: 1, packColumns: 2, multiply: 3, clear: 6 });
});

test("a module with one tile has it for all engines", () => {
  const one = { packRows: 1, multiply: 2, clear: 3 };
  expect(kernelsAmong(one)).toEqual(one);
  know();
  expect(kernelsAmong(one)).toEqual(one);
  expect(isTileTall(false)).toBe(false);
});
