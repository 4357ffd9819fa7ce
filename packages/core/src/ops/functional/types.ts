/**
 * The types that calls of nn.functional are written with.
 */

export type { SparseMap } from "../../kernels/resample.ts";
export type { OutputSize } from "./adaptivePool.ts";
export type { OptionalTensor } from "./arguments.ts";
export type { Attended, AttentionGradients } from "./attention.ts";
export type { Attending, AttendingOptions } from "./attention-scoring.ts";
export type { AvgPoolOptions, MeanWindows } from "./avgPool.ts";
export type { BatchNormOptions, InstanceNormOptions } from "./batchNorm.ts";
export type { ChannelAffineGradient } from "./channelAffine.ts";
export type { ConvOptions } from "./conv.ts";
export type { ConvolutionOptions } from "./convolution-options.ts";
export type { ConvTransposeOptions } from "./convTranspose.ts";
export type {
  CosineSimilarityOptions,
  NormalizeOptions,
  PairwiseDistanceOptions,
} from "./distance.ts";
export type { EmbeddingOptions } from "./embedding.ts";
export type { EmbeddingBagOptions } from "./embeddingBag.ts";
export type { GruGradient, GruState } from "./gruGates.ts";
export type { GruSequence, GruSequenceGradient } from "./gruSequence.ts";
export type { InterpolateOptions, InterpolationMode } from "./interpolate.ts";
export type { LocalResponseNormOptions, NormOptions } from "./layerNorm.ts";
export type { LpPoolOptions } from "./lpPool.ts";
export type { LstmGradient, LstmState } from "./lstmGates.ts";
export type { LstmSequence, LstmSequenceGradient } from "./lstmSequence.ts";
export type { MaxPooled, MaxPoolOptions } from "./maxPool.ts";
export type { MaxUnpoolOptions } from "./maxUnpool.ts";
export type { PadMode, PadOptions } from "./pad.ts";
export type { RnnSequenceGradient, RnnSequenceOptions } from "./rnnSequence.ts";
export type { AttentionOptions } from "./scaledDotProductAttention.ts";
export type { ReverseOptions } from "./sequences.ts";
export type { PerDim } from "./spatial.ts";
export type { Standardized, StandardizeOptions } from "./standardize.ts";
export type { UnfoldOptions } from "./unfold.ts";
export type { DividingWindows, MovingWindows, PoolOptions, WindowOptions } from "./windows.ts";
