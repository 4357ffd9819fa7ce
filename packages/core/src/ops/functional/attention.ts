/**
 * Attention.
 */
import type { TensorLike } from "../../creation.ts";
import { fromTypedArray, toTensor } from "../../creation.ts";
import {
  ArgumentError,
  checkBoolean,
  checkNumber,
  checkOptions,
  DTypeError,
  quoted,
  ShapeError,
} from "../../errors.ts";
import type { Generator } from "../../random/generator.ts";
import { toOperands } from "../../record.ts";
import { broadcastShapes, formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../arithmetic.ts";
import { gt } from "../comparison.ts";
import { dropout } from "../dropout.ts";
import { amax } from "../extremum.ts";
import { any } from "../logical.ts";
import { matmul } from "../matmul.ts";
import { where } from "../selection.ts";
import { softmax } from "../softmax.ts";
import { transpose } from "../transpose.ts";
import type { OptionalTensor } from "./arguments.ts";
import { readOptional } from "./arguments.ts";

/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /** Whether query i attends to keys 0 to i only. */
  isCausal?: boolean | undefined;
  /** The probability with which an attention weight is left out; 0 unless given. */
  dropoutP?: number | undefined;
  /** What scores are multiplied by; 1/√E unless given. */
  scale?: number | null | undefined;
  /** Where the random numbers of dropout come from; the default generator unless given. */
  generator?: Generator | undefined;
}

/** True where query i may attend to key j ≤ i. */
function causalMask(queries: number, keys: number): Tensor {
  const allowed = Uint8Array.from({ length: queries * keys }, (_, i) =>
    i % keys <= Math.floor(i / keys) ? 1 : 0,
  );
  return fromTypedArray(allowed, [queries, keys]);
}

/**
 * Scores with a mask, and which queries have a key to attend to (`null`: all of them). A query that has none gets equal
 * scores, so that no NaN arises; its weights are to be cleared afterwards.
 */
function masked(scores: Tensor, mask: Tensor): { scores: Tensor; attends: Tensor | null } {
  const nothing = Number.NEGATIVE_INFINITY;
  const isBool = mask.dtype === "bool";
  const attends = isBool
    ? any(mask, -1, { keepdim: true })
    : gt(amax(mask.detach(), -1, { keepdim: true }), nothing);
  const known = attends.batch === null ? attends.toTypedArray() : null;
  if (known?.every((flag) => flag !== 0)) {
    return { scores: isBool ? where(mask, scores, nothing) : add(scores, mask), attends: null };
  }
  const open = isBool ? where(mask, scores, nothing) : add(scores, mask);
  return { scores: where(attends, open, 0), attends };
}

/** Refuses queries and keys that do not fit. */
function checkFeatures(name: string, q: Tensor, k: Tensor): void {
  if (Math.min(q.ndim, k.ndim) >= 2 && q.shape.at(-1) === k.shape.at(-1)) return;
  throw new ShapeError(
    `${name}: query and key have shapes ${formatShape(q.shape)} and ${formatShape(k.shape)}, but must have [*, L, E] and [*, S, E].`,
    { query: q.shape, key: k.shape },
  );
}

function weightsOf(
  name: string,
  q: Tensor,
  k: Tensor,
  given: TensorLike | null,
  options: AttentionOptions | undefined,
): Tensor {
  const { dropoutP = 0, scale = null, generator } = options ?? {};
  const isCausal = checkBoolean(name, "isCausal", options?.isCausal, false);
  if (isCausal && given !== null) {
    throw new ArgumentError(
      `${name}: give either a mask or isCausal, not both. Put the causal part into the mask.`,
    );
  }
  const factor = checkNumber(name, "scale", scale ?? 1 / Math.sqrt(q.shape.at(-1)!));
  if (!(dropoutP >= 0 && dropoutP <= 1)) {
    throw new ArgumentError(`${name}: dropoutP must lie from 0 to 1, not at ${quoted(dropoutP)}.`, {
      dropoutP,
    });
  }
  const [queries, keys] = [q.shape.at(-2)!, k.shape.at(-2)!];
  let scores = matmul(mul(q, factor), transpose(k, -1, -2));
  let attends: Tensor | null = null;
  if (isCausal) {
    scores = where(causalMask(queries, keys), scores, Number.NEGATIVE_INFINITY);
  } else if (given !== null) {
    const mask = toTensor(name, given);
    if (mask.dtype === "int32") {
      throw new DTypeError(
        `${name}: a mask is bool (true where a query may attend) or numbers to be added, not int32. Compare: mask.ne(0).`,
        { dtype: mask.dtype },
      );
    }
    if (!sameShape(broadcastShapes(name, mask.shape, scores.shape), scores.shape)) {
      throw new ShapeError(
        `${name}: the mask of shape ${formatShape(mask.shape)} has more elements than the scores of shape ${formatShape(scores.shape)}.`,
        { mask: mask.shape, scores: scores.shape },
      );
    }
    if (mask.numel() > 0) ({ scores, attends } = masked(scores, mask));
  }
  let weights = softmax(scores, -1);
  if (attends !== null) weights = where(attends, weights, 0);
  if (dropoutP === 0) return weights;
  return dropout(weights, generator ? { p: dropoutP, generator } : { p: dropoutP });
}

const optionNames = ["isCausal", "dropoutP", "scale", "generator"];

/**
 * How much each query attends to each key: softmax(query · keyᵀ · scale + mask), for query of shape [*, L, E] and key of
 * [*, S, E]; the weights have shape [*, L, S]. Mask and options as in `scaledDotProductAttention`, which these weights are for.
 *
 * @throws {ShapeError} when the shapes do not fit.
 * @throws {DTypeError} for a mask of whole numbers.
 * @throws {ArgumentError} for unknown options, and for a mask together with `isCausal`.
 * @example
 * import { attentionWeights, tensor } from "@chainrule/core";
 * const [q, k] = [tensor([[1, 0]]), tensor([[1, 0], [1, 0]])];
 * attentionWeights(q, k); // → tensor([[0.5, 0.5]])
 */
export function attentionWeights(
  query: TensorLike,
  key: TensorLike,
  attnMask?: OptionalTensor<AttentionOptions>,
  options?: AttentionOptions,
): Tensor {
  const name = "attentionWeights";
  const call = readOptional(name, [attnMask], options);
  checkOptions(name, call.options, optionNames);
  const [q, k] = toOperands(name, [query, key]) as [Tensor, Tensor];
  checkFeatures(name, q, k);
  return weightsOf(name, q, k, call.tensors[0]!, call.options);
}

/**
 * Attention with scaled dot products: softmax(query · keyᵀ · scale + mask) · value.
 *
 * For query of shape [*, L, E], key of [*, S, E] and value of [*, S, V], whose leading dimensions broadcast, the result has
 * shape [*, L, V]. A mask of [*, L, S] is either bool, true where a query may attend to a key, or numbers that are added to
 * the scores. It may be left out. With `isCausal`, query i attends to keys 0 to i. A query that may attend to nothing gets
 * 0. (Vaswani et al. 2017.)
 *
 * @throws {ShapeError} when the shapes do not fit.
 * @throws {DTypeError} for a mask of whole numbers.
 * @throws {ArgumentError} for unknown options, and for a mask together with `isCausal`.
 * @example
 * import { scaledDotProductAttention, tensor } from "@chainrule/core";
 * const [q, k, v] = [tensor([[1, 0]]), tensor([[1, 0], [1, 0]]), tensor([[2], [4]])];
 * scaledDotProductAttention(q, k, v); // → tensor([[3]])
 * scaledDotProductAttention(q, k, v, [[true, false]]); // → tensor([[2]])
 */
export function scaledDotProductAttention(
  query: TensorLike,
  key: TensorLike,
  value: TensorLike,
  attnMask?: OptionalTensor<AttentionOptions>,
  options?: AttentionOptions,
): Tensor {
  const name = "scaledDotProductAttention";
  const call = readOptional(name, [attnMask], options);
  checkOptions(name, call.options, optionNames);
  const [q, k, v] = toOperands(name, [query, key, value]) as [Tensor, Tensor, Tensor];
  const fits =
    Math.min(q.ndim, k.ndim, v.ndim) >= 2 &&
    q.shape.at(-1) === k.shape.at(-1) &&
    k.shape.at(-2) === v.shape.at(-2);
  if (!fits) {
    throw new ShapeError(
      `${name}: query, key and value have shapes ${formatShape(q.shape)}, ${formatShape(k.shape)} and ${formatShape(v.shape)}, but must have [*, L, E], [*, S, E] and [*, S, V].`,
      { query: q.shape, key: k.shape, value: v.shape },
    );
  }
  return matmul(weightsOf(name, q, k, call.tensors[0]!, call.options), v);
}
