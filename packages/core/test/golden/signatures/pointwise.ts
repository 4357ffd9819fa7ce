/** Ops that work on each element by itself. */

import type { Tensor } from "@chainrule/core";
import * as core from "@chainrule/core";
import type { Signature, Signatures } from "../signature.ts";
import { given, torch } from "../signature.ts";

const unary = (op: (x: Tensor) => Tensor): Signature => torch("input", (x) => op(x));
const binary = (op: (a: Tensor, b: Tensor) => Tensor): Signature =>
  torch("input, other", (a, b) => op(a, b));

const unaries = {
  abs: core.abs,
  acos: core.acos,
  acosh: core.acosh,
  asin: core.asin,
  asinh: core.asinh,
  atan: core.atan,
  atanh: core.atanh,
  ceil: core.ceil,
  cos: core.cos,
  cosh: core.cosh,
  deg2rad: core.deg2rad,
  digamma: core.digamma,
  erf: core.erf,
  erfc: core.erfc,
  exp: core.exp,
  exp2: core.exp2,
  expm1: core.expm1,
  floor: core.floor,
  frac: core.frac,
  isfinite: core.isfinite,
  isinf: core.isinf,
  isnan: core.isnan,
  lgamma: core.lgamma,
  log: core.log,
  log10: core.log10,
  log1p: core.log1p,
  log2: core.log2,
  logical_not: core.logicalNot,
  neg: core.neg,
  rad2deg: core.rad2deg,
  reciprocal: core.reciprocal,
  relu: core.relu,
  rsqrt: core.rsqrt,
  sigmoid: core.sigmoid,
  sign: core.sign,
  signbit: core.signbit,
  sin: core.sin,
  sinc: core.sinc,
  sinh: core.sinh,
  sqrt: core.sqrt,
  square: core.square,
  tan: core.tan,
  tanh: core.tanh,
  trunc: core.trunc,
};

const activations = {
  hardsigmoid: core.hardsigmoid,
  hardswish: core.hardswish,
  logsigmoid: core.logsigmoid,
  mish: core.mish,
  relu: core.relu,
  relu6: core.relu6,
  selu: core.selu,
  sigmoid: core.sigmoid,
  silu: core.silu,
  softsign: core.softsign,
  tanh: core.tanh,
  tanhshrink: core.tanhshrink,
};

const binaries = {
  atan2: core.atan2,
  copysign: core.copysign,
  eq: core.eq,
  floor_divide: core.floorDivide,
  fmax: core.fmax,
  fmin: core.fmin,
  fmod: core.fmod,
  ge: core.ge,
  gt: core.gt,
  hypot: core.hypot,
  le: core.le,
  logaddexp: core.logaddexp,
  logical_and: core.logicalAnd,
  logical_or: core.logicalOr,
  logical_xor: core.logicalXor,
  lt: core.lt,
  maximum: core.maximum,
  minimum: core.minimum,
  mul: core.mul,
  ne: core.ne,
  remainder: core.remainder,
  xlogy: core.xlogy,
};

function each<T>(ops: Readonly<Record<string, T>>, make: (op: T) => Signature, prefix = "") {
  return Object.fromEntries(Object.entries(ops).map(([name, op]) => [prefix + name, make(op)]));
}

export const pointwise: Signatures = {
  ...each(unaries, unary),
  ...each(activations, unary, "nn.functional."),
  ...each(binaries, binary),
  add: torch("input, other, alpha?", (x, y, alpha) => core.add(x, y, given({ alpha }))),
  addcdiv: torch("input, tensor1, tensor2, value?", (x, a, b, value) =>
    core.addcdiv(x, a, b, given({ value })),
  ),
  addcmul: torch("input, tensor1, tensor2, value?", (x, a, b, value) =>
    core.addcmul(x, a, b, given({ value })),
  ),
  clamp: torch("input, min?, max?", (x, min, max) => core.clamp(x, min, max)),
  div: torch("input, other, rounding_mode?", (x, y, roundingMode) =>
    core.div(x, y, given({ roundingMode })),
  ),
  lerp: torch("input, end, weight", (a, b, weight) => core.lerp(a, b, weight)),
  logit: torch("input, eps?", (x, eps) => core.logit(x, given({ eps }))),
  // Infinity becomes the largest number of the type, which is another one in float32.
  nan_to_num: torch(
    "input, nan?, posinf?, neginf?",
    (x, nan, posinf, neginf) => core.nanToNum(x, given({ nan, posinf, neginf })),
    { precisions: ["float64"] },
  ),
  polygamma: torch("n, input", (n, x) => core.polygamma(n, x)),
  pow: torch("input, exponent", (x, y) => core.pow(x, y)),
  round: torch("input, decimals?", (x, decimals) => core.round(x, given({ decimals }))),
  sub: torch("input, other, alpha?", (x, y, alpha) => core.sub(x, y, given({ alpha }))),
  where: torch("condition, input?, other?", (condition, x, y) => core.where(condition, x, y)),
  "nn.functional.celu": torch("input, alpha?, inplace?", (x, alpha) =>
    core.celu(x, given({ alpha })),
  ),
  "nn.functional.elu": torch("input, alpha?, inplace?", (x, alpha) =>
    core.elu(x, given({ alpha })),
  ),
  "nn.functional.gelu": torch("input, approximate?", (x, approximate) =>
    core.gelu(x, given({ approximate })),
  ),
  "nn.functional.glu": torch("input, dim?", (x, dim) => core.glu(x, dim)),
  "nn.functional.hardshrink": torch("input, lambd?", (x, lambd) =>
    core.hardshrink(x, given({ lambd })),
  ),
  "nn.functional.hardtanh": torch("input, min_val?, max_val?, inplace?", (x, minVal, maxVal) =>
    core.hardtanh(x, given({ minVal, maxVal })),
  ),
  "nn.functional.leaky_relu": torch("input, negative_slope?, inplace?", (x, negativeSlope) =>
    core.leakyRelu(x, given({ negativeSlope })),
  ),
  "nn.functional.prelu": torch("input, weight", (x, weight) => core.prelu(x, weight)),
  "nn.functional.softplus": torch("input, beta?, threshold?", (x, beta, threshold) =>
    core.softplus(x, given({ beta, threshold })),
  ),
  "nn.functional.softshrink": torch("input, lambd?", (x, lambd) =>
    core.softshrink(x, given({ lambd })),
  ),
  "nn.functional.threshold": torch("input, threshold, value, inplace?", (x, threshold, value) =>
    core.threshold(x, threshold, value),
  ),
};
