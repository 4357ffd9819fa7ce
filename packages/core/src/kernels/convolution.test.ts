/** The two ways to compute convolutions against one another, on geometries that need several blocks, too. */
import { expect, test } from "vitest";
import { Generator } from "../random/generator.ts";
import {
  convolveByColumns,
  convolveInputByColumns,
  convolveWeightByColumns,
} from "./convolution-columns.ts";
import {
  convolveDirectly,
  convolveInputDirectly,
  convolveWeightDirectly,
} from "./convolution-direct.ts";
import type { ConvolutionGeometry } from "./convolution-geometry.ts";
import { volume } from "./convolution-geometry.ts";

const generator = new Generator(1);

function whole(least: number, most: number): number {
  return least + generator.integer(most - least + 1);
}

/** Whole numbers, so that sums are exact in any order. */
function numbers(count: number, type: "float32" | "float64"): Float32Array | Float64Array {
  const values = Array.from({ length: count }, () => whole(-4, 4));
  return type === "float32" ? Float32Array.from(values) : Float64Array.from(values);
}

function randomGeometry(): ConvolutionGeometry {
  const threefold = (f: () => number): number[] => [f(), f(), f()];
  const kernel = threefold(() => whole(1, 3));
  const dilation = threefold(() => whole(1, 2));
  const stride = threefold(() => whole(1, 3));
  const padding = threefold(() => whole(-1, 3));
  const output = threefold(() => whole(1, 4));
  // Up to a stride more than what the windows reach over, less the padding on both sides.
  const input = kernel.map((k, i) => {
    const reach = (output[i]! - 1) * stride[i]! + dilation[i]! * (k - 1) + 1;
    return Math.max(reach + whole(0, stride[i]! - 1) - padding[i]! - whole(0, 3), 1);
  });
  return {
    samples: whole(1, 3),
    groups: whole(1, 2),
    inChannels: whole(1, 3),
    outChannels: whole(1, 6),
    input,
    kernel,
    output,
    stride,
    padding,
    dilation,
  };
}

function compare(geometry: ConvolutionGeometry, type: "float32" | "float64"): void {
  const { samples, groups, inChannels, outChannels, input, kernel, output } = geometry;
  // Operands begin somewhere in their storage.
  const x = numbers(2 + samples * groups * inChannels * volume(input), type);
  const w = numbers(1 + groups * outChannels * inChannels * volume(kernel), type);
  const g = numbers(3 + samples * groups * outChannels * volume(output), type);
  const bias = generator.integer(2) === 0 ? null : numbers(groups * outChannels, type);
  const fresh = (like: Float32Array | Float64Array, offset: number): Float32Array | Float64Array =>
    like.slice(offset).fill(0);
  const results = [
    [fresh(g, 3), fresh(x, 2), fresh(w, 1)],
    [fresh(g, 3), fresh(x, 2), fresh(w, 1)],
  ] as const;
  convolveByColumns(geometry, x, 2, w, 1, bias, results[0][0]);
  convolveDirectly(geometry, x, 2, w, 1, bias, results[1][0]);
  convolveInputByColumns(geometry, g, 3, w, 1, results[0][1]);
  convolveInputDirectly(geometry, g, 3, w, 1, results[1][1]);
  convolveWeightByColumns(geometry, x, 2, g, 3, results[0][2]);
  convolveWeightDirectly(geometry, x, 2, g, 3, results[1][2]);
  expect(results[0], JSON.stringify(geometry)).toEqual(results[1]);
}

test("columns and direct sums agree", () => {
  for (let i = 0; i < 300; i++) compare(randomGeometry(), i % 2 === 0 ? "float32" : "float64");
});

test("columns that do not fit into one block", () => {
  const plain = { kernel: [1, 3, 3], stride: [1, 1, 1], padding: [0, 1, 1], dilation: [1, 1, 1] };
  const square = (n: number): number[] => [1, n, n];
  // Several blocks in a sample; several samples in a block, the last of them short.
  const large = { samples: 2, groups: 1, inChannels: 12, outChannels: 5 };
  compare({ ...plain, ...large, input: square(40), output: square(40) }, "float64");
  const many = { samples: 40, groups: 2, inChannels: 8, outChannels: 3 };
  compare({ ...plain, ...many, input: square(7), output: square(7) }, "float64");
});
