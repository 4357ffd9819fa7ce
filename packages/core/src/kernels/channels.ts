/**
 * Numbers of channels scaled and shifted, and the gradients of it. Sums are kept in double precision.
 */
import {
  channelAffineAccelerated,
  channelAffineGradientAccelerated,
} from "../accelerated/channels.ts";
import { elementCount } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { perDType } from "./specialize.ts";

/** Shape [N, C, *] as [N, C, all places]. */
function channelLayout([samples, channels, ...places]: readonly number[]): [
  samples: number,
  channels: number,
  places: number,
] {
  return [samples!, channels!, elementCount(places)];
}

/** y = x·scale + shift for x of shape [N, C, *], with a number of scale and shift for each channel; all contiguous. */
export function scaleChannels(x: Tensor, scale: Tensor, shift: Tensor, y: Tensor): void {
  const layout = channelLayout(x.shape);
  if (channelAffineAccelerated(layout, x, scale, shift, y)) return;
  const run = forwardFor(x.storage.data);
  run(
    x.storage.data,
    scale.storage.data,
    shift.storage.data,
    x.offset,
    scale.offset,
    shift.offset,
    y.storage.data,
    ...layout,
  );
}

const forwardFor = perDType(function channelsForward(
  x: ArrayLike<number>,
  scales: ArrayLike<number>,
  shifts: ArrayLike<number>,
  offset: number,
  scaleOffset: number,
  shiftOffset: number,
  y: { [index: number]: number },
  samples: number,
  channels: number,
  places: number,
): void {
  let at = 0;
  for (let n = 0; n < samples; n++) {
    for (let c = 0; c < channels; c++) {
      const scale = scales[scaleOffset + c]!;
      const shift = shifts[shiftOffset + c]!;
      for (const end = at + places; at < end; at++) y[at] = x[offset + at]! * scale + shift;
    }
  }
});

/** x̄ = c·scale, and the sums of c·x and of c over each channel; all contiguous. */
export function scaleChannelsGradient(
  cotangent: Tensor,
  x: Tensor,
  scale: Tensor,
  xBar: Tensor,
  scaleBar: Tensor,
  shiftBar: Tensor,
): void {
  const layout = channelLayout(x.shape);
  if (channelAffineGradientAccelerated(layout, cotangent, x, scale, xBar, scaleBar, shiftBar))
    return;
  const run = backwardFor(cotangent.storage.data, x.storage.data);
  run(
    cotangent.storage.data,
    x.storage.data,
    scale.storage.data,
    cotangent.offset,
    x.offset,
    scale.offset,
    xBar.storage.data,
    scaleBar.storage.data,
    shiftBar.storage.data,
    ...layout,
  );
}

const backwardFor = perDType(function channelsBackward(
  cotangent: ArrayLike<number>,
  x: ArrayLike<number>,
  scales: ArrayLike<number>,
  cotangentOffset: number,
  offset: number,
  scaleOffset: number,
  xBar: { [index: number]: number },
  scaleBar: { [index: number]: number },
  shiftBar: { [index: number]: number },
  samples: number,
  channels: number,
  places: number,
): void {
  for (let c = 0; c < channels; c++) {
    const scale = scales[scaleOffset + c]!;
    let product = 0;
    let plain = 0;
    for (let n = 0; n < samples; n++) {
      const first = (n * channels + c) * places;
      for (let at = first; at < first + places; at++) {
        const value = cotangent[cotangentOffset + at]!;
        xBar[at] = value * scale;
        product += value * x[offset + at]!;
        plain += value;
      }
    }
    scaleBar[c] = product;
    shiftBar[c] = plain;
  }
});
