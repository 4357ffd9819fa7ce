/**
 * Tensors, ops, the graph and the chain rule.
 *
 * @module
 */
import "./fluent.ts";

export type { BackendInfo, BackendName } from "./accelerated/backend.ts";
export { backendInfo, setBackend, setDeterministic, setThreads } from "./accelerated/backend.ts";
export type { UpdateLiteral } from "./accelerated/update.ts";
export type { Compiled } from "./compile/compile.ts";
export { compile } from "./compile/compile.ts";
export { confined, unconfined } from "./confined.ts";
export type { CreationOptions, NestedNumbers, TensorLike } from "./creation.ts";
export {
  arange,
  checkTensor,
  empty,
  emptyLike,
  eye,
  fromTypedArray,
  full,
  fullLike,
  linspace,
  logspace,
  newTensor,
  ones,
  onesLike,
  tensor,
  toTensor,
  zeros,
  zerosLike,
} from "./creation.ts";
export type { AnomalyOptions } from "./diagnose/anomaly.ts";
export { AnomalyError, detectAnomaly } from "./diagnose/anomaly.ts";
export type { ExplainOptions, GradExplanation, GradReason } from "./diagnose/explain.ts";
export { explainGrad } from "./diagnose/explain.ts";
export type { LiveGroup, LiveReport } from "./diagnose/live.ts";
export { liveTensors, trackTensors } from "./diagnose/live.ts";
export type { DType, TypedArray } from "./dtype.ts";
export { dtypes, finfo, getDefaultDType, isFloating, promote, setDefaultDType } from "./dtype.ts";
export type { ElementwiseUpdate } from "./elementwise-update.ts";
export { elementwiseUpdate, finishUpdates, updateTogether } from "./elementwise-update.ts";
export {
  ArgumentError,
  ChainruleError,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  DTypeError,
  GradError,
  IndexError,
  LinAlgError,
  quoted,
  ShapeError,
} from "./errors.ts";
export type { FluentMethods, Method, OpMethods } from "./fluent.ts";
export type { BackwardOptions, GradOptions } from "./graph/backward.ts";
export { backward } from "./graph/backward.ts";
export { forgetCompiled } from "./graph/capture.ts";
export type { AccumulationHook, GradientHook, HookHandle } from "./graph/hooks.ts";
export { registerHook, registerPostAccumulateGradHook } from "./graph/hooks.ts";
export { currentScope, enableGrad, isGradEnabled, noGrad, withScope } from "./graph/mode.ts";
export type { BatchRule, JointVJP, NodeOp, OperandVJP, Recorded } from "./graph/node.ts";
export { GraphNode } from "./graph/node.ts";
export type { Observer } from "./graph/observe.ts";
export { observe } from "./graph/observe.ts";
export { topologicalOrder } from "./graph/order.ts";
export { currentSite, recordSourceLines } from "./graph/site.ts";
export type { GraphTextOptions } from "./graph/text.ts";
export { graphToText } from "./graph/text.ts";
export {
  add_,
  copy_,
  fill_,
  mul_,
  setAt,
  sub_,
  to_,
  writable,
  zero_,
} from "./inplace.ts";
export { setInterpreted } from "./kernels/pointwise.ts";
export { canGenerateCode, perDType } from "./kernels/specialize.ts";
export type {
  Call,
  KernelLiteral,
  Layout,
  MultipleLiteral,
  MultipleViewLiteral,
  Op,
  OpDefinition,
  ViewLiteral,
} from "./op.ts";
export { contiguousCopy, contiguousOperand } from "./op.ts";
export type { OperandKind } from "./operands.ts";
export type { AddProductOptions } from "./ops/addmm.ts";
export type { IndexPutOptions } from "./ops/advanced.ts";
export type { AlphaOptions } from "./ops/arithmetic.ts";
export type { ValuesAndIndices } from "./ops/choice.ts";
export type { CholeskyOptions } from "./ops/cholesky.ts";
export type { Clamp, ClampBounds } from "./ops/clamp.ts";
export type { ClosenessOptions } from "./ops/comparison.ts";
export type { ScanOptions } from "./ops/cumulative.ts";
export type { SignAndLog } from "./ops/determinant.ts";
export type { DiagOptions, DiagonalOptions } from "./ops/diagonal.ts";
export type { DivOptions } from "./ops/division.ts";
export type { DropoutOptions } from "./ops/dropout.ts";
export type { Eigh, EighOptions } from "./ops/eigh.ts";
export { readPerDim } from "./ops/functional/spatial.ts";
export type * from "./ops/functional/types.ts";
export type { GeluOptions } from "./ops/gelu.ts";
export type { GumbelSoftmaxOptions } from "./ops/gumbel-softmax.ts";
export * from "./ops/index.ts";
export type { IndexItem, PlainItem, Slice } from "./ops/items.ts";
export { linalg } from "./ops/linalg.ts";
export type {
  BinaryCrossEntropyOptions,
  BinaryCrossEntropyWithLogitsOptions,
} from "./ops/loss/binary.ts";
export type { CrossEntropyGradientOptions } from "./ops/loss/crossEntropy.ts";
export type { CrossEntropyOptions } from "./ops/loss/crossEntropyOptions.ts";
export type { CtcTermOptions } from "./ops/loss/ctcArguments.ts";
export type { CtcLossOptions } from "./ops/loss/ctcLoss.ts";
export type { TripletMarginLossOptions } from "./ops/loss/embedding.ts";
export type {
  GaussianNllLossOptions,
  KlDivOptions,
  PoissonNllLossOptions,
} from "./ops/loss/likelihood.ts";
export type {
  HingeLossOptions,
  MarginLossOptions,
  MultilabelSoftMarginLossOptions,
  MultiMarginLossOptions,
} from "./ops/loss/margin.ts";
export type { NllLossOptions } from "./ops/loss/nll.ts";
export type { LossOptions, LossReduction } from "./ops/loss/reduction.ts";
export type { HuberLossOptions, SmoothL1LossOptions } from "./ops/loss/regression.ts";
export type { LU } from "./ops/lu.ts";
export type { MatrixNormOrder } from "./ops/matrix-norm.ts";
export type { MeshgridOptions } from "./ops/meshgrid.ts";
export type { NanToNumOptions } from "./ops/nan.ts";
export type { NonzeroOptions } from "./ops/nonzero.ts";
export type { ConstantPadOptions } from "./ops/pad.ts";
export type { LeastSquares, LeastSquaresOptions, RankOptions } from "./ops/pinv.ts";
export type { TensorIndex } from "./ops/places.ts";
export type { QR, QROptions } from "./ops/qr.ts";
export type { QuantileOptions } from "./ops/quantile.ts";
export type { Threshold } from "./ops/rectifiers.ts";
export type { ReductionOptions } from "./ops/reduction.ts";
export type { RoundOptions } from "./ops/rounding.ts";
export type { MultinomialOptions, SamplingOptions } from "./ops/sampling.ts";
export type { ScatterReduceOptions, ScatterReduction } from "./ops/scatter-reduce.ts";
export type { SearchOptions } from "./ops/search.ts";
export type { IndexAddOptions } from "./ops/select.ts";
export type { SolveOptions } from "./ops/solve.ts";
export type { SortOptions, TopKOptions } from "./ops/sort.ts";
export type { Polygamma } from "./ops/special.ts";
export type { SVD, SVDOptions } from "./ops/svd.ts";
export type { ContractedDims } from "./ops/tensordot.ts";
export type { TriangleIndexOptions, TriangleOptions } from "./ops/triangle.ts";
export type { TriangularOptions } from "./ops/triangular.ts";
export type {
  BinCountOptions,
  HistogramOptions,
  UniqueOptions,
  UniqueValues,
} from "./ops/unique.ts";
export type { VarianceOptions } from "./ops/variance.ts";
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
export type { DistributionOptions } from "./random/distributions.ts";
export { exponential, gumbel, normal, uniform } from "./random/distributions.ts";
export type { GeneratorState } from "./random/generator.ts";
export { defaultGenerator, Generator, manualSeed } from "./random/generator.ts";
export type { RandomOptions } from "./random.ts";
export {
  rand,
  randint,
  randintLike,
  randLike,
  randn,
  randnLike,
  randperm,
} from "./random.ts";
export type { NestedArray } from "./reading.ts";
export type { SparseRows } from "./row-sparse.ts";
export { keptRows, rowSparse, sparseRows, toDense, writableRows } from "./row-sparse.ts";
export type { Domain, Draw, EdgeCase, Rejection, Sample } from "./samples.ts";
export { within } from "./samples.ts";
export type { Expression, Leaves } from "./scalar/expression.ts";
export { interpret } from "./scalar/expression.ts";
export type { Primitive, ScalarAlgebra } from "./scalar/primitives.ts";
export { toTeX } from "./scalar/tex.ts";
export { keep, scope } from "./scope.ts";
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
export type { KeptRows, Storage } from "./storage.ts";
export { Tensor } from "./tensor.ts";
export { checkpoint } from "./transforms/checkpoint.ts";
export type { CustomOp } from "./transforms/custom.ts";
export { customOp, stopGradient } from "./transforms/custom.ts";
export type { LooseArguments, Loosened } from "./transforms/grad.ts";
export { grad, valueAndGrad } from "./transforms/grad.ts";
export type { Blocks, JacobianOptions } from "./transforms/jacobian.ts";
export { hessian, jacobian } from "./transforms/jacobian.ts";
export { hvp, jvp, vjp } from "./transforms/products.ts";
export type { Structure, Tensors } from "./transforms/structure.ts";
export type { ArgumentChoice } from "./transforms/variables.ts";
export type { VmapOptions } from "./transforms/vmap.ts";
export { vmap } from "./transforms/vmap.ts";
export { defineOp } from "./user-op.ts";
