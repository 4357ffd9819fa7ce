/**
 * What a tensor holds, in one line.
 */
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Counts and bounds of a tensor's numbers. */
export interface Summary {
  readonly count: number;
  readonly nan: number;
  readonly infinite: number;
  readonly zero: number;
  /** Of the finite numbers; NaN if there are none. */
  readonly least: number;
  readonly most: number;
}

export function summarize(x: Tensor): Summary {
  let nan = 0;
  let infinite = 0;
  let zero = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  const values = x.toTypedArray();
  for (const value of values) {
    if (Number.isNaN(value)) nan++;
    else if (!Number.isFinite(value)) infinite++;
    else {
      if (value === 0) zero++;
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  const none = least > most;
  return {
    count: values.length,
    nan,
    infinite,
    zero,
    least: none ? Number.NaN : least,
    most: none ? Number.NaN : most,
  };
}

/** `float32 [2, 3] from -1 to 4, 2 zeros, 1 NaN`; a small number is shown itself. */
export function describe(x: Tensor): string {
  const name = x.name === null ? "" : `${JSON.stringify(x.name)} `;
  if (x.batch !== null) return `${name}${x.dtype} ${formatShape(x.shape)} in vmap`;
  if (x.numel() === 1) return `${name}= ${x.item()}`;
  const { count, nan, infinite, zero, least, most } = summarize(x);
  const parts = [`${name}${x.dtype} ${formatShape(x.shape)}`];
  if (!Number.isNaN(least))
    parts.push(least === most ? `all ${brief(least)}` : `from ${brief(least)} to ${brief(most)}`);
  if (zero > 0 && zero < count) parts.push(`${zero} zero${zero === 1 ? "" : "s"}`);
  if (nan > 0) parts.push(`${nan} NaN`);
  if (infinite > 0) parts.push(`${infinite} infinite`);
  return parts.join(", ");
}

function brief(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e9 ? String(value) : value.toPrecision(4);
}
