/**
 * What nn.functional adds to functions and methods of tensors.
 */
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool1dWithIndices,
  adaptiveMaxPool2d,
  adaptiveMaxPool2dWithIndices,
  adaptiveMaxPool3d,
  adaptiveMaxPool3dWithIndices,
} from "./adaptivePool.ts";
export { attention } from "./attention.ts";
export { avgPool, avgPool1d, avgPool2d, avgPool3d } from "./avgPool.ts";
export { batchNorm, instanceNorm } from "./batchNorm.ts";
export { bilinear } from "./bilinear.ts";
export { cdist, pdist } from "./cdist.ts";
export { channelAffine } from "./channelAffine.ts";
export { conv1d, conv2d, conv3d } from "./conv.ts";
export { convolution } from "./convolution.ts";
export { convTranspose1d, convTranspose2d, convTranspose3d } from "./convTranspose.ts";
export { cosineSimilarity, dist, normalize, pairwiseDistance, renorm } from "./distance.ts";
export { embedding } from "./embedding.ts";
export { embeddingBag } from "./embeddingBag.ts";
export { gruGates } from "./gruGates.ts";
export { gruSequence } from "./gruSequence.ts";
export { interpolate } from "./interpolate.ts";
export { groupNorm, layerNorm, localResponseNorm, rmsNorm } from "./layerNorm.ts";
export { linear } from "./linear.ts";
export { lpPool1d, lpPool2d, lpPool3d } from "./lpPool.ts";
export { lstmGates } from "./lstmGates.ts";
export { lstmSequence } from "./lstmSequence.ts";
export {
  maxPool,
  maxPool1d,
  maxPool1dWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
  maxPool3d,
  maxPool3dWithIndices,
} from "./maxPool.ts";
export { maxUnpool1d, maxUnpool2d, maxUnpool3d } from "./maxUnpool.ts";
export { pad } from "./pad.ts";
export { resample } from "./resample.ts";
export { rnnSequence } from "./rnnSequence.ts";
export { attentionWeights, scaledDotProductAttention } from "./scaledDotProductAttention.ts";
export { channelShuffle, pixelShuffle, pixelUnshuffle } from "./shuffle.ts";
export { standardize } from "./standardize.ts";
export { fold, unfold } from "./unfold.ts";
export { unitVectors } from "./unitVectors.ts";
