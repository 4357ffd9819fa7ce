/**
 * A trace for programs that draw graphs: Graphviz and Mermaid.
 */
import { checkOptions } from "@chainrule/core";
import { TensorNames } from "../trace/names.ts";
import { checkedTrace } from "../trace/read.ts";
import type { Trace } from "../trace/schema.ts";
import type { Box, Frame, View, ViewOptions } from "../view/view.ts";
import { viewOf, viewOptionNames } from "../view/view.ts";
import {
  boxTitle,
  edgeText,
  groupText,
  isBlamed,
  kindText,
  optionsText,
  valueText,
} from "../view/words.ts";
import { dotString, mermaidString } from "./escape.ts";

/** The lines of a box: what it is, its shape and numbers, its gradient. */
export function boxLines(box: Box, names: TensorNames): string[] {
  const { node } = box;
  const title = boxTitle(box, names);
  if (node === null) return [title, groupText(box)];
  const [tensor] = node.outputs;
  const options = optionsText(node);
  const head = options === "" ? title : `${title} (${options})`;
  if (tensor === undefined) return [head];
  const name =
    node.kind === "op" && tensor.name !== null ? [names.of({ node: node.id, output: 0 })] : [];
  const value = valueText(tensor.value);
  const numbers = [kindText(tensor), value === title ? "" : value].filter((text) => text !== "");
  const gradient = tensor.requiresGrad ? [`∂ ${valueText(tensor.grad)}`] : [];
  return [head, ...name, ...(numbers.length === 0 ? [] : [numbers.join(" ")]), ...gradient];
}

function frameTitle({ group }: Frame): string {
  return group.repeats > 1 ? `${group.name} ×${group.repeats}` : group.name;
}

/** Calls back for every box in its frame, entering and leaving frames. */
function walkFrames(
  view: View,
  visit: { enter(frame: Frame): void; box(box: Box): void; leave(frame: Frame): void },
): void {
  const path: Frame[] = [];
  for (const box of view.boxes) {
    const wanted: Frame[] = [];
    for (let { frame } = box; frame !== null; frame = frame.frame) wanted.unshift(frame);
    while (path.length > 0 && path.at(-1) !== wanted[path.length - 1]) visit.leave(path.pop()!);
    for (let frame = wanted[path.length]; frame !== undefined; frame = wanted[path.length]) {
      visit.enter(frame);
      path.push(frame);
    }
    visit.box(box);
  }
  for (let frame = path.pop(); frame !== undefined; frame = path.pop()) visit.leave(frame);
}

/**
 * A trace in the language of Graphviz: `dot -Tsvg`.
 *
 * @throws {ArgumentError} for an unknown option, or anything that is no trace.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { capture, toDot } from "@chainrule/inspect";
 * const x = tensor(3, { requiresGrad: true, name: "x" });
 * console.log(toDot(capture(x.mul(x))));
 * // →
 * // digraph {
 * //   rankdir=BT; node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif", fontsize=11];
 * //   n0 [label="x\n3\n∂ 6", fillcolor="#dff0d8"];
 * //   n1 [label="mul\n9\n∂ 1"];
 * //   n0 -> n1;
 * //   n0 -> n1;
 * // }
 */
export function toDot(trace: Trace, options: ViewOptions = {}): string {
  checkOptions("toDot", options, viewOptionNames);
  const view = viewOf("toDot", checkedTrace(trace), options);
  const names = new TensorNames(view.trace);
  const lines = [
    "digraph {",
    '  rankdir=BT; node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif", fontsize=11];',
  ];
  if (view.trace.title !== "") lines.push(`  label=${dotString(view.trace.title)};`);
  let indent = "  ";
  walkFrames(view, {
    enter: (frame) => {
      lines.push(`${indent}subgraph cluster${frame.index} {`);
      indent += "  ";
      lines.push(`${indent}label=${dotString(frameTitle(frame))}; color=gray;`);
    },
    box: (box) => {
      const failed = view.trace.error !== null && box.node?.id === view.trace.error.node;
      const fill = failed ? "#f8d7da" : fillOf(box);
      const more = `${fill === null ? "" : `, fillcolor="${fill}"`}${failed ? ", color=red" : ""}`;
      lines.push(`${indent}n${box.index} [label=${dotString(...boxLines(box, names))}${more}];`);
    },
    leave: () => {
      indent = indent.slice(2);
      lines.push(`${indent}}`);
    },
  });
  for (const edge of view.edges) {
    const label = edgeText(view.trace, edge);
    const parts = label === "" ? [] : [`label=${dotString(label)}`];
    if (isBlamed(view.trace, edge)) parts.push("color=red", "penwidth=2");
    lines.push(
      `  n${edge.from} -> n${edge.to}${parts.length === 0 ? "" : ` [${parts.join(", ")}]`};`,
    );
  }
  return [...lines, "}"].join("\n");
}

function fillOf({ node }: Box): string | null {
  if (node === null) return "#fff3cd";
  if (node.kind === "op") return null;
  return node.outputs[0]!.requiresGrad ? "#dff0d8" : "#eeeeee";
}

/**
 * A trace as a flowchart for Mermaid, which Markdown on GitHub and elsewhere shows.
 *
 * @throws {ArgumentError} for an unknown option, or anything that is no trace.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { capture, toMermaid } from "@chainrule/inspect";
 * const x = tensor(3, { requiresGrad: true, name: "x" });
 * console.log(toMermaid(capture(x.mul(x))));
 * // →
 * // flowchart BT
 * //   n0(["x<br>3<br>∂ 6"])
 * //   n1["mul<br>9<br>∂ 1"]
 * //   n0 --> n1
 * //   n0 --> n1
 */
export function toMermaid(trace: Trace, options: ViewOptions = {}): string {
  checkOptions("toMermaid", options, viewOptionNames);
  const view = viewOf("toMermaid", checkedTrace(trace), options);
  const names = new TensorNames(view.trace);
  const lines = ["flowchart BT"];
  let indent = "  ";
  walkFrames(view, {
    enter: (frame) => {
      lines.push(`${indent}subgraph s${frame.index}[${mermaidString(frameTitle(frame))}]`);
      indent += "  ";
    },
    box: (box) => {
      const text = mermaidString(...boxLines(box, names));
      const isLeaf = box.node?.kind === "leaf";
      const shape = box.node === null ? `[[${text}]]` : isLeaf ? `([${text}])` : `[${text}]`;
      lines.push(`${indent}n${box.index}${shape}`);
    },
    leave: () => {
      indent = indent.slice(2);
      lines.push(`${indent}end`);
    },
  });
  const blamed: number[] = [];
  for (const [i, edge] of view.edges.entries()) {
    const label = edgeText(view.trace, edge);
    if (isBlamed(view.trace, edge)) blamed.push(i);
    lines.push(`  n${edge.from} -->${label === "" ? "" : `|${mermaidString(label)}|`} n${edge.to}`);
  }
  if (blamed.length > 0) lines.push(`  linkStyle ${blamed.join(",")} stroke:red,stroke-width:2px`);
  const failed = view.boxes.find(({ node }) => node !== null && node.id === view.trace.error?.node);
  if (failed !== undefined) lines.push(`  style n${failed.index} stroke:red,stroke-width:2px`);
  return lines.join("\n");
}
