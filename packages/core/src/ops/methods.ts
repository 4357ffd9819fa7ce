/**
 * The ops that are functions and methods of tensors: `matmul(a, b)` and `a.matmul(b)`.
 */
export {
  celu,
  elu,
  logit,
  logsigmoid,
  mish,
  selu,
  sigmoid,
  silu,
  softplus,
  softsign,
  tanhshrink,
} from "./activations.ts";
export { addcdiv, addcmul } from "./addcmul.ts";
export { addbmm, addmm, addmv, addr, baddbmm } from "./addmm.ts";
export { index, indexPut } from "./advanced.ts";
export { alias } from "./alias.ts";
export { add, mul, neg, sub } from "./arithmetic.ts";
export { at, place } from "./at.ts";
export { chunk, split } from "./cat.ts";
export { cholesky, choleskyInverse, choleskySolve } from "./cholesky.ts";
export { clamp, clampMax, clampMin } from "./clamp.ts";
export { clone, contiguous } from "./clone.ts";
export { vander } from "./combinations.ts";
export { allclose, eq, equal, ge, gt, isclose, le, lt, ne } from "./comparison.ts";
export { to } from "./convert.ts";
export { corrcoef, cov } from "./covariance.ts";
export { cross } from "./cross.ts";
export { cummax, cummin } from "./cumextremum.ts";
export { cumprod, cumsum, linearRecurrence } from "./cumulative.ts";
export { cofactor, det, logdet, slogdet } from "./determinant.ts";
export { diag, diagEmbed, diagflat, diagonal, placeDiagonal } from "./diagonal.ts";
export { cumulativeTrapezoid, diff, trapezoid } from "./differences.ts";
export { flatten, ravel, squeeze, unflatten, unsqueeze } from "./dimensions.ts";
export { div, floorDivide, fmod, reciprocal, remainder } from "./division.ts";
export {
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
} from "./dropout.ts";
export { eigh, eigvalsh } from "./eigh.ts";
export { broadcastTo, expand, expandAs, sumTo } from "./expand.ts";
export {
  exp,
  exp2,
  expm1,
  log,
  log1p,
  log2,
  log10,
  logaddexp,
  logaddexp2,
  xlogy,
} from "./exponential.ts";
export { amax, amin, aminmax, argmax, argmin } from "./extremum.ts";
export { flip, fliplr, flipud, roll, rot90 } from "./flip.ts";
export * from "./functional/methods.ts";
export { gather, scatter, scatterAdd } from "./gather.ts";
export { gelu } from "./gelu.ts";
export { glu } from "./glu.ts";
export { gumbelSoftmax } from "./gumbel-softmax.ts";
export { acosh, asinh, atanh, cosh, sinh, tanh } from "./hyperbolic.ts";
export { inverse, inverse as inv } from "./inverse.ts";
export { lerp } from "./lerp.ts";
export { logicalAnd, logicalNot, logicalOr, logicalXor } from "./logic.ts";
export { all, any, countNonzero } from "./logical.ts";
export { logcumsumexp, logsumexp } from "./logsumexp.ts";
export { lu } from "./lu.ts";
export { maskedFill, maskedScatter, maskedSelect } from "./mask.ts";
export { matmul } from "./matmul.ts";
export { matrixExp, matrixPower } from "./matrix-functions.ts";
export { cond, matrixNorm, norm } from "./matrix-norm.ts";
export { max, min } from "./max.ts";
export { kthvalue, median, nanmedian } from "./median.ts";
export { mode } from "./mode.ts";
export { isfinite, isinf, isnan, nanToNum } from "./nan.ts";
export { nanmean, nansum } from "./nan-reductions.ts";
export { argwhere, nonzero } from "./nonzero.ts";
export { vectorNorm } from "./norm.ts";
export { oneHot } from "./one-hot.ts";
export { constantPad } from "./pad.ts";
export { lstsq, matrixRank, pinv } from "./pinv.ts";
export { hypot, pow, rsqrt, sqrt, square } from "./power.ts";
export { prod } from "./prod.ts";
export { bmm, dot, inner, mm, mv, outer, vdot } from "./products.ts";
export { qr } from "./qr.ts";
export { nanquantile, quantile } from "./quantile.ts";
export {
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  prelu,
  relu,
  relu6,
  softshrink,
  threshold,
} from "./rectifiers.ts";
export { repeat, repeatInterleave, tile } from "./repeat.ts";
export { reshape, view } from "./reshape.ts";
export { ceil, floor, frac, round, trunc } from "./rounding.ts";
export { bernoulli, multinomial } from "./sampling.ts";
export { scatterReduce } from "./scatter-reduce.ts";
export { isin } from "./search.ts";
export { indexAdd, indexCopy, indexFill, indexSelect } from "./select.ts";
export { fmax, fmin, maximum, minimum } from "./selection.ts";
export { abs, copysign, heaviside, sign, signbit } from "./sign.ts";
export { dsplit, hsplit, narrow, select, slice, tensorSplit, vsplit } from "./slice.ts";
export { logSoftmax, softmax, softmin } from "./softmax.ts";
export { solve } from "./solve.ts";
export { argsort, sort, topk } from "./sort.ts";
export { digamma, erf, erfc, erfinv, lgamma, ndtr } from "./special.ts";
export { unbind } from "./stack.ts";
export { mean, sum } from "./sum.ts";
export { svd, svdvals } from "./svd.ts";
export { put, take, takeAlongDim } from "./take.ts";
export { kron, tensordot } from "./tensordot.ts";
export { trace } from "./trace.ts";
export { moveaxis, movedim, permute, swapaxes, t, transpose } from "./transpose.ts";
export { tril, triu } from "./triangle.ts";
export { solveTriangular } from "./triangular.ts";
export { acos, asin, atan, atan2, cos, deg2rad, rad2deg, sin, sinc, tan } from "./trigonometric.ts";
export { bincount, histc, unique, uniqueConsecutive } from "./unique.ts";
export { std, stdMean, variance as var, varMean } from "./variance.ts";
