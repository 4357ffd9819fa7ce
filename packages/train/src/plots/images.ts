/**
 * Rows of numbers as images: weights of neurons, samples, reconstructions.
 */
import { ArgumentError, checkInteger, checkOptions, quoted, Tensor } from "@chainrule/core";
import { rangeOf } from "./chart.ts";
import { Plot } from "./plot.ts";
import { drawCells, label, svgDocument } from "./svg.ts";
import { imageToText } from "./text.ts";

/** Options of {@link plotImages}. */
export interface ImagePlotOptions {
  /** Height and width of an image; a square unless given. */
  shape?: readonly [number, number];
  /** Images in a row; 10 unless given. */
  columns?: number;
  /** What stands below each image. */
  captions?: readonly string[];
  /** `"shades"` from light to dark, `"diverging"` for numbers of both signs; by the numbers unless given. */
  palette?: "shades" | "diverging";
  /** The numbers of the lightest and the darkest shade; those of all images unless given. */
  range?: readonly [number, number];
  title?: string;
}

/**
 * Images side by side: rows of a tensor [n, pixels], or a tensor [n, height, width]. The weights of a layer are such rows:
 * `plotImages(layer.weight)` shows what each neuron looks for.
 *
 * @throws {ArgumentError} for rows that are no square, unless `shape` says what they are.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { plotImages } from "@chainrule/train";
 * plotImages(tensor([[0, 1, 1, 0], [1, 0, 0, 1]]));
 * // →
 * //   ██    ██
 * // ██        ██
 */
export function plotImages(images: Tensor, options: ImagePlotOptions = {}): Plot {
  const where = "plotImages";
  checkOptions(where, options, ["shape", "columns", "captions", "palette", "range", "title"]);
  if (!(images instanceof Tensor) || images.ndim < 2 || images.numel() === 0) {
    throw new ArgumentError(
      `${where}: expected images of shape [n, pixels] or [n, height, width], not ${quoted(images)}.`,
    );
  }
  const count = images.size(0);
  const pixels = images.numel() / count;
  const [height, width] = shapeOf(where, images, pixels, options.shape);
  const perRow = checkInteger(where, "columns", options.columns ?? 10, 1);
  const { captions } = options;
  if (captions !== undefined && captions.length !== count) {
    throw new ArgumentError(`${where}: ${captions.length} captions for ${count} images.`);
  }
  const data = images.detach().toTypedArray();
  const [low, high] = options.range ?? rangeOf(data);
  const palette = options.palette ?? (low < 0 && high > 0 ? "diverging" : "shades");
  const most = Math.max(Math.abs(low), Math.abs(high));
  const range: readonly [number, number] = palette === "diverging" ? [-most, most] : [low, high];
  const parts = Array.from({ length: count }, (_, i) =>
    data.subarray(i * pixels, (i + 1) * pixels),
  );

  const scale = Math.max(2, Math.round(64 / Math.max(height, width)));
  const [gap, top, below] = [
    8,
    options.title === undefined ? 8 : 30,
    captions === undefined ? 0 : 16,
  ];
  const bodies = parts.map((part, i) => {
    const x = gap + (i % perRow) * (width * scale + gap);
    const y = top + Math.floor(i / perRow) * (height * scale + gap + below);
    const caption = captions?.[i];
    const box = { x, y, width: width * scale, height: height * scale };
    // Cells are counted from the bottom, pixels from the top.
    const values = Array.from(
      part,
      (_, k) => part[(height - 1 - Math.floor(k / width)) * width + (k % width)]!,
    );
    const shades = palette === "shades" ? "ink" : palette;
    const image = drawCells(
      { kind: "cells", columns: width, rows: height, values, palette: shades, range },
      box,
    );
    if (caption === undefined) return image;
    const style = { "text-anchor": "middle", "font-size": 10 };
    return image + label(caption, x + box.width / 2, y + box.height + 12, style);
  });
  const across = Math.min(count, perRow);
  const svg = svgDocument(
    gap + across * (width * scale + gap),
    top + Math.ceil(count / perRow) * (height * scale + gap + below),
    options.title ?? "images",
    ...(options.title === undefined
      ? []
      : [label(options.title, gap, 20, { "font-weight": "bold" })]),
    ...bodies,
  );
  return new Plot(svg, asText(parts, { width, perRow, range, captions, title: options.title }));
}

function shapeOf(
  where: string,
  images: Tensor,
  pixels: number,
  shape: readonly [number, number] | undefined,
): readonly [number, number] {
  const side = Math.round(Math.sqrt(pixels));
  const found =
    shape ??
    (images.ndim === 3
      ? ([images.size(1), images.size(2)] as const)
      : side * side === pixels
        ? ([side, side] as const)
        : null);
  if (found === null || found[0] * found[1] !== pixels) {
    throw new ArgumentError(
      `${where}: ${pixels} numbers a row are no ${found === null ? "square" : `image of ${found[0]} × ${found[1]}`}. Give { shape: [height, width] }.`,
      { pixels },
    );
  }
  return found;
}

function asText(
  parts: readonly ArrayLike<number>[],
  settings: {
    width: number;
    perRow: number;
    range: readonly [number, number];
    captions: readonly string[] | undefined;
    title: string | undefined;
  },
): string {
  const { width, perRow, range, captions, title } = settings;
  // A terminal is about 100 signs wide.
  const across = Math.max(1, Math.min(perRow, Math.floor(100 / (2 * width + 2))));
  const lines: string[] = title === undefined ? [] : [title];
  for (let from = 0; from < parts.length; from += across) {
    const group = parts.slice(from, from + across).map((part) => imageToText(part, width, range));
    for (const [line] of group[0]!.entries()) {
      lines.push(
        group
          .map((image) => image[line]!)
          .join("  ")
          .trimEnd(),
      );
    }
    if (captions !== undefined) {
      const names = captions.slice(from, from + across);
      lines.push(
        names
          .map((name) => name.slice(0, 2 * width).padEnd(2 * width))
          .join("  ")
          .trimEnd(),
      );
    }
    if (from + across < parts.length) lines.push("");
  }
  return lines.join("\n");
}
