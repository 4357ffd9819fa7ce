/** Accelerated pointwise expressions against double precision, within the bounds that are derived for them. */

import type { Expression, PointwiseDefinition, Tensor } from "@chainrule/core";
import * as core from "@chainrule/core";
import { add, backendInfo, exp, gelu, mul, ndtr, setBackend, tensor, where } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { lies } from "../../src/accelerated/pointwise-lies.ts";
import { rowsOf } from "../../src/accelerated/pointwise-rows.ts";
import { largestAngle } from "../../src/accelerated/vector/angles.ts";
import { PointwiseKernel } from "../../src/kernels/pointwise.ts";
import { inputsOf } from "../../src/scalar/expression.ts";
import { primitives } from "../../src/scalar/primitives.ts";
import { vectorCost } from "../../src/scalar/webassembly.ts";
import { draws, onBackend, specialNumbers } from "./backends.ts";
import { bounded, statedUlps, ulp } from "./bounds.ts";

afterEach(() => setBackend("auto"));

/** Every pointwise op that the package exports. */
const definitions = Object.values(core).flatMap((value): PointwiseDefinition[] => {
  if (typeof value !== "function" || !("op" in value)) return [];
  const { op } = value as { op: { kind: string } };
  return op.kind === "pointwise" ? [op as PointwiseDefinition] : [];
});

const ops = new Map(Object.entries(core)) as unknown as ReadonlyMap<string, core.Unary>;

/** Numbers of all magnitudes, with the special ones. */
function numbersOfAllKinds(count: number, seed: number, near = 4): Float32Array {
  const { random, integer } = draws(seed);
  const numbers = Float32Array.from({ length: count }, (_, i) => {
    if (i % 4 === 0) return (random() - 0.5) * 2 ** (integer(60) - 30);
    return (random() - 0.5) * 2 * near;
  });
  numbers.set(specialNumbers, 1);
  return numbers;
}

function compute(
  root: Expression,
  tensors: readonly Tensor[],
  length: number,
  parameters: Readonly<Record<string, number>>,
): ArrayLike<number> {
  const out = core.newTensor("float32", [length]);
  onBackend("wasm", () => new PointwiseKernel(root, inputsOf(root)).run(out, tensors, parameters));
  return out.toTypedArray();
}

test("every op and its gradients, with special numbers", () => {
  const length = 203;
  let compared = 0;
  for (const { name, operands, parameters, value, gradients } of definitions) {
    for (const root of [value, ...gradients]) {
      if (vectorCost(root) === 0) continue;
      const inputs = inputsOf(root);
      if (inputs.length === 0) continue;
      const arrays = inputs.map(({ index }) =>
        numbersOfAllKinds(length, 31 * index + operands.length),
      );
      const at = (i: number) => (index: number) =>
        arrays[inputs.findIndex((input) => input.index === index)]![i]!;
      const tensors = arrays.map((numbers) => tensor(numbers));
      const results = compute(root, tensors, length, parameters);
      for (let i = 0; i < length; i++) {
        const { value: exact, error } = bounded(root, at(i), parameters);
        if (error === Number.POSITIVE_INFINITY) continue;
        compared++;
        const given = results[i]!;
        // NaN and infinities must be the same; the difference of numbers is bounded.
        if (Object.is(given, exact) || Math.abs(given - exact) <= error + ulp(exact) / 2) continue;
        const call = `${name}(${inputs.map(({ index }) => at(i)(index)).join(", ")})`;
        expect(given, `${call} within ${error}`).toBe(exact);
      }
    }
  }
  expect(compared).toBeGreaterThan(20_000);
});

test("the stated errors of the vector functions, over all magnitudes", () => {
  const { integer } = draws(5);
  const bits = Int32Array.from(
    { length: 20_000 },
    () => (integer(2 ** 16) << 16) | integer(2 ** 16),
  );
  const anywhere = new Float32Array(bits.buffer);
  const near = numbersOfAllKinds(20_000, 6, 12);
  for (const [name, stated] of Object.entries(statedUlps)) {
    if (name === "pow") continue;
    const evaluate = primitives[name as "exp"].evaluate;
    const isTurned = ["sin", "cos", "tan"].includes(name);
    for (const given of [anywhere, near]) {
      const x = isTurned
        ? given.map((value) => (Math.abs(value) < largestAngle ? value : 0))
        : given;
      const op = ops.get(name)!;
      const results = onBackend("wasm", () => op(tensor(x))).toTypedArray();
      let worst = 0;
      for (const [i, value] of results.entries()) {
        const exact = evaluate(x[i]!);
        const rounded = Math.fround(exact);
        if (exact !== 0 && Number.isFinite(rounded))
          worst = Math.max(worst, Math.abs(value - exact) / ulp(exact));
        else if (!Object.is(value, rounded)) expect(value, `${name}(${x[i]})`).toBe(rounded);
      }
      expect(worst).not.toBeNaN();
      expect(worst, name).toBeLessThanOrEqual(stated);
      expect(worst, name).toBeGreaterThan(0.3);
    }
  }
});

test("the error of the normal distribution function where roundings add up: just below 0", () => {
  const middles = Float32Array.of(-0.018246096, -0.009515118, -0.041855585);
  const bits = Array.from(new Int32Array(middles.buffer), (middle) =>
    Array.from({ length: 2000 }, (_, i) => middle - 1000 + i),
  );
  const x = new Float32Array(Int32Array.from(bits.flat()).buffer);
  const results = onBackend("wasm", () => ndtr(tensor(x))).toTypedArray();
  const errors = Array.from(results, (value, i) => {
    const exact = primitives.ndtr.evaluate(x[i]!);
    return Math.abs(value - exact) / ulp(exact);
  });
  expect(Math.max(...errors)).toBeLessThanOrEqual(statedUlps.ndtr!);
});

test("powers of any numbers are off by what is stated, and exact where they can be", () => {
  const { integer, random } = draws(7);
  const count = 40_000;
  const anywhere = () =>
    new Float32Array(
      Int32Array.from({ length: count }, () => (integer(2 ** 16) << 16) | integer(2 ** 16)).buffer,
    );
  const near = (from: number, to: number) =>
    Float32Array.from({ length: count }, () => from + (to - from) * random());
  const whole = () => Float32Array.from({ length: count }, () => integer(21) - 10);
  let worst = 0;
  for (const [a, b] of [
    [anywhere(), anywhere()],
    [anywhere(), near(-4, 4)],
    [near(0, 10), near(-30, 30)],
    [near(0.99, 1.01), near(-9000, 9000)],
    [near(-5, 5), whole()],
    [whole(), whole()],
  ] as const) {
    const results = onBackend("wasm", () => core.pow(tensor(a), tensor(b))).toTypedArray();
    for (const [i, value] of results.entries()) {
      const exact = primitives.pow.evaluate(a[i]!, b[i]!);
      const rounded = Math.fround(exact);
      const isExact = rounded === exact && Math.abs(exact) >= 2 ** -126;
      if (!isExact && exact !== 0 && Number.isFinite(rounded))
        worst = Math.max(worst, Math.abs(value - exact) / ulp(exact));
      else if (!Object.is(value, rounded)) expect(value, `pow(${a[i]}, ${b[i]})`).toBe(rounded);
    }
  }
  expect(worst).toBeLessThanOrEqual(statedUlps.pow!);
  expect(worst).toBeGreaterThan(0.3);
});

test("powers of and to zeros, ones, infinities and NaN", () => {
  const { POSITIVE_INFINITY: high, NaN: none } = Number;
  const numbers = [0, 0.5, 1, 2, 3, 2 ** 24, 2 ** 25, 1e-42, high];
  const all = [...numbers.flatMap((x) => [x, -x]), none];
  const a = tensor(all).reshape([-1, 1]);
  const b = tensor(all);
  const given = onBackend("wasm", () => core.pow(a, b)).toTypedArray();
  for (const [i, value] of given.entries()) {
    const [base, exponent] = [all[Math.floor(i / all.length)]!, all[i % all.length]!];
    const exact = primitives.pow.evaluate(Math.fround(base), Math.fround(exponent));
    expect(value, `pow(${base}, ${exponent})`).toBe(Math.fround(exact));
  }
});

test("small whole exponents are products, whose derivatives are those of powers", () => {
  const x = tensor(numbersOfAllKinds(400, 9)).requiresGrad_();
  for (const exponent of [-3, -2, -1, 0, 1, 2, 3, 4, 5, 0.5]) {
    const compute = () => {
      x.grad = null;
      const y = x.pow(exponent);
      y.sum().backward();
      return [y.toTypedArray(), x.grad!.toTypedArray()];
    };
    const wanted = onBackend("reference", compute);
    const given = onBackend("wasm", compute);
    for (const [k, numbers] of wanted.entries()) {
      for (const [i, exact] of numbers.entries()) {
        const value = given[k]![i]!;
        // Up to three roundings more, and results that are not normal.
        if (Math.abs(value - exact) <= 4 * ulp(exact)) continue;
        expect(value, `${x.toTypedArray()[i]} to the ${exponent}`).toBe(exact);
      }
    }
  }
});

test("angles beyond the reach of the vectors are reduced exactly all the same", () => {
  const x = tensor([1e9, -3e7, 1, Number.POSITIVE_INFINITY]);
  const given = onBackend("wasm", () => core.sin(x)).toArray() as number[];
  const wanted = onBackend("reference", () => core.sin(x)).toArray();
  expect(given).toEqual(wanted);
});

const shapes = fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 0, maxLength: 4 });

test("any strides and broadcasting; single roundings give the bits of the plain loops", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), (shape, seed) => {
      const draw = draws(seed);
      const narrow = shape.map((length) => (draw.integer(3) === 0 ? 1 : length));
      const a = draw.view(shape);
      const b = draw.view(narrow.slice(draw.integer(narrow.length + 1)));
      const condition = draw.view(narrow).gt(0);
      for (const compute of [
        () => add(a, b),
        () => mul(a, b),
        () => a.div(b),
        () => b.sub(a),
        () => a.relu(),
        () => a.abs().sqrt(),
        () => where(condition, a, b),
        () => a.clamp(-1, 1.25),
      ]) {
        const given = onBackend("wasm", compute);
        const wanted = onBackend("reference", compute);
        expect(given.shape).toEqual(wanted.shape);
        expect(given.toTypedArray()).toEqual(wanted.toTypedArray());
      }
    }),
    { numRuns: 150 },
  );
});

test("lengths that do not fill a vector or a block", () => {
  for (const length of [1, 2, 3, 4, 5, 7, 8191, 8192, 8193, 20_001]) {
    const x = tensor(numbersOfAllKinds(Math.max(length, 16), length).subarray(0, length));
    const y = draws(length).plain([length]);
    const given = onBackend("wasm", () => add(x, y)).toTypedArray();
    expect(given).toEqual(onBackend("reference", () => add(x, y)).toTypedArray());
  }
});

test("operands that repeat, some with another period", () => {
  const draw = draws(8);
  const x = draw.plain([300, 3, 77]);
  const [row, plane] = [draw.plain([77]), draw.plain([1, 3, 77])];
  const column = draw.plain([300, 1, 1]);
  const long = draw.plain([2, 9001]);
  const half = draw.plain([9001]);
  for (const compute of [
    () => add(x, row),
    () => mul(plane, x),
    () => where(row.gt(0), plane, x),
    () => x.sub(column).mul(row),
    () => add(long, half),
  ]) {
    const given = onBackend("wasm", compute).toTypedArray();
    expect(given).toEqual(onBackend("reference", compute).toTypedArray());
  }
});

test("operands that are one number for each row", () => {
  const draw = draws(9);
  const [images, matrix] = onBackend("wasm", () => [
    draw.plain([6, 5, 24, 32]).mul(1),
    draw.plain([700, 36]).mul(1),
  ]) as [Tensor, Tensor];
  const [channel, plane] = [draw.plain([5, 1, 1]), draw.plain([24, 32])];
  const sample = draw.plain([6, 1, 1, 1]);
  const lines = draw.plain([1, 5, 24, 1]);
  const [left, top] = [draw.plain([700, 1]), draw.plain([36])];
  const expanded = draw.plain([700, 1]).expand([700, 36]);
  const { consecutive, elsewhere } = lies;
  expect(rowsOf(images, [images, channel], [consecutive, elsewhere])?.length).toBe(24 * 32);
  expect(rowsOf(images, [lines, sample], [elsewhere, elsewhere])?.length).toBe(32);
  expect(rowsOf(matrix, [expanded], [elsewhere])?.shape).toEqual([700]);
  expect(rowsOf(matrix, [matrix.t().contiguous().t()], [elsewhere])).toBeNull();
  for (const compute of [
    () => images.mul(channel),
    () => images.sub(channel).div(sample),
    () => where(channel.gt(0), images, plane),
    () => lines.add(sample).mul(images),
    () => matrix.sub(left).mul(top),
    () => expanded.exp(),
    () => matrix.div(expanded),
  ]) {
    const given = onBackend("wasm", compute).toTypedArray();
    const wanted = onBackend("reference", compute).toTypedArray();
    for (const [i, value] of given.entries()) {
      const error = Math.abs(value - wanted[i]!);
      // A few roundings; exp has one ulp more.
      if (!(error <= 4 * ulp(wanted[i]!))) expect(value).toBe(wanted[i]);
    }
  }
});

test("what has no vectors, and other types, are left to the plain loops", () => {
  const doubles = tensor([0.1, 0.2], { dtype: "float64" });
  const whole = tensor([16777217, 3], { dtype: "int32" });
  for (const compute of [
    () => exp(doubles),
    () => add(whole, 1),
    () => core.lgamma(tensor([3.5])),
  ]) {
    const given = onBackend("wasm", compute);
    expect(given.toArray()).toEqual(onBackend("reference", compute).toArray());
  }
});

test("gradients of any order through accelerated loops", () => {
  const x = draws(3).plain([40]);
  const second = () =>
    core.grad((t: Tensor) =>
      core
        .grad((u: Tensor) => gelu(u).sum())(t)
        .sum(),
    )(x);
  const given = onBackend("wasm", second).toArray() as number[];
  const wanted = onBackend("reference", second).toArray() as number[];
  for (const [i, value] of given.entries()) expect(value).toBeCloseTo(wanted[i]!, 5);
});

test("choosing a backend", () => {
  expect(() => setBackend("gpu" as "auto")).toThrow(
    /setBackend: expected "auto", "reference" or "wasm"/,
  );
  setBackend("reference");
  expect(backendInfo()).toMatchObject({ setting: "reference", inUse: "reference", threads: 1 });
  setBackend("wasm");
  expect(backendInfo()).toMatchObject({ setting: "wasm", inUse: "wasm" });
});
