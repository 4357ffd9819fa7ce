/**
 * A view that was laid out, as SVG: the same in a file, in a page, and when the page draws it anew.
 */
import type { Trace } from "../trace/schema.ts";
import type { View } from "../view/view.ts";
import { isBlamed } from "../view/words.ts";
import { markup } from "./escape.ts";
import type { Heat } from "./heat.ts";
import { cellLook, heatScale } from "./heat.ts";
import type { Placed, PlacedBox, Point } from "./layout.ts";
import { cellSize, lineHeight, padding } from "./layout.ts";

/** The picture of a view; boxes and edges bear their index, for scripts. A group has parts that can be used. */
export function drawing(
  view: View,
  placed: Placed,
  style: string,
  role: "img" | "group" = "img",
): string {
  const { width, height } = placed;
  const { trace } = view;
  const named = trace.title === "" ? "Computation graph" : `Computation graph of ${trace.title}`;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" class="graph" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="${role}" aria-label="${markup(`${named}: ${view.boxes.length} boxes, ${view.edges.length} edges`)}">`,
    style,
    `<defs>${arrow("arrow", "arrow")}${role === "group" ? arrow("arrow-lit", "arrow lit") : ""}</defs>`,
  ];
  for (const { x, y, width: w, height: h, title } of placed.frames) {
    parts.push(
      `<g class="frame"><rect x="${x}" y="${y}" width="${w}" height="${h}" rx="8"/><text x="${x + 8}" y="${y + 13}">${markup(title)}</text></g>`,
    );
  }
  for (const [i, { points, label, at }] of placed.edges.entries()) {
    const bad = isBlamed(trace, view.edges[i]!) ? " bad" : "";
    parts.push(
      `<path class="edge${bad}" data-edge="${i}" d="${curve(points)}" marker-end="url(#arrow)"/>`,
    );
    if (label !== "")
      parts.push(
        `<text class="edge-label" data-label="${i}" x="${at.x}" y="${at.y + 4}" text-anchor="middle">${markup(label)}</text>`,
      );
  }
  for (const box of placed.boxes) parts.push(drawnBox(trace, box));
  parts.push("</svg>");
  return parts.join("\n");
}

function arrow(id: string, className: string): string {
  return `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="10" markerHeight="10" orient="auto-start-reverse"><path class="${className}" d="M0 0L8 4L0 8z"/></marker>`;
}

/** A smooth line: straight to the middle of each piece, round its corners. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  const parts = [`M${first.x} ${first.y}`];
  for (const [i, point] of rest.entries()) {
    const next = rest[i + 1];
    if (next === undefined) parts.push(`L${point.x} ${point.y}`);
    else parts.push(`Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`);
  }
  return parts.join("");
}

function drawnBox(trace: Trace, { box, content, x, y }: PlacedBox): string {
  const { node } = box;
  const failed = node !== null && trace.error?.node === node.id;
  const kind =
    node === null
      ? "group"
      : node.kind === "op"
        ? "op"
        : node.outputs[0]!.requiresGrad
          ? "param"
          : "leaf";
  const lines: string[] = [];
  let line = 0;
  const text = (className: string, words: string): void => {
    line++;
    lines.push(
      `<text class="${className}" x="${padding}" y="${line * lineHeight}">${markup(words)}</text>`,
    );
  };
  text("title", content.title);
  for (const note of content.notes) text("soft", note);
  if (content.value !== null) text("value", content.value);
  if (content.gradient !== null) text("gradient", content.gradient);
  let left = padding;
  const top = line * lineHeight + padding;
  for (const [className, heat] of [
    ["value", content.valueHeat],
    ["gradient", content.gradientHeat],
  ] as const) {
    if (heat === null) continue;
    lines.push(cells(heat, className, left, top));
    left += heat.columns * cellSize + padding;
  }
  const label = failed
    ? `<title>${markup(`${trace.error!.name}: ${trace.error!.message}`)}</title>`
    : "";
  return `<g class="box ${kind}${failed ? " failed" : ""}" data-box="${box.index}" transform="translate(${x} ${y})">${label}<rect width="${content.width}" height="${content.height}" rx="${kind === "op" ? 6 : 14}"/>${lines.join("")}</g>`;
}

/** The cells of a heat map, and the marks of negative (−) and undefined (×) numbers. */
function cells(
  { rows, columns, numbers }: Heat,
  className: string,
  left: number,
  top: number,
): string {
  const scale = heatScale(numbers);
  const rects: string[] = [];
  const marks: string[] = [];
  for (const [i, number] of numbers.entries()) {
    const [x, y] = [(i % columns) * cellSize, Math.floor(i / columns) * cellSize];
    const { sign, strength } = cellLook(number, scale);
    rects.push(
      `<rect class="${sign}" x="${x}" y="${y}" width="${cellSize}" height="${cellSize}" fill-opacity="${strength}"/>`,
    );
    if (sign === "n") marks.push(`M${x + 2.5} ${y + 4.5}h4`);
    if (sign === "x") marks.push(`M${x + 2} ${y + 2}l5 5m0-5l-5 5`);
  }
  const frame =
    className === "gradient" ? `<text class="gradient" x="-7" y="8" font-size="9">∂</text>` : "";
  return `<g class="cells ${className}" data-rows="${rows}" transform="translate(${left + (className === "gradient" ? 4 : 0)} ${top})">${rects.join("")}${marks.length === 0 ? "" : `<path class="marks" d="${marks.join("")}"/>`}${frame}</g>`;
}
