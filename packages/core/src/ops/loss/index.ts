/**
 * Losses: functions only, for no one writes `logits.crossEntropy(target)`.
 */
export {
  binaryCrossEntropy,
  binaryCrossEntropyTerm,
  binaryCrossEntropyWithLogits,
  logisticTerm,
} from "./binary.ts";
export { crossEntropy, crossEntropyGradient } from "./crossEntropy.ts";
export { ctcTerm, ctcTermGradient } from "./ctc.ts";
export { ctcLoss } from "./ctcLoss.ts";
export { cosineEmbeddingLoss, tripletMarginLoss } from "./embedding.ts";
export { gaussianNllLoss, klDiv, poissonNllLoss } from "./likelihood.ts";
export {
  hingeEmbeddingLoss,
  hingeLoss,
  marginRankingLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  perceptronLoss,
  softMarginLoss,
} from "./margin.ts";
export { nllLoss } from "./nll.ts";
export { huberLoss, huberTerm, l1Loss, mseLoss, smoothL1Loss } from "./regression.ts";
