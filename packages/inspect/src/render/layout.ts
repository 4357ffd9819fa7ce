/**
 * Where boxes, frames and edges go.
 */
import { ArgumentError } from "@chainrule/core";
import dagre from "@dagrejs/dagre";
import type { NameSource } from "../trace/names.ts";
import type { Box, Frame, View } from "../view/view.ts";
import { boxTitle, edgeText, groupText, kindText, optionsText, valueText } from "../view/words.ts";
import type { Heat } from "./heat.ts";
import { heatOf } from "./heat.ts";

/** More boxes than anybody can look at; laying them out would take minutes. */
const mostBoxes = 3000;

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What stands in a box, and how large it is. Positions are relative to its upper left corner. */
export interface BoxContent {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** Options, name, shape: what does not change. */
  readonly notes: readonly string[];
  /** The line of the value; `null` where there is none, as in a closed scope. */
  readonly value: string | null;
  /** The line of the gradient; `null` where none can be. */
  readonly gradient: string | null;
  readonly valueHeat: Heat | null;
  readonly gradientHeat: Heat | null;
}

export interface PlacedBox {
  readonly box: Box;
  readonly content: BoxContent;
  readonly x: number;
  readonly y: number;
}

export interface Placed {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PlacedBox[];
  readonly frames: readonly {
    x: number;
    y: number;
    width: number;
    height: number;
    title: string;
  }[];
  readonly edges: readonly { points: readonly Point[]; label: string; at: Point }[];
}

export const lineHeight = 16;
export const padding = 8;
export const cellSize = 9;
const letterWidth = 6.7;
const margin = 12;

/** Lays a view out; from left to right, or from top to bottom. */
export function layout(
  where: string,
  view: View,
  names: NameSource,
  direction: "LR" | "TB",
): Placed {
  if (view.boxes.length > mostBoxes) {
    throw new ArgumentError(
      `${where}: ${view.boxes.length} boxes are too many to be drawn; at most ${mostBoxes}. Close scopes with expand, or lower maxNodes.`,
      { boxes: view.boxes.length },
    );
  }
  const graph = new dagre.graphlib.Graph({ multigraph: true, compound: true });
  graph.setGraph({
    rankdir: direction,
    nodesep: 18,
    ranksep: 36,
    edgesep: 10,
    marginx: margin,
    marginy: margin,
  });
  const contents = view.boxes.map((box) => contentOf(box, names));
  for (const { index, group, frame } of view.frames) {
    graph.setNode(`f${index}`, { label: group.name });
    if (frame !== null) graph.setParent(`f${index}`, `f${frame.index}`);
  }
  for (const { index, frame } of view.boxes) {
    const { width, height } = contents[index]!;
    graph.setNode(`b${index}`, { width, height });
    if (frame !== null) graph.setParent(`b${index}`, `f${frame.index}`);
  }
  const labels = view.edges.map((edge) => edgeText(view.trace, edge));
  for (const [i, { from, to }] of view.edges.entries()) {
    const width = labels[i] === "" ? 0 : labels[i]!.length * 6 + 6;
    graph.setEdge(
      `b${from}`,
      `b${to}`,
      { width, height: width === 0 ? 0 : 14, labelpos: "c" },
      `e${i}`,
    );
  }
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const rooms = headRooms(view.frames);
  const room = Math.max(0, ...rooms);
  return {
    width: Math.ceil(width),
    height: Math.ceil(height) + room,
    boxes: view.boxes.map((box) => {
      const content = contents[box.index]!;
      const { x, y } = pointOf(graph.node(`b${box.index}`));
      return {
        box,
        content,
        x: round(x - content.width / 2),
        y: round(y - content.height / 2 + room),
      };
    }),
    frames: view.frames.map(({ index, group }) => {
      const place: Record<string, unknown> = graph.node(`f${index}`);
      const { x, y } = pointOf(place);
      const [w, h] = [Number(place.width), Number(place.height)];
      const title = group.repeats > 1 ? `${group.name} ×${group.repeats}` : group.name;
      const head = rooms[index]!;
      const top = round(y - h / 2 + room - head);
      return { x: round(x - w / 2), y: top, width: round(w), height: round(h + head), title };
    }),
    edges: view.edges.map(({ from, to }, i) => {
      const place: { points?: unknown } = graph.edge(`b${from}`, `b${to}`, `e${i}`);
      const lowered = (point: object): Point => {
        const { x, y } = pointOf(point);
        return { x, y: y + room };
      };
      const points = Array.isArray(place.points) ? place.points.map(lowered) : [];
      const at = labels[i] === "" ? { x: 0, y: 0 } : lowered(place);
      return { points, label: labels[i]!, at };
    }),
  };
}

/** How much higher each frame is than what is in it, for its title: more for a frame around frames. */
function headRooms(frames: readonly Frame[]): number[] {
  const rooms = frames.map(() => 12);
  for (const { index, frame } of frames.toReversed()) {
    if (frame !== null) rooms[frame.index] = Math.max(rooms[frame.index]!, rooms[index]! + 14);
  }
  return rooms;
}

function pointOf(place: object): Point {
  return { x: round(Number(Reflect.get(place, "x"))), y: round(Number(Reflect.get(place, "y"))) };
}

/** Half pixels are fine enough, and keep the files short and the same everywhere. */
function round(length: number): number {
  return Math.round(length * 2) / 2;
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function contentOf(box: Box, names: NameSource): BoxContent {
  const { node } = box;
  // What is closed can be opened: here with expand, in a page with a click.
  const title = cut(`${node === null ? "▸ " : ""}${boxTitle(box, names)}`, 28);
  const [tensor] = node?.outputs ?? [];
  const notes: string[] = [];
  if (node === null) notes.push(groupText(box));
  else {
    if (node.kind === "op" && tensor?.name != null)
      notes.push(cut(names.of({ node: node.id, output: 0 }), 28));
    const options = optionsText(node);
    if (options !== "") notes.push(cut(options, 28));
    const kind = tensor === undefined ? "" : kindText(tensor);
    const more = node.outputs.length > 1 ? ` and ${node.outputs.length - 1} more` : "";
    if (kind + more !== "") notes.push(`${kind}${more}`);
  }
  const value = tensor === undefined ? null : cut(valueText(tensor.value), 28);
  const gradient = tensor?.requiresGrad === true ? cut(`∂ ${valueText(tensor.grad)}`, 30) : null;
  const valueHeat = heatOf(tensor?.value ?? null);
  const gradientHeat = heatOf(tensor?.grad ?? null);
  const lines = [title, ...notes];
  const shownValue = valueHeat !== null || value === title ? null : value;
  const shownGradient = gradientHeat !== null ? null : gradient;
  if (shownValue !== null) lines.push(shownValue);
  if (shownGradient !== null) lines.push(shownGradient);
  const letters = Math.max(...lines.map((line) => line.length), 3);
  const heats = [valueHeat, gradientHeat].filter((heat) => heat !== null);
  const heatWidth =
    heats.reduce((sum, { columns }) => sum + columns * cellSize + padding, 0) + padding;
  const heatHeight = Math.max(0, ...heats.map(({ rows }) => rows * cellSize + 4));
  return {
    width: Math.ceil(Math.max(letters * letterWidth + 2 * padding, heatWidth)),
    height: lines.length * lineHeight + padding + (heats.length === 0 ? 0 : heatHeight + 4),
    title,
    notes,
    value: shownValue,
    gradient: shownGradient,
    valueHeat,
    gradientHeat,
  };
}
