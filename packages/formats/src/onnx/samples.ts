/**
 * The inputs of the runs by which an export finds out what depends on what.
 */
import type { Tensor } from "@chainrule/core";
import { contiguousCopy, isFloating, newTensor } from "@chainrule/core";
import { OnnxExportError } from "./errors.ts";
import type { Lengths } from "./sizes.ts";

/** Floating numbers are scaled down by this, so that what was computed from them outside of the graph shows. */
const scale = 0.75;

/**
 * An input with other numbers, and with other lengths where they are dynamic: samples in reverse order, repeated as
 * needed. Each number comes from the same place of a sample, so that what a column means stays true.
 */
export function varied(x: Tensor, input: number, lengths: Lengths): Tensor {
  const shape = x.shape.slice();
  for (const [axis, length] of lengths)
    for (const place of axis.places) if (place.input === input) shape[place.dim] = length;
  const source = contiguousCopy(x);
  if (x.numel() === 0 && shape.some((length, dim) => length !== x.shape[dim])) {
    throw new OnnxExportError(
      `exportOnnx: input ${input} of shape [${x.shape.join(", ")}] is empty, so nothing can be learned about its dynamic axes. Give a sample with numbers.`,
      { input },
    );
  }
  const { data } = source.storage;
  const count = shape.reduce((product, length) => product * length, 1);
  const out = newTensor(x.dtype, shape);
  const factor = isFloating(x.dtype) ? scale : 1;
  const at = shape.map(() => 0);
  for (let i = 0; i < count; i++) {
    let from = 0;
    for (const [dim, length] of x.shape.entries()) {
      const place = at[dim]! % length;
      from = from * length + (dim === 0 ? length - 1 - place : place);
    }
    out.storage.data[i] = data[source.offset + from]! * factor;
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      if (++at[dim]! < shape[dim]!) break;
      at[dim] = 0;
    }
  }
  return out;
}
