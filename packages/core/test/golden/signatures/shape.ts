/** Ops that change shapes, and make tensors in expressions. */

import type { Tensor } from "@chainrule/core";
import {
  cat,
  chunk,
  expand,
  eye,
  flatten,
  flip,
  narrow,
  ones,
  onesLike,
  permute,
  reshape,
  roll,
  rot90,
  select,
  slice,
  split,
  squeeze,
  stack,
  transpose,
  unbind,
  unflatten,
  unsqueeze,
} from "@chainrule/core";
import type { Signatures } from "../signature.ts";
import { given, torch } from "../signature.ts";

export const shape: Signatures = {
  cat: torch("tensors, dim?", (x, dim) => cat(x, dim)),
  chunk: torch("input, chunks, dim?", (x, chunks, dim) => chunk(x, chunks, dim)),
  expand: torch("input, ...size", (x, size) => expand(x, size)),
  eye: torch("n, dtype?", (n: number, dtype) => eye(n, n, given({ dtype }))),
  flatten: torch("input, start_dim?, end_dim?", (x, start, end) => flatten(x, start, end)),
  flip: torch("input, ...dims", (x, dims) => flip(x, dims)),
  narrow: torch("input, dim, start, length", (x, dim, start, length) =>
    narrow(x, dim, start, length),
  ),
  ones: torch("...size, dtype?", (size, dtype) => ones(size, given({ dtype }))),
  ones_like: torch("input", (x) => onesLike(x)),
  permute: torch("input, dims", (x, dims) => permute(x, dims)),
  reshape: torch("input, ...shape", (x, shape) => reshape(x, shape)),
  roll: torch("input, shifts, dims?", (x, shifts, dims) => roll(x, shifts, dims)),
  rot90: torch("input, k?, dims?", (x, k, dims) => rot90(x, k, dims)),
  select: torch("input, dim, index", (x, dim, index) => select(x, dim, index)),
  slice: torch("input, dim, start?, end?, step?", (x, dim, start, end, step) =>
    slice(x, dim, start, end, step),
  ),
  split: torch("tensor, split_size_or_sections, dim?", (x, sizes, dim) => split(x, sizes, dim)),
  squeeze: torch("input, dim?", (x, dim) => squeeze(x, dim)),
  stack: torch("tensors, dim?", (x, dim) => stack(x, dim)),
  t: torch("input", (x: Tensor) => x.T),
  transpose: torch("input, dim0, dim1", (x, dim0, dim1) => transpose(x, dim0, dim1)),
  unbind: torch("input, dim?", (x, dim) => unbind(x, dim)),
  unflatten: torch("input, dim, sizes", (x, dim, sizes) => unflatten(x, dim, sizes)),
  unsqueeze: torch("input, dim", (x, dim) => unsqueeze(x, dim)),
};
