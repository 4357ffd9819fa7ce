/** Several threads: the bits of one, errors instead of waiting for ever, and nothing where they cannot be. */
import {
  ArgumentError,
  backendInfo,
  matmul,
  setBackend,
  setDeterministic,
  setThreads,
  type Tensor,
} from "@chainrule/core";
import { afterEach, expect, test } from "vitest";
import { draws } from "./backends.ts";

afterEach(() => {
  setBackend("auto");
  setDeterministic(false);
  setThreads(1);
});

/** What a function computes with one, two and three threads, each a few times, has the same bits. */
function expectSameBits(compute: () => readonly Tensor[]): void {
  setBackend("wasm");
  setThreads(1);
  const wanted = compute().map((x) => x.toTypedArray());
  for (const threads of [2, 3, 2]) {
    setThreads(threads);
    for (let i = 0; i < 2; i++) {
      const given = compute();
      for (const [j, x] of given.entries()) expect(x.toTypedArray()).toEqual(wanted[j]);
    }
  }
}

test("products of any lengths and strides", () => {
  const draw = draws(31);
  for (const [m, k, n] of [
    [1, 1, 1],
    [7, 5, 3],
    [100, 800, 170],
    [193, 385, 129],
    [97, 1200, 9],
    [3, 6, 2065],
    [1600, 20, 11],
  ] as const) {
    const [a, b] = [draw.view([m, k]), draw.view([k, n])];
    expectSameBits(() => [matmul(a, b)]);
  }
});

test("without relaxed multiply-add the bits are the same with and without the switch, if there is none", () => {
  const draw = draws(37);
  const [a, b] = [draw.plain([130, 140]), draw.plain([140, 150])];
  const { relaxed } = backendInfo();
  const fastest = matmul(a, b).toTypedArray();
  expect(setDeterministic(true)).toBe(false);
  expect(backendInfo()).toMatchObject({ deterministic: true, relaxed: false });
  const plain = matmul(a, b).toTypedArray();
  if (!relaxed) expect(plain).toEqual(fastest);
  expectSameBits(() => [matmul(a, b)]);
  expect(matmul(a, b).toTypedArray()).toEqual(plain);
  expect(setDeterministic(false)).toBe(true);
});

test("the number of threads is a whole number from 1 to 64", () => {
  setThreads(3);
  for (const count of [0, -1, 1.5, 65, Number.NaN])
    expect(() => setThreads(count)).toThrow(ArgumentError);
  expect(() => setThreads(0)).toThrow(
    /setThreads: the number of threads must be a whole number from 1 to 64, not 0/,
  );
  expect(setThreads(2)).toBe(3);
  expect(() => setDeterministic("yes" as never)).toThrow(
    /setDeterministic: expected true or false/,
  );
});

test("backendInfo tells how many threads compute, and why there is one", () => {
  setThreads(2);
  expect(backendInfo().threads).toBe(2);
  setThreads(1);
  expect(backendInfo()).toMatchObject({ threads: 1 });
  expect(backendInfo().reason).toMatch(/One thread: setThreads\(1\) asks for it\.$/);
});
