/** Ops that reduce dimensions, accumulate along them, or order them. */
import {
  all,
  amax,
  amin,
  any,
  argmax,
  argmin,
  countNonzero,
  cummax,
  cummin,
  cumprod,
  cumsum,
  kthvalue,
  logcumsumexp,
  logSoftmax,
  logsumexp,
  max,
  mean,
  median,
  min,
  nanmean,
  nansum,
  norm,
  prod,
  softmax,
  softmin,
  sort,
  std,
  sum,
  topk,
  var as variance,
  vectorNorm,
} from "@chainrule/core";
import type { Signature, Signatures } from "../signature.ts";
import { given, torch } from "../signature.ts";

const reduced = "input, dim?, keepdim?";

/** PyTorch also takes `unbiased` in the place of the dimension. */
function variances(op: typeof variance): Signature {
  return torch(
    "input, dim?, unbiased?, keepdim?, correction?",
    (x, dim: never, unbiased, keepdim, correction) =>
      typeof dim === "boolean"
        ? op(x, { unbiased: dim })
        : op(x, dim, given({ unbiased, keepdim, correction })),
  );
}

/** The third argument is left out where it is not given: with two tensors there is none. */
function extremum(op: typeof max | typeof median): Signature {
  return torch("input, dim?, keepdim?", (x, dim, keepdim) =>
    keepdim === undefined ? op(x, dim) : op(x, dim, { keepdim }),
  );
}

export const reduction: Signatures = {
  all: torch(reduced, (x, dim, keepdim) => all(x, dim, given({ keepdim }))),
  amax: torch(reduced, (x, dim, keepdim) => amax(x, dim, given({ keepdim }))),
  amin: torch(reduced, (x, dim, keepdim) => amin(x, dim, given({ keepdim }))),
  any: torch(reduced, (x, dim, keepdim) => any(x, dim, given({ keepdim }))),
  argmax: torch(reduced, (x, dim, keepdim) => argmax(x, dim, given({ keepdim }))),
  argmin: torch(reduced, (x, dim, keepdim) => argmin(x, dim, given({ keepdim }))),
  count_nonzero: torch("input, dim?", countNonzero),
  cummax: torch("input, dim", cummax),
  cummin: torch("input, dim", cummin),
  cumprod: torch("input, dim", cumprod),
  cumsum: torch("input, dim", cumsum),
  kthvalue: torch("input, k, dim?, keepdim?", (x, k, dim, keepdim) =>
    kthvalue(x, k, dim, given({ keepdim })),
  ),
  "linalg.vector_norm": torch("x, ord?, dim?, keepdim?", (x, ord, dim, keepdim) =>
    vectorNorm(x, ord, dim, given({ keepdim })),
  ),
  logcumsumexp: torch("input, dim", logcumsumexp),
  logsumexp: torch(reduced, (x, dim, keepdim) => logsumexp(x, dim, given({ keepdim }))),
  log_softmax: torch("input, dim", logSoftmax),
  max: extremum(max),
  mean: torch(reduced, (x, dim, keepdim) => mean(x, dim, given({ keepdim }))),
  median: extremum(median),
  min: extremum(min),
  nanmean: torch(reduced, (x, dim, keepdim) => nanmean(x, dim, given({ keepdim }))),
  nansum: torch(reduced, (x, dim, keepdim) => nansum(x, dim, given({ keepdim }))),
  "nn.functional.softmin": torch("input, dim", softmin),
  norm: torch("input, p?, dim?, keepdim?", (x, p, dim, keepdim) =>
    norm(x, p, dim, given({ keepdim })),
  ),
  prod: torch(reduced, (x, dim, keepdim) => prod(x, dim, given({ keepdim }))),
  softmax: torch("input, dim", softmax),
  sort: torch("input, dim?, descending?, stable?", (x, dim, descending, stable) =>
    sort(x, dim, given({ descending, stable })),
  ),
  std: variances(std),
  sum: torch(reduced, (x, dim, keepdim) => sum(x, dim, given({ keepdim }))),
  topk: torch("input, k, dim?, largest?, sorted?", (x, k, dim, largest, sorted) =>
    topk(x, k, dim, given({ largest, sorted })),
  ),
  var: variances(variance),
};
