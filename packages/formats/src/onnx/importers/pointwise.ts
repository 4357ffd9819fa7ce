/**
 * Nodes that compute element by element.
 */
import type { Tensor } from "@chainrule/core";
import {
  abs,
  acos,
  acosh,
  add,
  asin,
  asinh,
  atan,
  atanh,
  ceil,
  celu,
  clamp,
  cos,
  cosh,
  div,
  elu,
  eq,
  erf,
  exp,
  floor,
  fmod,
  ge,
  gelu,
  gt,
  hardswish,
  isFloating,
  isinf,
  isnan,
  le,
  leakyRelu,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  lt,
  maximum,
  minimum,
  mish,
  mul,
  neg,
  pow,
  reciprocal,
  relu,
  remainder,
  round,
  sigmoid,
  sign,
  sin,
  sinh,
  softplus,
  softsign,
  sqrt,
  sub,
  tan,
  tanh,
  where,
  zerosLike,
} from "@chainrule/core";
import type { Importer } from "./importer.ts";
import { given, plain, variadic } from "./importer.ts";

const unary = (op: (x: Tensor) => Tensor): Importer => plain(1, (x) => op(x!));

/** Arithmetic keeps the type: numbers of one type meet. */
const binary = (op: (a: Tensor, b: Tensor) => Tensor): Importer => plain(2, (a, b) => op(a!, b!));

/** A node of one input with float attributes, given with their defaults. */
function withFloats<Names extends string>(
  defaults: Readonly<Record<Names, number>>,
  compute: (x: Tensor, values: Readonly<Record<Names, number>>) => Tensor,
): Importer {
  return (node) => {
    node.expectInputs(1, 1);
    node.expectOutputs(1);
    const values: Record<Names, number> = { ...defaults };
    for (const name of Object.keys(defaults) as Names[])
      values[name] = node.float(name, defaults[name]);
    return (x) => compute(given(x), values);
  };
}

/** Whole numbers are divided without remainder, towards zero. */
function quotient(a: Tensor, b: Tensor): Tensor {
  return isFloating(a.dtype) ? div(a, b) : div(a, b, { roundingMode: "trunc" }).to(a.dtype);
}

/** The bounds are inputs, or attributes before version 11. */
const importClip: Importer = (node) => {
  node.expectInputs(1, 3);
  node.expectOutputs(1);
  if (node.opset < 11) {
    const min = node.float("min", Number.NEGATIVE_INFINITY);
    const max = node.float("max", Number.POSITIVE_INFINITY);
    return (x) => clamp(given(x), min, max);
  }
  return (x, min, max) =>
    min === undefined && max === undefined ? given(x) : clamp(given(x), min, max);
};

/** The target type is known when the file is read. */
const importCast: Importer = (node) => {
  node.expectInputs(1, 1);
  node.expectOutputs(1);
  node.ignore("saturate", "round_mode");
  const dtype = node.dtype("to");
  return (x) => given(x).to(dtype);
};

const importIsInf: Importer = (node) => {
  node.expectInputs(1, 1);
  node.expectOutputs(1);
  const above = node.flag("detect_positive", true);
  const below = node.flag("detect_negative", true);
  return (input) => {
    const x = given(input);
    if (above && below) return isinf(x);
    if (!above && !below) return eq(zerosLike(x), 1);
    return eq(x, above ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
  };
};

const importMod: Importer = (node) => {
  node.expectInputs(2, 2);
  node.expectOutputs(1);
  const likeC = node.flag("fmod", false);
  return (a, b) => (likeC ? fmod(given(a), given(b)) : remainder(given(a), given(b)));
};

const importGelu: Importer = (node) => {
  node.expectInputs(1, 1);
  node.expectOutputs(1);
  const approximate = node.word("approximate", "none", ["none", "tanh"]);
  return (x) => gelu(given(x), { approximate });
};

/** λ·x above 0, else λ·α·(eˣ − 1). */
function selu(x: Tensor, alpha: number, gamma: number): Tensor {
  return mul(elu(x, { alpha }), gamma);
}

/** x − bias above lambd, x + bias below −lambd, else 0. */
function shrink(x: Tensor, lambd: number, bias: number): Tensor {
  const inside = where(lt(x, -lambd), add(x, bias), zerosLike(x));
  return where(gt(x, lambd), sub(x, bias), inside);
}

export const pointwiseImporters: Readonly<Record<string, Importer>> = {
  Abs: unary(abs),
  Acos: unary(acos),
  Acosh: unary(acosh),
  Add: binary(add),
  And: binary(logicalAnd),
  Asin: unary(asin),
  Asinh: unary(asinh),
  Atan: unary(atan),
  Atanh: unary(atanh),
  Cast: importCast,
  CastLike: (node) => {
    node.expectInputs(2, 2);
    node.expectOutputs(1);
    node.ignore("saturate", "round_mode");
    return (x, like) => given(x).to(given(like).dtype);
  },
  Ceil: unary(ceil),
  Celu: withFloats({ alpha: 1 }, (x, { alpha }) => celu(x, { alpha })),
  Clip: importClip,
  Cos: unary(cos),
  Cosh: unary(cosh),
  Div: binary(quotient),
  Elu: withFloats({ alpha: 1 }, (x, { alpha }) => elu(x, { alpha })),
  Equal: binary(eq),
  Erf: unary(erf),
  Exp: unary(exp),
  Floor: unary(floor),
  Gelu: importGelu,
  Greater: binary(gt),
  GreaterOrEqual: binary(ge),
  HardSigmoid: withFloats({ alpha: 0.2, beta: 0.5 }, (x, { alpha, beta }) =>
    clamp(add(mul(x, alpha), beta), 0, 1),
  ),
  HardSwish: unary(hardswish),
  IsInf: importIsInf,
  IsNaN: unary(isnan),
  LeakyRelu: withFloats({ alpha: 0.01 }, (x, { alpha }) => leakyRelu(x, { negativeSlope: alpha })),
  Less: binary(lt),
  LessOrEqual: binary(le),
  Log: unary(log),
  Max: variadic((inputs) => inputs.reduce((a, b) => maximum(a, b))),
  Mean: variadic((inputs) =>
    div(
      inputs.reduce((a, b) => add(a, b)),
      inputs.length,
    ),
  ),
  Min: variadic((inputs) => inputs.reduce((a, b) => minimum(a, b))),
  Mish: unary(mish),
  Mod: importMod,
  Mul: binary(mul),
  Neg: unary(neg),
  Not: unary(logicalNot),
  Or: binary(logicalOr),
  PRelu: plain(2, (x, slope) => where(lt(x!, 0), mul(x!, slope!), x!)),
  // The power has the type of its base.
  Pow: plain(2, (a, b) => pow(a!, b!).to(a!.dtype)),
  Reciprocal: unary(reciprocal),
  Relu: unary(relu),
  Round: unary(round),
  Selu: withFloats({ alpha: 1.67326319, gamma: 1.05070102 }, (x, { alpha, gamma }) =>
    selu(x, alpha, gamma),
  ),
  Shrink: withFloats({ lambd: 0.5, bias: 0 }, (x, { lambd, bias }) => shrink(x, lambd, bias)),
  Sigmoid: unary(sigmoid),
  Sign: unary(sign),
  Sin: unary(sin),
  Sinh: unary(sinh),
  Softplus: unary((x) => softplus(x)),
  Softsign: unary(softsign),
  Sqrt: unary(sqrt),
  Sub: binary(sub),
  Sum: variadic((inputs) => inputs.reduce((a, b) => add(a, b))),
  Swish: withFloats({ alpha: 1 }, (x, { alpha }) => mul(x, sigmoid(mul(x, alpha)))),
  Tan: unary(tan),
  Tanh: unary(tanh),
  ThresholdedRelu: withFloats({ alpha: 1 }, (x, { alpha }) => where(gt(x, alpha), x, zerosLike(x))),
  Where: plain(3, (condition, a, b) => where(condition!, a!, b!)),
  Xor: binary(logicalXor),
};
