/**
 * The ops that are functions and methods of tensors: `matmul(a, b)` and `a.matmul(b)`.
 */
export { elu, leakyRelu, relu, sigmoid, silu, softplus } from "./activations.ts";
export { addbmm, addmm, addmv, addr, baddbmm } from "./addmm.ts";
export { alias } from "./alias.ts";
export { add, mul, neg, sub } from "./arithmetic.ts";
export { at, place } from "./at.ts";
export { eq, ge, gt, le, lt, ne } from "./comparison.ts";
export { to } from "./convert.ts";
export { cross } from "./cross.ts";
export { cumprod, cumsum, linearRecurrence } from "./cumulative.ts";
export { div, fmod, pow } from "./division.ts";
export { expand, sumTo } from "./expand.ts";
export { exp, expm1, log, log1p } from "./exponential.ts";
export { amax, amin, argmax, argmin } from "./extremum.ts";
export * from "./functional/methods.ts";
export { tanh } from "./hyperbolic.ts";
export { logcumsumexp, logsumexp } from "./logsumexp.ts";
export { matmul } from "./matmul.ts";
export { max, min } from "./max.ts";
export { norm, vectorNorm } from "./norm.ts";
export { rsqrt, sqrt, square } from "./power.ts";
export { prod } from "./prod.ts";
export { bmm, dot, inner, mm, mv, outer, vdot } from "./products.ts";
export { reshape } from "./reshape.ts";
export { ceil, floor, round, sign, trunc } from "./rounding.ts";
export { abs, maximum, minimum } from "./selection.ts";
export { logSoftmax, logSoftmaxGradient, softmax, softmaxGradient, softmin } from "./softmax.ts";
export { erf } from "./special.ts";
export { mean, sum } from "./sum.ts";
export { kron, tensordot } from "./tensordot.ts";
export { trace } from "./trace.ts";
export { permute, transpose } from "./transpose.ts";
export { cos, sin, tan } from "./trigonometric.ts";
export { std, stdMean, variance as var, varMean } from "./variance.ts";
