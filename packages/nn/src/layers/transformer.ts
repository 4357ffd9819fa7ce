/**
 * Transformers: layers of attention and feed-forward networks, and stacks of them.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  add,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  gelu,
  quoted,
  relu,
  unconfined,
} from "@chainrule/core";
import { Module } from "../module.ts";
import type { AttentionCallOptions } from "./attention.ts";
import { MultiheadAttention } from "./attention.ts";
import { Dropout } from "./dropout.ts";
import { Linear } from "./linear.ts";
import { LayerNorm } from "./normalization.ts";
import type { RandomParameterOptions } from "./parameters.ts";
import { drawnFrom, ofType, randomParameterOptions } from "./parameters.ts";

/** What stands between the two maps of a feed-forward network. */
export type TransformerActivation = "relu" | "gelu" | ((x: Tensor) => Tensor);

/** Options of the layers of transformers. */
export interface TransformerLayerOptions extends RandomParameterOptions {
  /** The width of the feed-forward network; 2048 unless given. */
  dimFeedforward?: number;
  /** The probability of dropout, everywhere in the layer; 0.1 unless given. */
  dropout?: number;
  /** "relu" unless given. */
  activation?: TransformerActivation;
  /** The eps of the layer norms; 1e-5 unless given. */
  layerNormEps?: number;
  /** Whether inputs and outputs are [N, T, E] rather than [T, N, E]; false unless given. */
  batchFirst?: boolean;
  /** Whether norms come before attention and feed-forward network rather than after; false unless given. */
  normFirst?: boolean;
  /** Whether maps and norms have biases; true unless given. */
  bias?: boolean;
}

/** Masks of a call of {@link TransformerEncoderLayer}; see {@link MultiheadAttention} for their shapes. */
export interface EncoderLayerMasks {
  srcMask?: Tensor | null;
  srcKeyPaddingMask?: Tensor | null;
  /** Whether each place attends to itself and those before it only. */
  isCausal?: boolean;
}

/** Masks of a call of {@link TransformerDecoderLayer} and {@link TransformerDecoder}. */
export interface DecoderMasks {
  tgtMask?: Tensor | null;
  memoryMask?: Tensor | null;
  tgtKeyPaddingMask?: Tensor | null;
  memoryKeyPaddingMask?: Tensor | null;
  /** Whether each place of the target attends to itself and those before it only. */
  tgtIsCausal?: boolean;
  /** Whether place i of the target attends to places 0 to i of the memory only. */
  memoryIsCausal?: boolean;
}

/** The names of {@link DecoderMasks}. */
export const decoderMasks = [
  "tgtMask",
  "memoryMask",
  "tgtKeyPaddingMask",
  "memoryKeyPaddingMask",
  "tgtIsCausal",
  "memoryIsCausal",
];

/** The names of {@link TransformerLayerOptions}. */
export const layerOptions = [
  "dimFeedforward",
  "dropout",
  "activation",
  "layerNormEps",
  "batchFirst",
  "normFirst",
  "bias",
  ...randomParameterOptions,
];

function activationOf(where: string, activation: TransformerActivation): (x: Tensor) => Tensor {
  if (activation === "relu") return relu;
  if (activation === "gelu") return gelu;
  if (typeof activation === "function") return (x) => unconfined(() => activation(x));
  throw new ArgumentError(
    `${where}: activation must be "relu", "gelu" or a function of a tensor, not ${quoted(activation)}.`,
    { activation },
  );
}

/** What both kinds of layers share: self-attention, and a feed-forward network. */
abstract class TransformerLayer extends Module {
  readonly selfAttn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly normFirst: boolean;
  private readonly activation: (x: Tensor) => Tensor;

  protected constructor(dModel: number, nhead: number, options: TransformerLayerOptions) {
    super();
    const { name } = this.constructor;
    checkOptions(name, options, layerOptions);
    checkInteger(name, "dModel", dModel, 1);
    checkInteger(name, "nhead", nhead, 1);
    const { dimFeedforward = 2048, activation = "relu" } = options;
    checkInteger(name, "dimFeedforward", dimFeedforward, 1);
    this.normFirst = checkBoolean(name, "normFirst", options.normFirst, false);
    this.activation = activationOf(name, activation);
    const affine = this.affine(options);
    this.selfAttn = this.attention(dModel, nhead, options);
    this.linear1 = new Linear(dModel, dimFeedforward, affine);
    this.dropout = this.dropping(options);
    this.linear2 = new Linear(dimFeedforward, dModel, affine);
    this.norm1 = this.norm(dModel, options);
    this.norm2 = this.norm(dModel, options);
    this.dropout1 = this.dropping(options);
    this.dropout2 = this.dropping(options);
  }

  private affine(options: TransformerLayerOptions): RandomParameterOptions & { bias: boolean } {
    const bias = checkBoolean(this.constructor.name, "bias", options.bias, true);
    return { bias, ...ofType(options), ...drawnFrom(options) };
  }

  protected attention(
    dModel: number,
    nhead: number,
    options: TransformerLayerOptions,
  ): MultiheadAttention {
    const { dropout = 0.1, batchFirst = false } = options;
    return new MultiheadAttention(dModel, nhead, { dropout, batchFirst, ...this.affine(options) });
  }

  protected dropping(options: TransformerLayerOptions): Dropout {
    return new Dropout({ p: options.dropout ?? 0.1, ...drawnFrom(options) });
  }

  protected norm(dModel: number, options: TransformerLayerOptions): LayerNorm {
    const eps = checkNumber(this.constructor.name, "layerNormEps", options.layerNormEps ?? 1e-5);
    const { bias } = this.affine(options);
    return new LayerNorm(dModel, { eps, bias, ...ofType(options) });
  }

  /** x with what a part of the layer adds to it, and a norm: inside of it, or behind the sum. */
  protected around(x: Tensor, norm: LayerNorm, part: (x: Tensor) => Tensor): Tensor {
    return this.normFirst ? add(x, part(norm.forward(x))) : norm.forward(add(x, part(x)));
  }

  protected attend(
    attention: MultiheadAttention,
    dropout: Dropout,
    x: Tensor,
    memory: Tensor,
    masks: AttentionCallOptions,
  ): Tensor {
    const [output] = attention.forward(x, memory, memory, { ...masks, needWeights: false });
    return dropout.forward(output);
  }

  protected feedForward(x: Tensor, dropout: Dropout): Tensor {
    const inner = this.dropout.forward(this.activation(this.linear1.forward(x)));
    return dropout.forward(this.linear2.forward(inner));
  }

  override extraRepr(): string {
    return this.normFirst ? "normFirst=true" : "";
  }
}

/**
 * A layer of an encoder: self-attention and a feed-forward network, each with a way around it, dropout and a layer norm.
 * (Vaswani et al., "Attention is all you need", NeurIPS 2017.)
 *
 * `forward(src, { srcMask, srcKeyPaddingMask, isCausal })` takes and gives [T, N, dModel] ([N, T, dModel] with `batchFirst`, or
 * [T, dModel]). Masks are those of {@link MultiheadAttention}: true, or −∞, where there is to be no attention.
 *
 * @throws {ArgumentError} when dModel is no multiple of nhead, and for unknown options.
 * @throws {ShapeError} in `forward`, when input or masks have other shapes.
 * @example
 * import { randn } from "@chainrule/core";
 * import { TransformerEncoderLayer } from "@chainrule/nn";
 * const layer = new TransformerEncoderLayer(8, 2, { dimFeedforward: 32, batchFirst: true });
 * layer.forward(randn([5, 3, 8]), { isCausal: true }).shape; // → [ 5, 3, 8 ]
 */
export class TransformerEncoderLayer extends TransformerLayer {
  static override readonly isConfined = true;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super(dModel, nhead, options);
  }

  override forward(src: Tensor, masks: EncoderLayerMasks = {}): Tensor {
    checkOptions("TransformerEncoderLayer.forward", masks, [
      "srcMask",
      "srcKeyPaddingMask",
      "isCausal",
    ]);
    const { srcMask = null, srcKeyPaddingMask = null, isCausal = false } = masks;
    const own = { attnMask: srcMask, keyPaddingMask: srcKeyPaddingMask, isCausal };
    const x = this.around(src, this.norm1, (y) =>
      this.attend(this.selfAttn, this.dropout1, y, y, own),
    );
    return this.around(x, this.norm2, (y) => this.feedForward(y, this.dropout2));
  }
}

/**
 * A layer of a decoder: self-attention, attention to the output of an encoder (the memory), and a feed-forward network, each
 * with a way around it, dropout and a layer norm. (Vaswani et al., "Attention is all you need", NeurIPS 2017.)
 *
 * `forward(tgt, memory, masks)` takes tgt of shape [T, N, dModel] and memory of [S, N, dModel] (N first with `batchFirst`, or both
 * without N). Masks are those of {@link MultiheadAttention}.
 *
 * @throws {ArgumentError} when dModel is no multiple of nhead, and for unknown options.
 * @throws {ShapeError} in `forward`, when inputs or masks have other shapes.
 * @example
 * import { randn } from "@chainrule/core";
 * import { TransformerDecoderLayer } from "@chainrule/nn";
 * const layer = new TransformerDecoderLayer(8, 2, { dimFeedforward: 32 });
 * layer.forward(randn([3, 5, 8]), randn([7, 5, 8]), { tgtIsCausal: true }).shape; // → [ 3, 5, 8 ]
 */
export class TransformerDecoderLayer extends TransformerLayer {
  static override readonly isConfined = true;

  readonly multiheadAttn: MultiheadAttention;
  readonly norm3: LayerNorm;
  readonly dropout3: Dropout;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super(dModel, nhead, options);
    this.multiheadAttn = this.attention(dModel, nhead, options);
    this.norm3 = this.norm(dModel, options);
    this.dropout3 = this.dropping(options);
  }

  override forward(tgt: Tensor, memory: Tensor, masks: DecoderMasks = {}): Tensor {
    checkOptions("TransformerDecoderLayer.forward", masks, decoderMasks);
    const { tgtMask = null, tgtKeyPaddingMask = null, tgtIsCausal = false } = masks;
    const { memoryMask = null, memoryKeyPaddingMask = null, memoryIsCausal = false } = masks;
    const own = { attnMask: tgtMask, keyPaddingMask: tgtKeyPaddingMask, isCausal: tgtIsCausal };
    const cross = {
      attnMask: memoryMask,
      keyPaddingMask: memoryKeyPaddingMask,
      isCausal: memoryIsCausal,
    };
    let x = this.around(tgt, this.norm1, (y) =>
      this.attend(this.selfAttn, this.dropout1, y, y, own),
    );
    x = this.around(x, this.norm2, (y) =>
      this.attend(this.multiheadAttn, this.dropout2, y, memory, cross),
    );
    return this.around(x, this.norm3, (y) => this.feedForward(y, this.dropout3));
  }
}
