/**
 * Stacks of transformer layers: encoders, decoders, and both together.
 */
import type { DType, Tensor } from "@chainrule/core";
import { ArgumentError, checkInteger, checkOptions, full, quoted, triu } from "@chainrule/core";
import { xavierUniform_ } from "../init.ts";
import type { Layer } from "../module.ts";
import { Module } from "../module.ts";
import { isModule } from "../registry.ts";
import { ModuleList } from "./containers.ts";
import { LayerNorm } from "./normalization.ts";
import { described, drawnFrom, ofType } from "./parameters.ts";
import type { DecoderMasks, EncoderLayerMasks, TransformerLayerOptions } from "./transformer.ts";
import {
  decoderMasks,
  layerOptions,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
} from "./transformer.ts";

/** Masks of a call of {@link TransformerEncoder}. */
export interface EncoderMasks {
  mask?: Tensor | null;
  srcKeyPaddingMask?: Tensor | null;
  /** Whether each place attends to itself and those before it only. */
  isCausal?: boolean;
}

/** What {@link TransformerEncoder} is made of: {@link TransformerEncoderLayer}, or a module of your own that is called like it. */
export interface EncoderLayer extends Module {
  forward(src: Tensor, masks?: EncoderLayerMasks): Tensor;
}

/** What {@link TransformerDecoder} is made of: {@link TransformerDecoderLayer}, or a module of your own that is called like it. */
export interface DecoderLayer extends Module {
  forward(tgt: Tensor, memory: Tensor, masks?: DecoderMasks): Tensor;
}

/** Options of the stacks. */
export interface TransformerStackOptions {
  /** What follows the last layer. */
  norm?: Layer | null;
}

/** `count` modules like the given one, which is not among them. */
function clones<M extends Module>(where: string, layer: M, count: number): ModuleList<M> {
  if (!isModule(layer)) {
    throw new ArgumentError(`${where}: expected a layer to copy, not ${quoted(layer)}.`);
  }
  checkInteger(where, "numLayers", count, 1);
  return new ModuleList(Array.from({ length: count }, () => layer.clone()));
}

/**
 * Layers of an encoder on one another: `numLayers` copies of the one that is given, which begin with the same numbers but are
 * trained apart, and a norm if there is to be one.
 *
 * `forward(src, { mask, srcKeyPaddingMask, isCausal })` takes and gives what the layers do.
 *
 * @throws {ArgumentError} for anything that is no layer, a number that is none, and unknown options.
 * @example
 * import { randn } from "@chainrule/core";
 * import { LayerNorm, TransformerEncoder, TransformerEncoderLayer } from "@chainrule/nn";
 * const layer = new TransformerEncoderLayer(8, 2, { dimFeedforward: 16 });
 * const encoder = new TransformerEncoder(layer, 3, { norm: new LayerNorm(8) });
 * encoder.forward(randn([4, 5, 8])).shape; // → [ 4, 5, 8 ]
 */
export class TransformerEncoder extends Module {
  static override readonly isConfined = true;

  readonly layers: ModuleList<EncoderLayer>;
  readonly norm: Layer | null;

  constructor(layer: EncoderLayer, numLayers: number, options: TransformerStackOptions = {}) {
    super();
    checkOptions("TransformerEncoder", options, ["norm"]);
    this.layers = clones("TransformerEncoder", layer, numLayers);
    this.norm = options.norm ?? null;
  }

  override forward(src: Tensor, masks: EncoderMasks = {}): Tensor {
    checkOptions("TransformerEncoder.forward", masks, ["mask", "srcKeyPaddingMask", "isCausal"]);
    const { mask = null, ...others } = masks;
    let x = src;
    for (const layer of this.layers) x = layer.forward(x, { srcMask: mask, ...others });
    return this.norm === null ? x : this.norm.forward(x);
  }
}

/**
 * Layers of a decoder on one another, as {@link TransformerEncoder}: `forward(tgt, memory, masks)`.
 *
 * @throws {ArgumentError} for anything that is no layer, a number that is none, and unknown options.
 */
export class TransformerDecoder extends Module {
  static override readonly isConfined = true;

  readonly layers: ModuleList<DecoderLayer>;
  readonly norm: Layer | null;

  constructor(layer: DecoderLayer, numLayers: number, options: TransformerStackOptions = {}) {
    super();
    checkOptions("TransformerDecoder", options, ["norm"]);
    this.layers = clones("TransformerDecoder", layer, numLayers);
    this.norm = options.norm ?? null;
  }

  override forward(tgt: Tensor, memory: Tensor, masks: DecoderMasks = {}): Tensor {
    checkOptions("TransformerDecoder.forward", masks, decoderMasks);
    let x = tgt;
    for (const layer of this.layers) x = layer.forward(x, memory, masks);
    return this.norm === null ? x : this.norm.forward(x);
  }
}

/** Options of {@link Transformer}. */
export interface TransformerOptions extends TransformerLayerOptions {
  /** The features of source and target; 512 unless given. */
  dModel?: number;
  /** The number of heads; 8 unless given. */
  nhead?: number;
  /** 6 unless given. */
  numEncoderLayers?: number;
  /** 6 unless given. */
  numDecoderLayers?: number;
}

/** Masks of a call of {@link Transformer}. */
export interface TransformerMasks extends DecoderMasks {
  srcMask?: Tensor | null;
  srcKeyPaddingMask?: Tensor | null;
  /** Whether each place of the source attends to itself and those before it only. */
  srcIsCausal?: boolean;
}

/**
 * An encoder and a decoder, each with a layer norm at its end: `forward(src, tgt, masks)` takes src of shape [S, N, dModel] and
 * tgt of [T, N, dModel] (N first with `batchFirst`, or both without N), and gives the shape of tgt. All matrices begin by
 * Xavier's rule. (Vaswani et al., "Attention is all you need", NeurIPS 2017.)
 *
 * @throws {ArgumentError} for sizes that do not fit, and unknown options.
 * @throws {ShapeError} in `forward`, when inputs or masks have other shapes.
 * @example
 * import { randn } from "@chainrule/core";
 * import { Transformer } from "@chainrule/nn";
 * const model = new Transformer({ dModel: 8, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 16 });
 * const tgtMask = Transformer.generateSquareSubsequentMask(3);
 * model.forward(randn([7, 5, 8]), randn([3, 5, 8]), { tgtMask }).shape; // → [ 3, 5, 8 ]
 */
export class Transformer extends Module {
  static override readonly isConfined = true;

  readonly encoder: TransformerEncoder;
  readonly decoder: TransformerDecoder;
  readonly dModel: number;
  readonly nhead: number;
  readonly batchFirst: boolean;

  constructor(options: TransformerOptions = {}) {
    super();
    const sizes = ["dModel", "nhead", "numEncoderLayers", "numDecoderLayers"];
    checkOptions("Transformer", options, [...sizes, ...layerOptions]);
    const {
      dModel = 512,
      nhead = 8,
      numEncoderLayers = 6,
      numDecoderLayers = 6,
      ...layer
    } = options;
    const norm = (): LayerNorm =>
      new LayerNorm(dModel, {
        eps: layer.layerNormEps ?? 1e-5,
        bias: layer.bias ?? true,
        ...ofType(layer),
      });
    this.encoder = new TransformerEncoder(
      new TransformerEncoderLayer(dModel, nhead, layer),
      numEncoderLayers,
      { norm: norm() },
    );
    this.decoder = new TransformerDecoder(
      new TransformerDecoderLayer(dModel, nhead, layer),
      numDecoderLayers,
      { norm: norm() },
    );
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = layer.batchFirst ?? false;
    for (const parameter of this.parameters()) {
      if (parameter.ndim > 1) xavierUniform_(parameter, drawnFrom(options));
    }
  }

  /** Numbers to add to scores so that place i attends to places 0 to i only: −∞ above the diagonal, 0 elsewhere. */
  static generateSquareSubsequentMask(size: number, options: { dtype?: DType } = {}): Tensor {
    checkInteger("generateSquareSubsequentMask", "size", size, 0);
    return triu(full([size, size], Number.NEGATIVE_INFINITY, options), { diagonal: 1 });
  }

  override forward(src: Tensor, tgt: Tensor, masks: TransformerMasks = {}): Tensor {
    checkOptions("Transformer.forward", masks, [
      "srcMask",
      "srcKeyPaddingMask",
      "srcIsCausal",
      ...decoderMasks,
    ]);
    const { srcMask = null, srcKeyPaddingMask = null, srcIsCausal = false, ...others } = masks;
    const memory = this.encoder.forward(src, {
      mask: srcMask,
      srcKeyPaddingMask,
      isCausal: srcIsCausal,
    });
    return this.decoder.forward(tgt, memory, others);
  }

  override extraRepr(): string {
    const { dModel, nhead, batchFirst } = this;
    return described({ dModel, nhead, batchFirst: batchFirst || undefined });
  }
}
