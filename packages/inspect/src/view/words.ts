/**
 * The words and numbers that pictures show.
 */

import { fromTraceNumber, singleNumberOf } from "../trace/data.ts";
import type { NameSource } from "../trace/names.ts";
import type { Trace, TraceNode, TraceRef, TraceTensor, TraceValue } from "../trace/schema.ts";
import type { Box, ViewEdge } from "./view.ts";

/** Four significant digits, with a true minus sign. */
export function numberText(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  if (Object.is(value, -0)) return "−0";
  const size = Math.abs(value);
  const text =
    Number.isInteger(value) && size < 1e6
      ? String(size)
      : size !== 0 && (size < 1e-4 || size >= 1e7)
        ? scientific(size, digits)
        : String(Number(size.toPrecision(digits)));
  return value < 0 ? `−${text}` : text;
}

function scientific(size: number, digits: number): string {
  const [mantissa, exponent] = size.toExponential(digits - 1).split("e");
  return `${Number(mantissa)}e${Number(exponent)}`;
}

export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

/** `[2, 3]`, with the type where it is not float32; nothing for a plain number. */
export function kindText({ shape, dtype }: { shape: readonly number[]; dtype: string }): string {
  const parts = [dtype === "float32" ? "" : dtype, shape.length === 0 ? "" : shapeText(shape)];
  return parts.filter((part) => part !== "").join(" ");
}

/** A number as itself, a few numbers as a list, many as their range; `—` where there is nothing. */
export function valueText(value: TraceValue | null, most = 4): string {
  if (value === null) return "—";
  const single = singleNumberOf(value);
  if (single !== null) return numberText(single);
  if (value.data === null) {
    const { least, most: top, nan, infinite } = value.summary!;
    const odd = [nan > 0 ? `${nan} NaN` : "", infinite > 0 ? `${infinite} ∞` : ""];
    const range = `${numberText(fromTraceNumber(least))} … ${numberText(fromTraceNumber(top))}`;
    return [range, ...odd.filter((text) => text !== "")].join(", ");
  }
  const shown = value.data.slice(0, most).map((one) => numberText(fromTraceNumber(one), 3));
  return `[${shown.join(", ")}${value.data.length > most ? ", …" : ""}]`;
}

/** The options that say something: those that are numbers, texts or truths other than false. */
export function optionsText(node: TraceNode): string {
  const { options } = node;
  if (typeof options !== "object" || options === null || Array.isArray(options)) return "";
  return Object.entries(options)
    .filter(([, value]) => value !== null && value !== false && !isMarked(value))
    .map(([name, value]) => `${name}=${optionText(value)}`)
    .join(", ");
}

function isMarked(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function optionText(value: unknown): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}

/** What a box is headed with. */
export function boxTitle(box: Box, names: NameSource): string {
  const { node, group } = box;
  if (group !== null) return group.repeats > 1 ? `${group.name} ×${group.repeats}` : group.name;
  if (node!.kind === "leaf") {
    const [tensor] = node!.outputs;
    const single = singleNumberOf(tensor!.value);
    if (tensor!.name === null && !tensor!.requiresGrad && single !== null)
      return numberText(single);
    return names.of({ node: node!.id, output: 0 });
  }
  return node!.op!;
}

/** What stands below the title of a closed scope. */
export function groupText(box: Box): string {
  const { ops } = box.group!;
  return ops === 1 ? "1 op" : `${ops} ops`;
}

/** The tensor of a node that is shown, its first output. */
export function shownTensor(node: TraceNode): TraceTensor | null {
  return node.outputs[0] ?? null;
}

/** The label of an edge: how many tensors, or the shape of the one. */
export function edgeText(trace: Trace, edge: ViewEdge): string {
  const distinct = new Set(edge.uses.map(({ ref }) => `${ref.node}.${ref.output}`));
  if (edge.uses.length > 1 && distinct.size > 1) return `${distinct.size} tensors`;
  const { ref } = edge.uses[0]!;
  const tensor = trace.nodes[ref.node - 1]!.outputs[ref.output];
  const shape = tensor === undefined || tensor.shape.length === 0 ? "" : shapeText(tensor.shape);
  return edge.uses.length > 1 ? `${shape} ×${edge.uses.length}`.trim() : shape;
}

/** Whether an edge is one that an error is blamed on. */
export function isBlamed({ error }: Trace, edge: ViewEdge): boolean {
  return (
    error !== null &&
    edge.uses.some(({ node, operand }) => node === error.node && error.operands.includes(operand))
  );
}

export function sameRef(a: TraceRef, b: TraceRef): boolean {
  return a.node === b.node && a.output === b.output;
}

/** The file and line of a place in the program, without the folders. */
export function siteText(site: string): string {
  return site.replace(/^.*[\\/]/, "").replace(/^(.*:\d+):\d+$/, "$1");
}
