/**
 * Random numbers whose size keeps the variance of signals or gradients.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, checkNumber, checkOptions, formatShape, ShapeError } from "@chainrule/core";
import type { RandomInit } from "./random.ts";
import { normal_, source, uniform_ } from "./random.ts";

/** Options of the Xavier initialisers. */
export interface XavierInit extends RandomInit {
  /** A factor for what follows; see {@link calculateGain}. 1 unless given. */
  gain?: number;
}

/** Options of the Kaiming initialisers. */
export interface KaimingInit extends RandomInit {
  /** The negative slope of a leaky ReLU that follows; 0 unless given. */
  a?: number;
  /** Whether to keep the variance of signals ("fanIn", unless given) or of gradients. */
  mode?: "fanIn" | "fanOut";
  /** What follows; "leakyRelu" unless given. */
  nonlinearity?: Nonlinearity;
}

/** What {@link calculateGain} knows. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

/** What one output reads and what one input reaches. */
export function fans(where: string, x: Tensor): { fanIn: number; fanOut: number } {
  if (x.ndim < 2) {
    throw new ShapeError(
      `${where}: needs at least two dimensions to tell inputs from outputs, not shape ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  const field = x.shape.slice(2).reduce((product, length) => product * length, 1);
  return { fanIn: x.shape[1]! * field, fanOut: x.shape[0]! * field };
}

/**
 * Uniform in ±gain·√(6/(fanIn + fanOut)) (Glorot & Bengio, "Understanding the difficulty of training deep feedforward
 * neural networks", AISTATS 2010).
 *
 * @throws {ShapeError} for fewer than two dimensions.
 */
export function xavierUniform_(x: Tensor, options: XavierInit = {}): Tensor {
  const std = xavierStd("xavierUniform_", x, options);
  return uniform_(x, { a: -Math.sqrt(3) * std, b: Math.sqrt(3) * std, generator: source(options) });
}

/** Normal with standard deviation gain·√(2/(fanIn + fanOut)). @throws {ShapeError} for fewer than two dimensions. */
export function xavierNormal_(x: Tensor, options: XavierInit = {}): Tensor {
  const std = xavierStd("xavierNormal_", x, options);
  return normal_(x, { std, generator: source(options) });
}

function xavierStd(where: string, x: Tensor, options: XavierInit): number {
  checkOptions(where, options, ["gain", "generator"]);
  const { fanIn, fanOut } = fans(where, x);
  return checkNumber(where, "gain", options.gain ?? 1) * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * Uniform in ±gain·√(3/fan) (He, Zhang, Ren & Sun, "Delving deep into rectifiers", ICCV 2015).
 *
 * @throws {ShapeError} for fewer than two dimensions.
 */
export function kaimingUniform_(x: Tensor, options: KaimingInit = {}): Tensor {
  const std = kaimingStd("kaimingUniform_", x, options);
  return uniform_(x, { a: -Math.sqrt(3) * std, b: Math.sqrt(3) * std, generator: source(options) });
}

/** Normal with standard deviation gain/√fan. @throws {ShapeError} for fewer than two dimensions. */
export function kaimingNormal_(x: Tensor, options: KaimingInit = {}): Tensor {
  const std = kaimingStd("kaimingNormal_", x, options);
  return normal_(x, { std, generator: source(options) });
}

function kaimingStd(where: string, x: Tensor, options: KaimingInit): number {
  checkOptions(where, options, ["a", "mode", "nonlinearity", "generator"]);
  const { a = 0, mode = "fanIn", nonlinearity = "leakyRelu" } = options;
  if (mode !== "fanIn" && mode !== "fanOut") {
    throw new ArgumentError(`${where}: mode must be "fanIn" or "fanOut", not ${String(mode)}.`, {
      mode,
    });
  }
  const fan = fans(where, x)[mode];
  return calculateGain(nonlinearity, a) / Math.sqrt(fan);
}

/**
 * By how much the signal must be scaled up before a nonlinearity: 1, tanh 5/3, relu √2, leakyRelu √(2/(1 + slope²)),
 * selu 3/4.
 *
 * @throws {ArgumentError} for an unknown nonlinearity.
 */
export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  switch (nonlinearity) {
    case "linear":
    case "sigmoid":
      return 1;
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.SQRT2;
    case "leakyRelu":
      return Math.sqrt(2 / (1 + checkNumber("calculateGain", "slope", slope) ** 2));
    case "selu":
      return 3 / 4;
    default:
      throw new ArgumentError(
        `calculateGain: unknown nonlinearity ${JSON.stringify(nonlinearity)}. Known: linear, sigmoid, tanh, relu, leakyRelu, selu.`,
        { nonlinearity },
      );
  }
}
