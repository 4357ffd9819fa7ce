/**
 * Pictures: as SVG, and as text.
 */
import { ArgumentError, quoted } from "@chainrule/core";
import { writeFile } from "@chainrule/formats/node";

/** A picture, to be shown as SVG or in a terminal. */
export class Plot {
  /** The picture as a standalone SVG file. */
  readonly svg: string;
  private readonly text: string;

  constructor(svg: string, text: string) {
    this.svg = svg;
    this.text = text;
  }

  /** The picture as text, for a terminal. */
  toString(): string {
    return this.text;
  }

  /**
   * Writes the SVG to a file, and makes its folder; in Node, Bun and Deno.
   *
   * @throws {ArgumentError} for a path that does not end in `.svg`.
   */
  async save(path: string): Promise<void> {
    if (typeof path !== "string" || !path.endsWith(".svg")) {
      throw new ArgumentError(`Plot.save: the path must end in .svg, not ${quoted(path)}.`, {
        path,
      });
    }
    await writeFile(path, new TextEncoder().encode(`${this.svg}\n`));
  }

  /** What `console.log` shows in Node and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.text;
  }

  /** What `console.log` shows in Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.text;
  }
}
