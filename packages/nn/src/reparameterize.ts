/**
 * Parameters that are computed from others: weight normalisation and spectral normalisation.
 *
 * The property becomes an accessor that computes the tensor whenever it is read, from parameters and buffers beside it.
 * It cannot go stale, gradients reach what it is computed from, and `stateDict` has PyTorch's names.
 */
import {
  ArgumentError,
  checkInteger,
  checkNumber,
  checkOptions,
  IndexError,
  noGrad,
  normalize,
  ones,
  permute,
  quoted,
  reshape,
  Tensor,
  unsqueeze,
  vectorNorm,
} from "@chainrule/core";
import { normal_ } from "./init.ts";
import type { Module } from "./module.ts";
import { buffer, nameOf, parameter } from "./registry.ts";

/** What stands behind a computed property. */
interface Computed {
  readonly kind: "weightNorm" | "spectralNorm";
  /** The properties it is computed from. */
  readonly sources: readonly string[];
}

/** By the property's getter, which a clone of the module shares. */
const computed = new WeakMap<() => unknown, Computed>();

function getterOf(module: Module, name: string): (() => unknown) | undefined {
  return Object.getOwnPropertyDescriptor(module, name)?.get;
}

function tensorAt(module: Module, name: string): Tensor {
  const value: unknown = Reflect.get(module, name);
  if (!(value instanceof Tensor)) {
    throw new ArgumentError(
      `${nameOf(module)}: ${name} is ${quoted(value)} and no tensor any more; the weight that is computed from it cannot be.`,
      { name },
    );
  }
  return value;
}

/** The parameter that is to be replaced. */
function parameterOf(where: string, module: Module, name: string): Tensor {
  const value: unknown = Reflect.get(module, name);
  const isOwn = module.namedParameters({ recurse: false }).some(([path]) => path === name);
  if (!(value instanceof Tensor) || !isOwn) {
    const known = module.namedParameters({ recurse: false }).map(([path]) => path);
    throw new ArgumentError(
      `${where}: ${nameOf(module)} has no parameter ${quoted(name)}. It has: ${known.join(", ") || "none"}.`,
      { name, known },
    );
  }
  return value;
}

/** Replaces a parameter by what `compute` makes of the tensors that stand beside it from now on; gives the getter. */
function replace(
  module: Module,
  name: string,
  kind: Computed["kind"],
  sources: Readonly<Record<string, Tensor>>,
  compute: (owner: Module) => Tensor,
): () => unknown {
  function getter(this: Module): Tensor {
    return compute(this);
  }
  Reflect.deleteProperty(module, name);
  Object.defineProperty(module, name, { get: getter, configurable: true, enumerable: false });
  Object.assign(module, sources);
  computed.set(getter, { kind, sources: Object.keys(sources) });
  return getter;
}

/** Makes a computed parameter an ordinary one again, with the numbers that it has now. */
function restore<M extends Module>(
  where: string,
  kind: Computed["kind"],
  module: M,
  name: string,
): M {
  const getter = getterOf(module, name);
  const own = getter === undefined ? undefined : computed.get(getter);
  if (own === undefined || own.kind !== kind) {
    throw new ArgumentError(`${where}: ${nameOf(module)}.${name} is not computed by ${kind}.`, {
      name,
    });
  }
  const value = noGrad(() => tensorAt(module, name).clone());
  for (const source of own.sources) Reflect.deleteProperty(module, source);
  Reflect.deleteProperty(module, name);
  Object.assign(module, { [name]: parameter(value) });
  return module;
}

/** Options of {@link weightNorm}. */
export interface WeightNormOptions {
  /**
   * The dimension whose slices have a length each, 0 unless given; negative ones count from the end. `null`: one length for
   * the whole tensor, for which PyTorch writes −1, too.
   */
  dim?: number | null;
}

/** The norms of the slices along a dimension, or of everything, in a shape that broadcasts. */
function normExcept(v: Tensor, dim: number | null): Tensor {
  if (dim === null) return vectorNorm(v);
  // No dimensions would be all of them: the slices of a vector are single numbers.
  if (v.ndim === 1) return vectorNorm(unsqueeze(v, 1), 2, 1);
  const others = v.shape.flatMap((_, i) => (i === dim ? [] : [i]));
  return vectorNorm(v, 2, others, { keepdim: true });
}

/**
 * Splits a parameter of a module into length and direction: weight = g · v/‖v‖, with parameters `weightG` and `weightV` in
 * its place. (Salimans & Kingma, "Weight normalization", NeurIPS 2016.)
 *
 * Each slice along `dim` has its own length. The numbers are those of before; `removeWeightNorm` undoes it.
 *
 * @param name The property; "weight" unless given.
 * @throws {ArgumentError} when the module has no such parameter, and for unknown options.
 * @throws {IndexError} when `dim` is out of range.
 * @example
 * import { Linear, weightNorm } from "@chainrule/nn";
 * const layer = weightNorm(new Linear(4, 3));
 * layer.namedParameters().map(([name]) => name); // → [ 'bias', 'weightG', 'weightV' ]
 * layer.weight.shape; // → [ 3, 4 ]
 */
export function weightNorm<M extends Module>(
  module: M,
  name: string = "weight",
  options: WeightNormOptions = {},
): M {
  checkOptions("weightNorm", options, ["dim"]);
  const weight = parameterOf("weightNorm", module, name);
  const { dim: given = 0 } = options;
  const dim = given === null ? null : readDim("weightNorm", given, weight.ndim);
  const [g, v] = [`${name}G`, `${name}V`];
  const lengths = noGrad(() => normExcept(weight, dim).clone());
  replace(
    module,
    name,
    "weightNorm",
    { [g]: parameter(lengths), [v]: parameter(weight) },
    (owner) => {
      const direction = tensorAt(owner, v);
      return direction.mul(tensorAt(owner, g).div(normExcept(direction, dim)));
    },
  );
  return module;
}

function readDim(where: string, dim: number, rank: number): number {
  checkInteger(where, "dim", dim);
  if (dim < -rank || dim >= rank) {
    throw new IndexError(`${where}: dim ${dim} is out of range for ${rank} dimensions.`, {
      dim,
      rank,
    });
  }
  return dim < 0 ? dim + rank : dim;
}

/**
 * Undoes {@link weightNorm}: the parameter is one again, with the numbers that it has now.
 *
 * @throws {ArgumentError} when it was not split.
 */
export function removeWeightNorm<M extends Module>(module: M, name: string = "weight"): M {
  return restore("removeWeightNorm", "weightNorm", module, name);
}

/** Options of {@link spectralNorm}. */
export interface SpectralNormOptions {
  /** How many steps of the power iteration each forward in training does; 1 unless given. */
  nPowerIterations?: number;
  /** The least norm to divide by; 1e-12 unless given. */
  eps?: number;
  /** The dimension of the outputs: 0, or 1 for transposed convolutions, unless given. */
  dim?: number | null;
}

/** The weight as a matrix whose rows are the slices along a dimension. */
function asMatrix(weight: Tensor, dim: number): Tensor {
  const order = [dim, ...weight.shape.keys()].filter((axis, i) => i === 0 || axis !== dim);
  const turned = dim === 0 ? weight : permute(weight, order);
  return reshape(turned, [weight.shape[dim]!, -1]);
}

/** Steps of the power iteration: v = Wᵀu/‖Wᵀu‖, u = Wv/‖Wv‖, in place. */
function iterate(matrix: Tensor, u: Tensor, v: Tensor, steps: number, eps: number): void {
  noGrad(() => {
    for (let i = 0; i < steps; i++) {
      v.copy_(normalize(matrix.T.matmul(u), 2, 0, { eps }));
      u.copy_(normalize(matrix.matmul(v), 2, 0, { eps }));
    }
  });
}

/**
 * Divides a parameter of a module by its largest singular value: weight = W / (uᵀ·W·v), with the parameter `weightOrig` in
 * its place and the singular vectors as buffers `weightU` and `weightV`. (Miyato, Kataoka, Koyama & Yoshida, "Spectral
 * normalization for generative adversarial networks", ICLR 2018.)
 *
 * Each `forward` in training improves u and v by power iteration; gradients take them as constants.
 *
 * @param name The property; "weight" unless given.
 * @throws {ArgumentError} when the module has no such parameter, and for unknown options.
 * @throws {IndexError} when `dim` is out of range.
 * @example
 * import { ones } from "@chainrule/core";
 * import { Linear, spectralNorm } from "@chainrule/nn";
 * const layer = spectralNorm(new Linear(4, 3), "weight", { nPowerIterations: 50 });
 * layer.forward(ones([1, 4]));
 * layer.weight.svdvals().at(0).item().toFixed(3); // → "1.000"
 */
export function spectralNorm<M extends Module>(
  module: M,
  name: string = "weight",
  options: SpectralNormOptions = {},
): M {
  const where = "spectralNorm";
  checkOptions(where, options, ["nPowerIterations", "eps", "dim"]);
  const weight = parameterOf(where, module, name);
  const steps = checkInteger(where, "nPowerIterations", options.nPowerIterations ?? 1, 1);
  const eps = checkNumber(where, "eps", options.eps ?? 1e-12);
  const isTransposed = nameOf(module).startsWith("ConvTranspose");
  const dim = readDim(where, options.dim ?? (isTransposed ? 1 : 0), weight.ndim);
  const [original, uName, vName] = [`${name}Orig`, `${name}U`, `${name}V`];
  const start = (length: number): Tensor => {
    const drawn = normal_(ones([length], { dtype: weight.dtype }));
    return normalize(drawn, 2, 0, { eps });
  };
  const { u, v } = noGrad(() => {
    const matrix = asMatrix(weight, dim);
    const found = { u: start(matrix.shape[0]!), v: start(matrix.shape[1]!) };
    iterate(matrix, found.u, found.v, 15, eps);
    return found;
  });
  const getter = replace(
    module,
    name,
    "spectralNorm",
    { [original]: parameter(weight), [uName]: buffer(u), [vName]: buffer(v) },
    (owner) => {
      const whole = tensorAt(owner, original);
      // Copies: the vectors change in place at the next forward, and the graph of this one must not notice.
      const [left, right] = [tensorAt(owner, uName).clone(), tensorAt(owner, vName).clone()];
      const sigma = left.dot(asMatrix(whole, dim).matmul(right));
      return whole.div(sigma);
    },
  );
  module.registerForwardPreHook((owner) => {
    if (owner.training && getterOf(owner, name) === getter) {
      const matrix = asMatrix(tensorAt(owner, original), dim).detach();
      iterate(matrix, tensorAt(owner, uName), tensorAt(owner, vName), steps, eps);
    }
    return undefined;
  });
  return module;
}

/**
 * Undoes {@link spectralNorm}: the parameter is one again, with the numbers that it has now.
 *
 * @throws {ArgumentError} when it was not divided.
 */
export function removeSpectralNorm<M extends Module>(module: M, name: string = "weight"): M {
  return restore("removeSpectralNorm", "spectralNorm", module, name);
}
