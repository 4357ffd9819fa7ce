/** Ops that change shapes, and make tensors in expressions. */

import type { Tensor } from "@chainrule/core";
import { expand, eye, ones, onesLike, permute, reshape, transpose } from "@chainrule/core";
import type { Signatures } from "../signature.ts";
import { given, torch } from "../signature.ts";

export const shape: Signatures = {
  expand: torch("input, ...size", (x, size) => expand(x, size)),
  eye: torch("n, dtype?", (n: number, dtype) => eye(n, n, given({ dtype }))),
  ones: torch("...size, dtype?", (size, dtype) => ones(size, given({ dtype }))),
  ones_like: torch("input", (x) => onesLike(x)),
  permute: torch("input, dims", (x, dims) => permute(x, dims)),
  reshape: torch("input, ...shape", (x, shape) => reshape(x, shape)),
  t: torch("input", (x: Tensor) => x.T),
  transpose: torch("input, dim0, dim1", (x, dim0, dim1) => transpose(x, dim0, dim1)),
};
