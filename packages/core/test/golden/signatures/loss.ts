/** Losses. */
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  cosineEmbeddingLoss,
  crossEntropy,
  ctcLoss,
  gaussianNllLoss,
  hingeEmbeddingLoss,
  huberLoss,
  klDiv,
  l1Loss,
  logSoftmax,
  marginRankingLoss,
  mseLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  nllLoss,
  poissonNllLoss,
  smoothL1Loss,
  softMarginLoss,
  tripletMarginLoss,
} from "@chainrule/core";
import type { Signatures } from "../signature.ts";
import { given, torch } from "../signature.ts";

// `size_average` and `reduce` are PyTorch's old names for the reduction; no golden case uses them.
export const loss: Signatures = {
  "nn.functional.mse_loss": torch(
    "input, target, size_average?, reduce?, reduction?",
    (input, target, _average, _reduce, reduction) => mseLoss(input, target, given({ reduction })),
  ),
  "nn.functional.l1_loss": torch(
    "input, target, size_average?, reduce?, reduction?",
    (input, target, _average, _reduce, reduction) => l1Loss(input, target, given({ reduction })),
  ),
  "nn.functional.smooth_l1_loss": torch(
    "input, target, size_average?, reduce?, reduction?, beta?",
    (input, target, _average, _reduce, reduction, beta) =>
      smoothL1Loss(input, target, given({ reduction, beta })),
  ),
  "nn.functional.huber_loss": torch(
    "input, target, reduction?, delta?",
    (input, target, reduction, delta) => huberLoss(input, target, given({ reduction, delta })),
  ),
  "nn.functional.nll_loss": torch(
    "input, target, weight?, size_average?, ignore_index?, reduce?, reduction?",
    (input, target, weight, _average, ignoreIndex, _reduce, reduction) =>
      nllLoss(input, target, given({ weight, ignoreIndex, reduction })),
  ),
  "nn.functional.cross_entropy": torch(
    "input, target, weight?, size_average?, ignore_index?, reduce?, reduction?, label_smoothing?",
    (input, target, weight, _average, ignoreIndex, _reduce, reduction, labelSmoothing) =>
      crossEntropy(input, target, given({ weight, ignoreIndex, reduction, labelSmoothing })),
  ),
  "nn.functional.binary_cross_entropy": torch(
    "input, target, weight?, size_average?, reduce?, reduction?",
    (input, target, weight, _average, _reduce, reduction) =>
      binaryCrossEntropy(input, target, given({ weight, reduction })),
  ),
  "nn.functional.binary_cross_entropy_with_logits": torch(
    "input, target, weight?, size_average?, reduce?, reduction?, pos_weight?",
    (input, target, weight, _average, _reduce, reduction, posWeight) =>
      binaryCrossEntropyWithLogits(input, target, given({ weight, reduction, posWeight })),
  ),
  "nn.functional.kl_div": torch(
    "input, target, size_average?, reduce?, reduction?, log_target?",
    (input, target, _average, _reduce, reduction, logTarget) =>
      klDiv(input, target, given({ reduction, logTarget })),
  ),
  "nn.functional.poisson_nll_loss": torch(
    "input, target, log_input?, full?, size_average?, eps?, reduce?, reduction?",
    (input, target, logInput, full, _average, eps, _reduce, reduction) =>
      poissonNllLoss(input, target, given({ logInput, full, eps, reduction })),
  ),
  "nn.functional.gaussian_nll_loss": torch(
    "input, target, var, full?, eps?, reduction?",
    (input, target, variance, full, eps, reduction) =>
      gaussianNllLoss(input, target, variance, given({ full, eps, reduction })),
  ),
  "nn.functional.hinge_embedding_loss": torch(
    "input, target, margin?, size_average?, reduce?, reduction?",
    (input, target, margin, _average, _reduce, reduction) =>
      hingeEmbeddingLoss(input, target, given({ margin, reduction })),
  ),
  "nn.functional.margin_ranking_loss": torch(
    "input1, input2, target, margin?, size_average?, reduce?, reduction?",
    (input1, input2, target, margin, _average, _reduce, reduction) =>
      marginRankingLoss(input1, input2, target, given({ margin, reduction })),
  ),
  "nn.functional.soft_margin_loss": torch(
    "input, target, size_average?, reduce?, reduction?",
    (input, target, _average, _reduce, reduction) =>
      softMarginLoss(input, target, given({ reduction })),
  ),
  "nn.functional.multi_margin_loss": torch(
    "input, target, p?, margin?, weight?, size_average?, reduce?, reduction?",
    (input, target, p, margin, weight, _average, _reduce, reduction) =>
      multiMarginLoss(input, target, given({ p, margin, weight, reduction })),
  ),
  "nn.functional.multilabel_margin_loss": torch(
    "input, target, size_average?, reduce?, reduction?",
    (input, target, _average, _reduce, reduction) =>
      multilabelMarginLoss(input, target, given({ reduction })),
  ),
  "nn.functional.multilabel_soft_margin_loss": torch(
    "input, target, weight?, size_average?, reduce?, reduction?",
    (input, target, weight, _average, _reduce, reduction) =>
      multilabelSoftMarginLoss(input, target, given({ weight, reduction })),
  ),
  "nn.functional.cosine_embedding_loss": torch(
    "input1, input2, target, margin?, size_average?, reduce?, reduction?",
    (input1, input2, target, margin, _average, _reduce, reduction) =>
      cosineEmbeddingLoss(input1, input2, target, given({ margin, reduction })),
  ),
  "nn.functional.triplet_margin_loss": torch(
    "anchor, positive, negative, margin?, p?, eps?, swap?, size_average?, reduce?, reduction?",
    (anchor, positive, negative, margin, p, eps, swap, _average, _reduce, reduction) =>
      tripletMarginLoss(anchor, positive, negative, given({ margin, p, eps, swap, reduction })),
  ),
  "nn.functional.ctc_loss": torch(
    "log_probs, targets, input_lengths, target_lengths, blank?, reduction?, zero_infinity?",
    (logProbs, targets, inputLengths, targetLengths, blank, reduction, zeroInfinity) =>
      ctcLoss(
        logProbs,
        targets,
        inputLengths,
        targetLengths,
        given({ blank, reduction, zeroInfinity }),
      ),
  ),
  ctc_loss_of_logits: torch(
    "input, targets, input_lengths, target_lengths, blank?, reduction?, zero_infinity?",
    (input, targets, inputLengths, targetLengths, blank, reduction, zeroInfinity) =>
      ctcLoss(
        logSoftmax(input, -1),
        targets,
        inputLengths,
        targetLengths,
        given({ blank, reduction, zeroInfinity }),
      ),
  ),
};
