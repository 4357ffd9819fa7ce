/**
 * Activation functions, element by element, as layers. Each does what the function of its name does, and takes the same options.
 */
import type { DType, Generator, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  add,
  celu,
  checkInteger,
  checkNumber,
  checkOptions,
  elu,
  full,
  gelu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  heaviside,
  leakyRelu,
  logsigmoid,
  mish,
  mul,
  prelu,
  rand,
  relu,
  relu6,
  selu,
  sigmoid,
  sign,
  silu,
  softplus,
  softshrink,
  softsign,
  tanh,
  tanhshrink,
  threshold,
  where,
} from "@chainrule/core";
import { Module } from "../module.ts";
import { parameter } from "../registry.ts";

/** What all of them share: options that are checked, kept and shown. */
abstract class Activation<Options extends object = object> extends Module {
  readonly options: Readonly<Options>;

  /** `defaults` names the options and says what they are unless given. */
  protected constructor(defaults: Readonly<Required<Options>>, options: Options) {
    super();
    checkOptions(this.constructor.name, options, Object.keys(defaults));
    this.options = { ...defaults, ...options };
  }

  override extraRepr(): string {
    return Object.entries(this.options)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(", ");
  }
}

/** max(x, 0), element by element; see `relu`. */
export class ReLU extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** min(max(x, 0), 6), element by element; see `relu6`. */
export class ReLU6 extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return relu6(x);
  }
}

/** 1/(1 + e⁻ˣ), element by element; see `sigmoid`. */
export class Sigmoid extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** ln σ(x), element by element; see `logsigmoid`. */
export class LogSigmoid extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return logsigmoid(x);
  }
}

/** tanh x, element by element; see `tanh`. */
export class Tanh extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** x − tanh x, element by element; see `tanhshrink`. */
export class Tanhshrink extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return tanhshrink(x);
  }
}

/** x·σ(x), element by element; see `silu`. */
export class SiLU extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** x·tanh(ln(1 + eˣ)), element by element; see `mish`. */
export class Mish extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return mish(x);
  }
}

/** λ(max(x, 0) + min(0, α(eˣ − 1))), which keeps mean 0 and variance 1, element by element; see `selu`. */
export class SELU extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return selu(x);
  }
}

/**
 * The step of a perceptron, 0 below 0 and 1 from there on, element by element; see `heaviside`. No gradient passes it: it is for
 * neurons whose weights are set by hand or by Rosenblatt's rule.
 */
export class Heaviside extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return heaviside(x, 1);
  }
}

/** −1, 0 or 1, element by element; see `sign`. No gradient passes it. */
export class Sign extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return sign(x);
  }
}

/** x/(1 + |x|), element by element; see `softsign`. */
export class Softsign extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return softsign(x);
  }
}

/** min(max(x/6 + ½, 0), 1), element by element; see `hardsigmoid`. */
export class Hardsigmoid extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return hardsigmoid(x);
  }
}

/** x·min(max(x/6 + ½, 0), 1), element by element; see `hardswish`. */
export class Hardswish extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return hardswish(x);
  }
}

/**
 * x above 0, negativeSlope·x below, element by element; see `leakyRelu`.
 *
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { LeakyReLU } from "@chainrule/nn";
 * new LeakyReLU({ negativeSlope: 0.5 }).forward(tensor([-1, 2])); // → tensor([-0.5, 2.0])
 */
export class LeakyReLU extends Activation<{ negativeSlope?: number }> {
  static override readonly isConfined = true;

  constructor(options: { negativeSlope?: number } = {}) {
    super({ negativeSlope: 0.01 }, options);
  }

  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.options);
  }
}

/** x above 0, alpha·(eˣ − 1) below, element by element; see `elu`. */
export class ELU extends Activation<{ alpha?: number }> {
  static override readonly isConfined = true;

  constructor(options: { alpha?: number } = {}) {
    super({ alpha: 1 }, options);
  }

  override forward(x: Tensor): Tensor {
    return elu(x, this.options);
  }
}

/** x above 0, alpha·(e^{x/alpha} − 1) below, element by element; see `celu`. */
export class CELU extends Activation<{ alpha?: number }> {
  static override readonly isConfined = true;

  constructor(options: { alpha?: number } = {}) {
    super({ alpha: 1 }, options);
  }

  override forward(x: Tensor): Tensor {
    return celu(x, this.options);
  }
}

/** ln(1 + e^{beta·x})/beta, and x where beta·x > threshold, element by element; see `softplus`. */
export class Softplus extends Activation<{ beta?: number; threshold?: number }> {
  static override readonly isConfined = true;

  constructor(options: { beta?: number; threshold?: number } = {}) {
    super({ beta: 1, threshold: 20 }, options);
  }

  override forward(x: Tensor): Tensor {
    return softplus(x, this.options);
  }
}

/** min(max(x, minVal), maxVal), element by element; see `hardtanh`. */
export class Hardtanh extends Activation<{ minVal?: number; maxVal?: number }> {
  static override readonly isConfined = true;

  constructor(options: { minVal?: number; maxVal?: number } = {}) {
    super({ minVal: -1, maxVal: 1 }, options);
  }

  override forward(x: Tensor): Tensor {
    return hardtanh(x, this.options);
  }
}

/** x moved towards 0 by lambd, and 0 within ±lambd, element by element; see `softshrink`. */
export class Softshrink extends Activation<{ lambd?: number }> {
  static override readonly isConfined = true;

  constructor(options: { lambd?: number } = {}) {
    super({ lambd: 0.5 }, options);
  }

  override forward(x: Tensor): Tensor {
    return softshrink(x, this.options);
  }
}

/** x, and 0 within ±lambd, element by element; see `hardshrink`. */
export class Hardshrink extends Activation<{ lambd?: number }> {
  static override readonly isConfined = true;

  constructor(options: { lambd?: number } = {}) {
    super({ lambd: 0.5 }, options);
  }

  override forward(x: Tensor): Tensor {
    return hardshrink(x, this.options);
  }
}

/** x·Φ(x), with the normal distribution function or, if `approximate` is `"tanh"`, an approximation; see `gelu`. */
export class GELU extends Activation<{ approximate?: "none" | "tanh" }> {
  static override readonly isConfined = true;

  constructor(options: { approximate?: "none" | "tanh" } = {}) {
    super({ approximate: "none" }, options);
  }

  override forward(x: Tensor): Tensor {
    return gelu(x, this.options);
  }
}

/** x above the threshold, `value` at it and below; see `threshold`. */
export class Threshold extends Module {
  static override readonly isConfined = true;

  readonly threshold: number;
  readonly value: number;

  constructor(threshold: number, value: number) {
    super();
    this.threshold = checkNumber("Threshold", "threshold", threshold);
    this.value = checkNumber("Threshold", "value", value);
  }

  override forward(x: Tensor): Tensor {
    return threshold(x, this.threshold, this.value);
  }

  override extraRepr(): string {
    return `threshold=${this.threshold}, value=${this.value}`;
  }
}

/** Options of {@link RReLU}. */
export interface RReLUOptions {
  /** The least slope; 1/8 unless given. */
  lower?: number;
  /** The largest slope; 1/3 unless given. */
  upper?: number;
  /** Where the slopes come from; the default generator unless given. */
  generator?: Generator;
}

/**
 * x above 0 and slope·x below, with slopes drawn anew from [lower, upper) for each element while training, and their mean
 * otherwise. (Xu, Wang, Chen & Li, "Empirical evaluation of rectified activations in convolutional network", 2015.)
 *
 * @throws {ArgumentError} when lower is more than upper, and for unknown options.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { RReLU } from "@chainrule/nn";
 * new RReLU({ lower: 0.25, upper: 0.75 }).eval().forward(tensor([-2, 3])).toArray(); // → [ -1, 3 ]
 */
export class RReLU extends Module {
  static override readonly isConfined = true;

  readonly lower: number;
  readonly upper: number;
  private readonly source: { generator?: Generator };

  constructor(options: RReLUOptions = {}) {
    super();
    checkOptions("RReLU", options, ["lower", "upper", "generator"]);
    this.lower = checkNumber("RReLU", "lower", options.lower ?? 1 / 8);
    this.upper = checkNumber("RReLU", "upper", options.upper ?? 1 / 3);
    if (this.lower > this.upper) {
      throw new ArgumentError(
        `RReLU: lower ${this.lower} must not be more than upper ${this.upper}.`,
        { lower: this.lower, upper: this.upper },
      );
    }
    this.source = options.generator === undefined ? {} : { generator: options.generator };
  }

  override forward(x: Tensor): Tensor {
    const { lower, upper } = this;
    if (!this.training) return leakyRelu(x, { negativeSlope: (lower + upper) / 2 });
    const drawn = rand(x.shape, { dtype: x.dtype, ...this.source });
    return where(x.gt(0), x, mul(x, add(mul(drawn, upper - lower), lower)));
  }

  override extraRepr(): string {
    return `lower=${this.lower}, upper=${this.upper}`;
  }
}

/** Options of {@link PReLU}. */
export interface PReLUOptions {
  /** 1, or one slope for each channel, that is for each index of dimension 1; 1 unless given. */
  numParameters?: number;
  /** Where the slopes begin; 0.25 unless given. */
  init?: number;
  /** Element type of the slopes; the default type unless given. */
  dtype?: DType;
}

/**
 * x above 0, weight·x below, with slopes that are learned; see `prelu`.
 *
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { PReLU } from "@chainrule/nn";
 * new PReLU({ init: 0.5 }).forward(tensor([-1, 2])).toArray(); // → [ -0.5, 2 ]
 */
export class PReLU extends Module {
  static override readonly isConfined = true;

  readonly weight: Tensor;

  constructor(options: PReLUOptions = {}) {
    super();
    checkOptions("PReLU", options, ["numParameters", "init", "dtype"]);
    const { numParameters = 1, init = 0.25, dtype } = options;
    checkInteger("PReLU", "numParameters", numParameters, 1);
    this.weight = parameter(full([numParameters], init, dtype === undefined ? {} : { dtype }));
  }

  override forward(x: Tensor): Tensor {
    return prelu(x, this.weight);
  }

  override extraRepr(): string {
    return `numParameters=${this.weight.numel()}`;
  }
}
