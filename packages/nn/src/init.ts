/**
 * Initialisers: they fill a tensor in place and give it back.
 *
 * They work on parameters, too, without `noGrad`. `fanIn` and `fanOut` are what one output reads and what one input
 * reaches: the lengths of dimensions 1 and 0, each times the product of all further ones.
 */
export type { NormalInit, RandomInit, TruncNormalInit, UniformInit } from "./init/random.ts";
export { normal_, truncNormal_, uniform_ } from "./init/random.ts";
export type { KaimingInit, Nonlinearity, XavierInit } from "./init/scaled.ts";
export {
  calculateGain,
  kaimingNormal_,
  kaimingUniform_,
  xavierNormal_,
  xavierUniform_,
} from "./init/scaled.ts";
export type { DiracInit, SparseInit } from "./init/structured.ts";
export { constant_, dirac_, eye_, ones_, orthogonal_, sparse_, zeros_ } from "./init/structured.ts";
