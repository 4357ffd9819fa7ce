/**
 * Channels and places exchanged: rearrangements without arithmetic.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { checkInteger, ShapeError } from "../../errors.ts";
import { formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { reshape } from "../reshape.ts";
import { permute } from "../transpose.ts";

/** The operand, its leading dimensions, channels, height and width. */
function readImage(where: string, input: TensorLike): [Tensor, number[], number, number, number] {
  const x = toTensor(where, input);
  if (x.ndim < 3) {
    throw new ShapeError(
      `${where}: the input needs channels, height and width, but has shape ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  const [channels, height, width] = x.shape.slice(-3) as [number, number, number];
  return [x, x.shape.slice(0, -3), channels, height, width];
}

/** Permutes the last dimensions, those in front staying where they are. */
function permuteLast(x: Tensor, order: readonly number[]): Tensor {
  const lead = x.ndim - order.length;
  return permute(x, [...Array.from({ length: lead }, (_, i) => i), ...order.map((i) => lead + i)]);
}

/**
 * Channels spread over places: x of shape [*, C·r², H, W] becomes [*, C, H·r, W·r], each group of r² channels filling an
 * r × r block. (Shi et al. 2016.)
 *
 * @throws {ShapeError} when x has fewer than three dimensions, or its channels are no multiple of r².
 * @example
 * import { arange, pixelShuffle } from "@chainrule/core";
 * pixelShuffle(arange(4).reshape([4, 1, 1]), 2).toArray(); // → [ [ [ 0, 1 ], [ 2, 3 ] ] ]
 */
export function pixelShuffle(x: TensorLike, upscaleFactor: number): Tensor {
  const r = checkInteger("pixelShuffle", "upscaleFactor", upscaleFactor, 1);
  const [image, lead, channels, height, width] = readImage("pixelShuffle", x);
  if (channels % (r * r) !== 0) {
    throw new ShapeError(
      `pixelShuffle: ${channels} channels are no multiple of ${r}² = ${r * r}.`,
      { channels, upscaleFactor },
    );
  }
  const kept = channels / (r * r);
  const blocks = reshape(image, [...lead, kept, r, r, height, width]);
  const ordered = permuteLast(blocks, [0, 3, 1, 4, 2]);
  return reshape(ordered, [...lead, kept, height * r, width * r]);
}

/**
 * Places gathered into channels: x of shape [*, C, H·r, W·r] becomes [*, C·r², H, W]; the inverse of `pixelShuffle`.
 *
 * @throws {ShapeError} when x has fewer than three dimensions, or height or width are no multiples of r.
 * @example
 * import { arange, pixelUnshuffle } from "@chainrule/core";
 * pixelUnshuffle(arange(4).reshape([1, 2, 2]), 2).shape; // → [ 4, 1, 1 ]
 */
export function pixelUnshuffle(x: TensorLike, downscaleFactor: number): Tensor {
  const r = checkInteger("pixelUnshuffle", "downscaleFactor", downscaleFactor, 1);
  const [image, lead, channels, height, width] = readImage("pixelUnshuffle", x);
  if (height % r !== 0 || width % r !== 0) {
    throw new ShapeError(
      `pixelUnshuffle: height ${height} and width ${width} must be multiples of ${r}.`,
      { height, width, downscaleFactor },
    );
  }
  const blocks = reshape(image, [...lead, channels, height / r, r, width / r, r]);
  const ordered = permuteLast(blocks, [0, 2, 4, 1, 3]);
  return reshape(ordered, [...lead, channels * r * r, height / r, width / r]);
}

/**
 * Channels in another order: those of x, of shape [N, C, *], fall into groups; the first of each group come first, then the
 * second ones, and so on. (Zhang et al. 2018.)
 *
 * @throws {ShapeError} when x has no channels, or they do not fall into so many groups.
 * @example
 * import { arange, channelShuffle } from "@chainrule/core";
 * channelShuffle(arange(4).reshape([1, 4]), 2).toArray(); // → [ [ 0, 2, 1, 3 ] ]
 */
export function channelShuffle(x: TensorLike, groups: number): Tensor {
  checkInteger("channelShuffle", "groups", groups, 1);
  const image = toTensor("channelShuffle", x);
  const [n, channels, ...places] = image.shape;
  if (channels === undefined || channels % groups !== 0) {
    throw new ShapeError(
      `channelShuffle: the input of shape ${formatShape(image.shape)} needs samples and channels that fall into ${groups} groups.`,
      { shape: image.shape, groups },
    );
  }
  const parts = reshape(image, [n!, groups, channels / groups, ...places]);
  const order = [0, 2, 1, ...places.map((_, i) => i + 3)];
  return reshape(permute(parts, order), image.shape);
}
