/**
 * Why a tensor is outside of the graph although what it was made from was inside: noted for `explainGrad`.
 */
import { currentSite } from "./site.ts";

/** How a tensor left the graph, and where, if source lines are recorded. */
export interface Origin {
  readonly how: "detached" | "made under noGrad";
  readonly site: string | undefined;
}

// Without source lines there is nothing to tell one origin from another: all share one object each.
const detached: Origin = Object.freeze({ how: "detached", site: undefined });
const withoutGrad: Origin = Object.freeze({ how: "made under noGrad", site: undefined });

export function detachedOrigin(): Origin {
  const site = currentSite();
  return site === undefined ? detached : { how: "detached", site };
}

export function noGradOrigin(): Origin {
  const site = currentSite();
  return site === undefined ? withoutGrad : { how: "made under noGrad", site };
}
