/**
 * A trace where people are: in notebooks, terminals and pages.
 */
import { ArgumentError } from "@chainrule/core";
import type { HTMLOptions } from "../render/html.ts";
import { toHTML } from "../render/html.ts";
import { toSVG } from "../render/svg.ts";
import { toText } from "../render/text.ts";
import type { Trace } from "../trace/schema.ts";

/** A trace that shows itself; see {@link display}. */
export interface Display {
  /** What the text of it is. */
  toString(): string;
  /** A DOM element for a page or an Observable notebook: the picture. */
  toNode(): object;
}

/**
 * A trace that shows itself: as the value of a notebook's cell in Deno and other Jupyter kernels (the page with its steps,
 * the picture, or text, as the notebook likes), as text in `console.log` of Node and Deno, and by `toNode()` as an element
 * for Observable and other pages.
 *
 * @throws {ArgumentError} for an unknown option, anything that is no trace, or `toNode` where there is no document.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { capture, display } from "@chainrule/inspect";
 * const x = tensor(3, { requiresGrad: true, name: "x" });
 * String(display(capture(x.mul(x)))).split("\n")[0]; // → mul 9 ∂ 1
 */
export function display(trace: Trace, options: HTMLOptions = {}): Display {
  const { expand, maxNodes, direction } = options;
  const view = {
    ...(expand === undefined ? {} : { expand }),
    ...(maxNodes === undefined ? {} : { maxNodes }),
  };
  const picture = (): string =>
    toSVG(trace, direction === undefined ? view : { ...view, direction });
  const text = (color: boolean): string => toText(trace, { ...view, color });
  // Wrong options are refused here, where the caller is, and not in the notebook's machinery.
  toHTML(trace, { ...options, editable: false });
  return {
    toString: () => text(false),
    toNode: () => {
      const { document } = globalThis;
      if (document === undefined)
        throw new ArgumentError("display: there is no document here to make an element in.");
      const holder = document.createElement("div");
      // Everything that comes from the trace was made harmless when the picture was drawn.
      holder.innerHTML = picture();
      return holder;
    },
    [Symbol.for("Jupyter.display")]: () => ({
      "text/plain": text(false),
      "image/svg+xml": picture(),
      "text/html": framed(toHTML(trace, options)),
    }),
    [Symbol.for("nodejs.util.inspect.custom")]: () => toText(trace, view),
    [Symbol.for("Deno.customInspect")]: () => toText(trace, view),
  } as Display;
}

/** A page within a notebook's page, which its scripts cannot reach. */
function framed(page: string): string {
  const quoted = page.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<iframe title="Chainrule" sandbox="allow-scripts" width="100%" height="640" srcdoc="${quoted}"></iframe>`;
}
