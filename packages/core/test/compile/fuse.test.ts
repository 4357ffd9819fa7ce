/**
 * Pointwise calls in one loop give what they give one after the other.
 */
import {
  canGenerateCode,
  compile,
  crossEntropy,
  maximum,
  minimum,
  noGrad,
  type Tensor,
  tensor,
  valueAndGrad,
  where,
} from "@chainrule/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { recyclableBytes } from "../../src/recycling.ts";
import { draws, onBackend, specialNumbers } from "../accelerated/backends.ts";

/** Steps that keep numbers within [−2, 2] and have slopes up to 1, so that errors at most double when two are added. */
const unary: readonly ((x: Tensor) => Tensor)[] = [
  (x) => x.tanh(),
  (x) => x.sigmoid(),
  (x) => x.sin(),
  (x) => x.mul(0.5),
  (x) => x.sub(0.25).relu(),
  (x) => where(x.gt(0.1), x, x.neg()),
];
const binary: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  (a, b) => a.add(b).div(2),
  (a, b) => a.sub(b).mul(0.5),
  (a, b) => a.mul(b).mul(0.5),
  (a, b) => maximum(a, b),
  (a, b) => minimum(a, b.mul(0.9)),
];

type Step = readonly [kind: number, left: number, right: number];
const steps = fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)), {
  minLength: 2,
  maxLength: 12,
});

/** A function of a few tensors: each step takes results of steps before. */
function composed(list: readonly Step[]): (...given: Tensor[]) => Tensor {
  return (...given) => {
    const made = given.slice();
    for (const [kind, left, right] of list) {
      const [a, b] = [made[left % made.length]!, made[right % made.length]!];
      const rule = kind % (unary.length + binary.length);
      made.push(rule < unary.length ? unary[rule]!(a) : binary[rule - unary.length]!(a, b));
    }
    return made.at(-1)!.add(made[given.length]!.mul(0.5));
  };
}

const shapes = fc.constantFrom<readonly (readonly number[])[]>(
  [[], [], []],
  [[7], [7], []],
  [[3, 5], [5], [3, 1]],
  [
    [2, 3, 4],
    [3, 4],
    [2, 1, 4],
  ],
  [[400], [400], [1]],
  [[40, 50], [50], [40, 50]],
);

describe("random functions", () => {
  test("in float64: bit for bit, value and gradient", () => {
    fc.assert(
      fc.property(steps, shapes, fc.nat(1e6), (list, [a, b, c], seed) => {
        const { plain } = draws(seed);
        const f = composed(list);
        const total = (x: Tensor, y: Tensor, z: Tensor): Tensor => f(x, y, z).sum();
        const compiled = compile(valueAndGrad(total));
        for (let again = 0; again < 2; again++) {
          const given = [a!, b!, c!].map((shape) => plain(shape).to("float64"));
          const [x, y, z] = given as [Tensor, Tensor, Tensor];
          const expected = valueAndGrad(total)(x, y, z);
          const found = compiled(x, y, z);
          expect(found.value.toArray()).toEqual(expected.value.toArray());
          expect(found.grad.toArray()).toEqual(expected.grad.toArray());
        }
      }),
      { numRuns: 150 },
    );
  });

  // Each of n steps adds at most 8 units in the last place of numbers up to 4 (what the vector functions state, and rounding),
  // and at most doubles what was there: the sum of both is below 2ⁿ·8·2⁻²³·4. Most do not double it; 6 steps are allowed for.
  test.each(["reference", "wasm"] as const)("in float32 on %s: within rounding", (backend) => {
    const bound = 2 ** 6 * 8 * 2 ** -23 * 4;
    fc.assert(
      fc.property(steps, shapes, fc.nat(1e6), (list, [a, b, c], seed) => {
        const { plain } = draws(seed);
        const f = composed(list.slice(0, 6));
        const given = [a!, b!, c!].map((shape) => plain(shape));
        const exact = f(...given.map((x) => x.to("float64"))).toTypedArray();
        const found = onBackend(backend, () => compile(f)(...given)).toTypedArray();
        for (const [i, value] of found.entries())
          expect(Math.abs(value - exact[i]!)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 150 },
    );
  });
});

test.each(["reference", "wasm"] as const)(
  "NaN, infinities, zeros and denormals on %s",
  (backend) => {
    const many = Array.from({ length: 100 }, () => specialNumbers).flat();
    const f = (x: Tensor): readonly Tensor[] => [
      x.mul(2).neg().relu(),
      where(x.mul(1).lt(0), x.neg(), x).sqrt(),
      maximum(x.mul(0.5), x.neg()),
    ];
    for (const list of [specialNumbers, many]) {
      const x = tensor(list);
      const [found, expected] = onBackend(backend, () => [compile(f)(x), f(x)]);
      expect(found!.map((y) => y.toArray())).toEqual(expected!.map((y) => y.toArray()));
    }
  },
);

describe("what joins a loop", () => {
  const lines = (f: (...args: Tensor[]) => unknown, ...args: Tensor[]): string[] =>
    compile(f)
      .describe(...args)
      .split("\n")
      .slice(1);
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  test("what nobody else reads, of the same shape and type", () => {
    expect(lines((a) => a.add(1).mul(2).tanh(), x)).toEqual([
      "%3 = add·mul·tanh(%0) → [2, 3]",
      "return %3",
    ]);
    expect(
      lines((a) => {
        const b = a.add(1);
        return [b, b.mul(2)];
      }, x),
    ).toHaveLength(3);
    expect(lines((a) => a.sum(0).add(1).mul(a), x)[1]).toBe("%2 = add(%1, 1) → [3]");
    expect(lines((a) => a.to("int32").add(1).mul(2), x)).toHaveLength(4);
  });

  test("not across a change in place of what it reads", () => {
    const state = tensor([1, 2, 3]);
    const f = (a: Tensor): Tensor => {
      const before = a.mul(state);
      noGrad(() => state.add_(1));
      return before.add(1);
    };
    const compiled = compile(f);
    expect(compiled(x).toArray()).toEqual([
      [2, 5, 10],
      [5, 11, 19],
    ]);
    expect(compiled(x).toArray()).toEqual([
      [3, 7, 13],
      [9, 16, 25],
    ]);
  });

  test("not what vectors cannot compute with what they can, nor operands that broadcast in different ways", () => {
    expect(lines((a) => a.mul(2).lgamma().mul(3), x)).toHaveLength(4);
    const [row, column] = [tensor([1, 2, 3]), tensor([[1], [2]])];
    expect(lines((a, b, c) => a.add(b).mul(2).mul(c), x, row, column)).toHaveLength(3);
    expect(lines((a, b) => a.add(b).mul(2), x, row)).toHaveLength(2);
  });

  test("a tensor and its transpose are two operands", () => {
    const f = (a: Tensor): Tensor => a.mul(a.mT).add(a.mT);
    const square = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(compile(f)(square).toArray()).toEqual(f(square).toArray());
  });

  test("numbers from outside, which may change", () => {
    const scale = tensor(2);
    for (const given of [x, tensor(3)]) {
      const compiled = compile((a: Tensor) => a.mul(scale).add(1).mul(scale));
      scale.fill_(2);
      compiled(given);
      scale.fill_(3);
      const expected = given.mul(3).add(1).mul(3);
      expect(compiled(given).toArray()).toEqual(expected.toArray());
    }
  });

  test("numbers that several functions and others read", () => {
    const f = (a: Tensor): readonly Tensor[] => {
      const made: Tensor[] = [a];
      for (let i = 0; i < 4500; i++)
        made.push(i % 5 === 0 ? made[i]!.sin() : made[i]!.mul(1.01).add(made[i >> 1]!.mul(0.001)));
      return [1, 700, 1999, 2000, 2001, 4000, 4500].map((i) => made[i]!);
    };
    const a = tensor(0.5, { dtype: "float64" });
    expect(compile(f)(a).map((y) => y.item())).toEqual(f(a).map((y) => y.item()));
  });

  test("not more operands than a loop has room for", () => {
    const many = Array.from({ length: 30 }, (_, i) => tensor([i, 1, 2]));
    const sum = (...given: Tensor[]): Tensor => given.reduce((a, b) => a.add(b));
    expect(compile(sum)(...many).toArray()).toEqual(sum(...many).toArray());
    expect(lines(sum, ...many).length).toBeGreaterThan(4);
  });

  test("numbers are functions of numbers", () => {
    const f = (a: Tensor, b: Tensor): readonly Tensor[] => [a.mul(b).sin().add(a), a.mul(b).exp()];
    const [a, b] = [tensor(2), tensor(3)];
    // Where code must not be generated, each result is an expression of its own, which is interpreted.
    expect(lines(f as never, a, b)).toEqual([
      ...(canGenerateCode()
        ? ["%4, %6 = mul·sin·add·mul·exp(%0, %1) → [], []"]
        : ["%4 = mul·sin·add(%0, %1) → []", "%6 = mul·exp(%0, %1) → []"]),
      "return %4, %6",
    ]);
    expect(compile(f)(a, b).map((y) => y.item())).toEqual(f(a, b).map((y) => y.item()));
  });
});

test("memory that a run gave back is used by the next", () => {
  const w = tensor(new Float32Array(64 * 64).fill(0.01), { requiresGrad: true })
    .reshape([64, 64])
    .detach();
  w.requiresGrad = true;
  const labels = tensor(new Int32Array(64));
  const step = compile((x: Tensor) => {
    const loss = crossEntropy(x.matmul(w).tanh().matmul(w).sigmoid(), labels);
    loss.backward();
    return loss;
  });
  const x = tensor(new Float32Array(64 * 64).fill(0.5)).reshape([64, 64]);
  const waiting: number[] = [];
  for (let i = 0; i < 6; i++) {
    w.grad = null;
    step(x);
    waiting.push(recyclableBytes());
  }
  expect(waiting[1]).toBeGreaterThan(0);
  expect(new Set(waiting.slice(1)).size).toBe(1);
});
