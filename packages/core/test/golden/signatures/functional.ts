/** torch.nn.functional without activations and losses: convolutions, pools, norms, attention, … */
import * as core from "@chainrule/core";
import type { Signature, Signatures } from "../signature.ts";
import { given, torch } from "../signature.ts";

/** A convolution: PyTorch's options by position become ours by name. */
function conv(op: (...args: never[]) => unknown): Signature {
  return torch(
    "input, weight, bias?, stride?, padding?, dilation?, groups?",
    (x, w, bias, stride, padding, dilation, groups) =>
      op(x, w, bias, given({ stride, padding, dilation, groups }) as never),
  );
}

/** A maximum pool, with or without the places of the maxima. */
function maxPool(
  op: (...args: never[]) => unknown,
  withIndices: (...args: never[]) => unknown,
): Signature {
  return torch(
    "input, kernel_size, stride?, padding?, dilation?, ceil_mode?, return_indices?",
    (x, kernelSize, stride, padding, dilation, ceilMode, returnIndices) =>
      (returnIndices ? withIndices : op)(
        x,
        kernelSize,
        given({ stride, padding, dilation, ceilMode }) as never,
      ),
  );
}

/** A mean pool. */
function avgPool(op: (...args: never[]) => unknown): Signature {
  return torch(
    "input, kernel_size, stride?, padding?, ceil_mode?, count_include_pad?, divisor_override?",
    (x, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride) =>
      op(
        x,
        kernelSize,
        given({ stride, padding, ceilMode, countIncludePad, divisorOverride }) as never,
      ),
  );
}

/** A pool by powers. */
function lpPool(op: (...args: never[]) => unknown): Signature {
  return torch(
    "input, norm_type, kernel_size, stride?, ceil_mode?",
    (x, p, kernelSize, stride, ceilMode) =>
      op(x, p, kernelSize, given({ stride, ceilMode }) as never),
  );
}

/** A transposed convolution. */
function convTranspose(op: (...args: never[]) => unknown): Signature {
  return torch(
    "input, weight, bias?, stride?, padding?, output_padding?, groups?, dilation?",
    (x, w, bias, stride, padding, outputPadding, groups, dilation) =>
      op(x, w, bias, given({ stride, padding, outputPadding, groups, dilation }) as never),
  );
}

/** A pool that is told the size of its result. */
function adaptivePool(op: (...args: never[]) => unknown): Signature {
  return torch("input, output_size", (x, size) => op(x, size));
}

export const functional: Signatures = {
  cdist: torch("x1, x2, p?, compute_mode?", (a, b, p) => core.cdist(a, b, p)),
  "nn.functional.adaptive_avg_pool1d": adaptivePool(core.adaptiveAvgPool1d),
  "nn.functional.adaptive_avg_pool2d": adaptivePool(core.adaptiveAvgPool2d),
  "nn.functional.adaptive_avg_pool3d": adaptivePool(core.adaptiveAvgPool3d),
  "nn.functional.adaptive_max_pool1d": adaptivePool(core.adaptiveMaxPool1d),
  "nn.functional.adaptive_max_pool2d": adaptivePool(core.adaptiveMaxPool2d),
  "nn.functional.adaptive_max_pool3d": adaptivePool(core.adaptiveMaxPool3d),
  "nn.functional.avg_pool1d": avgPool(core.avgPool1d),
  "nn.functional.avg_pool2d": avgPool(core.avgPool2d),
  "nn.functional.avg_pool3d": avgPool(core.avgPool3d),
  "nn.functional.batch_norm": torch(
    "input, running_mean?, running_var?, weight?, bias?, training?, momentum?, eps?",
    (x, mean, variance, weight, bias, training, momentum, eps) =>
      core.batchNorm(x, mean, variance, weight, bias, given({ training, momentum, eps })),
  ),
  "nn.functional.conv1d": conv(core.conv1d),
  "nn.functional.conv2d": conv(core.conv2d),
  "nn.functional.conv3d": conv(core.conv3d),
  "nn.functional.conv_transpose1d": convTranspose(core.convTranspose1d),
  "nn.functional.conv_transpose2d": convTranspose(core.convTranspose2d),
  "nn.functional.conv_transpose3d": convTranspose(core.convTranspose3d),
  "nn.functional.cosine_similarity": torch("x1, x2, dim?, eps?", (a, b, dim, eps) =>
    core.cosineSimilarity(a, b, dim, given({ eps })),
  ),
  "nn.functional.group_norm": torch(
    "input, num_groups, weight?, bias?, eps?",
    (x, groups, weight, bias, eps) => core.groupNorm(x, groups, weight, bias, given({ eps })),
  ),
  "nn.functional.instance_norm": torch(
    "input, running_mean?, running_var?, weight?, bias?, use_input_stats?, momentum?, eps?",
    (x, mean, variance, weight, bias, useInputStats, momentum, eps) =>
      core.instanceNorm(x, mean, variance, weight, bias, given({ useInputStats, momentum, eps })),
  ),
  "nn.functional.interpolate": torch(
    "input, size?, scale_factor?, mode?, align_corners?, recompute_scale_factor?",
    (x, size, scaleFactor, mode, alignCorners, recomputeScaleFactor) =>
      core.interpolate(x, given({ size, scaleFactor, mode, alignCorners, recomputeScaleFactor })),
  ),
  "nn.functional.layer_norm": torch(
    "input, normalized_shape, weight?, bias?, eps?",
    (x, shape, weight, bias, eps) => core.layerNorm(x, shape, weight, bias, given({ eps })),
  ),
  "nn.functional.linear": torch("input, weight, bias?", (x, w, bias) => core.linear(x, w, bias)),
  "nn.functional.local_response_norm": torch(
    "input, size, alpha?, beta?, k?",
    (x, size, alpha, beta, k) => core.localResponseNorm(x, size, given({ alpha, beta, k })),
  ),
  "nn.functional.lp_pool1d": lpPool(core.lpPool1d),
  "nn.functional.lp_pool2d": lpPool(core.lpPool2d),
  "nn.functional.max_pool1d": maxPool(core.maxPool1d, core.maxPool1dWithIndices),
  "nn.functional.max_pool2d": maxPool(core.maxPool2d, core.maxPool2dWithIndices),
  "nn.functional.max_pool3d": maxPool(core.maxPool3d, core.maxPool3dWithIndices),
  "nn.functional.normalize": torch("input, p?, dim?, eps?", (x, p, dim, eps) =>
    core.normalize(x, p, dim, given({ eps })),
  ),
  "nn.functional.pairwise_distance": torch("x1, x2, p?, eps?, keepdim?", (a, b, p, eps, keepdim) =>
    core.pairwiseDistance(a, b, p, given({ eps, keepdim })),
  ),
  "nn.functional.rms_norm": torch(
    "input, normalized_shape, weight?, eps?",
    (x, shape, weight, eps) => core.rmsNorm(x, shape, weight, given({ eps })),
  ),
  pdist: torch("input, p?", (x, p) => core.pdist(x, p)),
  "nn.functional.bilinear": torch("input1, input2, weight, bias?", (a, b, w, bias) =>
    core.bilinear(a, b, w, bias),
  ),
  channel_shuffle: torch("input, groups", (x, groups) => core.channelShuffle(x, groups)),
  "nn.functional.channel_shuffle": torch("input, groups", (x, groups) =>
    core.channelShuffle(x, groups),
  ),
  "nn.functional.embedding": torch(
    "input, weight, padding_idx?, max_norm?, norm_type?, scale_grad_by_freq?, sparse?",
    (index, weight, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse) =>
      core.embedding(
        index,
        weight,
        given({ paddingIdx, maxNorm, normType, scaleGradByFreq, sparse }),
      ),
  ),
  "nn.functional.embedding_bag": torch(
    "input, weight, offsets?, max_norm?, norm_type?, scale_grad_by_freq?, mode?, sparse?, per_sample_weights?, include_last_offset?, padding_idx?",
    (
      index,
      weight,
      offsets,
      maxNorm,
      normType,
      scaleGradByFreq,
      mode,
      sparse,
      perSampleWeights,
      includeLastOffset,
      paddingIdx,
    ) =>
      core.embeddingBag(
        index,
        weight,
        offsets,
        given({
          maxNorm,
          normType,
          scaleGradByFreq,
          mode,
          sparse,
          perSampleWeights,
          includeLastOffset,
          paddingIdx,
        }),
      ),
  ),
  "nn.functional.fold": torch(
    "input, output_size, kernel_size, dilation?, padding?, stride?",
    (x, outputSize, kernelSize, dilation, padding, stride) =>
      core.fold(x, outputSize, kernelSize, given({ dilation, padding, stride })),
  ),
  "nn.functional.pixel_shuffle": torch("input, upscale_factor", (x, r) => core.pixelShuffle(x, r)),
  "nn.functional.pixel_unshuffle": torch("input, downscale_factor", (x, r) =>
    core.pixelUnshuffle(x, r),
  ),
  scaled_dot_product_attention: torch(
    "query, key, value, attn_mask?, dropout_p?, is_causal?, scale?",
    (q, k, v, mask, dropoutP, isCausal, scale) =>
      core.scaledDotProductAttention(q, k, v, mask, given({ dropoutP, isCausal, scale })),
  ),
  "nn.functional.unfold": torch(
    "input, kernel_size, dilation?, padding?, stride?",
    (x, kernelSize, dilation, padding, stride) =>
      core.unfold(x, kernelSize, given({ dilation, padding, stride })),
  ),
  "nn.functional.pad": torch("input, pad, mode?, value?", (x, padding, mode, value) =>
    core.pad(x, padding, given({ mode, value })),
  ),
};
