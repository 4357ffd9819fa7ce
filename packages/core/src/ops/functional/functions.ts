/**
 * What nn.functional adds to functions only: the parts of which its derivatives are made. They are ops like all others,
 * with derivatives of their own, but nobody looks for them behind the dot of a tensor.
 */
export { attentionGradient } from "./attention.ts";
export { avgPoolInput } from "./avgPool.ts";
export { distances, weightedDifferences } from "./cdist.ts";
export { channelAffineGradient } from "./channelAffine.ts";
export { convolutionInput, convolutionWeight } from "./convolution.ts";
export { embeddingGradient, embeddingRows } from "./embedding.ts";
export { gruGatesGradient } from "./gruGates.ts";
export { gruSequenceGradient } from "./gruSequence.ts";
export { lstmGatesGradient } from "./lstmGates.ts";
export { lstmSequenceGradient } from "./lstmSequence.ts";
export { maxPoolIndices } from "./maxPool.ts";
export { planePick, planePut } from "./planes.ts";
export { rnnSequenceGradient } from "./rnnSequence.ts";
export { standardizeGradient } from "./standardize.ts";
