/**
 * Attention with several heads.
 */
import type { Generator, Shape, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  add,
  attention,
  attentionWeights,
  cat,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  checkTensor,
  DTypeError,
  expand,
  formatShape,
  fromTypedArray,
  linear,
  logicalNot,
  logicalOr,
  matmul,
  mean,
  pad,
  permute,
  reshape,
  ShapeError,
  sameShape,
  split,
  unsqueeze,
  where,
  zeros,
} from "@chainrule/core";
import { xavierNormal_, xavierUniform_, zeros_ } from "../init.ts";
import { Module } from "../module.ts";
import { parameter } from "../registry.ts";
import { Linear } from "./linear.ts";
import type { RandomParameterOptions } from "./parameters.ts";
import {
  constantParameter,
  described,
  drawnFrom,
  ofType,
  randomParameterOptions,
} from "./parameters.ts";

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions extends RandomParameterOptions {
  /** The probability with which an attention weight is left out in training; 0 unless given. */
  dropout?: number;
  /** Whether biases are added; true unless given. */
  bias?: boolean;
  /** Whether a learned key and value are put behind all others; false unless given. */
  addBiasKv?: boolean;
  /** Whether a key and value of zeros are put behind all others; false unless given. */
  addZeroAttn?: boolean;
  /** The features of the keys; embedDim unless given. */
  kdim?: number | null;
  /** The features of the values; embedDim unless given. */
  vdim?: number | null;
  /** Whether inputs and outputs are [N, L, E] rather than [L, N, E]; false unless given. */
  batchFirst?: boolean;
}

/** Masks and options of a call of {@link MultiheadAttention}. */
export interface AttentionCallOptions {
  /** [N, S]: bool, true where a key is to be ignored, or numbers that are added to the scores, whatever `attnMask` is. */
  keyPaddingMask?: Tensor | null;
  /** [L, S] or [N·numHeads, L, S]: bool, true where a query may not attend to a key, or numbers that are added. */
  attnMask?: Tensor | null;
  /** Whether query i attends to keys 0 to i only; false unless given. */
  isCausal?: boolean;
  /** Whether the weights are given as well; true unless given. Without them it is faster. */
  needWeights?: boolean;
  /** Whether these are averages over the heads; true unless given. */
  averageAttnWeights?: boolean;
}

const callOptions = ["keyPaddingMask", "attnMask", "isCausal", "needWeights", "averageAttnWeights"];

/** A mask of this layer: true, or −∞, where there is to be no attention. */
function checkMask(where: string, name: string, mask: Tensor, shapes: readonly Shape[]): Tensor {
  checkTensor(`${where}, ${name}`, mask);
  if (mask.dtype === "int32") {
    throw new DTypeError(
      `${where}: ${name} is bool (true where there is no attention) or numbers that are added to the scores, not int32. Compare: mask.ne(0).`,
      { mask: name },
    );
  }
  if (!shapes.some((shape) => sameShape(shape, mask.shape))) {
    throw new ShapeError(
      `${where}: ${name} has shape ${formatShape(mask.shape)}, but must have ${shapes.map(formatShape).join(" or ")}.`,
      { mask: mask.shape, expected: shapes },
    );
  }
  return mask;
}

/** True above the diagonal: where query i may not attend to key j > i. */
function causalMask(queries: number, keys: number): Tensor {
  const refused = Uint8Array.from({ length: queries * keys }, (_, i) =>
    i % keys > Math.floor(i / keys) ? 1 : 0,
  );
  return fromTypedArray(refused, [queries, keys]);
}

/** Whether a mask of [L, L] says no more than that query i attends to keys 0 to i. */
function isCausalTable(mask: Tensor): boolean {
  const [queries, keys] = mask.shape as [number, number];
  if (mask.ndim !== 2 || queries !== keys || mask.requiresGrad || mask.batch !== null) return false;
  const numbers = mask.toTypedArray();
  const refused = mask.dtype === "bool" ? 1 : Number.NEGATIVE_INFINITY;
  for (let i = 0, at = 0; i < queries; i++)
    for (let j = 0; j < keys; j++, at++) if (numbers[at] !== (j > i ? refused : 0)) return false;
  return true;
}

/** Both masks as one. */
function joined(a: Tensor | null, b: Tensor | null, dtype: Tensor["dtype"]): Tensor | null {
  if (a === null || b === null) return a ?? b;
  if (a.dtype === "bool" && b.dtype === "bool") return logicalOr(a, b);
  const numbers = (mask: Tensor): Tensor =>
    mask.dtype === "bool" ? where(mask, Number.NEGATIVE_INFINITY, zeros([], { dtype })) : mask;
  return add(numbers(a), numbers(b));
}

/**
 * Attention with several heads: each head projects queries, keys and values to embedDim/numHeads features, and the heads'
 * results, side by side, are projected once more. (Vaswani et al., "Attention is all you need", NeurIPS 2017.)
 *
 * `forward(query, key, value, options)` takes query of shape [L, N, embedDim], key of [S, N, kdim] and value of [S, N, vdim] (N
 * first with `batchFirst`, or all without N), and gives the output, of the shape of the query, and the weights, [N, L, S]
 * averaged over the heads ([N, numHeads, L, S] unless `averageAttnWeights`, `null` unless `needWeights`). A query that may
 * attend to nothing gets weights of 0.
 *
 * Parameters: `inProjWeight` of shape [3·embedDim, embedDim] for queries, keys and values (`qProjWeight`, `kProjWeight` and
 * `vProjWeight` if these have other features), `inProjBias`, and the layer `outProj`.
 *
 * @throws {ArgumentError} when embedDim is no multiple of numHeads, and for unknown options.
 * @throws {ShapeError} in `forward`, when inputs or masks have other shapes.
 * @throws {DTypeError} in `forward`, for masks of whole numbers.
 * @example
 * import { randn } from "@chainrule/core";
 * import { MultiheadAttention } from "@chainrule/nn";
 * const attention = new MultiheadAttention(8, 2, { batchFirst: true });
 * const x = randn([5, 3, 8]);
 * const [output, weights] = attention.forward(x, x, x, { isCausal: true });
 * [output.shape, weights?.shape]; // → [ [ 5, 3, 8 ], [ 5, 3, 3 ] ]
 */
export class MultiheadAttention extends Module {
  static override readonly isConfined = true;

  readonly embedDim: number;
  readonly numHeads: number;
  readonly kdim: number;
  readonly vdim: number;
  readonly dropout: number;
  readonly batchFirst: boolean;
  readonly addZeroAttn: boolean;
  inProjWeight: Tensor | null;
  qProjWeight: Tensor | null;
  kProjWeight: Tensor | null;
  vProjWeight: Tensor | null;
  inProjBias: Tensor | null;
  readonly outProj: Linear;
  biasK: Tensor | null;
  biasV: Tensor | null;
  private readonly source: { generator?: Generator };

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const name = "MultiheadAttention";
    checkOptions(name, options, [
      "dropout",
      "bias",
      "addBiasKv",
      "addZeroAttn",
      "kdim",
      "vdim",
      "batchFirst",
      ...randomParameterOptions,
    ]);
    this.embedDim = checkInteger(name, "embedDim", embedDim, 1);
    this.numHeads = checkInteger(name, "numHeads", numHeads, 1);
    if (embedDim % numHeads !== 0) {
      throw new ArgumentError(
        `${name}: embedDim ${embedDim} does not fall into ${numHeads} heads of equal size.`,
        { embedDim, numHeads },
      );
    }
    this.kdim = checkInteger(name, "kdim", options.kdim ?? embedDim, 1);
    this.vdim = checkInteger(name, "vdim", options.vdim ?? embedDim, 1);
    this.dropout = checkNumber(name, "dropout", options.dropout ?? 0);
    if (this.dropout < 0 || this.dropout > 1) {
      throw new ArgumentError(
        `${name}: dropout is a probability, from 0 to 1, not ${this.dropout}.`,
      );
    }
    this.batchFirst = checkBoolean(name, "batchFirst", options.batchFirst, false);
    this.addZeroAttn = checkBoolean(name, "addZeroAttn", options.addZeroAttn, false);
    const hasBias = checkBoolean(name, "bias", options.bias, true);
    const isUniform = this.kdim === embedDim && this.vdim === embedDim;
    const matrix = (rows: number, columns: number): Tensor =>
      parameter(xavierUniform_(zeros([rows, columns], ofType(options)), drawnFrom(options)));
    this.inProjWeight = isUniform ? matrix(3 * embedDim, embedDim) : null;
    this.qProjWeight = isUniform ? null : matrix(embedDim, embedDim);
    this.kProjWeight = isUniform ? null : matrix(embedDim, this.kdim);
    this.vProjWeight = isUniform ? null : matrix(embedDim, this.vdim);
    this.inProjBias = hasBias ? constantParameter([3 * embedDim], 0, options) : null;
    this.outProj = new Linear(embedDim, embedDim, {
      bias: hasBias,
      ...ofType(options),
      ...drawnFrom(options),
    });
    if (this.outProj.bias !== null) zeros_(this.outProj.bias);
    const hasBiasKv = checkBoolean(name, "addBiasKv", options.addBiasKv, false);
    const row = (): Tensor =>
      parameter(xavierNormal_(zeros([1, 1, embedDim], ofType(options)), drawnFrom(options)));
    this.biasK = hasBiasKv ? row() : null;
    this.biasV = hasBiasKv ? row() : null;
    this.source = drawnFrom(options);
  }

  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: AttentionCallOptions = {},
  ): readonly [output: Tensor, weights: Tensor | null] {
    const name = "MultiheadAttention";
    checkOptions(`${name}.forward`, options, callOptions);
    const isSingle = this.checkInputs(query, key, value);
    const needWeights = checkBoolean(name, "needWeights", options.needWeights, true);
    const average = checkBoolean(name, "averageAttnWeights", options.averageAttnWeights, true);

    const [q, k, v] = this.project(query, key, value).map((x) =>
      this.heads(isSingle ? unsqueeze(x, this.batchFirst ? 0 : 1) : x),
    ) as [Tensor, Tensor, Tensor];
    const [samples, , length] = q.shape as [number, number, number];
    const [keys, values] = [this.extended(k, this.biasK), this.extended(v, this.biasV)];
    const sizes = { samples, queries: length, keys: k.shape[2]!, allKeys: keys.shape[2]! };
    const { mask, isCausal } = this.mask(options, sizes, q.dtype, isSingle);
    // A mask says here where there is no attention, and there where there is some.
    const allowed = mask?.dtype === "bool" ? logicalNot(mask) : mask;
    const dropoutP = this.training ? this.dropout : 0;
    let output: Tensor;
    let weights: Tensor;
    if (dropoutP === 0) {
      ({ output, weights } = attention(q, keys, values, allowed, { isCausal }));
    } else {
      weights = attentionWeights(q, keys, allowed, { isCausal, dropoutP, ...this.source });
      output = matmul(weights, values);
    }
    const mixed = this.output(output, isSingle);
    if (!needWeights) return [mixed, null];
    const shown = average ? mean(weights, 1) : weights;
    return [mixed, isSingle ? shown.squeeze(0) : shown];
  }

  /** Refuses inputs whose shapes do not fit; whether they came without N. */
  private checkInputs(query: Tensor, key: Tensor, value: Tensor): boolean {
    const name = "MultiheadAttention";
    const inputs = [query, key, value];
    for (const x of inputs) checkTensor(name, x);
    const rank = query.ndim;
    const [times, samples] = rank === 2 ? [0, null] : this.batchFirst ? [1, 0] : [0, 1];
    const features = [this.embedDim, this.kdim, this.vdim];
    const fits =
      (rank === 2 || rank === 3) &&
      inputs.every((x, i) => x.ndim === rank && x.shape.at(-1) === features[i]) &&
      key.shape[times] === value.shape[times] &&
      (samples === null || inputs.every((x) => x.shape[samples] === query.shape[samples]));
    if (!fits) {
      const order = this.batchFirst ? ["N, L", "N, S"] : ["L, N", "S, N"];
      throw new ShapeError(
        `${name}: query, key and value have shapes ${inputs.map((x) => formatShape(x.shape)).join(", ")}, but must have [${order[0]}, ${this.embedDim}], [${order[1]}, ${this.kdim}] and [${order[1]}, ${this.vdim}], or all without N.`,
        { query: query.shape, key: key.shape, value: value.shape },
      );
    }
    return rank === 2;
  }

  /** The inputs' projections; what is the same tensor is projected together. */
  private project(query: Tensor, key: Tensor, value: Tensor): readonly Tensor[] {
    const { embedDim, inProjWeight, inProjBias } = this;
    const e = embedDim;
    if (inProjWeight !== null && key === value) {
      if (query === key) return split(linear(query, inProjWeight, inProjBias), e, -1);
      const [wq, wkv] = split(inProjWeight, [e, 2 * e]) as [Tensor, Tensor];
      const [bq, bkv] = inProjBias === null ? [null, null] : split(inProjBias, [e, 2 * e]);
      return [linear(query, wq, bq), ...split(linear(key, wkv, bkv), e, -1)];
    }
    const weights =
      inProjWeight === null
        ? [this.qProjWeight!, this.kProjWeight!, this.vProjWeight!]
        : split(inProjWeight, e);
    const biases = inProjBias === null ? [null, null, null] : split(inProjBias, e);
    return [query, key, value].map((x, i) => linear(x, weights[i]!, biases[i]!));
  }

  /** [L, N, E] (or [N, L, E]) as [N, numHeads, L, E/numHeads]. */
  private heads(x: Tensor): Tensor {
    const [first, second] = x.shape as [number, number];
    const parted = reshape(x, [first, second, this.numHeads, this.embedDim / this.numHeads]);
    return permute(parted, this.batchFirst ? [0, 2, 1, 3] : [1, 2, 0, 3]);
  }

  /** Keys or values with what is put behind them: what was learned, and zeros. */
  private extended(x: Tensor, learned: Tensor | null): Tensor {
    const [samples, heads, , width] = x.shape as [number, number, number, number];
    const parts = [x];
    if (learned !== null) {
      parts.push(expand(reshape(learned, [1, heads, 1, width]), [samples, heads, 1, width]));
    }
    if (this.addZeroAttn) parts.push(zeros([samples, heads, 1, width], { dtype: x.dtype }));
    return parts.length === 1 ? x : cat(parts, 2);
  }

  /** All masks as one that stretches to [N, numHeads, L, S], `null` where there is none; or only that it is causal. */
  private mask(
    { attnMask = null, keyPaddingMask = null, isCausal: wanted }: AttentionCallOptions,
    { samples, queries, keys, allKeys }: Record<"samples" | "queries" | "keys" | "allKeys", number>,
    dtype: Tensor["dtype"],
    isSingle: boolean,
  ): { mask: Tensor | null; isCausal: boolean } {
    const name = "MultiheadAttention";
    const isCausal = checkBoolean(name, "isCausal", wanted, false);
    let mask: Tensor | null = null;
    if (attnMask !== null) {
      const perHead = [samples * this.numHeads, queries, keys];
      checkMask(name, "attnMask", attnMask, [[queries, keys], perHead]);
      // Said twice.
      const isKnown = isCausal && isCausalTable(attnMask);
      if (!isKnown)
        mask =
          attnMask.ndim === 2
            ? attnMask
            : reshape(attnMask, [samples, this.numHeads, queries, keys]);
    }
    if (keyPaddingMask !== null) {
      checkMask(name, "keyPaddingMask", keyPaddingMask, isSingle ? [[keys]] : [[samples, keys]]);
      mask = joined(mask, reshape(keyPaddingMask, [samples, 1, 1, keys]), dtype);
    }
    if (isCausal) {
      if (mask === null && allKeys === keys) return { mask, isCausal };
      mask = joined(mask, causalMask(queries, keys), dtype);
    }
    return { mask: mask === null ? null : this.forAllKeys(mask, allKeys - keys), isCausal: false };
  }

  /** A mask by which everyone may attend to what was put behind the keys. */
  private forAllKeys(mask: Tensor, added: number): Tensor {
    if (added === 0) return mask;
    return mask.dtype === "bool"
      ? cat([mask, zeros([...mask.shape.slice(0, -1), added], { dtype: "bool" })], -1)
      : pad(mask, [0, added]);
  }

  /** The heads' results side by side, projected. */
  private output(mixed: Tensor, isSingle: boolean): Tensor {
    const [samples, , length] = mixed.shape as [number, number, number];
    const turned = permute(mixed, this.batchFirst ? [0, 2, 1, 3] : [2, 0, 1, 3]);
    const lead = isSingle ? [length] : this.batchFirst ? [samples, length] : [length, samples];
    return this.outProj.forward(reshape(turned, [...lead, this.embedDim]));
  }

  override extraRepr(): string {
    const { embedDim, numHeads, kdim, vdim, batchFirst } = this;
    return described({
      embedDim,
      numHeads,
      kdim: kdim === embedDim ? undefined : kdim,
      vdim: vdim === embedDim ? undefined : vdim,
      dropout: this.dropout === 0 ? undefined : this.dropout,
      batchFirst: batchFirst || undefined,
    });
  }
}
