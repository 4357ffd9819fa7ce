/**
 * A trace as a tree for the terminal.
 */
import { checkBoolean, checkOptions } from "@chainrule/core";
import { TensorNames } from "../trace/names.ts";
import { checkedTrace } from "../trace/read.ts";
import type { Trace } from "../trace/schema.ts";
import type { Box, View, ViewOptions } from "../view/view.ts";
import { viewOf, viewOptionNames } from "../view/view.ts";
import { boxTitle, groupText, isBlamed, kindText, optionsText, valueText } from "../view/words.ts";
import { plainLine } from "./escape.ts";

/** Options of {@link toText}. */
export interface TextOptions extends ViewOptions {
  /** Colours for a terminal; unless given, where the output is one. */
  color?: boolean;
}

/**
 * A trace as a tree: the output first, below each op its operands in order. What is used twice is written once; later
 * uses refer to it by its number, `↑5`. Each line has the numbers and, behind ∂, the gradient; `—` where none was
 * computed. Closed scopes are one line each, with the number of their ops.
 *
 * @throws {ArgumentError} for an unknown option, or anything that is no trace.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { capture, toText } from "@chainrule/inspect";
 * const a = tensor(1, { requiresGrad: true, name: "a" });
 * const b = a.add(a).named("b");
 * console.log(toText(capture(b.add(b).named("c")), { color: false }));
 * // →
 * // c = add 4 ∂ 1
 * // ├─ b = add 2 ∂ 2 (2)
 * // │  ├─ a 1 ∂ 4 (1)
 * // │  └─ a ↑1
 * // └─ b ↑2
 */
export function toText(trace: Trace, options: TextOptions = {}): string {
  checkOptions("toText", options, [...viewOptionNames, "color"]);
  const color = checkBoolean("toText", "color", options.color, isColorTerminal());
  const checked = checkedTrace(trace);
  const lines = new TextTree(viewOf("toText", checked, options), color).lines();
  if (checked.title !== "") lines.unshift(plainLine(checked.title));
  return lines.join("\n");
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

class TextTree {
  private readonly view: View;
  private readonly names: TensorNames;
  private readonly color: boolean;
  private readonly incoming: number[][];
  private readonly used: number[];

  constructor(view: View, color: boolean) {
    this.view = view;
    this.color = color;
    this.names = new TensorNames(view.trace);
    this.incoming = view.boxes.map(() => []);
    this.used = view.boxes.map(() => 0);
    for (const [i, { from, to }] of view.edges.entries()) {
      this.incoming[to]!.push(i);
      this.used[from]!++;
    }
  }

  lines(): string[] {
    const { boxes, trace } = this.view;
    const lines: string[] = [];
    const written = new Set<number>();
    const stack: { index: number; lead: string; below: string; blamed: boolean }[] = [];
    const ends = trace.outputs.map(({ node }) => this.view.boxOf[node - 1]!);
    const loose = boxes.flatMap(({ index }) => (this.used[index] === 0 ? [index] : []));
    for (const index of [...new Set([...ends, ...loose])].toReversed())
      stack.push({ index, lead: "", below: "", blamed: false });
    for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
      const { index, lead, below, blamed } = entry;
      const box = boxes[index]!;
      const mark = blamed ? this.paint("red", "✗ ") : "";
      const start = `${this.paint("dim", lead)}${mark}`;
      if (written.has(index)) {
        lines.push(`${start}${this.called(box)} ${this.paint("dim", `↑${index + 1}`)}`);
        continue;
      }
      written.add(index);
      const number = this.used[index]! > 1 ? this.paint("dim", ` (${index + 1})`) : "";
      lines.push(`${start}${this.described(box)}${number}`);
      if (trace.error !== null && box.node !== null && box.node.id === trace.error.node)
        lines.push(`${this.paint("dim", below)}${this.paint("red", this.error())}`);
      const edges = this.incoming[index]!;
      for (let i = edges.length - 1; i >= 0; i--) {
        const edge = this.view.edges[edges[i]!]!;
        const last = i === edges.length - 1;
        stack.push({
          index: edge.from,
          lead: `${below}${last ? "└─ " : "├─ "}`,
          below: `${below}${last ? "   " : "│  "}`,
          blamed: isBlamed(trace, edge),
        });
      }
    }
    if (trace.error !== null && trace.error.node === null)
      lines.push(this.paint("red", this.error()));
    return lines;
  }

  private error(): string {
    const { name, message } = this.view.trace.error!;
    return `✗ ${plainLine(name)}: ${plainLine(message)}`;
  }

  private called({ node, ...box }: Box): string {
    if (node === null || node.outputs.length === 0)
      return plainLine(boxTitle({ node, ...box }, this.names));
    return plainLine(this.names.of({ node: node.id, output: 0 }));
  }

  private described(box: Box): string {
    const { node } = box;
    const title = plainLine(boxTitle(box, this.names));
    if (node === null)
      return `${this.paint("yellow", `▸ ${title}`)} ${this.paint("dim", groupText(box))}`;
    const [tensor] = node.outputs;
    const parts: string[] = [];
    if (node.kind === "leaf") parts.push(this.paint("green", title));
    else {
      const name =
        tensor?.name == null ? "" : `${plainLine(this.names.of({ node: node.id, output: 0 }))} = `;
      const options = plainLine(optionsText(node));
      parts.push(`${name}${this.paint("bold", title)}${options === "" ? "" : `(${options})`}`);
    }
    if (tensor === undefined) return parts.join(" ");
    const kind = kindText(tensor);
    if (kind !== "") parts.push(this.paint("cyan", kind));
    const value = valueText(tensor.value);
    if (value !== title) parts.push(value);
    if (tensor.requiresGrad) parts.push(this.paint("dim", "∂"), valueText(tensor.grad));
    return parts.join(" ");
  }

  private paint(style: keyof typeof codes, text: string): string {
    return this.color && text !== "" ? `\u001B[${codes[style]}m${text}\u001B[0m` : text;
  }
}

function isColorTerminal(): boolean {
  const host: unknown = Reflect.get(globalThis, "process");
  if (typeof host !== "object" || host === null) return false;
  const env: unknown = Reflect.get(host, "env");
  const stdout: unknown = Reflect.get(host, "stdout");
  const refused =
    typeof env === "object" && env !== null && Reflect.get(env, "NO_COLOR") !== undefined;
  return (
    !refused &&
    typeof stdout === "object" &&
    stdout !== null &&
    Reflect.get(stdout, "isTTY") === true
  );
}
