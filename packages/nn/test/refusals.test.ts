/**
 * What layers refuse, and what they say then.
 */
import { Generator, ones, tensor, zeros } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import { describe, expect, test } from "vitest";

const int = (values: number[]) => tensor(values, { dtype: "int32" });
const misspelt = { Bias: false } as object;

describe("layers refuse, when they are made,", () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      "channels that do not fall into groups",
      () => new nn.Conv2d(3, 4, 3, { groups: 2 }),
      /inChannels 3 does not fall into 2/,
    ],
    [
      "padding that keeps lengths, with steps",
      () => new nn.Conv1d(1, 1, 3, { padding: "same", stride: 2 }),
      /needs stride 1, not 2/,
    ],
    [
      "a padding mode that is none",
      () => new nn.Conv1d(1, 1, 3, { paddingMode: "mirror" as "reflect" }),
      /unknown paddingMode "mirror"/,
    ],
    [
      "a kernel of another rank",
      () => new nn.Conv2d(1, 1, [3, 3, 3]),
      /kernelSize must be .* or 2 of them/,
    ],
    [
      "output padding beyond the step",
      () => new nn.ConvTranspose2d(1, 1, 3, { outputPadding: 1 }),
      /outputPadding 1 must be less than/,
    ],
    [
      "options that are unknown",
      () => new nn.Conv3d(1, 1, 3, misspelt),
      /unknown option "Bias". Known: stride/,
    ],
    [
      "padding of pools below 0",
      () => new nn.MaxPool2d(2, { padding: -1 }),
      /padding must be .* at least 0/,
    ],
    ["pools of no size", () => new nn.AdaptiveAvgPool1d(0), /outputSize must be .* at least 1/],
    ["pools of too many sizes", () => new nn.AdaptiveMaxPool2d([1, 2, 3]), /or 2 of them/],
    ["paddings that are too few", () => new nn.ZeroPad2d([1, 2]), /or 4 of them/],
    ["groups that do not fit", () => new nn.GroupNorm(3, 4), /4 channels do not fall into 3/],
    ["shapes that are none", () => new nn.LayerNorm([]), /normalizedShape is the last length/],
    [
      "counting by an instance norm",
      () => new nn.InstanceNorm1d(2, { momentum: null }),
      /only batch norms count/,
    ],
    ["a size and a factor at once", () => new nn.Upsample({ size: 2, scaleFactor: 2 }), /not both/],
    [
      "a mode that is none",
      () => new nn.Upsample({ size: 2, mode: "best" as "area" }),
      /unknown mode "best"/,
    ],
    ["heads that are none", () => new nn.TransformerEncoderLayer(4, 0), /nhead must be/],
    [
      "slopes in the wrong order",
      () => new nn.RReLU({ lower: 1, upper: 0 }),
      /lower 1 must not be more than upper 0/,
    ],
    [
      "cutoffs that do not rise",
      () => new nn.AdaptiveLogSoftmaxWithLoss(4, 10, [3, 3]),
      /cutoffs must be whole numbers that rise, from 1 to 9, .*, not \[3, 3\]/,
    ],
    [
      "clusters that are left without features",
      () => new nn.AdaptiveLogSoftmaxWithLoss(4, 10, [2, 4]),
      /cluster 1 is left with 4\/4\^2 features/,
    ],
    [
      "a distance that is no function",
      () => new nn.TripletMarginWithDistanceLoss({ distanceFunction: 2 as never }),
      /is a function of two tensors/,
    ],
  ])("%s", (_what, make, message) => {
    expect(make).toThrow(message);
  });
});

describe("layers refuse, when they are called,", () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      "other channels",
      () => new nn.Conv2d(3, 1, 3).forward(ones([1, 2, 5, 5])),
      /the input has 2 channels, but .* is made for 3/,
    ],
    [
      "too little for the kernel",
      () => new nn.Conv1d(1, 1, 5).forward(ones([1, 1, 3])),
      /reaches over 5 elements/,
    ],
    [
      "an output size that cannot be had",
      () => new nn.ConvTranspose1d(1, 1, 3, { stride: 2 }).forward(ones([1, 1, 4]), [12]),
      /outputSize \[12\] cannot be had .* from \[9\] to \[10\]/,
    ],
    [
      "other ranks",
      () => new nn.BatchNorm2d(3).forward(ones([4, 3])),
      /BatchNorm2d: expected 4 dimensions/,
    ],
    [
      "other features",
      () => new nn.BatchNorm1d(3).forward(ones([4, 2])),
      /made for 3 channels, .* has 2/,
    ],
    [
      "one sample to learn statistics from",
      () => new nn.BatchNorm1d(3).forward(ones([1, 3])),
      /no variance/,
    ],
    [
      "groups of other channels",
      () => new nn.GroupNorm(1, 2).forward(ones([1, 3])),
      /made for 2 channels/,
    ],
    [
      "images that are none",
      () => new nn.Softmax2d().forward(ones([2, 2])),
      /expected \[N, C, H, W\]/,
    ],
    [
      "labels that are no class",
      () => new nn.CrossEntropyLoss().forward(ones([1, 3]), [3]),
      /target 3 \(number 0\) is no class/,
    ],
    [
      "indices that are no whole numbers",
      () => new nn.Embedding(3, 2).forward(ones([1])),
      /must be int32, not float32/,
    ],
    [
      "targets that are no classes, or are too few",
      () => new nn.AdaptiveLogSoftmaxWithLoss(4, 5, [2]).forward(ones([1, 4]), int([5])),
      /target 5 \(number 0\) is no class: there are 5/,
    ],
    [
      "targets that do not fit to inputs",
      () => new nn.AdaptiveLogSoftmaxWithLoss(4, 5, [2]).forward(ones([2, 4]), int([1])),
      /expected inputs of shape \[N, 4\] and targets \[N\]/,
    ],
    [
      "weights that nothing was assigned to",
      () => new Unfinished().forward(ones([2])),
      /a weight that nothing was assigned to yet/,
    ],
    [
      "weights that nothing was assigned to, element by element",
      () => new Unfinished().scaled(ones([2])),
      /mul: operand "b" is missing\. Is it a weight that nothing was assigned to yet/,
    ],
    [
      "layers that are not there yet",
      () => new Late().forward(ones([1, 2])),
      /^Late: forward failed with ".+", and layer is null\. A module can be called when its/,
    ],
    [
      "to be called by their own constructor",
      () => new Eager(),
      /^Eager: forward failed with ".+", and none of its properties is there yet\./,
    ],
  ])("%s", (_what, call, message) => {
    expect(call).toThrow(message);
  });
});

class Unfinished extends nn.Module {
  weight: ReturnType<typeof ones> | undefined;
  forward(x: ReturnType<typeof ones>) {
    return x.matmul(this.weight!);
  }
  scaled(x: ReturnType<typeof ones>) {
    return x.mul(this.weight!);
  }
}

class Late extends nn.Module {
  layer: nn.Linear | null = null;
  forward(x: ReturnType<typeof ones>) {
    return this.layer!.forward(x);
  }
}

class Eager extends nn.Module {
  readonly first = this.forward(ones([1, 2]));
  readonly layer = new nn.Linear(2, 2);
  forward(x: ReturnType<typeof ones>): ReturnType<typeof ones> {
    return this.layer.forward(x);
  }
}

test("an error of one's own code in forward stays what it is", () => {
  class Broken extends nn.Module {
    readonly layer = new nn.Linear(2, 2);
    forward(x: ReturnType<typeof ones> | null) {
      return this.layer.forward(x!.mul(2));
    }
  }
  expect(() => new Broken().forward(null)).toThrow(TypeError);
  class Plain extends nn.Module {
    forward(x: ReturnType<typeof ones> | null) {
      return x!.mul(2);
    }
  }
  expect(() => new Plain().forward(null)).toThrow(TypeError);
  expect(() => new nn.Lambda((x) => x.at(0).grad!.mul(2)).forward(ones([2]))).toThrow(TypeError);
});

describe("batch norm", () => {
  test("counts batches, averages them without momentum, and forgets them", () => {
    const norm = new nn.BatchNorm1d(1, { momentum: null });
    norm.forward(tensor([[0], [2]]));
    norm.forward(tensor([[4], [6]]));
    expect(norm.runningMean!.item()).toBe(3);
    expect(norm.runningVar!.item()).toBe(2);
    expect(norm.numBatchesTracked!.item()).toBe(2);
    norm.eval().forward(tensor([[9]]));
    expect(norm.numBatchesTracked!.item()).toBe(2);
    norm.resetRunningStats();
    expect([
      norm.runningMean!.item(),
      norm.runningVar!.item(),
      norm.numBatchesTracked!.item(),
    ]).toEqual([0, 1, 0]);
  });

  test("does not count a batch that it refused", () => {
    const norm = new nn.BatchNorm1d(2);
    expect(() => norm.forward(ones([1, 2]))).toThrow();
    expect(norm.numBatchesTracked!.item()).toBe(0);
  });
});

describe("initialisers", () => {
  test("sparse_ leaves as many zeros in each column as it says", () => {
    const x = nn.init.sparse_(zeros([10, 4]), 0.25, { generator: new Generator(1) });
    expect(x.eq(0).sum(0).toArray()).toEqual([3, 3, 3, 3]);
    expect(() => nn.init.sparse_(zeros([2]), 0.5)).toThrow(/expected a matrix/);
    expect(() => nn.init.sparse_(zeros([2, 2]), 2)).toThrow(/a share, from 0 to 1/);
  });

  test("dirac_ hands channels on", () => {
    const layer = new nn.Conv2d(4, 4, 3, { padding: 1, groups: 2, bias: false });
    nn.init.dirac_(layer.weight, { groups: 2 });
    const x = zeros([1, 4, 3, 3]).add(tensor([[[1]], [[2]], [[3]], [[4]]]));
    expect(layer.forward(x).sub(x).abs().sum().item()).toBe(0);
    expect(() => nn.init.dirac_(zeros([2, 2]))).toThrow(/weight of a convolution/);
  });
});
