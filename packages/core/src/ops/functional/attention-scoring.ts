/**
 * What attention is given: heads that fit each other, masks, scales.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import type { DType } from "../../dtype.ts";
import {
  ArgumentError,
  checkBoolean,
  checkNumber,
  checkOptions,
  DTypeError,
  ShapeError,
} from "../../errors.ts";
import { meetAll } from "../../record.ts";
import type { Shape } from "../../shape.ts";
import { broadcastAll, broadcastShapes, formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { to } from "../convert.ts";

/** What scores are multiplied by and which are left out, as it stands in the graph. */
export interface Attending {
  /** Whether query i attends to keys 0 to i only. */
  readonly isCausal: boolean;
  /** What scores are multiplied by. */
  readonly scale: number;
}

/** Options of `attention`; 1/√E is the scale, and all keys count, unless given. */
export interface AttendingOptions {
  isCausal?: boolean | undefined;
  scale?: number | null | undefined;
}

/** The leading dimensions of all operands together. */
export function leadOf(where: string, operands: readonly Tensor[]): Shape {
  return broadcastAll(
    where,
    operands.map((x) => x.shape.slice(0, -2)),
  );
}

/** Refuses queries, keys and values that do not fit. */
export function checkFits(where: string, q: Tensor, k: Tensor, v: Tensor): void {
  const fits =
    Math.min(q.ndim, k.ndim, v.ndim) >= 2 &&
    q.shape.at(-1) === k.shape.at(-1) &&
    k.shape.at(-2) === v.shape.at(-2);
  if (fits) return;
  throw new ShapeError(
    `${where}: query, key and value have shapes ${formatShape(q.shape)}, ${formatShape(k.shape)} and ${formatShape(v.shape)}, but must have [*, L, E], [*, S, E] and [*, S, V].`,
    { query: q.shape, key: k.shape, value: v.shape },
  );
}

/** A mask as true and false, or numbers of the type that the scores have. */
function checkedMask(where: string, given: TensorLike, dtype: DType): Tensor {
  const found = toTensor(where, given);
  // Numbers in arrays are of the type that they meet.
  const mask = found === given || found.dtype === "bool" ? found : toTensor(where, given, dtype);
  if (mask.dtype === "int32") {
    throw new DTypeError(
      `${where}: a mask is bool (true where a query may attend) or numbers to be added, not int32. Compare: mask.ne(0).`,
      { dtype: mask.dtype },
    );
  }
  return mask.dtype === "bool" || mask.dtype === dtype ? mask : to(mask, dtype);
}

function checkAttending(where: string, q: Tensor, options: AttendingOptions = {}): Attending {
  checkOptions(where, options, ["isCausal", "scale"]);
  const width = q.shape.at(-1) ?? 0;
  return {
    isCausal: checkBoolean(where, "isCausal", options.isCausal, false),
    // Without features all scores are 0, whatever they are multiplied by.
    scale: checkNumber(where, "scale", options.scale ?? (width === 0 ? 1 : 1 / Math.sqrt(width))),
  };
}

/** Refuses a mask that has more elements than the scores. */
export function checkMaskShape(where: string, mask: Shape, scores: Shape): void {
  if (sameShape(broadcastShapes(where, mask, scores), scores)) return;
  throw new ShapeError(
    `${where}: the mask of shape ${formatShape(mask)} has more elements than the scores of shape ${formatShape(scores)}.`,
    { mask, scores },
  );
}

/** The shape of the scores of queries and keys. */
export function scoresOf(where: string, operands: readonly Tensor[]): Shape {
  const [q, k] = operands as [Tensor, Tensor];
  return [...leadOf(where, operands), q.shape.at(-2)!, k.shape.at(-2)!];
}

/** The mask and the options of a call; `where` is what was called, with which errors begin. */
export function readScoring(
  where: string,
  operands: readonly Tensor[],
  given: TensorLike | null | undefined,
  options: AttendingOptions | undefined,
): { readonly mask: Tensor | null; readonly attending: Attending } {
  const attending = checkAttending(where, operands[0]!, options);
  if (given === undefined || given === null) return { mask: null, attending };
  if (attending.isCausal) {
    throw new ArgumentError(
      `${where}: give either a mask or isCausal, not both. Put the causal part into the mask.`,
    );
  }
  const met = meetAll(operands);
  const dtype = met === "float64" || met === "float32" ? met : "float32";
  return { mask: checkedMask(where, given, dtype), attending };
}

/** The same, of a call whose queries, keys and values are known to fit: the mask's shape is checked, too. */
export function readFittingScoring(
  where: string,
  operands: readonly Tensor[],
  given: TensorLike | null,
  options: AttendingOptions,
): { readonly mask: Tensor | null; readonly attending: Attending } {
  const scoring = readScoring(where, operands, given, options);
  if (scoring.mask !== null) checkMaskShape(where, scoring.mask.shape, scoresOf(where, operands));
  return scoring;
}
