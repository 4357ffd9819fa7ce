/**
 * Norms of groups, distances, and losses, written out in simpler nodes.
 */
import type { DType } from "@chainrule/core";
import type { Emitter, Value } from "../emitter.ts";
import { int } from "../emitter.ts";
import type { MappedCall, Operand } from "../mapping.ts";
import { first, fixed, mapped, unmapped, upTo } from "../mapping.ts";
import { oneHot } from "./indexing.ts";
import { squeeze, transpose, unsqueeze } from "./shapes.ts";

interface Standardize {
  readonly eps: number;
  readonly center: boolean;
}

/** Mean over the first and the last of three dimensions; the groups in the middle stay. */
function groupMean(e: Emitter, x: Value): Value {
  return e.op("ReduceMean", [x, e.int64s([0, 2])], { keepdims: int(true) });
}

/** 1/√(v + ε). */
function inverseDeviation(e: Emitter, variance: Value, eps: number, dtype: DType): Value {
  return e.op("Reciprocal", [e.op("Sqrt", [e.op("Add", [variance, e.scalar(eps, dtype)])])]);
}

function emitStandardize(e: Emitter, call: MappedCall<Standardize>): readonly Value[] {
  const { eps, center } = call.options;
  const x = first(call);
  const mean = groupMean(e, x.value);
  const deviation = center ? e.op("Sub", [x.value, mean]) : x.value;
  const variance = groupMean(e, e.op("Mul", [deviation, deviation]));
  const values = e.op("Mul", [deviation, inverseDeviation(e, variance, eps, x.dtype)]);
  const flat = (statistic: Value): Value => squeeze(e, statistic, [0, 2]);
  const shown = center ? mean : e.op("Mul", [mean, e.scalar(0, x.dtype)]);
  return [values, flat(shown), flat(variance)];
}

/** r·(c − mean c − y·mean(c·y)), where r is 1/√(v + ε). */
function emitStandardizeGradient(e: Emitter, call: MappedCall<Standardize>): Value {
  const { eps, center } = call.options;
  const [c, y, variance] = call.operands.map(({ value }) => value) as [Value, Value, Value];
  const { dtype } = first(call);
  const scale = inverseDeviation(e, unsqueeze(e, variance, [0, 2]), eps, dtype);
  const along = e.op("Mul", [y, groupMean(e, e.op("Mul", [c, y]))]);
  const centred = center ? e.op("Sub", [c, groupMean(e, c)]) : c;
  return e.op("Mul", [scale, e.op("Sub", [centred, along])]);
}

/** A number for each channel, as it broadcasts against the operand of shape [N, C, *]. */
function perChannel(e: Emitter, x: Value, { shape }: Operand): Value {
  return unsqueeze(e, x, upTo(shape.length - 1, 1));
}

function emitChannelAffine(e: Emitter, call: MappedCall): Value {
  const [x, scale, shift] = call.operands as readonly [Operand, Operand, Operand];
  const scaled = e.op("Mul", [x.value, perChannel(e, scale.value, x)]);
  return e.op("Add", [scaled, perChannel(e, shift.value, x)]);
}

function emitChannelAffineGradient(e: Emitter, call: MappedCall): readonly Value[] {
  const [c, x, scale] = call.operands as readonly [Operand, Operand, Operand];
  const dims = upTo(x.shape.length).filter((dim) => dim !== 1);
  const channelSum = (value: Value): Value =>
    e.op("ReduceSum", [value, e.int64s(dims)], { keepdims: int(false) });
  return [
    e.op("Mul", [c.value, perChannel(e, scale.value, x)]),
    channelSum(e.op("Mul", [c.value, x.value])),
    channelSum(c.value),
  ];
}

function emitDistances(e: Emitter, call: MappedCall<{ p: number }>): Value {
  const [a, b] = call.operands as readonly [Operand, Operand];
  const { p } = call.options;
  const { dtype } = a;
  const difference = e.op("Sub", [unsqueeze(e, a.value, [-2]), unsqueeze(e, b.value, [-3])]);
  const magnitude = e.op("Abs", [difference]);
  const over = (type: string, x: Value): Value =>
    e.op(type, [x, e.int64s([a.shape.length])], { keepdims: int(false) });
  if (p === 0) {
    const isZero = e.op("Equal", [magnitude, e.scalar(0, dtype)]);
    return over("ReduceSum", e.cast(e.op("Not", [isZero]), dtype));
  }
  if (p === 1) return over("ReduceSum", magnitude);
  if (p === 2) return over("ReduceL2", difference);
  if (p === Number.POSITIVE_INFINITY) return over("ReduceMax", magnitude);
  const total = over("ReduceSum", e.op("Pow", [magnitude, e.scalar(p, dtype)]));
  return e.op("Pow", [total, e.scalar(1 / p, dtype)]);
}

interface ClassLoss {
  readonly reduction: "mean" | "sum" | "none";
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;
}

/** What the loss of class indices and its gradient are both made of, with the classes as the last dimension. */
function classes(
  e: Emitter,
  call: MappedCall<ClassLoss>,
  logits: Operand,
  target: Operand,
  weight: Operand | undefined,
) {
  const { dtype } = logits;
  const rank = logits.shape.length;
  const dim = rank === 1 ? 0 : 1;
  const last = [...upTo(rank).filter((i) => i !== dim), dim];
  const count = fixed(call, logits.shape[dim], "number of classes");
  const isCounted = e.op("Not", [
    e.op("Equal", [target.value, e.scalar(call.options.ignoreIndex, "int32")]),
  ]);
  // An ignored target may be no class at all: any other stands in for it, and does not count.
  const places = e.op("Where", [isCounted, target.value, e.scalar(0, "int32")]);
  const counted = e.cast(isCounted, dtype);
  const own =
    weight === undefined
      ? counted
      : e.op("Mul", [counted, e.op("Gather", [weight.value, places], { axis: int(0) })]);
  return { dtype, last, count, places, counted, own, dim };
}

function emitCrossEntropy(e: Emitter, call: MappedCall<ClassLoss>): Value {
  const [logits, target, weight] = call.operands as readonly [Operand, Operand, Operand?];
  const { reduction, labelSmoothing } = call.options;
  const { dtype, last, count, places, counted, own } = classes(e, call, logits, target, weight);
  const rows = transpose(e, logits.value, last);
  const logarithms = e.op("LogSoftmax", [rows], { axis: int(-1) });
  const picked = e.op("GatherElements", [logarithms, unsqueeze(e, places, [-1])], {
    axis: int(-1),
  });
  let losses = e.op("Neg", [e.op("Mul", [own, squeeze(e, picked, [-1])])]);
  if (labelSmoothing > 0) {
    const weighted = weight === undefined ? logarithms : e.op("Mul", [logarithms, weight.value]);
    const all = e.op("ReduceSum", [weighted, e.int64s([-1])], { keepdims: int(false) });
    losses = e.op("Add", [
      e.op("Mul", [losses, e.scalar(1 - labelSmoothing, dtype)]),
      e.op("Mul", [e.op("Mul", [all, counted]), e.scalar(-labelSmoothing / count, dtype)]),
    ]);
  }
  if (reduction === "none") return losses;
  const sum = (x: Value): Value => e.op("ReduceSum", [x], { keepdims: int(false) });
  return reduction === "sum" ? sum(losses) : e.op("Div", [sum(losses), sum(own)]);
}

function emitCrossEntropyGradient(e: Emitter, call: MappedCall<ClassLoss>): Value {
  const [cotangent, logits, target, weight] = call.operands as readonly [
    Operand,
    Operand,
    Operand,
    Operand?,
  ];
  const { reduction, labelSmoothing } = call.options;
  const { dtype, last, count, places, counted, own } = classes(e, call, logits, target, weight);
  const probabilities = e.op("Softmax", [transpose(e, logits.value, last)], { axis: int(-1) });
  const truths = e.cast(oneHot(e, places, count), dtype);
  const column = (x: Value): Value => unsqueeze(e, x, [-1]);
  // Σ_k q_k · (p − e_k) for the share q of every class: that of the target, and the smoothing of all.
  const times = (a: Value, b: Value): Value => e.op("Mul", [a, b]);
  let gradient = times(e.op("Sub", [probabilities, truths]), column(own));
  if (labelSmoothing > 0) {
    const share = labelSmoothing / count;
    const all =
      weight === undefined
        ? e.scalar(count, dtype)
        : e.op("ReduceSum", [weight.value], { keepdims: int(false) });
    const each = weight === undefined ? e.scalar(1, dtype) : weight.value;
    const smoothing = e.op("Sub", [times(probabilities, all), each]);
    gradient = e.op("Add", [
      times(gradient, e.scalar(1 - labelSmoothing, dtype)),
      times(times(smoothing, column(counted)), e.scalar(share, dtype)),
    ]);
  }
  const total = e.op("ReduceSum", [own], { keepdims: int(false) });
  const factor =
    reduction === "none"
      ? column(cotangent.value)
      : reduction === "sum"
        ? cotangent.value
        : e.op("Div", [cotangent.value, total]);
  const back = upTo(last.length);
  for (const [i, dim] of last.entries()) back[dim] = i;
  return transpose(e, times(gradient, factor), back);
}

export const normMappings = {
  standardize: mapped<Standardize>(emitStandardize),
  standardizeGradient: mapped<Standardize>(emitStandardizeGradient),
  channelAffine: mapped(emitChannelAffine),
  channelAffineGradient: mapped(emitChannelAffineGradient),
  distances: mapped<{ p: number }>(emitDistances),
  weightedDifferences: mapped((e, call) => {
    // Σ_r w_pr (a_p − b_r) = a_p Σ_r w_pr − (w b)_p.
    const [w, a, b] = call.operands.map(({ value }) => value) as [Value, Value, Value];
    const total = e.op("ReduceSum", [w, e.int64s([-1])], { keepdims: int(true) });
    return e.op("Sub", [e.op("Mul", [a, total]), e.op("MatMul", [w, b])]);
  }),
  crossEntropy: mapped<ClassLoss>(emitCrossEntropy),
  crossEntropyGradient: mapped<ClassLoss>(emitCrossEntropyGradient),
  ctcTerm: unmapped("there is no connectionist temporal classification"),
  ctcTermGradient: unmapped("there is no connectionist temporal classification"),
};
