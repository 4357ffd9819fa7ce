/**
 * Charts as standalone SVG.
 */
import type { Axis, Cells, Chart, Line, Points } from "./chart.ts";
import { placeOn, ticksOf, tickText } from "./chart.ts";

/** Colours that people with any kind of colour vision can tell apart (Okabe & Ito, 2008), then some more. */
export const colours: readonly string[] = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#666666",
  "#8c564b",
  "#bcbd22",
  "#7b4ea3",
  "#1a1a1a",
  "#a50026",
  "#00b8b8",
  "#ff6fa3",
];

/** An element with attributes; children are SVG already. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly string[]
): string {
  const list = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(typeof value === "number" ? short(value) : value)}"`)
    .join("");
  return children.length === 0
    ? `<${name}${list}/>`
    : `<${name}${list}>${children.join("")}</${name}>`;
}

/** Text as it may stand in SVG: what is not allowed in XML at all is left out. */
export function escaped(text: string): string {
  return [...text]
    .filter((letter) => letter >= " " || letter === "\n" || letter === "\t")
    .join("")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** A whole picture. */
export function svgDocument(
  width: number,
  height: number,
  title: string,
  ...body: string[]
): string {
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${short(width)} ${short(height)}`,
      width,
      height,
      "font-family": "system-ui, sans-serif",
      "font-size": 12,
      role: "img",
    },
    element("title", {}, escaped(title)),
    element("rect", { width, height, fill: "#ffffff" }),
    ...body,
  );
}

/** Text at a place. */
export function label(
  text: string,
  x: number,
  y: number,
  attributes: Readonly<Record<string, string | number>> = {},
): string {
  return element("text", { x, y, fill: "#333333", ...attributes }, escaped(text));
}

const frame = { width: 420, height: 320, left: 62, right: 16, top: 34, bottom: 46 };
const legendLine = 18;
/** The width of a letter of the small type, about. */
const letter = 6.2;
/** How far signs may stand out of the frame. */
const overhang = 5;

/** Text that fits a width: what is too long ends in an ellipsis, and is whole where the pointer rests on it. */
function fitted(
  text: string,
  room: number,
  x: number,
  y: number,
  attributes: Readonly<Record<string, string | number>> = {},
): string {
  const letters = [...text];
  const most = Math.max(1, Math.floor(room / letter));
  const style = { x, y, fill: "#333333", "font-size": 11, ...attributes };
  if (letters.length <= most) return element("text", style, escaped(text));
  const shown = `${letters.slice(0, most - 1).join("")}…`;
  return element("text", style, element("title", {}, escaped(text)), escaped(shown));
}

/** Charts side by side. */
export function chartsToSvg(charts: readonly Chart[]): string {
  const pictures = charts.map(chartToSvg);
  const width = pictures.reduce((sum, picture) => sum + picture.width, 0);
  const height = pictures.reduce((most, picture) => Math.max(most, picture.height), 0);
  let x = 0;
  const groups = pictures.map((picture) => {
    const group = element("g", { transform: `translate(${short(x)} 0)` }, picture.body);
    x += picture.width;
    return group;
  });
  return svgDocument(width, height, charts.map(({ title }) => title).join(", "), ...groups);
}

function chartToSvg(chart: Chart): { width: number; height: number; body: string } {
  const longest = (chart.y.names ?? []).reduce((most, name) => Math.max(most, [...name].length), 0);
  const left = Math.max(frame.left, Math.min(160, Math.ceil(longest * letter) + 36));
  const inner = {
    x: left,
    y: frame.top,
    width: frame.width - frame.left - frame.right,
    height: frame.height - frame.top - frame.bottom,
  };
  if (chart.square === true) inner.width = inner.height;
  const at = (x: number, y: number): readonly [number, number] => [
    inner.x + placeOn(chart.x, x) * inner.width,
    inner.y + (1 - placeOn(chart.y, y)) * inner.height,
  ];
  const named = chart.layers.filter(
    (layer): layer is Line | Points => layer.kind !== "cells" && layer.name !== "",
  );
  const { height, body: legend } = legendOf(named, inner);
  const body = [
    label(chart.title, inner.x, 20, { "font-weight": "bold", "font-size": 13 }),
    ...chart.layers.map((layer) => {
      if (layer.kind === "cells") return drawCells(layer, inner);
      return within(inner, layer.kind === "line" ? line(layer, at) : points(layer, at));
    }),
    element("rect", { ...inner, fill: "none", stroke: "#999999" }),
    ...axis(chart.x, inner, true),
    ...axis(chart.y, inner, false),
    ...legend,
  ];
  return {
    width: inner.x + inner.width + frame.right,
    height: frame.height + height,
    body: body.join(""),
  };
}

/** A drawing of which nothing shows far outside of a box: an inner picture needs no name, as a clip path would. */
function within({ x, y, width, height }: Box, drawing: string): string {
  const box = {
    x: x - overhang,
    y: y - overhang,
    width: width + 2 * overhang,
    height: height + 2 * overhang,
  };
  const viewBox = `${short(box.x)} ${short(box.y)} ${short(box.width)} ${short(box.height)}`;
  return element("svg", { ...box, viewBox }, drawing);
}

/** The names of lines and points below a chart: in two columns, or in one where they are too long for that. */
function legendOf(
  named: readonly (Line | Points)[],
  inner: Box,
): { height: number; body: string[] } {
  const room = inner.width / 2 - 32;
  const columns = named.every(({ name }) => [...name].length * letter <= room) ? 2 : 1;
  const body = named.map((layer, i) => {
    const y = frame.height + 12 + Math.floor(i / columns) * legendLine;
    const x = inner.x + (i % columns) * (inner.width / 2);
    const dash =
      layer.kind === "line" && layer.dashed === true ? { "stroke-dasharray": "5 3" } : {};
    const sign =
      layer.kind === "line"
        ? element("line", {
            x1: x,
            x2: x + 18,
            y1: y - 4,
            y2: y - 4,
            stroke: colourOf(layer.colour),
            "stroke-width": 2,
            ...dash,
          })
        : element("circle", { cx: x + 9, cy: y - 4, r: 4, fill: colourOf(layer.colour) });
    return sign + fitted(layer.name, columns === 2 ? room : inner.width - 24, x + 24, y);
  });
  return {
    height: named.length === 0 ? 0 : Math.ceil(named.length / columns) * legendLine + 8,
    body,
  };
}

/** A rectangle of a picture. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function axis(of: Axis, box: Box, across: boolean): string[] {
  const parts: string[] = [];
  // Numbers are as short as they can be; names may have to end.
  const [room, margin] =
    of.names === undefined
      ? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
      : [box.width / of.names.length - 4, box.x - 36];
  const mark = (place: number, text: string): void => {
    const x = across ? box.x + place * box.width : box.x;
    const y = across ? box.y + box.height : box.y + (1 - place) * box.height;
    parts.push(
      across
        ? fitted(text, room, x, y + 16, { "text-anchor": "middle" })
        : fitted(text, margin, x - 7, y + 4, { "text-anchor": "end" }),
    );
    if (of.names === undefined) {
      parts.push(
        element("line", {
          x1: x,
          y1: y,
          x2: across ? x : x - 4,
          y2: across ? y + 4 : y,
          stroke: "#999999",
        }),
      );
    }
  };
  if (of.names === undefined) {
    const ticks = ticksOf(of, across ? 6 : 5);
    for (const tick of ticks) mark(placeOn(of, tick), tickText(tick, ticks));
  } else {
    for (const [i, name] of of.names.entries()) mark((i + 0.5) / of.names.length, name);
  }
  const middle = across ? box.x + box.width / 2 : box.y + box.height / 2;
  parts.push(
    across
      ? label(of.label, middle, box.y + box.height + 36, { "text-anchor": "middle" })
      : label(of.label, 0, 0, {
          "text-anchor": "middle",
          transform: `translate(14 ${short(middle)}) rotate(-90)`,
        }),
  );
  return parts;
}

function line(layer: Line, at: (x: number, y: number) => readonly [number, number]): string {
  // What cannot be shown (NaN, or 0 on a logarithmic axis) interrupts the line.
  let path = "";
  let drawing = false;
  let last: readonly [number, number] | null = null;
  for (const [i, x] of layer.x.entries()) {
    const place = at(x, layer.y[i]!);
    if (!place.every(Number.isFinite)) {
      drawing = false;
      continue;
    }
    path += `${drawing ? "L" : "M"}${short(place[0])} ${short(place[1])}`;
    drawing = true;
    last = place;
  }
  const stroke = colourOf(layer.colour);
  const drawn = element("path", {
    d: path,
    fill: "none",
    stroke,
    "stroke-width": 1.8,
    "stroke-linejoin": "round",
    ...(layer.dashed === true ? { "stroke-dasharray": "5 3" } : {}),
  });
  const end =
    layer.arrives === true && last !== null
      ? element("circle", { cx: last[0], cy: last[1], r: 4, fill: stroke, stroke: "#ffffff" })
      : "";
  return drawn + end;
}

function points(layer: Points, at: (x: number, y: number) => readonly [number, number]): string {
  return layer.x
    .map((x, i) => {
      const [cx, cy] = at(x, layer.y[i]!);
      if (!Number.isFinite(cx) || !Number.isFinite(cy)) return "";
      const name = layer.labels?.[i];
      const title = name === undefined ? [] : [element("title", {}, escaped(name))];
      const dot = {
        cx,
        cy,
        r: 3,
        fill: colourOf(layer.colour),
        stroke: "#ffffff",
        "stroke-width": 0.6,
      };
      return element("circle", dot, ...title);
    })
    .join("");
}

/** Equal neighbours become one rectangle: a picture of 100 × 100 cells stays small. */
export function drawCells(layer: Cells, box: Box): string {
  const { columns, rows, values, texts } = layer;
  const [w, h] = [box.width / columns, box.height / rows];
  const parts: string[] = [];
  for (let i = 0; i < rows; i++) {
    const y = box.y + (rows - 1 - i) * h;
    for (let from = 0; from < columns; ) {
      const fill = shadeOf(layer, values[i * columns + from]!);
      let to = from + 1;
      while (to < columns && shadeOf(layer, values[i * columns + to]!) === fill) to++;
      parts.push(
        element("rect", { x: box.x + from * w, y, width: (to - from) * w, height: h, fill }),
      );
      from = to;
    }
  }
  const writing = (texts ?? []).map((text, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    const dark = layer.palette === "shades" && shareOf(layer, values[k]!) > 0.55;
    return label(text, box.x + (j + 0.5) * w, box.y + (rows - 0.5 - i) * h + 4, {
      "text-anchor": "middle",
      fill: dark ? "#ffffff" : "#333333",
      "font-size": Math.min(12, w * 0.45),
    });
  });
  return element("g", { "shape-rendering": "crispEdges" }, ...parts) + writing.join("");
}

function shareOf({ range: [low, high] }: Cells, value: number): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** Steps between which shades are told apart. */
const steps = 32;

function shadeOf(layer: Cells, value: number): string {
  if (Number.isNaN(value)) return "#dddddd";
  if (layer.palette === "classes") return mixed(colourOf(Math.round(value)), 0.3);
  const share = Math.round(shareOf(layer, value) * steps) / steps;
  if (layer.palette === "shades") return mixed("#08306b", share);
  if (layer.palette === "ink") return mixed("#000000", share);
  return share < 0.5 ? mixed("#0072b2", 1 - 2 * share) : mixed("#d55e00", 2 * share - 1);
}

/** The colour of a number: after those of the list, hues that lie as far apart as can be when nobody knows how many come. */
function colourOf(number: number): string {
  const place = Math.abs(Math.round(number));
  const known = colours[place];
  if (known !== undefined) return known;
  const hue = ((place * (Math.sqrt(5) - 1)) / 2) % 1;
  const channel = (shift: number): string => {
    const k = (shift + hue * 12) % 12;
    const value = 0.42 - 0.32 * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * value)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}

/** Some of a colour on white. */
function mixed(colour: string, share: number): string {
  const part = (from: number): string => {
    const value = Number.parseInt(colour.slice(from, from + 2), 16);
    return Math.round(255 + (value - 255) * share)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${part(1)}${part(3)}${part(5)}`;
}
