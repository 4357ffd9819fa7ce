/** Several threads: the bits of one, errors instead of waiting for ever, and nothing where they cannot be. */
import {
  ArgumentError,
  backendInfo,
  conv2d,
  elementwiseUpdate,
  Generator,
  layerNorm,
  matmul,
  noGrad,
  randn,
  setBackend,
  setDeterministic,
  setThreads,
  type Tensor,
  tensor,
  where,
} from "@chainrule/core";
import { afterEach, expect, test } from "vitest";
import { draws } from "./backends.ts";

afterEach(() => {
  setBackend("auto");
  setDeterministic(false);
  setThreads(1);
});

function bytesOf(x: Tensor): Buffer {
  return Buffer.from(x.toTypedArray().buffer);
}

/** What a function computes with one, two and three threads, each a few times, has the same bits. */
function expectSameBits(compute: () => readonly Tensor[]): void {
  setBackend("wasm");
  setThreads(1);
  const wanted = compute().map(bytesOf);
  for (const threads of [2, 3, 2]) {
    setThreads(threads);
    for (let i = 0; i < 2; i++) {
      const given = compute();
      for (const [j, x] of given.entries()) expect(bytesOf(x).equals(wanted[j]!)).toBe(true);
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

test("stacks of products", () => {
  const a = randn([6, 5, 40, 24]);
  const b = randn([6, 5, 24, 36]);
  expectSameBits(() => [
    matmul(a, b),
    matmul(a.transpose(2, 3), a),
    matmul(a, randn([24, 700], { generator: new Generator(1) })),
    matmul(a.slice(0, 1, 3), b.at(0)),
  ]);
});

test("pointwise ops of all ways in which operands lie, and their gradients", () => {
  const x = randn([70, 1000], { requiresGrad: true });
  const bias = randn([1000]);
  const odd = randn([10, 7, 999]);
  const mask = x.gt(0);
  expectSameBits(() => {
    x.grad = null;
    const y = x.mul(bias).add(0.5).tanh().mul(x.sigmoid());
    y.sum().backward();
    return [
      y,
      x.grad!,
      odd.exp().add(odd.slice(2, 5, 6)),
      odd.mul(randn([999], { generator: new Generator(2) })),
      x.transpose(0, 1).exp().log1p(),
      where(mask, x, bias).square(),
      x.slice(0, 3, 60).sin(),
    ];
  });
  setThreads(2);
  // Angles that are too large for vectors.
  const far = x.detach().mul(1e30);
  const wanted = Float32Array.from(far.toTypedArray(), Math.sin);
  expect(bytesOf(far.sin()).equals(Buffer.from(wanted.buffer))).toBe(true);
});

test("rows: softmax, layer norm, cross-entropy and their gradients", () => {
  for (const [rows, length] of [
    [300, 64],
    [130, 201],
    [2, 20_000],
  ] as const) {
    const x = randn([rows, length], { requiresGrad: true });
    const weights = randn([rows, length]);
    expectSameBits(() => {
      x.grad = null;
      const parts = [x.softmax(-1), x.logSoftmax(-1), layerNorm(x, [length])];
      const loss = parts.reduce((sum, part) => sum.add(part.mul(weights).sum()), tensor(0));
      loss.backward();
      return [...parts, x.grad!, x.sum(-1), x.sum(0)];
    });
  }
});

test("convolutions and their gradients: padding, strides, groups, many samples", () => {
  for (const [x, w, options] of [
    [randn([9, 3, 20, 17]), randn([8, 3, 3, 3]), { padding: 1 }],
    [randn([5, 4, 30, 31]), randn([6, 2, 5, 4]), { groups: 2, stride: 2, dilation: 2 }],
    [randn([40, 8, 28, 28]), randn([16, 8, 3, 3]), {}],
    [randn([300, 1, 12, 12]), randn([100, 1, 3, 3]), { padding: 2 }],
    [randn([2, 120, 9, 9]), randn([97, 120, 2, 2]), { padding: 1, stride: 3 }],
  ] as const) {
    x.requiresGrad_();
    w.requiresGrad_();
    const bias = randn([w.shape[0]!]);
    expectSameBits(() => {
      x.grad = null;
      w.grad = null;
      const y = conv2d(x, w, bias, options);
      y.mul(y).sum().backward();
      return [y, x.grad!, w.grad!, conv2d(x, w, null, options)];
    });
  }
});

test("updates in place, of whole arrays and of parts", () => {
  const update = elementwiseUpdate({
    arrays: ["w", "m", "g"],
    parameters: ["rate"],
    values: (s, { w, m, g }, { rate }) => {
      const next = s.add(s.mul(m, s.constant(0.9)), g);
      return { w: s.sub(w, s.mul(rate, next)), m: next };
    },
  });
  const start = [randn([40_002]), randn([40_002]), randn([40_002])];
  expectSameBits(() => {
    const [w, m, g] = start.map((x) => x.clone());
    noGrad(() => {
      update({ w: w!, m: m!, g: g! }, { rate: 0.1 });
      const [a, b, c] = [w!, m!, g!].map((x) => x.slice(0, 5, 20_009));
      update({ w: a!, m: b!, g: c! }, { rate: 0.1 });
    });
    return [w!, m!];
  });
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
