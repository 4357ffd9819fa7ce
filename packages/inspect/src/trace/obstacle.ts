/**
 * Whether a trace holds all that is needed to compute it anew.
 */
import { fromTraceData } from "./data.ts";
import type { Trace } from "./schema.ts";

/** Why a trace cannot be computed anew; `what` names the op, where it is about one. */
export interface Obstacle {
  readonly kind: "error" | "outputs" | "size" | "op" | "options" | "vmap";
  readonly what: string;
}

/** What stands in the way of computing a trace anew with the ops that are known; `null` if nothing does. */
export function obstacleToReplay(trace: Trace, knows: (op: string) => boolean): Obstacle | null {
  if (trace.error !== null) return { kind: "error", what: trace.error.name };
  if (trace.outputs.length !== 1) return { kind: "outputs", what: "" };
  for (const node of trace.nodes) {
    const what = node.op ?? "";
    if (node.outputs.some(({ value }) => value === null)) return { kind: "vmap", what };
    if (node.kind === "leaf") {
      if (node.outputs[0]!.value!.data === null) return { kind: "size", what };
    } else if (!knows(what)) return { kind: "op", what };
    else if (fromTraceData(node.options) === null) return { kind: "options", what };
  }
  return null;
}
