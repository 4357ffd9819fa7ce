/** Ops that choose elements by index or mask, and put them back. */
import {
  gather,
  indexAdd,
  indexPut,
  indexSelect,
  maskedFill,
  maskedSelect,
  scatter,
  scatterAdd,
} from "@chainrule/core";
import type { Signatures } from "../signature.ts";
import { given, torch } from "../signature.ts";

export const indexing: Signatures = {
  gather: torch("input, dim, index", (x, dim, index) => gather(x, dim, index)),
  index_add: torch("input, dim, index, source, alpha?", (x, dim, index, source, alpha) =>
    indexAdd(x, dim, index, source, given({ alpha })),
  ),
  index_put: torch("input, indices, values, accumulate?", (x, indices, values, accumulate) =>
    indexPut(x, indices, values, given({ accumulate })),
  ),
  index_select: torch("input, dim, index", (x, dim, index) => indexSelect(x, dim, index)),
  masked_fill: torch("input, mask, value", (x, mask, value) => maskedFill(x, mask, value)),
  masked_select: torch("input, mask", (x, mask) => maskedSelect(x, mask)),
  scatter: torch("input, dim, index, src", (x, dim, index, source) =>
    scatter(x, dim, index, source),
  ),
  scatter_add: torch("input, dim, index, src", (x, dim, index, source) =>
    scatterAdd(x, dim, index, source),
  ),
};
