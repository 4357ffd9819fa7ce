/**
 * Nodes that look at numbers along dimensions, or multiply matrices.
 */
import type { Tensor } from "@chainrule/core";
import {
  abs,
  add,
  amax,
  amin,
  argmax,
  argmin,
  det,
  einsum,
  flip,
  isFloating,
  log,
  logSoftmax,
  logsumexp,
  matmul,
  mean,
  mul,
  normalize,
  prod,
  reshape,
  softmax,
  sub,
  sum,
  topk,
  transpose,
  vectorNorm,
} from "@chainrule/core";
import type { Importer } from "./importer.ts";
import { dimOf, given, listInput, numberIn, plain } from "./importer.ts";

type Reduce = (x: Tensor, dims: number[], options: { keepdim: boolean }) => Tensor;

/** Axes are an input since a version that differs; without any, all dimensions count, unless that is to mean none. */
function reduction(reduce: Reduce, since = 18): Importer {
  return (node) => {
    const axes = listInput(node, "axes", 1, since);
    node.expectInputs(1, node.opset >= since ? 2 : 1);
    node.expectOutputs(1);
    const keepdim = node.flag("keepdims", true);
    const noneIsNone = node.opset >= since && node.flag("noop_with_empty_axes", false);
    return (...inputs) => {
      const x = given(inputs[0]);
      const dims = axes(inputs) ?? [];
      if (dims.length === 0 && noneIsNone) return x;
      const all = x.shape.map((_, dim) => dim);
      const chosen = dims.length === 0 ? all : dims;
      return chosen.length === 0
        ? reduce(reshape(x, [1]), [0], { keepdim: false })
        : reduce(x, chosen, { keepdim });
    };
  };
}

/** Whole numbers keep their type. */
function meanOf(x: Tensor, dims: number[], options: { keepdim: boolean }): Tensor {
  if (isFloating(x.dtype)) return mean(x, dims, options);
  return mean(x.to("float64"), dims, options).trunc().to(x.dtype);
}

const position =
  (op: typeof argmax): Importer =>
  (node) => {
    node.expectInputs(1, 1);
    node.expectOutputs(1);
    const axis = node.int("axis", 0);
    const keepdim = node.flag("keepdims", true);
    const last = node.flag("select_last_index", false);
    return (input) => {
      const x = given(input);
      if (!last) return op(x, axis, { keepdim });
      const length = x.shape[dimOf(axis, x.ndim)]!;
      return sub(length - 1, op(flip(x, axis), axis, { keepdim }));
    };
  };

/** Before version 13 all dimensions from the axis on were one row. */
const along =
  (op: (x: Tensor, dim: number) => Tensor): Importer =>
  (node) => {
    node.expectInputs(1, 1);
    node.expectOutputs(1);
    const axis = node.int("axis", node.opset < 13 ? 1 : -1);
    return (input) => {
      const x = given(input);
      if (node.opset >= 13) return op(x, axis);
      const lead = x.shape.slice(0, dimOf(axis, x.ndim)).reduce((a, b) => a * b, 1);
      const rows = reshape(x, [lead, lead === 0 ? 0 : x.numel() / lead]);
      return reshape(op(rows, 1), x.shape);
    };
  };

const importTopK: Importer = (node) => {
  const fixed = node.opset < 10 ? node.int("k", 1) : undefined;
  node.expectInputs(fixed === undefined ? 2 : 1, 2);
  node.expectOutputs(2);
  const axis = node.int("axis", -1);
  const largest = node.flag("largest", true);
  node.flag("sorted", true);
  return (x, k) => {
    const count = fixed ?? numberIn(given(k).reshape([]));
    const { values, indices } = topk(given(x), count, axis, { largest });
    return [values, indices];
  };
};

const importGemm: Importer = (node) => {
  node.expectInputs(2, 3);
  node.expectOutputs(1);
  const [alpha, beta] = [node.float("alpha", 1), node.float("beta", 1)];
  const [transA, transB] = [node.flag("transA", false), node.flag("transB", false)];
  return (a, b, c) => {
    const left = transA ? transpose(given(a), 0, 1) : given(a);
    const right = transB ? transpose(given(b), 0, 1) : given(b);
    const product = matmul(left, right);
    const scaled = alpha === 1 ? product : mul(product, alpha);
    if (c === undefined || beta === 0) return scaled;
    return add(scaled, beta === 1 ? c : mul(c, beta));
  };
};

const importEinsum: Importer = (node) => {
  node.expectInputs(1, Number.POSITIVE_INFINITY);
  node.expectOutputs(1);
  const equation = node.text("equation", "");
  if (equation === "") throw node.refuse("lacks the attribute equation");
  return (...inputs) => einsum(equation, inputs.map(given));
};

const importLpNormalization: Importer = (node) => {
  node.expectInputs(1, 1);
  node.expectOutputs(1);
  const dim = node.int("axis", -1);
  const p = node.int("p", 2);
  return (x) => normalize(given(x), p, dim, { eps: 0 });
};

export const reductionImporters: Readonly<Record<string, Importer>> = {
  ArgMax: position(argmax),
  ArgMin: position(argmin),
  Det: plain(1, (x) => det(x!)),
  Einsum: importEinsum,
  Gemm: importGemm,
  LogSoftmax: along(logSoftmax),
  LpNormalization: importLpNormalization,
  MatMul: plain(2, (a, b) => matmul(a!, b!)),
  ReduceL1: reduction((x, dims, options) => sum(abs(x), dims, options)),
  ReduceL2: reduction((x, dims, options) => vectorNorm(x, 2, dims, options)),
  ReduceLogSum: reduction((x, dims, options) => log(sum(x, dims, options))),
  ReduceLogSumExp: reduction((x, dims, options) => logsumexp(x, dims, options)),
  ReduceMax: reduction((x, dims, options) => amax(x, dims, options)),
  ReduceMean: reduction(meanOf),
  ReduceMin: reduction((x, dims, options) => amin(x, dims, options)),
  ReduceProd: reduction((x, dims, options) => prod(x, dims, options)),
  ReduceSum: reduction((x, dims, options) => sum(x, dims, options), 13),
  ReduceSumSquare: reduction((x, dims, options) => sum(mul(x, x), dims, options)),
  Softmax: along(softmax),
  TopK: importTopK,
};
