/**
 * Tables of vectors that are looked up by index.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  checkTensor,
  embedding,
  embeddingBag,
  formatShape,
  IndexError,
  quoted,
  ShapeError,
  zeros,
} from "@chainrule/core";
import { normal_ } from "../init.ts";
import { Module } from "../module.ts";
import { parameter } from "../registry.ts";
import type { RandomParameterOptions } from "./parameters.ts";
import { described, drawnFrom, ofType, randomParameterOptions } from "./parameters.ts";

/** What {@link Embedding} and {@link EmbeddingBag} do with the rows of their table. */
export interface TableOptions {
  /** The row that stands for nothing: it begins as zeros and gets no gradient. Negative ones count from the end. */
  paddingIdx?: number | null;
  /** Rows with a larger norm are scaled down to it, in place, when they are looked up. */
  maxNorm?: number | null;
  /** The p of that norm; 2 unless given. */
  normType?: number;
  /** Whether the gradient of a row is divided by the number of times that it was looked up; false unless given. */
  scaleGradByFreq?: boolean;
  /** Whether the gradient keeps only the rows that were looked up, for SGD, Adagrad and SparseAdam; false unless given. */
  sparse?: boolean;
}

/** Options of {@link Embedding}. */
export interface EmbeddingLayerOptions extends TableOptions, RandomParameterOptions {}

/** Options of {@link Embedding.fromPretrained}. */
export interface PretrainedOptions extends TableOptions {
  /** Whether the rows are left as they are; true unless given. */
  freeze?: boolean;
}

/** Options of {@link EmbeddingBag}. */
export interface EmbeddingBagLayerOptions extends TableOptions, RandomParameterOptions {
  /** What becomes of the rows of a bag; "mean" unless given. */
  mode?: "sum" | "mean" | "max";
  /** Whether the last offset is the end of the last bag; false unless given. */
  includeLastOffset?: boolean;
}

const tableOptions = ["paddingIdx", "maxNorm", "normType", "scaleGradByFreq", "sparse"] as const;

/** What both kinds share: the table and what is done with its rows. */
abstract class Table extends Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
  readonly sparse: boolean;
  weight: Tensor;

  protected constructor(
    numEmbeddings: number,
    embeddingDim: number,
    options: TableOptions & RandomParameterOptions,
    more: readonly string[] = [],
  ) {
    super();
    const { name } = this.constructor;
    checkOptions(name, options, [...tableOptions, ...more, ...randomParameterOptions]);
    this.numEmbeddings = checkInteger(name, "numEmbeddings", numEmbeddings, 1);
    this.embeddingDim = checkInteger(name, "embeddingDim", embeddingDim, 1);
    const { paddingIdx = null, maxNorm = null, normType = 2 } = options;
    this.paddingIdx = readPaddingIdx(name, paddingIdx, numEmbeddings);
    this.maxNorm = maxNorm === null ? null : checkNumber(name, "maxNorm", maxNorm);
    this.normType = checkNumber(name, "normType", normType);
    this.scaleGradByFreq = checkBoolean(name, "scaleGradByFreq", options.scaleGradByFreq, false);
    this.sparse = checkBoolean(name, "sparse", options.sparse, false);
    const table = normal_(
      zeros([numEmbeddings, embeddingDim], ofType(options)),
      drawnFrom(options),
    );
    if (this.paddingIdx !== null) table.at(this.paddingIdx).zero_();
    this.weight = parameter(table);
  }

  protected rowOptions(): Required<TableOptions> {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq, sparse } = this;
    return { paddingIdx, maxNorm, normType, scaleGradByFreq, sparse };
  }

  override extraRepr(): string {
    const { numEmbeddings, embeddingDim, paddingIdx, maxNorm } = this;
    return described({
      numEmbeddings,
      embeddingDim,
      paddingIdx: paddingIdx ?? undefined,
      maxNorm: maxNorm ?? undefined,
    });
  }
}

function readPaddingIdx(where: string, paddingIdx: number | null, rows: number): number | null {
  if (paddingIdx === null) return null;
  if (!Number.isInteger(paddingIdx) || paddingIdx < -rows || paddingIdx >= rows) {
    throw new IndexError(
      `${where}: paddingIdx ${quoted(paddingIdx)} is out of range for ${rows} rows; use ${-rows} to ${rows - 1}.`,
      { paddingIdx, rows },
    );
  }
  return paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
}

/**
 * A table of vectors, looked up by index: int32 of shape [*] becomes [*, embeddingDim], see `embedding`.
 *
 * `weight` has shape [numEmbeddings, embeddingDim] and begins standard normal, the row `paddingIdx` as zeros.
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @throws {IndexError} for a `paddingIdx` out of range, and in `forward` for an index out of range.
 * @throws {DTypeError} in `forward`, for indices that are not int32.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Embedding } from "@chainrule/nn";
 * const table = new Embedding(10, 4, { paddingIdx: 0 });
 * table.forward(tensor([[1, 5, 0]], { dtype: "int32" })).shape; // → [ 1, 3, 4 ]
 * table.weight.at(0).toArray(); // → [ 0, 0, 0, 0 ]
 */
export class Embedding extends Table {
  static override readonly isConfined = true;

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingLayerOptions = {}) {
    super(numEmbeddings, embeddingDim, options);
  }

  /**
   * A layer over a table that is there already; it is not copied, and not trained unless `freeze` is false.
   *
   * @throws {ShapeError} for anything but a matrix.
   */
  static fromPretrained(weight: Tensor, options: PretrainedOptions = {}): Embedding {
    return pretrained(weight, options);
  }

  override forward(index: Tensor): Tensor {
    return embedding(index, this.weight, this.rowOptions());
  }
}

/** Outside of the class: a class that names itself loses its name when it is bundled. */
function pretrained(weight: Tensor, options: PretrainedOptions): Embedding {
  const where = "Embedding.fromPretrained";
  checkOptions(where, options, ["freeze", ...tableOptions]);
  checkTensor(where, weight);
  if (weight.ndim !== 2) {
    throw new ShapeError(
      `${where}: expected a table of shape [numEmbeddings, embeddingDim], not ${formatShape(weight.shape)}.`,
      { shape: weight.shape },
    );
  }
  const { freeze, ...rows } = options;
  const isFrozen = checkBoolean(where, "freeze", freeze, true);
  const [count, width] = weight.shape as [number, number];
  const layer = new Embedding(count, width, rows);
  layer.weight = parameter(weight, { requiresGrad: !isFrozen });
  return layer;
}

/**
 * Rows of a table looked up and put together bag by bag, as sum, mean or maximum; see `embeddingBag`.
 *
 * `forward(index)` with index of shape [B, n] makes a bag of each row; `forward(index, offsets)` with index of shape [n] and
 * the places where bags begin divides it. The result has shape [B, embeddingDim]. In mode "sum" a third argument of the
 * shape of the indices weights the rows. `weight` begins as that of {@link Embedding}; the row `paddingIdx` does not count.
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @throws {IndexError} for a `paddingIdx` out of range, and in `forward` for an index out of range.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { EmbeddingBag } from "@chainrule/nn";
 * const bags = new EmbeddingBag(10, 4, { mode: "sum" });
 * const words = tensor([1, 5, 2, 2, 7], { dtype: "int32" });
 * bags.forward(words, tensor([0, 3], { dtype: "int32" })).shape; // → [ 2, 4 ]
 */
export class EmbeddingBag extends Table {
  static override readonly isConfined = true;

  readonly mode: "sum" | "mean" | "max";
  readonly includeLastOffset: boolean;

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingBagLayerOptions = {}) {
    super(numEmbeddings, embeddingDim, options, ["mode", "includeLastOffset"]);
    const { mode = "mean" } = options;
    if (mode !== "sum" && mode !== "mean" && mode !== "max") {
      throw new ArgumentError(
        `EmbeddingBag: mode must be "sum", "mean" or "max", not ${quoted(mode)}.`,
        { mode },
      );
    }
    this.mode = mode;
    this.includeLastOffset = checkBoolean(
      "EmbeddingBag",
      "includeLastOffset",
      options.includeLastOffset,
      false,
    );
  }

  override forward(
    index: Tensor,
    offsets: Tensor | null = null,
    perSampleWeights: Tensor | null = null,
  ): Tensor {
    return embeddingBag(index, this.weight, offsets, {
      ...this.rowOptions(),
      mode: this.mode,
      includeLastOffset: this.includeLastOffset,
      perSampleWeights,
    });
  }

  override extraRepr(): string {
    return `${super.extraRepr()}, mode=${this.mode}`;
  }
}
