/** Attention, products of vectors and rearrangements against their definitions. */
import type { Tensor } from "@chainrule/core";
import {
  arange,
  attention,
  attentionGradient,
  attentionWeights,
  bilinear,
  channelShuffle,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  fold,
  full,
  Generator,
  manualSeed,
  ones,
  pad,
  pixelShuffle,
  pixelUnshuffle,
  randn,
  scaledDotProductAttention,
  setBackend,
  tensor,
  unfold,
  vmap,
  zeros,
} from "@chainrule/core";
import { assertGradcheck } from "@chainrule/testing";
import { expect, test } from "vitest";
import { built, gap, reader, total } from "./naive.ts";

const float64 = { dtype: "float64" } as const;

/** Attention of matrices by its formula; `score` adds to each score. */
function byFormula(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  scale: number,
  score: (i: number, j: number) => number,
): Tensor {
  const [length, features] = q.shape as [number, number];
  const [keys, width] = [k.shape[0]!, v.shape[1]!];
  const [query, key, value] = [reader(q), reader(k), reader(v)];
  return built([length, width], (i, c) => {
    const weights = Array.from({ length: keys }, (_, j) =>
      Math.exp(scale * total([features], (e) => query(i!, e!) * key(j, e!)) + score(i!, j)),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return sum === 0 ? 0 : weights.reduce((a, w, j) => a + (w / sum) * value(j, c!), 0);
  });
}

test.each(["reference", "wasm"] as const)(
  "heads that are views of tokens give tokens, with the same numbers, on backend %s",
  (backend) => {
    const before = setBackend(backend);
    const [samples, length, count, width] = [2, 5, 3, 4];
    const generator = new Generator(3);
    const heads = (): Tensor =>
      randn([samples, length, 2 * count * width], { generator })
        .narrow(2, count * width, count * width)
        .reshape([samples, length, count, width])
        .permute([0, 2, 1, 3]);
    const [q, k, v, c] = [heads(), heads(), heads(), heads()];
    const all = (given: readonly Tensor[]): Tensor[] => {
      const [query, key, value, cotangent] = given as [Tensor, Tensor, Tensor, Tensor];
      const options = { isCausal: true, scale: 0.5 };
      const { output, weights } = attention(query, key, value, null, options);
      const back = attentionGradient(query, key, value, weights, cotangent, options);
      return [output, back.query, back.key, back.value];
    };
    const wanted = all([q, k, v, c].map((x) => x.contiguous()));
    for (const [i, found] of all([q, k, v, c]).entries()) {
      expect(found.strides).toEqual([length * count * width, width, count * width, 1]);
      const tokens = found.permute([0, 2, 1, 3]).reshape([samples, length, count * width]);
      expect(tokens.storage).toBe(found.storage);
      expect(found.toArray()).toEqual(wanted[i]!.toArray());
      expect(wanted[i]!.isContiguous()).toBe(true);
    }
    setBackend(before);
  },
);

test("attention with masks of all kinds is its formula", () => {
  manualSeed(1);
  const [q, k, v] = [randn([3, 4], float64), randn([5, 4], float64), randn([5, 2], float64)];
  const near = (found: Tensor, expected: Tensor): void =>
    expect(gap(found, expected)).toBeLessThan(1e-14);
  near(
    scaledDotProductAttention(q, k, v),
    byFormula(q, k, v, 0.5, () => 0),
  );
  near(
    scaledDotProductAttention(q, k, v, { scale: 2 }),
    byFormula(q, k, v, 2, () => 0),
  );
  near(
    scaledDotProductAttention(q, k, v, { isCausal: true }),
    byFormula(q, k, v, 0.5, (i, j) => (j > i ? Number.NEGATIVE_INFINITY : 0)),
  );
  const bias = randn([3, 5], float64);
  near(scaledDotProductAttention(q, k, v, bias), byFormula(q, k, v, 0.5, reader(bias)));
  // The last query may attend to nothing.
  const allowed = [
    [true, false, true, true, false],
    [false, false, false, true, false],
    [false, false, false, false, false],
  ];
  const hidden = byFormula(q, k, v, 0.5, (i, j) => (allowed[i]![j] ? 0 : Number.NEGATIVE_INFINITY));
  near(scaledDotProductAttention(q, k, v, tensor(allowed)), hidden);
  const asNumbers = tensor(
    allowed.map((row) => row.map((is) => (is ? 0 : Number.NEGATIVE_INFINITY))),
    float64,
  );
  near(scaledDotProductAttention(q, k, v, asNumbers), hidden);
  expect(scaledDotProductAttention(q, k, v, tensor(allowed)).at(2).toArray()).toEqual([0, 0]);
  // Arrays say the same.
  near(scaledDotProductAttention(q, k, v, allowed), hidden);
  const third = [[1 / 3, -1 / 3, 0, 0, 1 / 7]];
  near(
    scaledDotProductAttention(q, k, v, third),
    byFormula(q, k, v, 0.5, (_, j) => third[0]![j]!),
  );
});

test("gradients of attention, also where a query attends to nothing", () => {
  manualSeed(2);
  const [q, k, v] = [randn([2, 3, 2], float64), randn([4, 2], float64), randn([2, 4, 2], float64)];
  const mask = tensor([
    [true, true, false, true],
    [false, false, false, false],
    [false, true, false, false],
  ]);
  assertGradcheck((...a) => scaledDotProductAttention(...a), [q, k, v], { order: 2 });
  assertGradcheck((...a) => scaledDotProductAttention(...a, { isCausal: true }), [q, k, v], {
    order: 2,
  });
  assertGradcheck((...a) => scaledDotProductAttention(...a, mask), [q, k, v], { order: 2 });
  assertGradcheck(
    (a, b, c, d) => scaledDotProductAttention(a, b, c, d),
    [q, k, v, randn([3, 4], float64)],
    { order: 2 },
  );
});

test("dropout of weights keeps their mean; vmap goes over masks", () => {
  manualSeed(3);
  const [q, k, v] = [zeros([2000, 1]), zeros([4, 1]), ones([4, 1])];
  const mean = scaledDotProductAttention(q, k, v, { dropoutP: 0.25 }).mean().item();
  expect(mean).toBeGreaterThan(0.97);
  expect(mean).toBeLessThan(1.03);
  const masks = tensor([[[true, false]], [[false, false]], [[true, true]]]);
  const each = vmap((mask: Tensor) =>
    scaledDotProductAttention([[0]], [[0], [0]], [[2], [4]], mask),
  );
  expect(each(masks).toArray()).toEqual([[[2]], [[0]], [[3]]]);
});

test("the element type is that of the operands, whatever the mask", () => {
  const x = ones([2, 3], { dtype: "float32" });
  const mask = tensor([
    [true, false],
    [false, false],
  ]);
  expect(scaledDotProductAttention(x, x, x, mask).dtype).toBe("float32");
  expect(scaledDotProductAttention(x, x, x, { isCausal: true }).dtype).toBe("float32");
  expect(pad(tensor([1, 2], { dtype: "int32" }), [1, 0], { mode: "replicate" }).dtype).toBe(
    "int32",
  );
});

test("errors of attention", () => {
  const x = ones([2, 3]);
  expect(() => scaledDotProductAttention(x, x, x, { dropoutP: 2 })).toThrow(
    /from 0 to 1, not at 2/,
  );
  expect(() => scaledDotProductAttention(x, ones([2, 4]), x)).toThrow(
    /query, key and value have shapes \[2, 3\], \[2, 4\]/,
  );
  expect(() => scaledDotProductAttention(x, x, ones([3, 3]))).toThrow(/must have \[\*, L, E\]/);
  expect(() => scaledDotProductAttention(x, x, x, ones([2, 2]), { isCausal: true })).toThrow(
    /^scaledDotProductAttention: give either a mask or isCausal/,
  );
  expect(() => scaledDotProductAttention(x, x, x, ones([2, 2], { dtype: "int32" }))).toThrow(
    /^scaledDotProductAttention: a mask is bool/,
  );
  expect(() => scaledDotProductAttention(x, x, x, ones([5, 2, 2]))).toThrow(
    /^scaledDotProductAttention: the mask of shape \[5, 2, 2\] has more elements than the scores/,
  );
  expect(() => attentionWeights(x, x, ones([5, 2, 2]), { dropoutP: 0.5 })).toThrow(
    /^attentionWeights: the mask of shape/,
  );
  expect(() => scaledDotProductAttention(x, x, x, { causal: true } as never)).toThrow(
    /unknown option "causal"/,
  );
});

test("bilinear is its sum", () => {
  manualSeed(4);
  const [a, b] = [randn([2, 3, 2], float64), randn([2, 3, 4], float64)];
  const [w, shift] = [randn([5, 2, 4], float64), randn([5], float64)];
  const expected = built(
    [2, 3, 5],
    (n, m, o) =>
      reader(shift)(o!) +
      total(
        [2, 4],
        (i, j) => reader(a)(n!, m!, i!) * reader(w)(o!, i!, j!) * reader(b)(n!, m!, j!),
      ),
  );
  expect(gap(bilinear(a, b, w, shift), expected)).toBeLessThan(1e-14);
  expect(bilinear(zeros([0, 2]), zeros([0, 4]), w).shape).toEqual([0, 5]);
  expect(() => bilinear(a, b, randn([5, 4, 2]))).toThrow(
    /do not fit to the weight of shape \[5, 4, 2\]/,
  );
});

test("shuffles put channels and places where they belong", () => {
  const x = arange(0, 72, 1, float64).reshape([1, 2, 18, 2]).reshape([2, 18, 2, 1]);
  const at = reader(x);
  const shuffled = built([2, 2, 6, 3], (n, c, i, j) =>
    at(n!, c! * 9 + (i! % 3) * 3 + (j! % 3), Math.floor(i! / 3), Math.floor(j! / 3)),
  );
  expect(gap(pixelShuffle(x, 3), shuffled)).toBe(0);
  expect(gap(pixelUnshuffle(pixelShuffle(x, 3), 3), x)).toBe(0);
  const mixed = built(x.shape, (n, c, i, j) => at(n!, (c! % 3) * 6 + Math.floor(c! / 3), i!, j!));
  expect(gap(channelShuffle(x, 3), mixed)).toBe(0);
  expect(() => pixelShuffle(x, 4)).toThrow(/18 channels are no multiple of 4² = 16/);
  expect(() => pixelUnshuffle(x, 2)).toThrow(/height 2 and width 1 must be multiples of 2/);
  expect(() => channelShuffle(x, 4)).toThrow(/fall into 4 groups/);
  expect(() => pixelShuffle(ones([4]), 2)).toThrow(/channels, height and width/);
});

test("a convolution is a product with unfolded patches, and folding counts them", () => {
  manualSeed(5);
  const [x, w] = [randn([2, 3, 6, 5], float64), randn([4, 3, 3, 2], float64)];
  const options = { stride: [2, 1], padding: 1, dilation: [1, 2] };
  const columns = unfold(x, [3, 2], options);
  const expected = conv2d(x, w, options);
  expect(gap(w.reshape([4, 18]).matmul(columns).reshape(expected.shape), expected)).toBeLessThan(
    1e-13,
  );
  const counts = fold(unfold(ones([1, 4, 4]), 3), 4, 3);
  expect(counts.at(0).toArray()).toEqual([
    [1, 2, 2, 1],
    [2, 4, 4, 2],
    [2, 4, 4, 2],
    [1, 2, 2, 1],
  ]);
});

test("transposed convolutions spread each element over the kernel", () => {
  manualSeed(6);
  const [x, w, bias] = [randn([2, 4, 5], float64), randn([4, 3, 3], float64), randn([6], float64)];
  for (const [stride, padding, outputPadding, dilation] of [
    [1, 0, 0, 1],
    [2, 1, 1, 1],
    [3, 2, 2, 4],
    [2, 0, 3, 4],
    [2, 3, 0, 2],
  ] as const) {
    const length = 4 * stride - 2 * padding + dilation * 2 + 1 + outputPadding;
    const expected = built([2, 6, length], (n, o, i) => {
      const group = Math.floor(o! / 3);
      return (
        reader(bias)(o!) +
        total([2, 5, 3], (c, t, k) =>
          t! * stride + k! * dilation - padding === i!
            ? reader(x)(n!, group * 2 + c!, t!) * reader(w)(group * 2 + c!, o! % 3, k!)
            : 0,
        )
      );
    });
    const found = convTranspose1d(x, w, bias, {
      stride,
      padding,
      outputPadding,
      dilation,
      groups: 2,
    });
    expect(gap(found, expected)).toBeLessThan(1e-13);
  }
  const options = { stride: [2, 1], padding: [0, 1], outputPadding: [1, 0] };
  const image = randn([3, 3, 2], float64);
  assertGradcheck(
    (...a) => convTranspose2d(...a, options),
    [image, randn([3, 1, 2, 3], float64), randn([1], float64)],
    { order: 2 },
  );
  expect(() => convTranspose1d(x, w, { outputPadding: 1 })).toThrow(
    /outputPadding 1 must be less than the stride 1 or the dilation 1/,
  );
  expect(() => convTranspose1d(x, w, { groups: 3 })).toThrow(/in 3 groups/);
  expect(() => convTranspose1d(x, w, { padding: 9 })).toThrow(/would have length -11/);
  expect(() => convTranspose1d(x, w, full([5], 1))).toThrow(
    /the bias has shape \[5\], but there are 3 output channels/,
  );
});
