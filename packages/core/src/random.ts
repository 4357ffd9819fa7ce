/**
 * Tensors of random numbers.
 */
import { drawNormalAccelerated, drawUniformAccelerated } from "./accelerated/random.ts";
import type { CreationOptions } from "./creation.ts";
import { checkTensor, creationOptionNames, dtypeFrom, finish, newTensor } from "./creation.ts";
import type { DType, TypedArray } from "./dtype.ts";
import { getDefaultDType, isFloating } from "./dtype.ts";
import { checkInteger, checkOptions, DTypeError } from "./errors.ts";
import { drawing } from "./graph/capture.ts";
import { perDType } from "./kernels/specialize.ts";
import { checkGenerator, type Generator } from "./random/generator.ts";
import type { Shape } from "./shape.ts";
import { checkShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Options of everything that draws random tensors. */
export interface RandomOptions extends CreationOptions {
  /** Where the numbers come from; the default generator unless given. */
  generator?: Generator;
}

/** Fills an array from a generator. */
type Fill = (data: TypedArray, generator: Generator) => void;

/** A new tensor of random numbers, of the default floating type unless the options or `otherwise` say otherwise. */
function drawn(
  where: string,
  shape: Shape,
  options: RandomOptions | undefined,
  fillFor: (data: TypedArray) => Fill,
  otherwise: DType = getDefaultDType(),
  accelerated: (x: Tensor, generator: Generator) => boolean = () => false,
): Tensor {
  const { generator, dtype, creation } = readRandom(where, options, otherwise);
  if (isFloating(otherwise) && !isFloating(dtype)) {
    throw new DTypeError(
      `${where}: draws float32 or float64, not ${dtype}. Use randint for whole numbers.`,
      { dtype },
    );
  }
  const checked = checkShape(where, shape);
  const x = drawing({ dtype, shape: checked }, [], () => {
    const numbers = newTensor(dtype, checked);
    const { data } = numbers.storage;
    if (!accelerated(numbers, generator)) fillFor(data)(data, generator);
    return numbers;
  });
  return finish(x, creation);
}

function readRandom(
  where: string,
  options: RandomOptions | undefined,
  otherwise: DType,
): { generator: Generator; dtype: DType; creation: CreationOptions } {
  checkOptions(where, options, [...creationOptionNames, "generator"]);
  const { generator, ...creation } = options ?? {};
  return {
    generator: checkGenerator(where, generator),
    dtype: dtypeFrom(where, creation, otherwise),
    creation,
  };
}

const fillUniformFor = perDType(function fillUniform(data: TypedArray, generator: Generator): void {
  // The largest double below 1 would round to 1 in float32: 24 bits are drawn for it.
  if (data instanceof Float32Array) {
    for (let i = 0; i < data.length; i++) data[i] = (generator.bits() >>> 8) / 0x1000000;
  } else {
    for (let i = 0; i < data.length; i++) data[i] = generator.uniform();
  }
});

const fillNormalFor = perDType(function fillNormal(data: TypedArray, generator: Generator): void {
  for (let i = 0; i < data.length; i++) data[i] = generator.normal();
});

const fillExponentialFor = perDType(function fillExponential(
  data: TypedArray,
  generator: Generator,
): void {
  for (let i = 0; i < data.length; i++) data[i] = generator.exponential();
});

const fillGumbelFor = perDType(function fillGumbel(data: TypedArray, generator: Generator): void {
  for (let i = 0; i < data.length; i++) data[i] = generator.gumbel();
});

/**
 * Uniform numbers from [0, 1): of 24 random bits in float32, of 53 in float64.
 *
 * @throws {DTypeError} for a type that is not floating.
 * @throws {ArgumentError} for an unknown option.
 * @throws {ShapeError} for a shape with a negative or broken length.
 * @example
 * import { manualSeed, rand } from "@chainrule/core";
 * manualSeed(1);
 * rand([2, 3]).shape; // → [ 2, 3 ]
 */
export function rand(shape: Shape, options?: RandomOptions): Tensor {
  return drawn("rand", shape, options, fillUniformFor, getDefaultDType(), drawUniformAccelerated);
}

/**
 * Standard normal numbers, with mean 0 and variance 1: quantiles of uniform numbers.
 *
 * @throws {DTypeError} for a type that is not floating.
 * @throws {ArgumentError} for an unknown option.
 * @throws {ShapeError} for a shape with a negative or broken length.
 */
export function randn(shape: Shape, options?: RandomOptions): Tensor {
  return drawn("randn", shape, options, fillNormalFor, getDefaultDType(), drawNormalAccelerated);
}

/** Numbers of the standard exponential distribution, with density e⁻ˣ. */
export function standardExponential(where: string, shape: Shape, options: RandomOptions): Tensor {
  return drawn(where, shape, options, fillExponentialFor);
}

/** Numbers of the standard Gumbel distribution: that of −ln E for an exponential E. */
export function standardGumbel(where: string, shape: Shape, options: RandomOptions): Tensor {
  return drawn(where, shape, options, fillGumbelFor);
}

/**
 * Whole numbers from `low` up to but without `high`, each equally likely; as int32 unless a type is named. Without
 * `low` they start at 0: `randint(high, shape)`.
 *
 * @throws {ArgumentError} when there is no number between the bounds, or for an unknown option.
 * @throws {ShapeError} for a shape with a negative or broken length.
 * @example
 * import { manualSeed, randint } from "@chainrule/core";
 * manualSeed(1);
 * randint(1, 7, [4]); // → tensor([5, 1, 3, 2], dtype=int32)
 */
export function randint(high: number, shape: Shape, options?: RandomOptions): Tensor;
export function randint(low: number, high: number, shape: Shape, options?: RandomOptions): Tensor;
export function randint(
  first: number,
  second: number | Shape,
  third?: Shape | RandomOptions,
  fourth?: RandomOptions,
): Tensor {
  const [low, high, shape, options] =
    typeof second === "number"
      ? [first, second, third as Shape, fourth]
      : [0, first, second, third as RandomOptions | undefined];
  checkInteger("randint", "low", low, -(2 ** 31), 2 ** 31 - 1);
  checkInteger("randint", "high", high, low + 1, 2 ** 31);
  const fill: Fill = (data, generator) => {
    for (let i = 0; i < data.length; i++) data[i] = low + generator.integer(high - low);
  };
  return drawn("randint", shape, options, () => fill, "int32");
}

/**
 * The whole numbers from 0 to `count − 1` in random order, as int32 unless a type is named (Fisher–Yates).
 *
 * @throws {ArgumentError} when `count` is no whole number of at least 0, or for an unknown option.
 * @example
 * import { manualSeed, randperm } from "@chainrule/core";
 * manualSeed(1);
 * randperm(5).sort().values.toArray(); // → [ 0, 1, 2, 3, 4 ]
 */
export function randperm(count: number, options?: RandomOptions): Tensor {
  checkInteger("randperm", "count", count, 0, 2 ** 31);
  const fill: Fill = (data, generator) => {
    for (let i = 0; i < count; i++) data[i] = i;
    for (let i = count - 1; i > 0; i--) {
      const j = generator.integer(i + 1);
      const kept = data[i]!;
      data[i] = data[j]!;
      data[j] = kept;
    }
  };
  return drawn("randperm", [count], options, () => fill, "int32");
}

/** The options for numbers of the shape and type of `x`. */
function like(x: Tensor, options: RandomOptions | undefined): RandomOptions {
  return { ...options, dtype: options?.dtype ?? x.dtype };
}

/** Uniform numbers from [0, 1) in the shape and type of `x`. @throws as {@link rand}. */
export function randLike(x: Tensor, options?: RandomOptions): Tensor {
  return rand(checkTensor("randLike", x).shape, like(x, options));
}

/** Standard normal numbers in the shape and type of `x`. @throws as {@link randn}. */
export function randnLike(x: Tensor, options?: RandomOptions): Tensor {
  return randn(checkTensor("randnLike", x).shape, like(x, options));
}

/** Whole numbers from `low` up to but without `high` in the shape and type of `x`. @throws as {@link randint}. */
export function randintLike(x: Tensor, low: number, high: number, options?: RandomOptions): Tensor {
  return randint(low, high, checkTensor("randintLike", x).shape, like(x, options));
}
