/**
 * The arguments of connectionist temporal classification: which go together, and what they are as plain numbers.
 */
import { checkBoolean, checkInteger, checkOptions, IndexError, ShapeError } from "../../errors.ts";
import type { CtcBatch } from "../../kernels/ctc.ts";
import { contiguousOperand } from "../../op.ts";
import type { Shape } from "../../shape.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { numbersOf } from "./classes.ts";

/** Options of {@link ctcTerm}. */
export interface CtcTermOptions {
  /** The class that stands for no label; 0 unless given. */
  blank?: number | undefined;
  /** Give 0, with no gradient, for labels that do not fit into the input, instead of infinity. */
  zeroInfinity?: boolean | undefined;
}

/** What the graph holds of a call. */
export interface Ctc {
  readonly blank: number;
  readonly zeroInfinity: boolean;
}

export function readTermOptions(where: string, options: CtcTermOptions | undefined): Ctc {
  checkOptions(where, options, ["blank", "zeroInfinity"]);
  return {
    blank: checkInteger(where, "blank", options?.blank ?? 0, 0),
    zeroInfinity: checkBoolean(where, "zeroInfinity", options?.zeroInfinity, false),
  };
}

export function checkShapes(where: string, operands: readonly Tensor[], { blank }: Ctc): void {
  const [logProbs, labels, frameCounts, labelCounts] = operands.map((x) => x.shape) as [
    Shape,
    Shape,
    Shape,
    Shape,
  ];
  const samples = logProbs[1];
  const fits =
    logProbs.length === 3 &&
    labels.length === 2 &&
    labels[0] === samples &&
    sameShape(frameCounts, [samples!]) &&
    sameShape(labelCounts, [samples!]);
  if (!fits) {
    throw new ShapeError(
      `${where}: expected log-probabilities [frames, samples, classes], labels [samples, length] and two counts for each sample, not ${[logProbs, labels, frameCounts, labelCounts].map(formatShape).join(", ")}.`,
      { logProbs, labels, inputLengths: frameCounts, targetLengths: labelCounts },
    );
  }
  if (blank >= logProbs[2]!) {
    throw new IndexError(`${where}: blank ${blank} is none of the ${logProbs[2]} classes.`, {
      blank,
    });
  }
}

/** The operands as plain numbers, checked. */
export function batchOf(where: string, operands: readonly Tensor[], { blank }: Ctc): CtcBatch {
  const [logProbs, labels, frameCounts, labelCounts] = operands.map(contiguousOperand) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const [frames, samples, classes] = logProbs.shape as [number, number, number];
  const width = labels.shape[1]!;
  const batch = {
    logProbs: logProbs.storage.data,
    offset: logProbs.offset,
    samples,
    classes,
    labels: numbersOf(labels),
    width,
    frameCounts: numbersOf(frameCounts),
    labelCounts: numbersOf(labelCounts),
    blank,
  };
  for (let n = 0; n < samples; n++) {
    checkInteger(where, `inputLengths[${n}]`, batch.frameCounts[n], 0, frames);
    checkInteger(where, `targetLengths[${n}]`, batch.labelCounts[n], 0, width);
    for (let i = 0; i < batch.labelCounts[n]!; i++) {
      const label = batch.labels[n * width + i]!;
      if (label < 0 || label >= classes) {
        throw new IndexError(
          `${where}: label ${label} (number ${i} of sample ${n}) is no class: there are ${classes}, counted from 0.`,
          { label, sample: n, classes },
        );
      }
    }
  }
  return batch;
}
