/**
 * Attention, written out: products, a softmax, and what a mask leaves out.
 */
import type { Attending } from "@chainrule/core";
import type { Emitter, Value } from "../emitter.ts";
import { int } from "../emitter.ts";
import type { MappedCall, Operand } from "../mapping.ts";
import { mapped } from "../mapping.ts";
import { reduce } from "./reductions.ts";
import { transpose } from "./shapes.ts";

/** The last two dimensions exchanged. */
function turned(e: Emitter, value: Value, rank: number): Value {
  const order = Array.from({ length: rank }, (_, i) => i);
  return transpose(e, value, [...order.slice(0, -2), rank - 1, rank - 2]);
}

/** True where query i may attend to key j ≤ i. */
function causal(e: Emitter, call: MappedCall<Attending>): Value {
  const ones = e.op("Expand", [e.scalar(1, "float32"), e.sizes(call.results[1]!.shape.slice(-2))]);
  return e.cast(e.op("Trilu", [ones], { upper: int(0) }), "bool");
}

/** Scores with their mask, and true where a query has nothing to attend to (`null`: cannot be). */
function masked(
  e: Emitter,
  call: MappedCall<Attending>,
  scores: Value,
  nothing: Value,
): { scores: Value; isHidden: Value | null } {
  if (call.options.isCausal)
    return { scores: e.op("Where", [causal(e, call), scores, nothing]), isHidden: null };
  const mask = call.operands[3];
  if (mask === undefined) return { scores, isHidden: null };
  const open =
    mask.dtype === "bool"
      ? e.op("Where", [mask.value, scores, nothing])
      : e.op("Add", [scores, mask.value]);
  const largest = reduce(e, "ReduceMax", open, [call.results[1]!.shape.length - 1], true);
  const isHidden = e.op("Equal", [largest, nothing]);
  const zero = e.scalar(0, call.results[1]!.dtype);
  return { scores: e.op("Where", [isHidden, zero, open]), isHidden };
}

const attention = mapped<Attending>((e, call) => {
  const [q, k, v] = call.operands as readonly [Operand, Operand, Operand];
  const { dtype, shape } = call.results[1]!;
  const products = e.op("MatMul", [q.value, turned(e, k.value, k.shape.length)]);
  const scaled = e.op("Mul", [products, e.scalar(call.options.scale, dtype)]);
  const nothing = e.scalar(Number.NEGATIVE_INFINITY, dtype);
  const { scores, isHidden } = masked(e, call, scaled, nothing);
  const positive = e.op("Softmax", [scores], { axis: int(-1) });
  const chosen =
    isHidden === null ? positive : e.op("Where", [isHidden, e.scalar(0, dtype), positive]);
  // Values may have more leading dimensions than queries and keys.
  const weights = e.op("Expand", [chosen, e.sizes(shape)]);
  return [e.op("MatMul", [weights, v.value]), weights];
});

const attentionGradient = mapped<Attending>((e, call) => {
  const [q, k, v, weights, c] = call.operands as readonly [
    Operand,
    Operand,
    Operand,
    Operand,
    Operand,
  ];
  const { dtype, shape } = call.results[0]!;
  const rank = shape.length;
  const p = e.op("MatMul", [c.value, turned(e, v.value, v.shape.length)]);
  const weighted = e.op("Mul", [weights.value, p]);
  const mean = reduce(e, "ReduceSum", weighted, [rankOf(weights, c, v) - 1], true);
  const slopes = e.op("Mul", [weights.value, e.op("Sub", [p, mean])]);
  const d = e.op("Mul", [slopes, e.scalar(call.options.scale, dtype)]);
  const products = [
    e.op("MatMul", [d, k.value]),
    e.op("MatMul", [turned(e, d, rankOf(weights, c, v)), q.value]),
    e.op("MatMul", [turned(e, weights.value, weights.shape.length), c.value]),
  ];
  return products.map((value, i) =>
    rank === 2 ? value : e.op("Expand", [value, e.sizes(call.results[i]!.shape)]),
  );
});

/** The rank in which operands meet. */
function rankOf(...operands: readonly Operand[]): number {
  return Math.max(...operands.map((x) => x.shape.length));
}

export const attentionMappings = { attention, attentionGradient };
