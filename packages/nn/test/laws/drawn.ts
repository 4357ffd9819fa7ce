/**
 * What calls of layers are drawn from.
 */
import type { Draw } from "@chainrule/core";
import { within } from "@chainrule/core";
import type * as nn from "@chainrule/nn";

/** A layer that was drawn: how to make it anew, and what to call it with. */
export interface Drawn {
  readonly make: () => nn.Module;
  readonly inputs: readonly unknown[];
}

export type Recipe = (draw: Draw) => Drawn;

export const float64 = { dtype: "float64" } as const;
export const distinct = within(-2, 2, { distinct: true });
export const unit = within(0.1, 0.9);
