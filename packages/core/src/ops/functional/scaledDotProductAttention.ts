/**
 * Attention as PyTorch calls it.
 */
import type { TensorLike } from "../../creation.ts";
import { zeros } from "../../creation.ts";
import { ArgumentError, checkNumber, checkOptions, quoted, ShapeError } from "../../errors.ts";
import type { Generator } from "../../random/generator.ts";
import { toOperands } from "../../record.ts";
import { formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { dropout } from "../dropout.ts";
import { matmul } from "../matmul.ts";
import type { OptionalTensor } from "./arguments.ts";
import { readOptional } from "./arguments.ts";
import { attention } from "./attention.ts";
import { checkFits, readFittingScoring } from "./attention-scoring.ts";

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

const optionNames = ["isCausal", "dropoutP", "scale", "generator"];

/** What a call asks for: its tensors, the options of the op, and dropout. */
interface Asked {
  readonly mask: TensorLike | null;
  readonly attending: { isCausal?: boolean | undefined; scale?: number | null | undefined };
  readonly dropped: (weights: Tensor) => Tensor;
  readonly dropsNothing: boolean;
}

function read(
  name: string,
  attnMask: OptionalTensor<AttentionOptions> | undefined,
  given: AttentionOptions | undefined,
): Asked {
  const { tensors, options = {} } = readOptional(name, [attnMask], given);
  checkOptions(name, options, optionNames);
  const { isCausal, scale, generator } = options;
  const p = checkNumber(name, "dropoutP", options.dropoutP ?? 0);
  if (!(p >= 0 && p <= 1)) {
    throw new ArgumentError(`${name}: dropoutP must lie from 0 to 1, not at ${quoted(p)}.`, {
      dropoutP: p,
    });
  }
  return {
    mask: tensors[0]!,
    attending: { isCausal, scale },
    dropped: (weights) => dropout(weights, generator ? { p, generator } : { p }),
    dropsNothing: p === 0,
  };
}

/** The op, whose weights are all that is wanted: values without features. */
function weigh(name: string, q: Tensor, k: Tensor, asked: Asked): Tensor {
  const { dropped, dropsNothing } = asked;
  const { mask, attending } = readFittingScoring(name, [q, k], asked.mask, asked.attending);
  const nothing = zeros([k.shape.at(-2)!, 0], { dtype: k.dtype });
  const { weights } = attention(q, k, nothing, mask, attending);
  return dropsNothing ? weights : dropped(weights);
}

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
  const asked = read(name, attnMask, options);
  const [q, k] = toOperands(name, [query, key]) as [Tensor, Tensor];
  if (Math.min(q.ndim, k.ndim) < 2 || q.shape.at(-1) !== k.shape.at(-1)) {
    throw new ShapeError(
      `${name}: query and key have shapes ${formatShape(q.shape)} and ${formatShape(k.shape)}, but must have [*, L, E] and [*, S, E].`,
      { query: q.shape, key: k.shape },
    );
  }
  return weigh(name, q, k, asked);
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
  const asked = read(name, attnMask, options);
  const [q, k, v] = toOperands(name, [query, key, value]) as [Tensor, Tensor, Tensor];
  checkFits(name, q, k, v);
  if (!asked.dropsNothing) return matmul(weigh(name, q, k, asked), v);
  const { mask, attending } = readFittingScoring(name, [q, k, v], asked.mask, asked.attending);
  return attention(q, k, v, mask, attending).output;
}
