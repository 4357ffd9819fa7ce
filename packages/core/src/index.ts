/**
 * Tensors, ops, the graph and the chain rule.
 *
 * @module
 */
import "./fluent.ts";

export type { CreationOptions, NestedNumbers, TensorLike } from "./creation.ts";
export {
  arange,
  empty,
  emptyLike,
  eye,
  fromTypedArray,
  full,
  fullLike,
  linspace,
  newTensor,
  ones,
  onesLike,
  tensor,
  toTensor,
  zeros,
  zerosLike,
} from "./creation.ts";
export type { DType, TypedArray } from "./dtype.ts";
export { dtypes, finfo, getDefaultDType, isFloating, promote, setDefaultDType } from "./dtype.ts";
export {
  ArgumentError,
  ChainruleError,
  checkInteger,
  checkNumber,
  checkOptions,
  DTypeError,
  GradError,
  IndexError,
  ShapeError,
} from "./errors.ts";
export type { FluentMethods, Method, OpMethods } from "./fluent.ts";
export type { BackwardOptions, GradOptions } from "./graph/backward.ts";
export { backward } from "./graph/backward.ts";
export type { ArgumentChoice, GradArguments } from "./graph/grad.ts";
export { grad, valueAndGrad } from "./graph/grad.ts";
export {
  currentScope,
  enableGrad,
  isGradEnabled,
  noGrad,
  recordSourceLines,
  withScope,
} from "./graph/mode.ts";
export type { JointVJP, NodeOp, OperandVJP, Recorded } from "./graph/node.ts";
export { GraphNode } from "./graph/node.ts";
export { topologicalOrder } from "./graph/order.ts";
export { add_, copy_, fill_, mul_, sub_, writable, zero_ } from "./inplace.ts";
export { setInterpreted } from "./kernels/pointwise.ts";
export { canGenerateCode } from "./kernels/specialize.ts";
export type {
  Call,
  KernelLiteral,
  Layout,
  MultipleLiteral,
  Op,
  OpDefinition,
  OperandKind,
  ViewLiteral,
} from "./op.ts";
export { contiguousCopy, contiguousOperand, defineOp } from "./op.ts";
export type { IndexItem, Slice } from "./ops/at.ts";
export * from "./ops/index.ts";
export type { ReductionOptions } from "./ops/sum.ts";
export type {
  Binary,
  BinaryWith,
  Parameters,
  PointwiseDefinition,
  PointwiseLiteral,
  PointwiseSample,
  ResultType,
  Ternary,
  Unary,
  UnaryWith,
} from "./pointwise.ts";
export { pointwise, primitivesWithoutOp } from "./pointwise.ts";
export type { GeneratorState, RandomOptions } from "./random.ts";
export {
  defaultGenerator,
  Generator,
  manualSeed,
  rand,
  randint,
  randLike,
  randn,
  randnLike,
  randperm,
} from "./random.ts";
export type { NestedArray } from "./reading.ts";
export type { Domain, Draw, EdgeCase, Rejection, Sample } from "./samples.ts";
export { within } from "./samples.ts";
export type { Expression } from "./scalar/expression.ts";
export type { Primitive, ScalarAlgebra } from "./scalar/primitives.ts";
export { toTeX } from "./scalar/tex.ts";
export type { Dims, Shape } from "./shape.ts";
export {
  broadcastShapes,
  contiguousStrides,
  elementCount,
  formatShape,
  normalizeDim,
  normalizeDims,
  sameShape,
} from "./shape.ts";
export type { Storage } from "./storage.ts";
export type { Structure, Tensors } from "./structure.ts";
export { Tensor } from "./tensor.ts";
