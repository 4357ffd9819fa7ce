/**
 * Random numbers of a distribution.
 */
import type { Generator, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkNumber,
  checkOptions,
  defaultGenerator,
  noGrad,
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

/** Fills a tensor with numbers drawn one after the other. */
export function fill(x: Tensor, draw: () => number): Tensor {
  const data = noGrad(() => writable(x));
  for (let i = 0; i < data.length; i++) data[i] = draw();
  return x;
}

/** The generator that is given, or the default one. */
export function source(options: RandomInit): Generator {
  return options.generator ?? defaultGenerator;
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
