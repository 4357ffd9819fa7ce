/** Ops that work on each element by itself. */

import type { Tensor } from "@chainrule/core";
import { add, mul, neg, sub } from "@chainrule/core";
import type { Signatures } from "../signature.ts";
import { torch } from "../signature.ts";

export const pointwise: Signatures = {
  add: torch("input, other, alpha?", (x: Tensor, y, alpha) =>
    alpha === undefined ? add(x, y) : add(x, mul(y, alpha)),
  ),
  mul: torch("input, other", (x, y) => mul(x, y)),
  neg: torch("input", (x) => neg(x)),
  sub: torch("input, other, alpha?", (x: Tensor, y, alpha) =>
    alpha === undefined ? sub(x, y) : sub(x, mul(y, alpha)),
  ),
};
