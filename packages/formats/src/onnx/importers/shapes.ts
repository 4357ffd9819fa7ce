/**
 * Nodes that move numbers without changing them, and those that make numbers from shapes.
 */
import type { Tensor } from "@chainrule/core";
import {
  arange,
  at,
  broadcastShapes,
  cat,
  constantPad,
  cumsum,
  elementCount,
  expand,
  eye,
  flip,
  full,
  IndexError,
  indexSelect,
  ones,
  permute,
  repeat,
  reshape,
  ShapeError,
  split,
  squeeze,
  sub,
  tensor,
  tril,
  triu,
  unsqueeze,
} from "@chainrule/core";
import type { NodeReader } from "../node-reader.ts";
import type { Importer } from "./importer.ts";
import { dimOf, given, listInput, numberIn, numbersIn, plain } from "./importer.ts";

function counts(node: NodeReader, least: number, most: number): void {
  node.expectInputs(least, most);
  node.expectOutputs(1);
}

/** Part of a shape, as numbers. */
const importShape: Importer = (node) => {
  counts(node, 1, 1);
  const start = node.int("start", 0);
  const end = node.hasAttribute("end") ? node.int("end", 0) : undefined;
  return (x) => tensor(given(x).shape.slice(start, end), { dtype: "int32" });
};

/** 0 keeps the length that was there, −1 is what is left. */
const importReshape: Importer = (node) => {
  const fixed = node.opset < 5 ? node.ints("shape") : undefined;
  counts(node, fixed === undefined ? 2 : 1, 2);
  const allowZero = node.flag("allowzero", false);
  return (input, shape) => {
    const x = given(input);
    const wanted = fixed ?? numbersIn(given(shape));
    return reshape(
      x,
      wanted.map((length, dim) => (length === 0 && !allowZero ? (x.shape[dim] ?? 0) : length)),
    );
  };
};

const importTranspose: Importer = (node) => {
  counts(node, 1, 1);
  const perm = node.ints("perm");
  return (input) => {
    const x = given(input);
    return permute(x, perm ?? x.shape.map((_, i) => x.ndim - 1 - i));
  };
};

const importFlatten: Importer = (node) => {
  counts(node, 1, 1);
  const axis = node.int("axis", 1);
  return (input) => {
    const x = given(input);
    const dim = dimOf(axis, x.ndim);
    return reshape(x, [elementCount(x.shape.slice(0, dim)), elementCount(x.shape.slice(dim))]);
  };
};

const importSqueeze: Importer = (node) => {
  const axes = listInput(node, "axes", 1, 13);
  counts(node, 1, node.opset >= 13 ? 2 : 1);
  return (...inputs) => {
    const x = given(inputs[0]);
    const dims = axes(inputs);
    if (dims === undefined) return squeeze(x);
    for (const dim of dims) {
      if (x.shape[dimOf(dim, x.ndim)] === 1) continue;
      throw new ShapeError(
        `Squeeze: dimension ${dim} of shape [${x.shape.join(", ")}] has not the length 1.`,
        { dim, shape: x.shape },
      );
    }
    return squeeze(x, dims);
  };
};

/** Axes count in the result. */
const importUnsqueeze: Importer = (node) => {
  const axes = listInput(node, "axes", 1, 13);
  const count = node.opset >= 13 ? 2 : 1;
  counts(node, count, count);
  return (...inputs) => {
    const x = given(inputs[0]);
    const list = axes(inputs) ?? [];
    const rank = x.ndim + list.length;
    const dims = list.map((dim) => dimOf(dim, rank)).sort((a, b) => a - b);
    return dims.reduce((y, dim) => unsqueeze(y, dim), x);
  };
};

const importConcat: Importer = (node) => {
  counts(node, 1, Number.POSITIVE_INFINITY);
  if (!node.hasAttribute("axis")) throw node.refuse("lacks the attribute axis");
  const axis = node.int("axis", 0);
  return (...inputs) => cat(inputs.map(given), axis);
};

const importSplit: Importer = (node) => {
  const sizes = listInput(node, "split", 1, 13);
  node.expectInputs(1, node.opset >= 13 ? 2 : 1);
  node.expectOutputs(Number.POSITIVE_INFINITY);
  const axis = node.int("axis", 0);
  const parts =
    node.opset >= 18 ? node.int("num_outputs", node.outputs.length) : node.outputs.length;
  if (parts !== node.outputs.length)
    throw node.refuse(`has ${node.outputs.length} outputs, but num_outputs ${parts}`);
  return (...inputs) => {
    const x = given(inputs[0]);
    const dim = dimOf(axis, x.ndim);
    const length = x.shape[dim] ?? 0;
    const size = Math.ceil(length / parts);
    // The last part is smaller where the length is no multiple.
    const equal = Array.from({ length: parts }, (_, i) =>
      Math.max(Math.min(size, length - i * size), 0),
    );
    return split(x, sizes(inputs) ?? equal, dim);
  };
};

/** One dimension of a slice: bounds are clipped, negative steps go backward. */
function sliceAlong(x: Tensor, dim: number, start: number, end: number, step: number): Tensor {
  const length = x.shape[dim];
  if (length === undefined || step === 0) {
    throw new IndexError(
      `Slice: ${step === 0 ? "a step must not be 0" : `there is no dimension ${dim} in shape [${x.shape.join(", ")}]`}.`,
      { dim, step },
    );
  }
  const clip = (bound: number, least: number, most: number): number =>
    Math.min(Math.max(bound < 0 ? bound + length : bound, least), most);
  const all = new Array<":">(dim).fill(":");
  if (step > 0) {
    const [from, to] = [clip(start, 0, length), clip(end, 0, length)];
    return at(x, ...all, { start: from, stop: Math.max(to, from), step });
  }
  const from = clip(start, -1, length - 1);
  const to = clip(end, -1, length - 1);
  const count = Math.max(Math.ceil((to - from) / step), 0);
  // The same elements from the last to the first, turned round.
  const last = from + (count - 1) * step;
  const part = at(x, ...all, {
    start: count === 0 ? 0 : last,
    stop: count === 0 ? 0 : from + 1,
    step: -step,
  });
  return flip(part, dim);
}

const importSlice: Importer = (node) => {
  if (node.opset < 10) {
    counts(node, 1, 1);
    const starts = node.ints("starts") ?? [];
    const ends = node.ints("ends") ?? [];
    const axes = node.ints("axes") ?? starts.map((_, i) => i);
    return (input) => {
      let x = given(input);
      for (const [i, dim] of axes.entries())
        x = sliceAlong(x, dimOf(dim, x.ndim), starts[i] ?? 0, ends[i] ?? 0, 1);
      return x;
    };
  }
  counts(node, 3, 5);
  return (input, starts, ends, axes, steps) => {
    let x = given(input);
    const [from, to] = [numbersIn(given(starts)), numbersIn(given(ends))];
    const dims = axes === undefined ? from.map((_, i) => i) : numbersIn(axes);
    const by = steps === undefined ? from.map(() => 1) : numbersIn(steps);
    for (const [i, dim] of dims.entries())
      x = sliceAlong(x, dimOf(dim, x.ndim), from[i] ?? 0, to[i] ?? 0, by[i] ?? 1);
    return x;
  };
};

const importExpand: Importer = (node) => {
  counts(node, 2, 2);
  return (x, shape) =>
    expand(given(x), broadcastShapes("Expand", given(x).shape, numbersIn(given(shape))));
};

const importTile: Importer = (node) => {
  counts(node, 2, 2);
  return (x, repeats) => repeat(given(x), numbersIn(given(repeats)));
};

/** Places of a padded dimension in the dimension itself. */
function paddedPlaces(
  mode: "reflect" | "edge" | "wrap",
  length: number,
  before: number,
  after: number,
): number[] {
  return Array.from({ length: Math.max(before + length + after, 0) }, (_, i) => {
    const place = i - before;
    if (mode === "edge") return Math.min(Math.max(place, 0), length - 1);
    if (mode === "wrap") return ((place % length) + length) % length;
    const period = Math.max(2 * (length - 1), 1);
    const folded = ((place % period) + period) % period;
    return folded < length ? folded : period - folded;
  });
}

const importPad: Importer = (node) => {
  const mode = node.word("mode", "constant", ["constant", "reflect", "edge", "wrap"]);
  const fixed = node.opset < 11 ? node.ints("pads") : undefined;
  const fixedValue = node.opset < 11 ? node.float("value", 0) : 0;
  counts(node, fixed === undefined ? 2 : 1, 4);
  return (input, pads, value, axes) => {
    let x = given(input);
    const list = fixed ?? numbersIn(given(pads));
    const dims =
      axes === undefined
        ? x.shape.map((_, dim) => dim)
        : numbersIn(axes).map((dim) => dimOf(dim, x.ndim));
    if (list.length !== 2 * dims.length) {
      throw new ShapeError(
        `Pad: ${list.length} pads for ${dims.length} dimensions; there must be two for each.`,
        { pads: list, dims },
      );
    }
    const pairs = dims.map((_, i) => [list[i]!, list[dims.length + i]!] as const);
    if (mode === "constant") {
      const padding = new Array<number>(2 * x.ndim).fill(0);
      for (const [i, dim] of dims.entries()) {
        // Pairs are given from the last dimension to the first.
        const place = 2 * (x.ndim - 1 - dim);
        [padding[place], padding[place + 1]] = [pairs[i]![0], pairs[i]![1]];
      }
      return constantPad(x, padding, { value: value === undefined ? fixedValue : numberIn(value) });
    }
    for (const [i, dim] of dims.entries()) {
      const places = paddedPlaces(mode, x.shape[dim]!, ...pairs[i]!);
      x = indexSelect(x, dim, tensor(places, { dtype: "int32" }));
    }
    return x;
  };
};

const importConstantOfShape: Importer = (node) => {
  counts(node, 1, 1);
  const value = node.tensor("value") ?? tensor([0], { dtype: "float32" });
  if (value.numel() !== 1) throw node.refuse(`has a value of ${value.numel()} elements, not one`);
  const number = numberIn(value.reshape([]));
  return (shape) => full(numbersIn(given(shape)), number, { dtype: value.dtype });
};

const importRange: Importer = (node) => {
  counts(node, 3, 3);
  return (start, limit, delta) => {
    const first = given(start);
    return arange(numberIn(first), numberIn(given(limit)), numberIn(given(delta)), {
      dtype: first.dtype,
    });
  };
};

const importEyeLike: Importer = (node) => {
  counts(node, 1, 1);
  const offset = node.int("k", 0);
  const dtype = node.hasAttribute("dtype") ? node.dtype("dtype") : undefined;
  return (input) => {
    const x = given(input);
    const [rows, columns] = x.shape as [number, number];
    const type = dtype ?? x.dtype;
    if (offset === 0) return eye(rows, columns, { dtype: type });
    const all = ones([rows, columns], { dtype: "int32" });
    const onDiagonal = sub(triu(all, { diagonal: offset }), triu(all, { diagonal: offset + 1 }));
    return onDiagonal.to(type);
  };
};

const importTrilu: Importer = (node) => {
  counts(node, 1, 2);
  const upper = node.flag("upper", true);
  return (x, k) => {
    const diagonal = k === undefined ? 0 : numberIn(k.reshape([]));
    return upper ? triu(given(x), { diagonal }) : tril(given(x), { diagonal });
  };
};

const importCumSum: Importer = (node) => {
  counts(node, 2, 2);
  const exclusive = node.flag("exclusive", false);
  const reverse = node.flag("reverse", false);
  return (input, axis) => {
    const x = given(input);
    const sums = cumsum(x, numberIn(given(axis).reshape([])), { reverse });
    return exclusive ? sub(sums, x) : sums;
  };
};

/** Blocks of channels become blocks of the image. */
const importDepthToSpace: Importer = (node) => {
  counts(node, 1, 1);
  const size = node.int("blocksize", 1);
  const mode = node.word("mode", "DCR", ["DCR", "CRD"]);
  return (input) => {
    const [n, c, h, w] = given(input).shape as [number, number, number, number];
    const inner = c / size ** 2;
    const parts = mode === "DCR" ? [n, size, size, inner, h, w] : [n, inner, size, size, h, w];
    const perm = mode === "DCR" ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
    return reshape(permute(reshape(given(input), parts), perm), [n, inner, h * size, w * size]);
  };
};

const importSpaceToDepth: Importer = (node) => {
  counts(node, 1, 1);
  const size = node.int("blocksize", 1);
  return (input) => {
    const [n, c, h, w] = given(input).shape as [number, number, number, number];
    const [rows, columns] = [h / size, w / size];
    const parts = reshape(given(input), [n, c, rows, size, columns, size]);
    return reshape(permute(parts, [0, 3, 5, 1, 2, 4]), [n, c * size ** 2, rows, columns]);
  };
};

export const shapeImporters: Readonly<Record<string, Importer>> = {
  Concat: importConcat,
  ConstantOfShape: importConstantOfShape,
  CumSum: importCumSum,
  DepthToSpace: importDepthToSpace,
  Expand: importExpand,
  EyeLike: importEyeLike,
  Flatten: importFlatten,
  Identity: plain(1, (x) => x!),
  Pad: importPad,
  Range: importRange,
  Reshape: importReshape,
  Shape: importShape,
  Size: plain(1, (x) => tensor(x!.numel(), { dtype: "int32" })),
  Slice: importSlice,
  SpaceToDepth: importSpaceToDepth,
  Split: importSplit,
  Squeeze: importSqueeze,
  Tile: importTile,
  Transpose: importTranspose,
  Trilu: importTrilu,
  Unsqueeze: importUnsqueeze,
};
