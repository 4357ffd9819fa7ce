/**
 * The ops that are functions and methods of tensors: `matmul(a, b)` and `a.matmul(b)`.
 */

export { elu, leakyRelu, relu, sigmoid, silu, softplus } from "./activations.ts";
export { addbmm, addmm, addmv, addr, baddbmm } from "./addmm.ts";
export { index, indexPut } from "./advanced.ts";
export { alias } from "./alias.ts";
export { add, mul, neg, sub } from "./arithmetic.ts";
export { at, place } from "./at.ts";
export { chunk, split } from "./cat.ts";
export { clone, contiguous } from "./clone.ts";
export { eq, ge, gt, le, lt, ne } from "./comparison.ts";
export { to } from "./convert.ts";
export { cross } from "./cross.ts";
export { flatten, squeeze, unflatten, unsqueeze } from "./dimensions.ts";
export { div, fmod, pow } from "./division.ts";
export { expand, sumTo } from "./expand.ts";
export { exp, expm1, log, log1p } from "./exponential.ts";
export { flip, roll, rot90 } from "./flip.ts";
export { gather, scatter, scatterAdd } from "./gather.ts";
export { tanh } from "./hyperbolic.ts";
export { maskedFill, maskedScatter, maskedSelect } from "./mask.ts";
export { matmul } from "./matmul.ts";
export { nonzero } from "./nonzero.ts";
export { oneHot } from "./one-hot.ts";
export { pad } from "./pad.ts";
export { rsqrt, sqrt, square } from "./power.ts";
export { bmm, dot, inner, mm, mv, outer, vdot } from "./products.ts";
export { reshape } from "./reshape.ts";
export { ceil, floor, round, sign, trunc } from "./rounding.ts";
export { indexAdd, indexCopy, indexFill, indexSelect } from "./select.ts";
export { abs, maximum, minimum } from "./selection.ts";
export { narrow, select, slice } from "./slice.ts";
export { erf } from "./special.ts";
export { unbind } from "./stack.ts";
export { sum } from "./sum.ts";
export { kron, tensordot } from "./tensordot.ts";
export { trace } from "./trace.ts";
export { permute, transpose } from "./transpose.ts";
export { cos, sin, tan } from "./trigonometric.ts";
