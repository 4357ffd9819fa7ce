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

export const functional: Signatures = {
  "nn.functional.avg_pool1d": avgPool(core.avgPool1d),
  "nn.functional.avg_pool2d": avgPool(core.avgPool2d),
  "nn.functional.conv1d": conv(core.conv1d),
  "nn.functional.conv2d": conv(core.conv2d),
  "nn.functional.conv3d": conv(core.conv3d),
  "nn.functional.linear": torch("input, weight, bias?", (x, w, bias) => core.linear(x, w, bias)),
  "nn.functional.max_pool1d": maxPool(core.maxPool1d, core.maxPool1dWithIndices),
  "nn.functional.max_pool2d": maxPool(core.maxPool2d, core.maxPool2dWithIndices),
};
