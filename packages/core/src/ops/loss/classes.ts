/**
 * Class indices as targets: which shapes go together, which indices are classes, and what each target weighs.
 */
import type { DType, TypedArray } from "../../dtype.ts";
import { IndexError, ShapeError } from "../../errors.ts";
import type { ClassLayout } from "../../kernels/crossEntropy.ts";
import { firstBadTarget } from "../../kernels/crossEntropy.ts";
import { contiguousOperand } from "../../op.ts";
import type { Shape } from "../../shape.ts";
import { elementCount, formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { ne } from "../comparison.ts";
import { to } from "../convert.ts";
import { gather } from "../gather.ts";
import { reshape } from "../reshape.ts";
import { where } from "../selection.ts";

/** The dimension of the classes: 1 behind that of the samples, 0 for a single sample. */
export function classDim(logits: Shape): number {
  return logits.length === 1 ? 0 : 1;
}

/** The shape of class indices: that of the scores without the dimension of the classes. */
export function targetShape(logits: Shape): Shape {
  return logits.filter((_, dim) => dim !== classDim(logits));
}

export function layoutOf(logits: Shape): ClassLayout {
  const dim = classDim(logits);
  return {
    samples: elementCount(targetShape(logits)),
    classes: logits[dim]!,
    inner: elementCount(logits.slice(dim + 1)),
  };
}

/** Refuses shapes that do not go together. */
export function checkClassShapes(
  caller: string,
  scores: Shape,
  target: Shape,
  weight: Shape | undefined,
  advice = "",
): void {
  if (scores.length === 0) {
    throw new ShapeError(
      `${caller}: the input needs a dimension of classes: shape [classes], or [samples, classes, …].`,
      { input: scores },
    );
  }
  const expected = targetShape(scores);
  if (!sameShape(target, expected)) {
    throw new ShapeError(
      `${caller}: an input of shape ${formatShape(scores)} has its classes along dimension ${classDim(scores)} and takes class indices of shape ${formatShape(expected)}, not ${formatShape(target)}.${advice}`,
      { input: scores, target },
    );
  }
  const classes = scores[classDim(scores)]!;
  if (weight !== undefined && !(weight.length === 1 && weight[0] === classes)) {
    throw new ShapeError(
      `${caller}: there must be one weight for each of the ${classes} classes, not weights of shape ${formatShape(weight)}.`,
      { weight, classes },
    );
  }
}

/** Refuses targets that are no classes, and gives the others as consecutive numbers. */
export function checkedTargets(
  caller: string,
  target: Tensor,
  { samples, classes }: ClassLayout,
  ignoreIndex?: number,
): TypedArray {
  const data = numbersOf(contiguousOperand(target));
  const bad = firstBadTarget(data, samples, classes, ignoreIndex ?? Number.NaN);
  if (bad >= 0) {
    const advice =
      ignoreIndex === undefined
        ? ""
        : ` Samples whose target is ignoreIndex, here ${ignoreIndex}, are left out.`;
    throw new IndexError(
      `${caller}: target ${data[bad]} (number ${bad}) is no class: there are ${classes}, counted from 0.${advice}`,
      { target: data[bad], place: bad, classes },
    );
  }
  return data;
}

/** The numbers of a contiguous tensor. */
export function numbersOf(x: Tensor): TypedArray {
  const { data } = x.storage;
  return x.offset === 0 ? data : data.subarray(x.offset, x.offset + x.numel());
}

/** The weight of each target, 0 where it is ignored; by tensor ops, so that it works in `vmap`. */
export function targetWeights(
  target: Tensor,
  weight: Tensor | undefined,
  ignoreIndex: number,
  dtype: DType,
): Tensor {
  const counts = ne(target, ignoreIndex);
  if (weight === undefined) return to(counts, dtype);
  const safe = reshape(classOrZero(target, counts), [target.numel()]);
  return where(counts, reshape(gather(weight, 0, safe), target.shape), 0);
}

/** The targets with 0, which is always a class, in place of those that are ignored. */
export function classOrZero(target: Tensor, counts: Tensor): Tensor {
  return where(counts, target, 0);
}
