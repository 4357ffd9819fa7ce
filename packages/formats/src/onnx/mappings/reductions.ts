/**
 * Ops that look at numbers along dimensions: sums, extremes, orders, softmax, products of matrices.
 */
import type { Emitter, Value } from "../emitter.ts";
import { float, int } from "../emitter.ts";
import type { MappedCall, Operand } from "../mapping.ts";
import { first, fixed, mapped, unmapped, upTo } from "../mapping.ts";
import type { Size } from "../sizes.ts";
import { slice, squeeze, transpose, unsqueeze } from "./shapes.ts";

interface Dims {
  readonly dim: readonly number[];
  readonly keepdim: boolean;
}
type Dim = { readonly dim: number };
type MaybeDim = { readonly dim: number | null; readonly keepdim: boolean };

/** A reduction; over no dimension it changes nothing. */
export function reduce(
  e: Emitter,
  type: string,
  x: Value,
  dims: readonly number[],
  keepdim: boolean,
): Value {
  return dims.length === 0 ? x : e.op(type, [x, e.int64s(dims)], { keepdims: int(keepdim) });
}

const reduction = (type: string) =>
  mapped<Dims>((e, call) => {
    const { dtype } = call.results[0]!;
    const x = first(call);
    const numbers = x.dtype === dtype ? x.value : e.cast(x.value, dtype);
    return reduce(e, type, numbers, call.options.dim, call.options.keepdim);
  });

/** Whether each element is 0, or is not, as 1 and 0. */
function zeros(e: Emitter, x: Operand, wanted: boolean): Value {
  const isZero =
    x.dtype === "bool" ? e.op("Not", [x.value]) : e.op("Equal", [x.value, e.scalar(0, x.dtype)]);
  return e.cast(wanted ? isZero : e.op("Not", [isZero]), "int32");
}

/** The number of elements that reductions go over. */
function countOf(call: MappedCall, dims: readonly number[]): number {
  return dims.reduce(
    (product, dim) => product * fixed(call, first(call).shape[dim], "number of elements"),
    1,
  );
}

function variance(e: Emitter, call: MappedCall<Dims & { correction: number }>): Value {
  const { dim, keepdim, correction } = call.options;
  const x = first(call);
  const deviation = e.op("Sub", [x.value, reduce(e, "ReduceMean", x.value, dim, true)]);
  const squares = reduce(e, "ReduceSum", e.op("Mul", [deviation, deviation]), dim, keepdim);
  const divisor = Math.max(countOf(call, dim) - correction, 0);
  return e.op("Div", [squares, e.scalar(divisor, x.dtype)]);
}

/** x with the dimensions that are gone over as one, the last. */
function flattenedLast(
  e: Emitter,
  call: MappedCall,
  dims: readonly number[],
): { rows: Value; lead: readonly Size[] } {
  const x = first(call);
  const kept = upTo(x.shape.length).filter((dim) => !dims.includes(dim));
  const lead = kept.map((dim) => x.shape[dim]!);
  const count = dims.length === 1 ? x.shape[dims[0]!]! : countOf(call, dims);
  return { rows: e.reshape(transpose(e, x.value, [...kept, ...dims]), [...lead, count]), lead };
}

const position = (type: "ArgMax" | "ArgMin") =>
  mapped<Dims>((e, call) => {
    const { dim, keepdim } = call.options;
    if (dim.length === 1) {
      const places = e.op(type, [first(call).value], {
        axis: int(dim[0]!),
        keepdims: int(keepdim),
      });
      return e.cast(places, "int32");
    }
    const { rows, lead } = flattenedLast(e, call, dim);
    const places = e.op(type, [rows], { axis: int(lead.length), keepdims: int(false) });
    return e.reshape(e.cast(places, "int32"), call.results[0]!.shape);
  });

const extreme = (reduction: string, position: string) =>
  mapped<MaybeDim>((e, call) => {
    const x = first(call);
    const { dim, keepdim } = call.options;
    if (dim === null) return reduce(e, reduction, x.value, upTo(x.shape.length), false);
    if (x.shape.length === 0) return [x.value, e.scalar(0, "int32")];
    const places = e.op(position, [x.value], { axis: int(dim), keepdims: int(keepdim) });
    return [reduce(e, reduction, x.value, [dim], keepdim), e.cast(places, "int32")];
  });

/** The k first elements in order, and where they were. */
function topK(
  e: Emitter,
  x: Value,
  k: Size,
  dim: number,
  largest: boolean,
): readonly [values: Value, places: Value] {
  const [values, places] = e.ops("TopK", [x, e.sizes([k])], 2, {
    axis: int(dim),
    largest: int(largest),
    sorted: int(true),
  });
  return [values!, e.cast(places!, "int32")];
}

/** A row of a tensor and its place: the k-th smallest, counted from 1. */
function kthSmallest(
  e: Emitter,
  x: Value,
  k: number,
  dim: number,
  keepdim: boolean,
): readonly Value[] {
  return topK(e, x, k, dim, false).map((part) => {
    const last = slice(e, part, [{ dim, start: k - 1, stop: k }]);
    return keepdim ? last : squeeze(e, last, [dim]);
  });
}

/** Ops along a dimension, of a single number too: it counts as one row of length 1. */
function alongDim(
  e: Emitter,
  call: MappedCall<Dim>,
  emit: (x: Value, dim: number) => Value,
): Value {
  const x = first(call);
  if (x.shape.length > 0) return emit(x.value, call.options.dim);
  return squeeze(e, emit(unsqueeze(e, x.value, [0]), 0), [0]);
}

const softmax = (type: string) =>
  mapped<Dim>((e, call) => alongDim(e, call, (x, dim) => e.op(type, [x], { axis: int(dim) })));

/** y·(c − Σ y·c), and for the logarithm c − exp(y)·Σ c. */
const softmaxGradient = (ofLogarithm: boolean) =>
  mapped<Dim>((e, call) => {
    const [y, c] = call.operands.map(({ value }) => value) as [Value, Value];
    const rank = first(call).shape.length;
    const total = (z: Value): Value =>
      rank === 0 ? z : reduce(e, "ReduceSum", z, [call.options.dim], true);
    return ofLogarithm
      ? e.op("Sub", [c, e.op("Mul", [e.op("Exp", [y]), total(c)])])
      : e.op("Mul", [y, e.op("Sub", [c, total(e.op("Mul", [y, c]))])]);
  });

/** beta · x + alpha · product; x broadcasts. */
function addProduct(
  e: Emitter,
  call: MappedCall<{ beta: number; alpha: number }>,
  product: Value,
): Value {
  const { beta, alpha } = call.options;
  const { dtype, value } = first(call);
  const scaled = (x: Value, factor: number): Value =>
    factor === 1 ? x : e.op("Mul", [x, e.scalar(factor, dtype)]);
  // With a factor of 0 the operand does not count, be it infinite.
  return beta === 0
    ? expanded(e, call, scaled(product, alpha))
    : e.op("Add", [scaled(value, beta), scaled(product, alpha)]);
}

function expanded(e: Emitter, call: MappedCall, x: Value): Value {
  return e.op("Expand", [x, e.sizes(call.results[0]!.shape)]);
}

const byProduct = mapped<{ beta: number; alpha: number }>((e, call) => {
  const [, a, b] = call.operands;
  return addProduct(e, call, e.op("MatMul", [a!.value, b!.value]));
});

/** Whether Gemm says it: there is something to add to and to add up, and its attributes need no double precision. */
function gemmFits(call: MappedCall<{ beta: number; alpha: number }>): boolean {
  const { beta, alpha } = call.options;
  return (
    beta !== 0 &&
    first(call).shape.length > 0 &&
    call.operands[1]!.shape[1] !== 0 &&
    [beta, alpha].every(
      (factor) => first(call).dtype === "float32" || Math.fround(factor) === factor,
    )
  );
}

function vectorNorm(e: Emitter, call: MappedCall<Dims & { p: number }>): Value {
  const { dim, keepdim, p } = call.options;
  const x = first(call);
  const magnitude = e.op("Abs", [x.value]);
  if (p === 0) return e.cast(reduce(e, "ReduceSum", zeros(e, x, false), dim, keepdim), x.dtype);
  if (dim.length === 0) return magnitude;
  if (p === 2) return reduce(e, "ReduceL2", x.value, dim, keepdim);
  if (p === 1) return reduce(e, "ReduceL1", x.value, dim, keepdim);
  if (p === Number.POSITIVE_INFINITY) return reduce(e, "ReduceMax", magnitude, dim, keepdim);
  if (p === Number.NEGATIVE_INFINITY) return reduce(e, "ReduceMin", magnitude, dim, keepdim);
  const powers = e.op("Pow", [magnitude, e.scalar(p, x.dtype)]);
  return e.op("Pow", [reduce(e, "ReduceSum", powers, dim, keepdim), e.scalar(1 / p, x.dtype)]);
}

export const reductionMappings = {
  sum: reduction("ReduceSum"),
  mean: reduction("ReduceMean"),
  prod: reduction("ReduceProd"),
  amax: reduction("ReduceMax"),
  amin: reduction("ReduceMin"),
  logsumexp: reduction("ReduceLogSumExp"),
  max: extreme("ReduceMax", "ArgMax"),
  min: extreme("ReduceMin", "ArgMin"),
  argmax: position("ArgMax"),
  argmin: position("ArgMin"),
  countNonzero: mapped<Dims>((e, call) =>
    reduce(e, "ReduceSum", zeros(e, first(call), false), call.options.dim, call.options.keepdim),
  ),
  any: mapped<Dims>((e, call) => {
    const { dim, keepdim } = call.options;
    return e.cast(reduce(e, "ReduceSum", zeros(e, first(call), false), dim, keepdim), "bool");
  }),
  all: mapped<Dims>((e, call) => {
    const { dim, keepdim } = call.options;
    const zero = reduce(e, "ReduceSum", zeros(e, first(call), true), dim, keepdim);
    return e.op("Equal", [zero, e.scalar(0, "int32")]);
  }),
  var: mapped<Dims & { correction: number }>(variance),
  std: mapped<Dims & { correction: number }>((e, call) => e.op("Sqrt", [variance(e, call)])),
  vectorNorm: mapped<Dims & { p: number }>(vectorNorm),
  unitVectors: mapped<{ dim: readonly number[]; eps: number }>((e, call) => {
    const x = first(call);
    const { dim, eps } = call.options;
    const norm =
      dim.length === 0 ? e.op("Abs", [x.value]) : reduce(e, "ReduceL2", x.value, dim, true);
    return e.op("Div", [x.value, e.op("Max", [norm, e.scalar(eps, x.dtype)])]);
  }),
  sort: mapped<{ dim: number; descending: boolean }>((e, call) => {
    const x = first(call);
    const { dim, descending } = call.options;
    if (x.shape.length === 0) return [x.value, e.scalar(0, "int32")];
    return topK(e, x.value, x.shape[dim]!, dim, descending);
  }),
  argsort: mapped<{ dim: number; descending: boolean }>((e, call) => {
    const x = first(call);
    const { dim, descending } = call.options;
    if (x.shape.length === 0) return e.scalar(0, "int32");
    return topK(e, x.value, x.shape[dim]!, dim, descending)[1];
  }),
  topk: mapped<{ k: number; dim: number; largest: boolean }>((e, call) => {
    const x = first(call);
    const { k, dim, largest } = call.options;
    if (x.shape.length > 0) return topK(e, x.value, k, dim, largest);
    return topK(e, unsqueeze(e, x.value, [0]), k, 0, largest).map((part) => squeeze(e, part, [0]));
  }),
  kthvalue: mapped<{ k: number; dim: number; keepdim: boolean }>((e, call) => {
    const x = first(call);
    const { k, dim, keepdim } = call.options;
    if (x.shape.length === 0) return [x.value, e.scalar(0, "int32")];
    return kthSmallest(e, x.value, k, dim, keepdim);
  }),
  median: mapped<MaybeDim>((e, call) => {
    const x = first(call);
    const { dim, keepdim } = call.options;
    if (x.shape.length === 0) return dim === null ? x.value : [x.value, e.scalar(0, "int32")];
    const dims = dim === null ? upTo(x.shape.length) : [dim];
    const middle = Math.floor((countOf(call, dims) - 1) / 2) + 1;
    if (dim !== null) return kthSmallest(e, x.value, middle, dim, keepdim);
    return kthSmallest(e, flattenedLast(e, call, dims).rows, middle, 0, false)[0]!;
  }),
  nanmedian: unmapped("orders of numbers with NaN among them are not defined"),
  cumsum: mapped<Dim & { reverse: boolean }>((e, call) =>
    alongDim(e, call, (x, dim) => {
      const { dtype } = call.results[0]!;
      const numbers = first(call).dtype === dtype ? x : e.cast(x, dtype);
      const { reverse } = (call as MappedCall<{ reverse: boolean }>).options;
      return e.op("CumSum", [numbers, e.int64(dim)], { reverse: int(reverse) });
    }),
  ),
  cumprod: unmapped("there is no running product"),
  cummax: unmapped("there is no running maximum"),
  cummin: unmapped("there is no running minimum"),
  logcumsumexp: unmapped("there is no running log-sum-exp"),
  linearRecurrence: unmapped("there is no recurrence of this kind"),
  softmax: softmax("Softmax"),
  logSoftmax: softmax("LogSoftmax"),
  matmul: mapped((e, call) =>
    e.op(
      "MatMul",
      call.operands.map(({ value }) => value),
    ),
  ),
  linear: mapped((e, call) => {
    const [x, weight, bias] = call.operands;
    const values = call.operands.map(({ value }) => value);
    if (x!.shape.length === 2 && weight!.shape.length === 2)
      return e.op("Gemm", values, { transB: int(true) });
    const across = weight!.shape.length === 2 ? transpose(e, weight!.value, [1, 0]) : weight!.value;
    const product = e.op("MatMul", [x!.value, across]);
    return bias === undefined ? product : e.op("Add", [product, bias.value]);
  }),
  addmm: mapped<{ beta: number; alpha: number }>((e, call) => {
    const { beta, alpha } = call.options;
    const [x, a, b] = call.operands;
    if (!gemmFits(call)) return addProduct(e, call, e.op("MatMul", [a!.value, b!.value]));
    return e.op("Gemm", [a!.value, b!.value, x!.value], { alpha: float(alpha), beta: float(beta) });
  }),
  addmv: byProduct,
  baddbmm: byProduct,
  det: mapped((e, call) => e.op("Det", [first(call).value])),
};

/** Gradients of these ops, for graphs of training steps; they are no public ops, so they are known by name. */
export const reductionGradients = {
  softmaxGradient: softmaxGradient(false),
  logSoftmaxGradient: softmaxGradient(true),
};
