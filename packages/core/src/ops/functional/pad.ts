/**
 * Padding with a constant, or with copies of what is there.
 */
import type { TensorLike } from "../../creation.ts";
import { fromTypedArray, toTensor } from "../../creation.ts";
import { ArgumentError, checkOptions, quoted, ShapeError } from "../../errors.ts";
import { formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { constantPad, padAmounts } from "../pad.ts";
import { indexSelect } from "../select.ts";

/** What the new places hold; see {@link pad}. */
export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/** Options of {@link pad}. */
export interface PadOptions {
  /** "constant" unless given. */
  mode?: PadMode | undefined;
  /** The constant; 0 unless given. */
  value?: number | undefined;
}

/** The place that is copied to a place outside of a dimension, by mode. */
const sources: Readonly<
  Record<Exclude<PadMode, "constant">, (place: number, length: number) => number>
> = {
  reflect: (place, length) =>
    place < 0 ? -place : place < length ? place : 2 * (length - 1) - place,
  replicate: (place, length) => Math.min(Math.max(place, 0), length - 1),
  circular: (place, length) => (place + length) % length,
};

/** Refuses padding that needs more than there is to copy. */
function checkCopies(x: Tensor, dim: number, mode: PadMode, before: number, after: number): void {
  const length = x.shape[dim]!;
  const kept = length + Math.min(before, 0) + Math.min(after, 0);
  const most =
    mode === "reflect" ? length - 1 : mode === "circular" ? kept : Number.MAX_SAFE_INTEGER;
  if (Math.max(before, after) > most || length + before + after < 1) {
    const limit =
      length + before + after < 1
        ? "leaves nothing"
        : `is more than ${most}, the most that mode ${quoted(mode)} can copy`;
    throw new ShapeError(
      `pad: padding ${before} and ${after} ${limit} of dimension ${dim} of shape ${formatShape(x.shape)}.`,
      { dim, shape: x.shape, before, after },
    );
  }
  if (length === 0) {
    throw new ShapeError(
      `pad: dimension ${dim} of shape ${formatShape(x.shape)} has nothing to copy. Use mode "constant".`,
      { dim, shape: x.shape },
    );
  }
}

/**
 * x with more places around it: `padding` gives their numbers before and after, for the last dimension, then for the one
 * before it, and so on. Negative padding takes places away.
 *
 * Modes: `constant` fills with `value`, `reflect` mirrors at the first and the last element (without repeating them),
 * `replicate` repeats them, `circular` goes on at the other end of what was not taken away.
 *
 * @throws {ArgumentError} when the padding is no list of pairs of whole numbers, and for options that are unknown or do not fit.
 * @throws {ShapeError} when more is taken away than there is, or more is copied than a mode can.
 * @example
 * import { pad, tensor } from "@chainrule/core";
 * const x = tensor([1, 2, 3]);
 * pad(x, [1, 2]); // → tensor([0, 1, 2, 3, 0, 0])
 * pad(x, [1, 2], { mode: "reflect" }); // → tensor([2, 1, 2, 3, 2, 1])
 * pad(x, [1, 2], { mode: "replicate" }); // → tensor([1, 1, 2, 3, 3, 3])
 * pad(x, [1, 2], { mode: "circular" }); // → tensor([3, 1, 2, 3, 1, 2])
 */
export function pad(x: TensorLike, padding: readonly number[], options?: PadOptions): Tensor {
  checkOptions("pad", options, ["mode", "value"]);
  const { mode = "constant", value } = options ?? {};
  const source = toTensor("pad", x);
  const amounts = padAmounts("pad", source, padding);
  if (mode === "constant") return constantPad(source, padding, { value });
  if (!Object.hasOwn(sources, mode)) {
    throw new ArgumentError(
      `pad: unknown mode ${quoted(mode)}. Known: constant, ${Object.keys(sources).join(", ")}.`,
      { mode },
    );
  }
  if (value !== undefined && value !== 0) {
    throw new ArgumentError(
      `pad: a value has a meaning in mode "constant" only, not in ${quoted(mode)}.`,
      {
        mode,
        value,
      },
    );
  }
  for (const [dim, [before, after]] of amounts.entries()) {
    if (before !== 0 || after !== 0) checkCopies(source, dim, mode, before, after);
  }
  let y = source;
  for (const [dim, [before, after]] of amounts.entries()) {
    if (before === 0 && after === 0) continue;
    const length = source.shape[dim]!;
    // A circle closes behind what was taken away; a mirror stays where it was.
    const [first, end] =
      mode === "circular" ? [Math.max(-before, 0), length + Math.min(after, 0)] : [0, length];
    const places = Int32Array.from(
      { length: before + length + after },
      (_, i) => first + sources[mode](i - before - first, end - first),
    );
    y = indexSelect(y, dim, fromTypedArray(places));
  }
  return y;
}
