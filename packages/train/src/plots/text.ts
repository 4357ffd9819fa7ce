/**
 * Charts as text, for terminals.
 */
import type { Cells, Chart, Line } from "./chart.ts";
import { placeOn, ticksOf, tickText } from "./chart.ts";

/** One sign for each line or kind of points, in order. */
const signs = "•o+x*#@%&$";
const shades = " ░▒▓█";

const size = { columns: 60, rows: 16 };

/** Charts one below the other. */
export function chartsToText(charts: readonly Chart[]): string {
  return charts.map(chartToText).join("\n\n");
}

function chartToText(chart: Chart): string {
  const table = chart.layers.find(
    (layer): layer is Cells => layer.kind === "cells" && layer.texts !== undefined,
  );
  if (table !== undefined) return tableToText(chart, table);
  const rows = size.rows;
  const columns = chart.square === true ? 2 * rows : size.columns;
  const canvas = Array.from({ length: rows }, () => new Array<string>(columns).fill(" "));
  const put = (x: number, y: number, sign: string): void => {
    const [across, up] = [placeOn(chart.x, x), placeOn(chart.y, y)];
    if (!(across >= 0 && across <= 1 && up >= 0 && up <= 1)) return;
    const column = Math.min(columns - 1, Math.floor(across * columns));
    canvas[rows - 1 - Math.min(rows - 1, Math.floor(up * rows))]![column] = sign;
  };
  const legend: string[] = [];
  let next = 0;
  for (const layer of chart.layers) {
    if (layer.kind === "cells") {
      fill(canvas, layer);
      continue;
    }
    const sign = signs[next++ % signs.length]!;
    if (layer.name !== "") legend.push(`${sign} ${layer.name}`);
    if (layer.kind === "points") for (const [i, x] of layer.x.entries()) put(x, layer.y[i]!, sign);
    else trace(layer, columns, sign, put);
  }
  return framed(chart, canvas, legend);
}

/** A line, with as many steps between two of its points as it needs to have no gaps. */
function trace(
  layer: Line,
  columns: number,
  sign: string,
  put: (x: number, y: number, sign: string) => void,
): void {
  const between = Math.max(1, Math.ceil((2 * columns) / Math.max(1, layer.x.length - 1)));
  for (const [i, x] of layer.x.entries()) {
    const y = layer.y[i]!;
    const [x2, y2] = [layer.x[i + 1], layer.y[i + 1]];
    put(x, y, sign);
    if (x2 === undefined || y2 === undefined) continue;
    for (let k = 1; k < between; k++) {
      put(x + ((x2 - x) * k) / between, y + ((y2 - y) * k) / between, sign);
    }
  }
}

function fill(canvas: readonly string[][], { columns, rows, values, palette, range }: Cells): void {
  for (const [i, row] of canvas.entries()) {
    const from = Math.min(rows - 1, Math.floor(((canvas.length - 0.5 - i) / canvas.length) * rows));
    for (let j = 0; j < row.length; j++) {
      const value = values[from * columns + Math.floor(((j + 0.5) / row.length) * columns)]!;
      const share = (value - range[0]) / (range[1] - range[0]);
      row[j] =
        palette === "classes"
          ? shades[Math.round(value) % 4]!
          : (shades[Math.min(4, Math.max(0, Math.round(share * 4)))] ?? "?");
    }
  }
}

function framed(chart: Chart, canvas: readonly string[][], legend: readonly string[]): string {
  const ticks = ticksOf(chart.y, 4);
  const margin = ticks.reduce((most, tick) => Math.max(most, tickText(tick, ticks).length), 0);
  const rows = canvas.length;
  const texts = new Map(
    ticks.map((tick) => [
      rows - 1 - Math.min(rows - 1, Math.floor(placeOn(chart.y, tick) * rows)),
      tickText(tick, ticks),
    ]),
  );
  const lines = canvas.map((row, i) => {
    const text = texts.get(i);
    return `${(text ?? "").padStart(margin)} ${text === undefined ? "│" : "┤"}${row.join("")}`;
  });
  const columns = canvas[0]!.length;
  const under = new Array<string>(columns + 8).fill(" ");
  const xTicks = ticksOf(chart.x, 5);
  for (const tick of xTicks) {
    const text = tickText(tick, xTicks);
    const at = Math.round(placeOn(chart.x, tick) * (columns - 1) - (text.length - 1) / 2);
    for (let k = 0; k < text.length; k++) if (at + k >= 0) under[at + k] = text[k]!;
  }
  const blank = " ".repeat(margin + 2);
  return [
    `${blank}${chart.title}`,
    ...lines,
    `${" ".repeat(margin)} └${"─".repeat(columns)}`,
    `${blank}${under.join("")}`.trimEnd(),
    `${blank}${[chart.x.label, ...legend].filter((part) => part !== "").join("   ")}`,
  ]
    .map((text) => text.trimEnd())
    .join("\n");
}

function tableToText(chart: Chart, cells: Cells): string {
  const { columns, rows } = cells;
  const rowNames = chart.y.names ?? [];
  const columnNames = chart.x.names ?? [];
  const texts = cells.texts!;
  const width = [...texts, ...columnNames].reduce((most, text) => Math.max(most, text.length), 1);
  const margin = rowNames.reduce((most, text) => Math.max(most, text.length), 0);
  const lines = Array.from({ length: rows }, (_, k) => {
    const i = rows - 1 - k;
    const row = texts.slice(i * columns, (i + 1) * columns);
    return `${(rowNames[i] ?? "").padStart(margin)} │ ${row.map((text) => text.padStart(width)).join(" ")}`;
  });
  const head = columnNames.map((text) => text.padStart(width)).join(" ");
  return [
    `${chart.title} (rows: ${chart.y.label}, columns: ${chart.x.label})`,
    `${" ".repeat(margin)}   ${head}`,
    `${"─".repeat(margin + 1)}┼${"─".repeat(columns * (width + 1) + 1)}`,
    ...lines,
  ].join("\n");
}

/** Values as shades, two signs a value. */
export function imageToText(
  values: ArrayLike<number>,
  columns: number,
  range: readonly [number, number],
): string[] {
  const [low, high] = range;
  const lines: string[] = [];
  for (let i = 0; i < values.length; i += columns) {
    let line = "";
    for (let j = 0; j < columns; j++) {
      const share = (values[i + j]! - low) / (high - low);
      line += (shades[Math.min(4, Math.max(0, Math.round(share * 4)))] ?? "?").repeat(2);
    }
    lines.push(line);
  }
  return lines;
}
