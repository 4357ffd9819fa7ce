import { array, constantFrom, gen, integer, property, assert as sample } from "fast-check";
import { describe, expect, test } from "vitest";
import type { Tensor } from "../index.ts";
import {
  ArgumentError,
  einsum,
  Generator,
  grad,
  rand,
  ShapeError,
  tensor,
  zeros,
} from "../index.ts";

const generator = new Generator(1);

/** The definition: one loop over all letters. */
function byLoops(inputs: readonly string[], output: string, operands: readonly Tensor[]): number[] {
  const letters = [...new Set(inputs.join("") + output)];
  const lengths = letters.map((letter) =>
    Math.max(
      ...inputs.flatMap((term, i) =>
        [...term].flatMap((l, d) => (l === letter ? [operands[i]!.shape[d]!] : [])),
      ),
    ),
  );
  const sizes = [...output].map((letter) => lengths[letters.indexOf(letter)]!);
  const result = new Array<number>(sizes.reduce((n, m) => n * m, 1)).fill(0);
  const total = lengths.reduce((n, m) => n * m, 1);
  const values = operands.map((x) => x.toTypedArray());
  for (let step = 0; step < total; step++) {
    const at: number[] = [];
    let rest = step;
    for (let i = letters.length - 1; i >= 0; i--) {
      at[i] = rest % lengths[i]!;
      rest = Math.floor(rest / lengths[i]!);
    }
    const place = (term: string, shape: readonly number[]): number =>
      [...term].reduce(
        (flat, letter, d) => flat * shape[d]! + (shape[d] === 1 ? 0 : at[letters.indexOf(letter)]!),
        0,
      );
    let product = 1;
    for (const [i, term] of inputs.entries())
      product *= values[i]![place(term, operands[i]!.shape)]!;
    const to = place(output, sizes);
    result[to] = result[to]! + product;
  }
  return result;
}

const letter = constantFrom("i", "j", "k", "B", "Z");
const term = array(letter, { maxLength: 4 }).map((letters) => letters.join(""));

describe("einsum", () => {
  test("is the loop over all letters, for random equations, with diagonals, sums and broadcasting", () => {
    sample(
      property(array(term, { minLength: 1, maxLength: 4 }), gen(), (inputs, draw) => {
        const lengths = new Map([..."ijkBZ"].map((l) => [l, draw(integer, { min: 1, max: 3 })]));
        const operands = inputs.map((text) => {
          // Repeated letters in one term must agree exactly; alone, a length may be 1 and broadcast.
          const own = new Map(
            [...text].map((l) => [
              l,
              draw(integer, { min: 0, max: 4 }) === 0 ? 1 : lengths.get(l)!,
            ]),
          );
          return rand(
            [...text].map((l) => own.get(l)!),
            { dtype: "float64", generator },
          );
        });
        const present = [...new Set(inputs.join(""))];
        const output = present
          .filter(() => draw(integer, { min: 0, max: 1 }) === 1)
          .reverse()
          .join("");
        const found = einsum(`${inputs.join(" , ")} -> ${output}`, ...operands);
        const expected = byLoops(inputs, output, operands);
        expect(found.numel()).toBe(expected.length);
        for (const [i, value] of found.toTypedArray().entries())
          expect(value).toBeCloseTo(expected[i]!, 10);
      }),
      { numRuns: 300 },
    );
  });

  test("without an arrow the output has the letters that occur once, capitals first", () => {
    const x = rand([2, 3, 4]);
    expect(einsum("bAa", x).shape).toEqual([3, 4, 2]);
    expect(einsum("ij,jk", rand([2, 3]), rand([3, 4])).shape).toEqual([2, 4]);
    expect(
      einsum(
        "ii",
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ).item(),
    ).toBe(5);
    expect(einsum("", tensor(3)).item()).toBe(3);
    expect(einsum(",->", tensor(3), tensor(4)).item()).toBe(12);
  });

  test("ellipses broadcast from the right, come first, and are summed where the output lacks them", () => {
    const a = rand([5, 1, 2, 3], { dtype: "float64" });
    const b = rand([4, 3, 2], { dtype: "float64" });
    expect(einsum("...ij,...jk", a, b).toArray()).toEqual(a.matmul(b).toArray());
    expect(einsum("i...j->j...i", a).shape).toEqual([3, 1, 2, 5]);
    expect(einsum("...->", tensor([1, 2, 3])).item()).toBe(6);
    expect(
      einsum(
        "...i->i",
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ).toArray(),
    ).toEqual([4, 6]);
    expect(einsum("...,...->...", tensor([[1], [2]]), tensor([1, 10])).toArray()).toEqual([
      [1, 10],
      [2, 20],
    ]);
    expect(einsum("i...->i...", tensor([1, 2])).shape).toEqual([2]);
  });

  test("operands may come in one array", () => {
    const v = tensor([1, 2]);
    expect(einsum("i,i", [v, v]).item()).toBe(5);
    expect(einsum("i,i", v, [3, 4]).item()).toBe(11);
  });

  test("empty dimensions sum to zero", () => {
    expect(einsum("ij,jk->ik", zeros([2, 0]), zeros([0, 1])).toArray()).toEqual([[0], [0]]);
    expect(einsum("ii->i", zeros([0, 0])).shape).toEqual([0]);
  });

  test("derivatives of any order flow through", () => {
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { dtype: "float64", requiresGrad: true },
    );
    // y = tr(x³): the gradient is 3(x²)ᵀ, and that of its sum is 3(1ᵀxᵀ…).
    const y = einsum("ij,jk,ki->", x, x, x);
    const first = grad(y, x, { createGraph: true });
    expect(first.toArray()).toEqual(x.matmul(x).T.mul(3).toArray());
    const second = grad(first.sum(), x);
    const all = tensor(
      [
        [1, 1],
        [1, 1],
      ],
      { dtype: "float64" },
    );
    expect(second.toArray()).toEqual(all.matmul(x).add(x.matmul(all)).T.mul(3).toArray());
  });

  test.each<[string, Tensor[], RegExp]>([
    ["ij,jk", [zeros([2, 3])], /"ij,jk" has 2 terms for 1 operand\./],
    ["ij", [], /has 1 term for 0 operands/],
    ["i->j->k", [zeros([2])], /"->" can stand only once/],
    ["i1", [zeros([2, 2])], /"i1" must consist of letters and at most one "\.\.\."/],
    ["i..", [zeros([2, 2])], /"i\.\." must consist of letters/],
    ["...i...", [zeros([2, 2])], /"\.\.\." can stand only once in "\.\.\.i\.\.\."/],
    ["i->ii", [zeros([2])], /"i" stands twice in the output/],
    ["i->j", [zeros([2])], /no operand has the "j" of the output/],
  ])("%s is refused", (equation, operands, message) => {
    expect(() => einsum(equation, ...operands)).toThrow(ArgumentError);
    expect(() => einsum(equation, ...operands)).toThrow(message);
  });

  test.each<[string, Tensor[], RegExp]>([
    ["ij", [zeros([2])], /term "ij" of "ij" names 2 dimensions, but operand 0 has shape \[2\]/],
    ["i", [zeros([2, 3])], /names 1 dimension, but operand 0 has shape \[2, 3\]/],
    ["ij...", [zeros([2])], /names 2 dimensions/],
    [
      "ij,jk",
      [zeros([2, 3]), zeros([4, 5])],
      /"j" has length 4 in operand 1 \(\[4, 5\]\), but 3 elsewhere/,
    ],
    ["ii", [zeros([2, 3])], /"i" has length 3 in operand 0 \(\[2, 3\]\), but 2 elsewhere/],
    ["...,...", [zeros([2, 3]), zeros([4])], /dimension -1 of "\.\.\." has length 4/],
  ])("%s does not fit", (equation, operands, message) => {
    expect(() => einsum(equation, ...operands)).toThrow(ShapeError);
    expect(() => einsum(equation, ...operands)).toThrow(message);
  });

  test("the equation comes first", () => {
    expect(() => einsum(zeros([2]) as never, zeros([2]))).toThrow(/the equation is a text such as/);
  });
});
