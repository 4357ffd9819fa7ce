/** Everyday functions that the other files have no cases of: most are compositions of ops. */

import type { Tensor } from "@chainrule/core";
import {
  aminmax,
  argwhere,
  atleast2d,
  blockDiag,
  cartesianProd,
  columnStack,
  corrcoef,
  cov,
  cumulativeTrapezoid,
  diagflat,
  diff,
  dist,
  dsplit,
  dstack,
  erfinv,
  expandAs,
  fliplr,
  flipud,
  heaviside,
  hsplit,
  hstack,
  indexCopy,
  indexFill,
  logaddexp2,
  maskedScatter,
  mode,
  nanquantile,
  put,
  quantile,
  ravel,
  renorm,
  repeatInterleave,
  stdMean,
  tensorSplit,
  trapezoid,
  varMean,
  vsplit,
  vstack,
} from "@chainrule/core";
import type { Signatures } from "../signature.ts";
import { given, torch } from "../signature.ts";

/** PyTorch takes the places of cuts as a tensor, too. */
const parts = (value: number | number[] | Tensor): number | number[] =>
  typeof value === "object" && "toArray" in value ? (value.toArray() as number | number[]) : value;

const cumulated = (y: Tensor, x?: Tensor, dx?: number, dim?: number): Tensor =>
  cumulativeTrapezoid(y, x, given({ dx, dim }));
const area = (y: Tensor, x?: Tensor, dx?: number, dim?: number): Tensor =>
  trapezoid(y, x, given({ dx, dim }));

export const everyday: Signatures = {
  aminmax: torch("input, dim?, keepdim?", (x, dim, keepdim) => {
    const { min, max } = aminmax(x, dim, given({ keepdim }));
    return [min, max];
  }),
  argwhere: torch("input", (x) => argwhere(x)),
  atleast_2d: torch("input", (x) => atleast2d(x)),
  block_diag: torch("...tensors", (tensors) => blockDiag(tensors)),
  cartesian_prod: torch("...tensors", (tensors) => cartesianProd(tensors)),
  column_stack: torch("tensors", (tensors) => columnStack(tensors)),
  corrcoef: torch("input", (x) => corrcoef(x)),
  cov: torch("input, correction?, fweights?, aweights?", (x, correction, fweights, aweights) =>
    cov(x, given({ correction, fweights, aweights })),
  ),
  cumulative_trapezoid: torch("y, x?, dx?, dim?", cumulated),
  diagflat: torch("input, offset?", (x, offset) => diagflat(x, given({ offset }))),
  diff: torch("input, n?, dim?, prepend?, append?", (x, n, dim, prepend, append) =>
    diff(x, given({ n, dim, prepend, append })),
  ),
  dist: torch("input, other, p?", (a, b, p) => dist(a, b, p)),
  dsplit: torch("input, indices_or_sections", (x, cuts) => dsplit(x, parts(cuts))),
  dstack: torch("tensors", (tensors) => dstack(tensors)),
  erfinv: torch("input", (x) => erfinv(x)),
  expand_as: torch("input, other", (x, other) => expandAs(x, other)),
  fliplr: torch("input", (x) => fliplr(x)),
  flipud: torch("input", (x) => flipud(x)),
  heaviside: torch("input, other", (a, b) => heaviside(a, b)),
  hsplit: torch("input, indices_or_sections", (x, cuts) => hsplit(x, parts(cuts))),
  hstack: torch("tensors", (tensors) => hstack(tensors)),
  index_copy: torch("input, dim, index, source", (x, dim, index, source) =>
    indexCopy(x, dim, index, source),
  ),
  index_fill: torch("input, dim, index, value", (x, dim, index, value) =>
    indexFill(x, dim, index, value),
  ),
  logaddexp2: torch("input, other", (a, b) => logaddexp2(a, b)),
  masked_scatter: torch("input, mask, source", (x, mask, source) => maskedScatter(x, mask, source)),
  mode: torch("input, dim?, keepdim?", (x, dim, keepdim) => {
    const { values, indices } = mode(x, dim, given({ keepdim }));
    return [values, indices];
  }),
  nanquantile: torch("input, q, dim?, keepdim?, interpolation?", (x, q, dim, keepdim, kind) =>
    nanquantile(x, q, dim, given({ keepdim, interpolation: kind })),
  ),
  put: torch("input, index, source, accumulate?", (x, index, source, accumulate) =>
    put(x, index, source, given({ accumulate })),
  ),
  quantile: torch("input, q, dim?, keepdim?, interpolation?", (x, q, dim, keepdim, kind) =>
    quantile(x, q, dim, given({ keepdim, interpolation: kind })),
  ),
  ravel: torch("input", (x) => ravel(x)),
  renorm: torch("input, p, dim, maxnorm", (x, p, dim, maxnorm) => renorm(x, p, dim, maxnorm)),
  repeat_interleave: torch("input, repeats, dim?", (x, repeats, dim) =>
    repeatInterleave(x, repeats, dim),
  ),
  std_mean: torch(
    "input, dim?, unbiased?, keepdim?, correction?",
    (x, dim, unbiased, keepdim, correction) =>
      stdMean(x, dim, given({ unbiased, keepdim, correction })),
  ),
  tensor_split: torch("input, indices_or_sections, dim?", (x, cuts, dim) =>
    tensorSplit(x, parts(cuts), dim),
  ),
  trapezoid: torch("y, x?, dx?, dim?", area),
  trapz: torch("y, x?, dx?, dim?", area),
  var_mean: torch(
    "input, dim?, unbiased?, keepdim?, correction?",
    (x, dim, unbiased, keepdim, correction) =>
      varMean(x, dim, given({ unbiased, keepdim, correction })),
  ),
  vsplit: torch("input, indices_or_sections", (x, cuts) => vsplit(x, parts(cuts))),
  vstack: torch("tensors", (tensors) => vstack(tensors)),
};
