/**
 * Shapes, strides, dimensions and broadcasting: pure functions on small arrays of whole numbers.
 */
import { ArgumentError, described, IndexError, quoted, ShapeError } from "./errors.ts";

/** The lengths of a tensor along its dimensions; `[]` is a single number. */
export type Shape = readonly number[];

/** One dimension or several; negative ones count from the end. */
export type Dims = number | readonly number[];

/** The number of elements, Π shapeᵢ. */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (let i = 0; i < shape.length; i++) count *= shape[i]!;
  return count;
}

const noStrides: Shape = Object.freeze([]);

/** Row-major strides, in elements: the last dimension is contiguous. */
export function contiguousStrides(shape: Shape): Shape {
  if (shape.length === 0) return noStrides;
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/**
 * Strides without gaps in the order in which a view with `strides` has its dimensions in memory, if that is an order of whole
 * rows, those of the last dimension; else row-major ones.
 */
export function stridesInOrderOf(shape: Shape, strides: Shape): Shape {
  const last = shape.length - 1;
  const isOfRows = strides.length === shape.length && strides[last] === 1;
  if (!isOfRows || strides.some((step) => step <= 0)) return contiguousStrides(shape);
  const inOrder = [...strides.keys()].sort((a, b) => strides[b]! - strides[a]! || a - b);
  const result = new Array<number>(shape.length);
  let step = 1;
  // The rows first, whatever other dimensions of length 1 say.
  for (const dim of [...inOrder.filter((dim) => dim !== last), last].reverse()) {
    result[dim] = step;
    step *= Math.max(shape[dim]!, 1);
  }
  return result;
}

/** Whether elements follow one another in row-major order without gaps. */
export function isRowMajor(shape: Shape, strides: Shape): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const length = shape[i]!;
    if (length === 0) return true;
    if (length !== 1) {
      if (strides[i] !== step) return shape.includes(0);
      step *= length;
    }
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2, 3]`, for messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Refuses anything but an array of whole numbers ≥ 0, and returns a copy of it. */
export function checkShape(where: string, shape: unknown): number[] {
  if (!Array.isArray(shape)) {
    throw new ArgumentError(
      described(where, `a shape is an array such as [2, 3], not ${quoted(shape)}.`),
      { shape },
    );
  }
  let count = 1;
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new ShapeError(
        described(where, `shape ${quoted(shape)} must hold whole numbers of at least 0.`),
        { shape },
      );
    }
    count *= length;
  }
  if (count > 2 ** 32) {
    throw new ShapeError(
      described(where, `shape ${formatShape(shape)} has ${count} elements; 2³² are the most.`),
      {
        shape,
      },
    );
  }
  return shape.slice();
}

/**
 * The dimension counted from the front. A 0-d tensor takes 0 and −1, as in PyTorch.
 *
 * @throws {IndexError} when it is out of range.
 */
export function normalizeDim(where: string, dim: number, rank: number): number {
  const reach = Math.max(rank, 1);
  if (!Number.isInteger(dim) || dim < -reach || dim >= reach) {
    throw new IndexError(
      described(
        where,
        `dim ${quoted(dim)} is out of range for ${rank} dimension${rank === 1 ? "" : "s"}; use ${-reach} to ${reach - 1}.`,
      ),
      { dim, rank },
    );
  }
  return dim < 0 ? dim + reach : dim;
}

/**
 * Several dimensions, counted from the front and in rising order; `undefined` means all of them.
 *
 * @throws {IndexError} when one is out of range or named twice.
 */
export function normalizeDims(where: string, dims: Dims | undefined, rank: number): number[] {
  if (dims === undefined) {
    const all: number[] = [];
    for (let i = 0; i < rank; i++) all.push(i);
    return all;
  }
  if (typeof dims === "number") {
    const dim = normalizeDim(where, dims, rank);
    return rank === 0 ? [] : [dim];
  }
  const list = dims;
  if (!Array.isArray(list)) {
    throw new ArgumentError(
      described(where, `dim must be a whole number or an array of them, not ${quoted(dims)}.`),
      {
        dim: dims,
      },
    );
  }
  const normalized = list.map((dim) => normalizeDim(where, dim, rank)).sort((a, b) => a - b);
  for (let i = 1; i < normalized.length; i++) {
    if (normalized[i] === normalized[i - 1]) {
      throw new IndexError(
        described(where, `dim ${normalized[i]} is named twice in ${quoted(dims)}.`),
        { dim: dims },
      );
    }
  }
  return rank === 0 ? [] : normalized;
}

/**
 * The shape in which both operands meet: aligned at the end, lengths equal or 1.
 *
 * @throws {ShapeError} naming the lengths that differ.
 */
export function broadcastShapes(where: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const la = i <= a.length ? a[a.length - i]! : 1;
    const lb = i <= b.length ? b[b.length - i]! : 1;
    if (la !== lb && la !== 1 && lb !== 1) {
      throw new ShapeError(
        described(
          where,
          `shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: lengths ${la} and ${lb} at dimension ${-i} differ and neither is 1. ` +
            "Reshape one, or unsqueeze it, so that lengths agree from the right.",
        ),
        { a, b, dim: -i },
      );
    }
    shape[rank - i] = la === 1 ? lb : la;
  }
  return shape;
}

/** Broadcasting of any number of shapes. */
export function broadcastAll(where: string, shapes: readonly Shape[]): Shape {
  let shape: Shape = [];
  for (const next of shapes) shape = broadcastShapes(where, shape, next);
  return shape;
}

/** Strides that repeat a tensor of shape `from` over `to`: 0 along the dimensions that are stretched. */
export function broadcastStrides(from: Shape, strides: Shape, to: Shape): number[] {
  const lead = to.length - from.length;
  const result = new Array<number>(to.length);
  for (let i = 0; i < to.length; i++) {
    result[i] = i < lead || (from[i - lead] === 1 && to[i] !== 1) ? 0 : strides[i - lead]!;
  }
  return result;
}

/** The shape that is left when `dims` (sorted) are reduced: removed, or kept with length 1. */
export function reducedShape(shape: Shape, dims: readonly number[], keepdim: boolean): number[] {
  const result: number[] = [];
  for (let i = 0; i < shape.length; i++) {
    if (!dims.includes(i)) result.push(shape[i]!);
    else if (keepdim) result.push(1);
  }
  return result;
}
