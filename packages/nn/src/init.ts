/**
 * Initialisers: they fill a tensor in place and give it back.
 *
 * They work on parameters, too, without `noGrad`. `fanIn` and `fanOut` are what one output reads and what one input
 * reaches: the lengths of dimensions 1 and 0, each times the product of all further ones.
 */
import type { Generator, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkInteger,
  checkNumber,
  checkOptions,
  defaultGenerator,
  formatShape,
  noGrad,
  ShapeError,
  writable,
} from "@chainrule/core";

/** Where random numbers come from. */
export interface RandomInit {
  /** The default generator unless given. */
  generator?: Generator;
}

/** Options of {@link uniform_}. */
export interface UniformInit extends RandomInit {
  /** The smallest number; 0 unless given. */
  a?: number;
  /** What all numbers are below; 1 unless given. */
  b?: number;
}

/** Options of {@link normal_}. */
export interface NormalInit extends RandomInit {
  /** 0 unless given. */
  mean?: number;
  /** 1 unless given. */
  std?: number;
}

/** Options of {@link truncNormal_}. */
export interface TruncNormalInit extends NormalInit {
  /** The lower bound; −2 unless given. */
  a?: number;
  /** The upper bound; 2 unless given. */
  b?: number;
}

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

function fill(x: Tensor, draw: () => number): Tensor {
  const data = noGrad(() => writable(x));
  for (let i = 0; i < data.length; i++) data[i] = draw();
  return x;
}

function source(options: RandomInit): Generator {
  return options.generator ?? defaultGenerator;
}

/** Sets every element to a number. */
export function constant_(x: Tensor, value: number): Tensor {
  return noGrad(() => x.fill_(value));
}

/** Sets every element to 0. */
export function zeros_(x: Tensor): Tensor {
  return constant_(x, 0);
}

/** Sets every element to 1. */
export function ones_(x: Tensor): Tensor {
  return constant_(x, 1);
}

/** Fills a matrix with the identity. @throws {ShapeError} for anything but a matrix. */
export function eye_(x: Tensor): Tensor {
  if (x.ndim !== 2) {
    throw new ShapeError(`eye_: expected a matrix, not shape ${formatShape(x.shape)}.`, {
      shape: x.shape,
    });
  }
  let i = 0;
  const columns = x.shape[1]!;
  return fill(x, () => {
    const place = i++;
    return Math.floor(place / columns) === place % columns ? 1 : 0;
  });
}

/**
 * Uniform numbers from [a, b).
 *
 * @example
 * import { manualSeed, zeros } from "@chainrule/core";
 * import { init } from "@chainrule/nn";
 * manualSeed(0);
 * const w = init.uniform_(zeros([2, 3]), { a: -1, b: 1 });
 * w.abs().max().item() < 1; // → true
 */
export function uniform_(x: Tensor, options: UniformInit = {}): Tensor {
  checkOptions("uniform_", options, ["a", "b", "generator"]);
  const a = checkNumber("uniform_", "a", options.a ?? 0);
  const b = checkNumber("uniform_", "b", options.b ?? 1);
  const generator = source(options);
  return fill(x, () => a + (b - a) * generator.uniform());
}

/** Normal numbers of the given mean and standard deviation. */
export function normal_(x: Tensor, options: NormalInit = {}): Tensor {
  checkOptions("normal_", options, ["mean", "std", "generator"]);
  const { mean, std } = checkNormal("normal_", options);
  const generator = source(options);
  return fill(x, () => mean + std * generator.normal());
}

function checkNormal(where: string, options: NormalInit): { mean: number; std: number } {
  const mean = checkNumber(where, "mean", options.mean ?? 0);
  const std = checkNumber(where, "std", options.std ?? 1);
  if (std < 0) throw new ArgumentError(`${where}: std must be at least 0, not ${std}.`, { std });
  return { mean, std };
}

/**
 * Normal numbers that lie in [a, b]; the others are drawn again.
 *
 * @throws {ArgumentError} when a ≥ b.
 */
export function truncNormal_(x: Tensor, options: TruncNormalInit = {}): Tensor {
  checkOptions("truncNormal_", options, ["mean", "std", "a", "b", "generator"]);
  const { mean, std } = checkNormal("truncNormal_", options);
  const a = checkNumber("truncNormal_", "a", options.a ?? -2);
  const b = checkNumber("truncNormal_", "b", options.b ?? 2);
  if (!(a < b)) {
    throw new ArgumentError(`truncNormal_: a must be less than b, but they are ${a} and ${b}.`, {
      a,
      b,
    });
  }
  const generator = source(options);
  if (std === 0) return fill(x, () => Math.min(Math.max(mean, a), b));
  return fill(x, () => {
    const drawn = mean + std * truncatedNormal((a - mean) / std, (b - mean) / std, generator);
    return Math.min(Math.max(drawn, a), b);
  });
}

/**
 * A standard normal number in [low, high], by rejection from whichever proposal is taken often enough: the normal
 * itself, a uniform number, or in a tail an exponential one (Robert, "Simulation of truncated normal variables",
 * Statistics and Computing 5, 1995).
 */
function truncatedNormal(low: number, high: number, generator: Generator): number {
  if (high < 0) return -truncatedNormal(-high, -low, generator);
  for (;;) {
    if (low <= 0 && high - low > 1) {
      const z = generator.normal();
      if (z >= low && z <= high) return z;
    } else if (high - low <= 1) {
      // The density is largest where |z| is smallest: at low, or at 0.
      const peak = Math.max(low, 0);
      const z = low + (high - low) * generator.uniform();
      if (generator.uniform() <= Math.exp((peak * peak - z * z) / 2)) return z;
    } else {
      const rate = (low + Math.sqrt(low * low + 4)) / 2;
      const z = low - Math.log1p(-generator.uniform()) / rate;
      if (z <= high && generator.uniform() <= Math.exp(-((z - rate) ** 2) / 2)) return z;
    }
  }
}

/** What one output reads and what one input reaches. */
function fans(where: string, x: Tensor): { fanIn: number; fanOut: number } {
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

/**
 * A random matrix with orthonormal rows, or columns if there are fewer of them, times `gain`; dimensions after the first
 * count as columns (Saxe, McClelland & Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
 * neural networks", ICLR 2014).
 *
 * @throws {ShapeError} for fewer than two dimensions.
 * @example
 * import { zeros } from "@chainrule/core";
 * import { init } from "@chainrule/nn";
 * const q = init.orthogonal_(zeros([2, 5], { dtype: "float64" }));
 * Math.abs(q.matmul(q.T).at(0, 1).item()) < 1e-15; // → true
 */
export function orthogonal_(x: Tensor, options: XavierInit = {}): Tensor {
  checkOptions("orthogonal_", options, ["gain", "generator"]);
  fans("orthogonal_", x);
  const gain = checkNumber("orthogonal_", "gain", options.gain ?? 1);
  const generator = source(options);
  const rows = x.shape[0]!;
  const columns = rows === 0 ? 0 : x.numel() / rows;
  const count = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const vectors = Array.from({ length: count }, () =>
    Float64Array.from({ length }, () => generator.normal()),
  );
  // Gram–Schmidt; the second round removes what rounding left of the first.
  for (const [i, vector] of vectors.entries()) {
    for (let round = 0; round < 2; round++) {
      for (let j = 0; j < i; j++) removeComponent(vector, vectors[j]!);
    }
    const size = Math.sqrt(dot(vector, vector));
    for (let k = 0; k < length; k++) vector[k]! /= size;
  }
  let place = 0;
  return fill(x, () => {
    const row = Math.floor(place / columns);
    const column = place++ % columns;
    return gain * (rows <= columns ? vectors[row]![column]! : vectors[column]![row]!);
  });
}

/** Options of {@link sparse_}. */
export interface SparseInit extends RandomInit {
  /** The standard deviation of what is not 0; 0.01 unless given. */
  std?: number;
}

/**
 * A matrix with the given share of zeros in each column, rounded up, at random places, and normal numbers elsewhere (Martens,
 * "Deep learning via Hessian-free optimization", ICML 2010).
 *
 * @throws {ShapeError} for anything but a matrix.
 * @throws {ArgumentError} for a share outside of [0, 1].
 */
export function sparse_(x: Tensor, sparsity: number, options: SparseInit = {}): Tensor {
  checkOptions("sparse_", options, ["std", "generator"]);
  const std = checkNumber("sparse_", "std", options.std ?? 0.01);
  checkNumber("sparse_", "sparsity", sparsity);
  if (x.ndim !== 2) {
    throw new ShapeError(`sparse_: expected a matrix, not shape ${formatShape(x.shape)}.`, {
      shape: x.shape,
    });
  }
  if (sparsity < 0 || sparsity > 1) {
    throw new ArgumentError(`sparse_: sparsity is a share, from 0 to 1, not ${sparsity}.`, {
      sparsity,
    });
  }
  const generator = source(options);
  const [rows, columns] = x.shape as [number, number];
  const zeroCount = Math.ceil(sparsity * rows);
  normal_(x, { std, generator });
  const data = noGrad(() => writable(x));
  for (let column = 0; column < columns; column++) {
    // The first places of a random order of the rows.
    const order = Int32Array.from({ length: rows }, (_, i) => i);
    for (let i = 0; i < zeroCount; i++) {
      const other = i + generator.integer(rows - i);
      const row = order[other]!;
      order[other] = order[i]!;
      data[row * columns + column] = 0;
    }
  }
  return x;
}

/** Options of {@link dirac_}. */
export interface DiracInit {
  /** The groups of the convolution, each of which keeps its channels; 1 unless given. */
  groups?: number;
}

/**
 * The weight of a convolution that hands its channels on as they are, as many as there are: 1 in the middle of the kernel from
 * channel i to channel i, 0 elsewhere.
 *
 * @throws {ShapeError} for fewer than three or more than five dimensions, and channels that do not fall into groups.
 * @example
 * import { arange, conv1d, zeros } from "@chainrule/core";
 * import { init } from "@chainrule/nn";
 * const x = arange(4).reshape([1, 1, 4]).to("float32");
 * conv1d(x, init.dirac_(zeros([1, 1, 3])), { padding: 1 }).toArray(); // → [ [ [ 0, 1, 2, 3 ] ] ]
 */
export function dirac_(x: Tensor, options: DiracInit = {}): Tensor {
  checkOptions("dirac_", options, ["groups"]);
  const groups = checkInteger("dirac_", "groups", options.groups ?? 1, 1);
  if (x.ndim < 3 || x.ndim > 5 || x.shape[0]! % groups !== 0) {
    throw new ShapeError(
      `dirac_: expected the weight of a convolution in ${groups} groups, not shape ${formatShape(x.shape)}.`,
      { shape: x.shape, groups },
    );
  }
  const [out, channels, ...kernel] = x.shape as [number, number, ...number[]];
  const field = kernel.reduce((product, length) => product * length, 1);
  const middle = kernel.reduce((place, length) => place * length + Math.floor(length / 2), 0);
  const perGroup = out / groups;
  let place = 0;
  return fill(x, () => {
    const row = Math.floor(place / (channels * field)) % perGroup;
    const channel = Math.floor(place / field) % channels;
    return place++ % field === middle && row === channel ? 1 : 0;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function removeComponent(vector: Float64Array, unit: Float64Array): void {
  const share = dot(vector, unit);
  for (let i = 0; i < vector.length; i++) vector[i]! -= share * unit[i]!;
}
