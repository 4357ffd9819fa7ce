/** Ops that reduce dimensions, accumulate along them, or order them. */
import { sum } from "@chainrule/core";
import type { Signatures } from "../signature.ts";
import { given, torch } from "../signature.ts";

export const reduction: Signatures = {
  sum: torch("input, dim?, keepdim?", (x, dim, keepdim) => sum(x, dim, given({ keepdim }))),
};
