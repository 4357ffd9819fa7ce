/**
 * Losses: functions only, for no one writes `logits.crossEntropy(target)`.
 */
export { crossEntropy, crossEntropyGradient } from "./crossEntropy.ts";
