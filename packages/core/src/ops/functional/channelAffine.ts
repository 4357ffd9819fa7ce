/**
 * An affine map for each channel: what batch norm is once its statistics are known, in one pass forward and one back.
 *
 * y = x·s + t for x of shape [N, C, *], with numbers s and t for each of the C channels. With Σ over all numbers of a
 * channel the gradients are x̄ = ȳ·s, s̄ = Σ ȳ·x and t̄ = Σ ȳ, of which the kernel makes all three while it reads ȳ and x
 * once.
 */
import type { TensorLike } from "../../creation.ts";
import { full, tensor, zeros } from "../../creation.ts";
import { ShapeError } from "../../errors.ts";
import { scaleChannels, scaleChannelsGradient } from "../../kernels/channels.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import { within } from "../../samples.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../arithmetic.ts";
import { expand } from "../expand.ts";
import { reshape } from "../reshape.ts";
import { sum } from "../sum.ts";
import { scaledAndShifted } from "./arguments.ts";
import {
  allBatched,
  intoChannels,
  merged,
  outOfChannels,
  parted,
  sampleCount,
} from "./batching.ts";

/** A number for each channel, shaped to broadcast against [N, C, *] of that rank. */
function perChannel(x: Tensor, rank: number): Tensor {
  return rank === 2 ? x : reshape(x, [x.shape[0]!, ...new Array<number>(rank - 2).fill(1)]);
}

/** The sum over each channel of [N, C, *]. */
function channelSum(x: Tensor): Tensor {
  return sum(
    x,
    x.shape.map((_, dim) => dim).filter((dim) => dim !== 1),
  );
}

/** Refuses numbers that are not one for each channel of x. */
function checkChannels(where: string, x: Tensor, others: Readonly<Record<string, Tensor>>): void {
  const { shape } = x;
  if (shape.length < 2) {
    throw new ShapeError(
      `${where}: the input needs samples and channels, but has shape ${formatShape(shape)}.`,
      { input: shape },
    );
  }
  for (const [name, { shape: found }] of Object.entries(others)) {
    if (found.length !== 1 || found[0] !== shape[1]) {
      throw new ShapeError(
        `${where}: the ${name} has shape ${formatShape(found)}, but the input of shape ${formatShape(shape)} has ${shape[1]} channels.`,
        { input: shape, [name]: found },
      );
    }
  }
}

function drawChannels(draw: Draw): Tensor {
  const places = draw.pick([[], [draw.length(0, 3)], [2, draw.integer(1, 3)]]);
  return draw.tensor([draw.length(0, 3), draw.length(0, 3), ...places], within(-2, 2));
}

/**
 * An affine map for each channel: y = x · scale + shift for x of shape [N, C, *], with scale and shift of shape [C]. What
 * `batchNorm` does with running statistics; its gradients are sums in double precision.
 *
 * @throws {ShapeError} when x has fewer than two dimensions, or scale or shift do not have shape [C].
 * @example
 * import { channelAffine, tensor } from "@chainrule/core";
 * channelAffine(tensor([[1, 2], [3, 4]]), tensor([1, 10]), tensor([0, 5])).toArray(); // → [ [ 1, 25 ], [ 3, 45 ] ]
 */
export const channelAffine: Op<(x: TensorLike, scale: TensorLike, shift: TensorLike) => Tensor> =
  defineOp({
    name: "channelAffine",
    formula: String.raw`y_{nc} = x_{nc}\, s_c + t_c`,
    call: (x: TensorLike, scale: TensorLike, shift: TensorLike) => ({
      operands: [x, scale, shift],
      options: {},
    }),
    shape: ([x, scale, shift]) => {
      checkChannels("channelAffine", x!, { scale: scale!, shift: shift! });
      return x!.shape;
    },
    fills: true,
    forward: ([x, scale, shift], y) => {
      scaleChannels(contiguousOperand(x!), contiguousOperand(scale!), contiguousOperand(shift!), y);
    },
    vjp: ([c = null], node) => {
      if (c === null) return [null, null, null];
      if (!node.needs(1)) {
        // −0 is what changes no number, be it 0, when it is added.
        const nothing = full(node.shapeOf(2), -0, { dtype: c.dtype });
        return [
          node.needs(0) ? channelAffine(c, node.b, nothing) : null,
          null,
          node.needs(2) ? channelSum(c) : null,
        ];
      }
      const { x, scale, shift } = channelAffineGradient(c, node.a, node.b);
      return [x, scale, shift];
    },
    batch: (operands, batched) => {
      // [B, N, C, *] as [N, B·C, *]: each sample's channels are channels by themselves.
      const [x, scale, shift] = allBatched(operands, batched) as [Tensor, Tensor, Tensor];
      const y = channelAffine(intoChannels(x), merged(scale), merged(shift));
      return outOfChannels(y, sampleCount(operands, batched));
    },
    samples: [
      (draw) => {
        const x = drawChannels(draw);
        return [x, draw.tensor([x.shape[1]!]), draw.tensor([x.shape[1]!])];
      },
    ],
    rejects: [
      {
        call: () => [zeros([3]), zeros([3]), zeros([3])],
        message: /channelAffine: the input needs samples and channels, but has shape \[3\]/,
        type: ShapeError,
      },
      {
        call: () => [zeros([2, 3]), zeros([3]), zeros([2])],
        message: /the shift has shape \[2\], but the input of shape \[2, 3\] has 3 channels/,
        type: ShapeError,
      },
    ],
    edges: [
      {
        note: "∞ · 0 is no number, and stays in its channel",
        call: () => [tensor([[Infinity, 1]]), tensor([0, 2]), tensor([0, 3])],
        result: [Number.NaN, 5],
        gradients: [
          [0, 2],
          [Infinity, 1],
          [1, 1],
        ],
      },
    ],
  });

/** x · weight + bias with a number of each for each channel, either of which may be missing. */
export function scaledChannels(x: Tensor, weight: Tensor | null, bias: Tensor | null): Tensor {
  if (weight !== null && bias !== null) return channelAffine(x, weight, bias);
  const shaped = (t: Tensor | null): Tensor | null => t && perChannel(t, x.ndim);
  return scaledAndShifted(x, shaped(weight), shaped(bias));
}

/** The gradients of {@link channelAffine} in its three operands. */
export interface ChannelAffineGradient {
  readonly x: Tensor;
  readonly scale: Tensor;
  readonly shift: Tensor;
}

/**
 * The gradients of `channelAffine` in x, scale and shift, in one pass: c · scale, and for each channel the sums of c · x and
 * of c.
 *
 * @throws {ShapeError} unless c and x have the same shape [N, C, *], and scale has shape [C].
 * @example
 * import { channelAffineGradient, tensor } from "@chainrule/core";
 * const { scale } = channelAffineGradient(tensor([[1], [2]]), tensor([[3], [4]]), tensor([5]));
 * scale; // → tensor([11])
 */
export const channelAffineGradient: Op<
  (cotangent: TensorLike, x: TensorLike, scale: TensorLike) => ChannelAffineGradient
> = defineOp({
  name: "channelAffineGradient",
  formula: String.raw`\bar x_{nc} = \bar y_{nc}\, s_c, \quad \bar s_c = \sum_n \bar y_{nc}\, x_{nc}, \quad \bar t_c = \sum_n \bar y_{nc}`,
  call: (cotangent: TensorLike, x: TensorLike, scale: TensorLike) => ({
    operands: [cotangent, x, scale],
    options: {},
  }),
  shapes: ([c, x, scale]) => {
    checkChannels("channelAffineGradient", x!, { scale: scale! });
    if (!sameShape(c!.shape, x!.shape)) {
      throw new ShapeError(
        `channelAffineGradient: the cotangent has shape ${formatShape(c!.shape)}, but the input ${formatShape(x!.shape)}.`,
        { cotangent: c!.shape, input: x!.shape },
      );
    }
    return [x!.shape, scale!.shape, scale!.shape];
  },
  fills: true,
  forward: ([c, x, scale], [xBar, scaleBar, shiftBar]) => {
    scaleChannelsGradient(
      contiguousOperand(c!),
      contiguousOperand(x!),
      contiguousOperand(scale!),
      xBar!,
      scaleBar!,
      shiftBar!,
    );
  },
  returns: ([x, scale, shift]) => ({ x: x!, scale: scale!, shift: shift! }),
  // It is linear in each operand: ⟨d, c·s⟩ + Σ e·Σ c·x + Σ f·Σ c, with a number of e and f for each channel.
  vjp: ([d = null, e = null, f = null], node) => {
    const { a: c, b: x, c: scale } = node;
    const rank = c.ndim;
    const terms: Tensor[] = [];
    if (d !== null) terms.push(mul(d, perChannel(scale, rank)));
    if (e !== null) terms.push(mul(x, perChannel(e, rank)));
    if (f !== null) terms.push(expand(perChannel(f, rank), c.shape));
    return [
      terms.length === 0 ? null : terms.reduce((all, term) => add(all, term)),
      e === null ? null : mul(c, perChannel(e, rank)),
      d === null ? null : channelSum(mul(d, c)),
    ];
  },
  batch: (operands, batched) => {
    const [c, x, scale] = allBatched(operands, batched) as [Tensor, Tensor, Tensor];
    const size = sampleCount(operands, batched);
    const found = channelAffineGradient(intoChannels(c), intoChannels(x), merged(scale));
    return {
      x: outOfChannels(found.x, size),
      scale: parted(found.scale, size),
      shift: parted(found.shift, size),
    };
  },
  samples: [
    (draw) => {
      const x = drawChannels(draw);
      return [draw.tensor(x.shape), x, draw.tensor([x.shape[1]!])];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), zeros([2, 4]), zeros([4])],
      message: /the cotangent has shape \[2, 3\], but the input \[2, 4\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([2, 3]), zeros([2, 3]), zeros([2])],
      message: /the scale has shape \[2\], but the input of shape \[2, 3\] has 3 channels/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "no samples: sums of nothing",
      call: () => [zeros([0, 1]), zeros([0, 1]), tensor([2])],
      result: [0, 0],
      gradients: [[], [], [0]],
    },
  ],
});
