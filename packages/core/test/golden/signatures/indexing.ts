/** Ops that choose elements by index or mask, and put them back. */
import type { IndexItem } from "@chainrule/core";
import {
  at,
  gather,
  indexAdd,
  indexPut,
  indexSelect,
  maskedFill,
  maskedSelect,
  scatter,
  scatterAdd,
  scatterReduce,
  Tensor,
  take,
  takeAlongDim,
} from "@chainrule/core";
import type { Signatures } from "../signature.ts";
import { given, torch } from "../signature.ts";

/** How the golden file writes slices and ellipses. */
interface Written {
  readonly slice?: readonly (number | null)[];
}

function itemOf(item: unknown): IndexItem {
  if (item === undefined || item === null) return null;
  if (typeof item === "number" || item instanceof Tensor) return item;
  const { slice } = item as Written;
  if (slice === undefined) return "...";
  const [start, stop, step] = slice.map((bound) => bound ?? undefined);
  return { start, stop, step };
}

export const indexing: Signatures = {
  gather: torch("input, dim, index", (x, dim, index) => gather(x, dim, index)),
  getitem: torch("input, ...items", (x: Tensor, items: unknown[]) => at(x, ...items.map(itemOf))),
  index_add: torch("input, dim, index, source, alpha?", (x, dim, index, source, alpha) =>
    indexAdd(x, dim, index, source, given({ alpha })),
  ),
  index_put: torch("input, indices, values, accumulate?", (x, indices, values, accumulate) =>
    indexPut(x, indices, values, given({ accumulate })),
  ),
  index_select: torch("input, dim, index", (x, dim, index) => indexSelect(x, dim, index)),
  masked_fill: torch("input, mask, value", (x, mask, value) => maskedFill(x, mask, value)),
  masked_select: torch("input, mask", (x, mask) => maskedSelect(x, mask)),
  scatter: torch("input, dim, index, src, reduce?", (x, dim, index, source, reduce?: string) => {
    if (reduce === "add") return scatterAdd(x, dim, index, source);
    if (reduce === "multiply") return scatterReduce(x, dim, index, source, "prod");
    return scatter(x, dim, index, source);
  }),
  scatter_add: torch("input, dim, index, src", (x, dim, index, source) =>
    scatterAdd(x, dim, index, source),
  ),
  take: torch("input, index", (x, index) => take(x, index)),
  take_along_dim: torch("input, indices, dim?", (x, indices, dim) => takeAlongDim(x, indices, dim)),
};
