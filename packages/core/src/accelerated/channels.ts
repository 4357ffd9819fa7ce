/**
 * Float32 numbers of channels scaled and shifted in WebAssembly, and the gradients of it, with sums in double precision.
 */
import type { Tensor } from "../tensor.ts";
import { computeGroups } from "./standardize.ts";
import { computeWhole } from "./whole.ts";

/** So much work a number is, in products of a matrix product. */
const workOfNumber = 8;
/** From so many numbers on copying them pays. */
const leastNumbers = 1 << 11;
/** Numbers that a thread takes at a time, unless one row has more. */
const partNumbers = 1 << 13;

/** x·scale + shift; see `scaleChannels`. False where plain loops are to do it. */
export function channelAffineAccelerated(
  [samples, channels, places]: readonly [number, number, number],
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  y: Tensor,
): boolean {
  const numbers = samples * channels * places;
  if (numbers === 0) return false;
  const task = {
    operands: [x, scale, shift],
    results: [y],
    work: workOfNumber * numbers,
    least: workOfNumber * leastNumbers,
  };
  return computeWhole(task, ({ kernels, operands, results, part }) => {
    const [source, scales, shifts] = operands as [number, number, number];
    const target = results[0]!;
    const size = channels * places;
    // Some whole samples, or some channels of one.
    const width = places === 1 ? channels : Math.min(channels, atLeastOne(partNumbers / places));
    const height = width < channels ? 1 : atLeastOne(partNumbers / size);
    for (let sample = 0; sample < samples; sample += height) {
      const rows = Math.min(height, samples - sample);
      for (let channel = 0; channel < channels; channel += width) {
        const at = 4 * (sample * size + channel * places);
        const own = [target + at, source + at, scales + 4 * channel, shifts + 4 * channel] as const;
        const count = Math.min(width, channels - channel);
        if (places === 1) kernels.channelAffineColumns(...own, rows, count);
        else kernels.channelAffine(...own, rows, count, places, 4 * size);
        part();
      }
    }
  });
}

function atLeastOne(x: number): number {
  return Math.max(1, Math.floor(x));
}

/** The gradients of {@link channelAffineAccelerated}. False where plain loops are to do it. */
export function channelAffineGradientAccelerated(
  layout: readonly [number, number, number],
  cotangent: Tensor,
  x: Tensor,
  scale: Tensor,
  xBar: Tensor,
  scaleBar: Tensor,
  shiftBar: Tensor,
): boolean {
  return computeGroups(
    layout,
    { operands: [cotangent, x, scale], results: [xBar, scaleBar, shiftBar] },
    ({ kernels, operands, results }, { at, first, count, outer, inner, step }) => {
      const [c, source, scales] = operands as [number, number, number];
      const [target, products, sums] = results as [number, number, number];
      const own = [products + 4 * first, sums + 4 * first, c + at, source + at] as const;
      const factors = scales + 4 * first;
      if (inner === 1)
        kernels.channelAffineColumnsGradient(target + at, ...own, factors, outer, count, step);
      else
        kernels.channelAffineGradient(
          target + at,
          ...own,
          factors,
          count,
          outer,
          inner,
          4 * inner,
          step,
        );
    },
  );
}
