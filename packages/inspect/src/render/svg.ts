/**
 * A trace as a picture.
 */
import { ArgumentError, checkOptions, quoted } from "@chainrule/core";
import { TensorNames } from "../trace/names.ts";
import { checkedTrace } from "../trace/read.ts";
import type { Trace } from "../trace/schema.ts";
import type { ViewOptions } from "../view/view.ts";
import { viewOf, viewOptionNames } from "../view/view.ts";
import { drawing } from "./drawing.ts";
import { layout } from "./layout.ts";
import { colorRules, graphRules } from "./style.ts";

/** Options of {@link toSVG}. */
export interface SVGOptions extends ViewOptions {
  /** From left to right, or from top to bottom; `"LR"` unless given. */
  direction?: "LR" | "TB";
}

/**
 * A trace as an SVG picture: boxes with shapes, numbers and gradients, small tensors as heat maps, closed scopes with the
 * number of their ops. It follows the reader's choice of light or dark, loads nothing and runs nothing.
 *
 * @throws {ArgumentError} for an unknown option, anything that is no trace, or more boxes than can be drawn.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { capture, toSVG } from "@chainrule/inspect";
 * const x = tensor(3, { requiresGrad: true, name: "x" });
 * toSVG(capture(x.mul(x))); // → <svg xmlns="http://www.w3.org/2000/svg" class="graph" …</svg>
 */
export function toSVG(trace: Trace, options: SVGOptions = {}): string {
  checkOptions("toSVG", options, [...viewOptionNames, "direction"]);
  const view = viewOf("toSVG", checkedTrace(trace), options);
  const direction = checkDirection("toSVG", options.direction);
  const placed = layout("toSVG", view, new TensorNames(view.trace), direction);
  return drawing(view, placed, `<style>${colorRules(".graph")}${graphRules}</style>`);
}

export function checkDirection(where: string, direction: unknown): "LR" | "TB" {
  if (direction === undefined || direction === "LR") return "LR";
  if (direction === "TB") return "TB";
  throw new ArgumentError(`${where}: direction must be "LR" or "TB", not ${quoted(direction)}.`, {
    direction,
  });
}
