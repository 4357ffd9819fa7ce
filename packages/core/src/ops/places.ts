/**
 * Which places of a tensor are named by indices and masks, and where their dimensions stand in the result.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import type { TypedArray } from "../dtype.ts";
import { ArgumentError, DTypeError, IndexError, quoted, ShapeError } from "../errors.ts";
import type { Recorded } from "../graph/node.ts";
import { checkIndices } from "../kernels/gather.ts";
import type { Places } from "../kernels/placed-rows.ts";
import { newPlaces } from "../kernels/placed-rows.ts";
import { forEachRow } from "../kernels/rows.ts";
import { perDType } from "../kernels/specialize.ts";
import type { Shape } from "../shape.ts";
import { broadcastAll, broadcastStrides, elementCount, formatShape, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { nonzeroCount, nonzeroOf } from "./nonzero.ts";

/** What selects along dimensions: int32 indices, a bool mask over as many dimensions as it has, `null` for all. */
export type TensorIndex = TensorLike | null;

/** Indices and the dimension from which each selects, in rising order; a mask selects from as many as it has. */
export interface Indices {
  readonly dims: readonly number[];
  readonly tensors: readonly Tensor[];
}

/** An index as a tensor: int32, or bool for a mask. Arrays of booleans are masks. */
export function readIndex(where: string, item: TensorLike): Tensor {
  const given = item instanceof Tensor ? item : toTensor(where, item);
  if (given.dtype === "int32" || given.dtype === "bool") return given;
  const whole = item instanceof Tensor ? given : toTensor(where, item, "int32");
  if (whole.dtype === "int32") return whole;
  throw new DTypeError(
    `${where}: an index must be int32 or a bool mask, not ${given.dtype}. Convert it: x.to("int32").`,
    { dtype: given.dtype },
  );
}

/** Sorts what a user gave: which tensor selects from which dimension. */
export function sortIndices(where: string, shape: Shape, indices: readonly TensorIndex[]): Indices {
  if (!Array.isArray(indices)) {
    throw new ArgumentError(
      `${where}: the indices are an array with an index or null for each dimension, not ${quoted(indices)}.`,
      { indices },
    );
  }
  const dims: number[] = [];
  const tensors: Tensor[] = [];
  let dim = 0;
  for (const item of indices) {
    if (item === null) {
      dim++;
      continue;
    }
    const index = readIndex(where, item);
    checkMask(where, index, shape, dim);
    dims.push(dim);
    tensors.push(index);
    dim += coverage(index);
  }
  if (dim > shape.length) {
    throw new IndexError(
      `${where}: ${dim} indices for ${shape.length} dimension${shape.length === 1 ? "" : "s"} (shape ${formatShape(shape)}).`,
      { indices: dim, shape },
    );
  }
  if (tensors.length === 0)
    throw new ArgumentError(`${where}: there is no index among ${quoted(indices)}.`, { indices });
  return { dims, tensors };
}

/** The number of dimensions from which an index selects. */
function coverage(index: Tensor): number {
  return index.dtype === "bool" ? index.ndim : 1;
}

/** Refuses a mask that has not the shape of what it covers. */
function checkMask(where: string, index: Tensor, shape: Shape, dim: number): void {
  if (index.dtype !== "bool") return;
  if (index.ndim > 0 && sameShape(index.shape, shape.slice(dim, dim + index.ndim))) return;
  throw new ShapeError(
    `${where}: a mask of shape ${formatShape(index.shape)} does not cover the dimensions from ${dim} on of shape ${formatShape(shape)}.`,
    { mask: index.shape, dim, shape },
  );
}

/** The indices in the form in which users give them. */
export function asArguments({ dims, tensors }: Indices): TensorIndex[] {
  const list: TensorIndex[] = [];
  let dim = 0;
  for (const [i, index] of tensors.entries()) {
    for (; dim < dims[i]!; dim++) list.push(null);
    list.push(index);
    dim += coverage(index);
  }
  return list;
}

/** The indices of a recorded call, from operand `first` on; refused if their numbers were changed since. */
export function recordedIndices(
  node: Recorded<{ readonly dims: readonly number[] }>,
  first: number,
): Indices {
  const tensors = node.operands.slice(first).map((_, i) => node.operand(first + i));
  return { dims: node.options.dims, tensors };
}

/** Masks become the places where they are true: one tensor of whole numbers for each dimension selected from. */
export function withoutMasks(where: string, indices: Indices): Indices {
  if (!indices.tensors.some((index) => index.dtype === "bool")) return indices;
  const dims: number[] = [];
  const tensors: Tensor[] = [];
  for (const [i, index] of indices.tensors.entries()) {
    const places = index.dtype === "bool" ? nonzeroOf(where, index) : [index];
    for (const [k, place] of places.entries()) {
      dims.push(indices.dims[i]! + k);
      tensors.push(place);
    }
  }
  return { dims, tensors };
}

/** The shapes of the indices without masks, for which it is enough to count. */
function shapesOf(indices: Indices): { dims: number[]; shapes: Shape[] } {
  const dims: number[] = [];
  const shapes: Shape[] = [];
  for (const [i, index] of indices.tensors.entries()) {
    const shape = index.dtype === "bool" ? [nonzeroCount(index)] : index.shape;
    for (let k = 0; k < coverage(index); k++) {
      dims.push(indices.dims[i]! + k);
      shapes.push(shape);
    }
  }
  return { dims, shapes };
}

/** Where the dimensions of the result come from. */
export interface Plan {
  /** The shape that the indices have together. */
  readonly chosen: Shape;
  /** The dimensions of x before and after those of the indices in the result. */
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  readonly result: Shape;
}

/**
 * Indices that stand side by side give their dimensions there; those with a whole dimension between them give theirs in
 * front of all others.
 */
export function planOf(where: string, shape: Shape, indices: Indices): Plan {
  const { dims, shapes } = shapesOf(indices);
  const chosen = broadcastAll(where, shapes);
  const first = dims[0]!;
  const adjacent = dims.at(-1)! - first === dims.length - 1;
  const rest = shape.flatMap((_, dim) => (dims.includes(dim) ? [] : [dim]));
  const outer = adjacent ? rest.filter((dim) => dim < first) : [];
  const inner = adjacent ? rest.filter((dim) => dim > first) : rest;
  const lengths = (list: readonly number[]): number[] => list.map((dim) => shape[dim]!);
  return { chosen, outer, inner, result: [...lengths(outer), ...chosen, ...lengths(inner)] };
}

/**
 * The step from the start of a tensor to each place that the indices choose together.
 *
 * @throws {IndexError} for an index out of range; negative ones count from the end.
 */
export function placesOf(
  where: string,
  shape: Shape,
  strides: Shape,
  { dims, tensors }: Indices,
  chosen: Shape,
  storage: TypedArray,
): Places {
  for (const [i, index] of tensors.entries()) {
    const length = shape[dims[i]!]!;
    checkIndices(where, index, length, dims[i]!, shape, -length);
  }
  const places = newPlaces(elementCount(chosen), storage);
  for (const [i, index] of tensors.entries()) {
    const steps = broadcastStrides(index.shape, index.strides, chosen);
    const length = shape[dims[i]!]!;
    const step = strides[dims[i]!]!;
    const add = addPlacesFor(places);
    let at = 0;
    forEachRow(chosen, [steps], [index.offset], (count, [stride], [from]) => {
      add(places, at, index.storage.data, from!, stride!, count, length, step);
      at += count;
    });
  }
  return places;
}

const addPlacesFor = perDType(function addPlaces(
  places: Places,
  to: number,
  index: TypedArray,
  from: number,
  stride: number,
  count: number,
  length: number,
  step: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = index[from]!;
    places[to + i]! += (at < 0 ? at + length : at) * step;
    from += stride;
  }
});

/** The largest number of which all steps between places are multiples. */
export function unitOf(strides: Shape, { dims }: Indices): number {
  let unit = 0;
  for (const dim of dims) {
    let rest = Math.abs(strides[dim]!);
    while (rest > 0) [unit, rest] = [rest, unit % rest];
  }
  return Math.max(unit, 1);
}
