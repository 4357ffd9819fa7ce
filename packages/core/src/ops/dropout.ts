/**
 * Dropout: leaving out elements, or whole channels, at random.
 *
 * Source: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, "Dropout: a simple way to prevent neural networks from
 * overfitting", JMLR 15 (2014).
 */

import { mayAccelerate } from "../accelerated/backend.ts";
import { drawDropoutAccelerated, drawMaskAccelerated } from "../accelerated/random.ts";
import type { TensorLike } from "../creation.ts";
import { toTensor, unfilledTensor } from "../creation.ts";
import { getDefaultDType, isFloating } from "../dtype.ts";
import { ArgumentError, checkBoolean, checkNumber, checkOptions, ShapeError } from "../errors.ts";
import { isBatched } from "../graph/batch.ts";
import { capture, drawing } from "../graph/capture.ts";
import type { BinaryWith } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import type { Generator } from "../random/generator.ts";
import { checkGenerator } from "../random/generator.ts";
import { recordResult } from "../record.ts";
import { recordedInScope } from "../recycling.ts";
import { within } from "../samples.ts";
import type { Shape } from "../shape.ts";
import { elementCount, formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { to } from "./convert.ts";
import { where } from "./selection.ts";

/** Options of the dropout family. */
export interface DropoutOptions {
  /** The probability with which an element is left out; 0.5 unless given. */
  p?: number;
  /** Whether anything is to be left out; nothing is where this is false. */
  training?: boolean;
  /** Where the random numbers come from; the default generator unless given. */
  generator?: Generator;
}

/** x·mask·scale, as the graph shows dropout. */
export const masked: BinaryWith<{ scale?: number }> = pointwise({
  name: "dropout",
  operands: ["x", "mask"],
  parameters: { scale: 1 },
  value: (s, x, mask, { scale }) => s.mul(x, s.mul(mask, scale)),
  derivative: (s, x, mask, _y, { scale }) => [s.mul(mask, scale), s.mul(x, scale)],
  samples: [{ args: [within(-3, 3), within(0, 1, { whole: true })], options: { scale: 1.25 } }],
});

interface Dropping {
  readonly x: Tensor;
  readonly p: number;
  readonly training: boolean;
  readonly generator: Generator;
}

function readDropout(
  name: string,
  given: TensorLike,
  options: DropoutOptions | undefined,
): Dropping {
  checkOptions(name, options, ["p", "training", "generator"]);
  const x = toTensor(name, given);
  const p = checkNumber(name, "p", options?.p ?? 0.5);
  if (p < 0 || p > 1) {
    throw new ArgumentError(`${name}: a probability lies from 0 to 1, not at ${p}.`, { p });
  }
  return {
    x: isFloating(x.dtype) ? x : to(x, getDefaultDType()),
    p,
    training: checkBoolean(name, "training", options?.training, true),
    generator: checkGenerator(name, options?.generator),
  };
}

/** True with probability 1 − p. */
function drawMask(shape: Shape, p: number, generator: Generator): Tensor {
  return drawing({ dtype: "bool", shape }, [], () => {
    const mask = unfilledTensor("bool", shape);
    const { data } = mask.storage;
    for (let i = 0; i < data.length; i++) data[i] = generator.chance(1 - p) ? 1 : 0;
    return mask;
  });
}

/** 1 with probability 1 − p, else 0: in the type of numbers that kernels multiply, where they are to draw them. */
function drawFactors(shape: Shape, p: number, generator: Generator): Tensor | null {
  if (capture !== null || !mayAccelerate(elementCount(shape))) return null;
  const factors = unfilledTensor("float32", shape);
  return drawMaskAccelerated(factors, 1 - p, generator) ? factors : null;
}

/**
 * The mask and the product with it in one pass over x, recorded as if they had been two; `null`, with nothing drawn, where
 * they are to be two.
 *
 * The mask is kept for the gradient, four bytes a number: to draw it again takes as long as reading it several times, and
 * graphs show it.
 */
function dropInOnePass(x: Tensor, p: number, scale: number, generator: Generator): Tensor | null {
  if (x.dtype !== "float32" || !mayAccelerate(x.numel()) || isBatched([x])) return null;
  if (capture !== null) return null;
  const mask = unfilledTensor("float32", x.shape);
  const result = unfilledTensor("float32", x.shape);
  if (!drawDropoutAccelerated(x, mask, result, 1 - p, scale, generator)) return null;
  recordResult(masked.op, [x, mask], { scale }, undefined, result);
  if (result.node !== null) for (const { storage } of [mask, result]) recordedInScope(storage);
  return result;
}

/** Leaves out what a mask of this shape leaves out, and scales the rest so that the mean stays. */
function drop({ x, p, training, generator }: Dropping, shape: Shape): Tensor {
  if (!training || p === 0) return x;
  const scale = p === 1 ? 0 : 1 / (1 - p);
  const done = sameShape(shape, x.shape) ? dropInOnePass(x, p, scale, generator) : null;
  if (done !== null) return done;
  const factors = x.dtype === "float32" ? drawFactors(shape, p, generator) : null;
  return masked(x, factors ?? drawMask(shape, p, generator), { scale });
}

/**
 * x with each element set to 0 with probability p, and the others multiplied by 1/(1 − p), so that the mean stays. With
 * `{ training: false }`, x itself. The gradient passes where the elements do. Whole numbers become the default floating
 * type.
 *
 * @throws {ArgumentError} when p does not lie from 0 to 1, or for an unknown option.
 * @example
 * import { dropout, ones } from "@chainrule/core";
 * dropout(ones([3]), { p: 0.5, training: false }); // → tensor([1, 1, 1])
 * dropout(ones([3]), { p: 1 }); // → tensor([0, 0, 0])
 */
export function dropout(x: TensorLike, options?: DropoutOptions): Tensor {
  const dropping = readDropout("dropout", x, options);
  return drop(dropping, dropping.x.shape);
}

/** The shape of a mask for whole channels: x is [samples, channels, …], or [channels, …] of one sample. */
function channelShape(name: string, x: Tensor, spatial: number): Shape {
  if (x.ndim !== spatial + 1 && x.ndim !== spatial + 2) {
    throw new ShapeError(
      `${name}: x must have ${spatial + 2} dimensions (samples, channels, …) or ${spatial + 1}, not shape ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  return x.shape.map((length, i) => (i < x.ndim - spatial ? length : 1));
}

/**
 * Dropout of whole channels: x of shape [N, C, L] or [C, L], with each of the rows set to 0 with probability p and the
 * others multiplied by 1/(1 − p). As {@link dropout} in every other respect.
 *
 * @throws {ArgumentError} when p does not lie from 0 to 1, or for an unknown option.
 * @throws {ShapeError} when x does not have two or three dimensions.
 * @example
 * import { dropout1d, ones } from "@chainrule/core";
 * dropout1d(ones([2, 3]), { p: 1 }).shape; // → [ 2, 3 ]
 */
export function dropout1d(x: TensorLike, options?: DropoutOptions): Tensor {
  const dropping = readDropout("dropout1d", x, options);
  return drop(dropping, channelShape("dropout1d", dropping.x, 1));
}

/**
 * Dropout of whole channels: x of shape [N, C, H, W] or [C, H, W], with each of the planes set to 0 with probability p and
 * the others multiplied by 1/(1 − p). As {@link dropout} in every other respect.
 *
 * @throws {ArgumentError} when p does not lie from 0 to 1, or for an unknown option.
 * @throws {ShapeError} when x does not have three or four dimensions.
 * @example
 * import { dropout2d, ones } from "@chainrule/core";
 * dropout2d(ones([1, 2, 3, 3]), { p: 1 }).sum(); // → tensor(0)
 */
export function dropout2d(x: TensorLike, options?: DropoutOptions): Tensor {
  const dropping = readDropout("dropout2d", x, options);
  return drop(dropping, channelShape("dropout2d", dropping.x, 2));
}

/**
 * Dropout of whole channels: x of shape [N, C, D, H, W] or [C, D, H, W], with each of the volumes set to 0 with probability
 * p and the others multiplied by 1/(1 − p). As {@link dropout} in every other respect.
 *
 * @throws {ArgumentError} when p does not lie from 0 to 1, or for an unknown option.
 * @throws {ShapeError} when x does not have four or five dimensions.
 * @example
 * import { dropout3d, ones } from "@chainrule/core";
 * dropout3d(ones([1, 2, 1, 3, 3]), { p: 1 }).sum(); // → tensor(0)
 */
export function dropout3d(x: TensorLike, options?: DropoutOptions): Tensor {
  const dropping = readDropout("dropout3d", x, options);
  return drop(dropping, channelShape("dropout3d", dropping.x, 3));
}

/** The value that selu tends to for −∞, −λα: what alpha dropout puts in the place of what it leaves out. */
const saturation = -1.7580993408473766;

/**
 * Sets what a mask of this shape leaves out to −λα and maps all by a·x + b, so that numbers with mean 0 and variance 1
 * keep both: with q = 1 − p, the mixture has mean −λα·p and variance q + (λα)²·p·q.
 */
function dropToSaturation({ x, p, training, generator }: Dropping, shape: Shape): Tensor {
  if (!training || p === 0) return x;
  const a = p === 1 ? 0 : 1 / Math.sqrt((1 - p) * (1 + p * saturation * saturation));
  const b = -a * p * saturation;
  return add(mul(where(drawMask(shape, p, generator), x, saturation), a), b);
}

/**
 * Dropout for networks of selu: elements are set to −λα ≈ −1.7581 with probability p, and the result is scaled and shifted
 * so that numbers with mean 0 and variance 1 keep both. As {@link dropout} in every other respect.
 *
 * Source: Klambauer, Unterthiner, Mayr & Hochreiter, "Self-normalizing neural networks", 2017.
 *
 * @throws {ArgumentError} when p does not lie from 0 to 1, or for an unknown option.
 * @example
 * import { alphaDropout, ones } from "@chainrule/core";
 * alphaDropout(ones([3]), { training: false }); // → tensor([1, 1, 1])
 */
export function alphaDropout(x: TensorLike, options?: DropoutOptions): Tensor {
  const dropping = readDropout("alphaDropout", x, options);
  return dropToSaturation(dropping, dropping.x.shape);
}

/**
 * {@link alphaDropout} of whole channels: x of shape [N, C, …], with one draw for each channel of each sample.
 *
 * @throws {ArgumentError} when p does not lie from 0 to 1, or for an unknown option.
 * @throws {ShapeError} when x has fewer than two dimensions.
 * @example
 * import { featureAlphaDropout, ones } from "@chainrule/core";
 * featureAlphaDropout(ones([1, 2, 3]), { training: false }).shape; // → [ 1, 2, 3 ]
 */
export function featureAlphaDropout(x: TensorLike, options?: DropoutOptions): Tensor {
  const dropping = readDropout("featureAlphaDropout", x, options);
  if (dropping.x.ndim < 2) {
    throw new ShapeError(
      `featureAlphaDropout: x must have at least two dimensions (samples, channels, …), not shape ${formatShape(dropping.x.shape)}.`,
      { shape: dropping.x.shape },
    );
  }
  return dropToSaturation(
    dropping,
    dropping.x.shape.map((length, i) => (i < 2 ? length : 1)),
  );
}
