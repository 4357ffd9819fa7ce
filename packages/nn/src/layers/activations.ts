/**
 * Activation functions as layers. Each does what the function of its name does, and takes the same options.
 */
import type { Tensor } from "@chainrule/core";
import {
  checkOptions,
  elu,
  gelu,
  leakyRelu,
  logSoftmax,
  relu,
  sigmoid,
  silu,
  softmax,
  softmin,
  softplus,
  tanh,
} from "@chainrule/core";
import { Module } from "../module.ts";

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

/** What those along a dimension share. */
abstract class AlongDimension extends Module {
  readonly dim: number;

  /** @param dim The dimension; negative ones count from the end. */
  constructor(dim: number) {
    super();
    this.dim = dim;
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** max(x, 0); see `relu`. */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** 1/(1 + e⁻ˣ); see `sigmoid`. */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** tanh x; see `tanh`. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** x·σ(x); see `silu`. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** x·Φ(x), with the normal distribution function or, if `approximate` is `"tanh"`, an approximation; see `gelu`. */
export class GELU extends Activation<{ approximate?: "none" | "tanh" }> {
  constructor(options: { approximate?: "none" | "tanh" } = {}) {
    super({ approximate: "none" }, options);
  }

  override forward(x: Tensor): Tensor {
    return gelu(x, this.options);
  }
}

/**
 * x above 0, negativeSlope·x below; see `leakyRelu`.
 *
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { LeakyReLU } from "@chainrule/nn";
 * new LeakyReLU({ negativeSlope: 0.5 }).forward(tensor([-1, 2])); // → tensor([-0.5, 2.0])
 */
export class LeakyReLU extends Activation<{ negativeSlope?: number }> {
  constructor(options: { negativeSlope?: number } = {}) {
    super({ negativeSlope: 0.01 }, options);
  }

  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.options);
  }
}

/** x above 0, alpha·(eˣ − 1) below; see `elu`. */
export class ELU extends Activation<{ alpha?: number }> {
  constructor(options: { alpha?: number } = {}) {
    super({ alpha: 1 }, options);
  }

  override forward(x: Tensor): Tensor {
    return elu(x, this.options);
  }
}

/** ln(1 + e^{beta·x})/beta, and x where beta·x > threshold; see `softplus`. */
export class Softplus extends Activation<{ beta?: number; threshold?: number }> {
  constructor(options: { beta?: number; threshold?: number } = {}) {
    super({ beta: 1, threshold: 20 }, options);
  }

  override forward(x: Tensor): Tensor {
    return softplus(x, this.options);
  }
}

/** Exponentials along a dimension, divided by their sum; see `softmax`. */
export class Softmax extends AlongDimension {
  override forward(x: Tensor): Tensor {
    return softmax(x, this.dim);
  }
}

/** The logarithm of the softmax; see `logSoftmax`. */
export class LogSoftmax extends AlongDimension {
  override forward(x: Tensor): Tensor {
    return logSoftmax(x, this.dim);
  }
}

/** The softmax of −x; see `softmin`. */
export class Softmin extends AlongDimension {
  override forward(x: Tensor): Tensor {
    return softmin(x, this.dim);
  }
}
