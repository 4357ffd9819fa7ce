/**
 * How far to go along a direction.
 */
import { dot, largestMagnitude } from "./vectors.ts";

/** What is known of a place on the way. */
export interface Place {
  /** How far along the direction it is. */
  readonly t: number;
  readonly loss: number;
  readonly gradient: Float64Array;
  /** The derivative of the loss along the direction. */
  readonly slope: number;
}

/** The loss at a place along the direction, with its gradient. */
export type Probe = (t: number) => { readonly loss: number; readonly gradient: Float64Array };

/** The loss must fall by at least this part of what the first slope promises. */
const sufficientDecrease = 1e-4;
/** The slope must come down to this part of the first one. */
const flatness = 0.9;
/** A bracket this short is not divided any more. */
const shortest = 1e-9;
const mostProbes = 25;

/**
 * Finds a place that satisfies the strong Wolfe conditions, f(t) ≤ f(0) + c₁·t·f′(0) and |f′(t)| ≤ c₂·|f′(0)|: goes out
 * until two places have one between them, then narrows them down (Nocedal & Wright, "Numerical optimization", algorithms
 * 3.5 and 3.6, with the cubic interpolation of 3.59 and the safeguards of Schmidt's minFunc, as in PyTorch). Gives the best
 * place it found.
 */
export function strongWolfe(
  probe: Probe,
  start: Place,
  first: number,
  direction: Float64Array,
): Place {
  const visit = (t: number): Place => {
    const { loss, gradient } = probe(t);
    return { t, loss, gradient, slope: dot(gradient, direction) };
  };
  const isTooHigh = ({ t, loss }: Place): boolean =>
    loss > start.loss + sufficientDecrease * t * start.slope;
  const isFlat = ({ slope }: Place): boolean => Math.abs(slope) <= -flatness * start.slope;

  // Outwards: to a place that will do, or beyond a minimum.
  let before = start;
  let here = visit(first);
  let bracket: [Place, Place] | null = null;
  let rounds = 0;
  for (; rounds < mostProbes; rounds++) {
    const isRising = rounds > 1 && here.loss >= before.loss;
    if (isTooHigh(here) || isRising) {
      bracket = [before, here];
      break;
    }
    if (isFlat(here)) return here;
    if (here.slope >= 0) {
      bracket = [before, here];
      break;
    }
    const next = minimumOfCubic(before, here, here.t + 0.01 * (here.t - before.t), here.t * 10);
    before = here;
    here = visit(next);
  }
  bracket ??= [start, here];

  // Inwards: `low` is the end with the smaller loss.
  let [low, high] = bracket[0].loss <= bracket[1].loss ? bracket : [bracket[1], bracket[0]];
  const reach = largestMagnitude(direction);
  let wasSlow = false;
  for (; rounds < mostProbes; rounds++) {
    const [left, right] = low.t < high.t ? [low.t, high.t] : [high.t, low.t];
    if ((right - left) * reach < shortest) break;
    let t = minimumOfCubic(low, high, left, right);
    // A place too near to an end would hardly shorten the bracket. Once is accepted, twice is not.
    const margin = 0.1 * (right - left);
    const isNear = Math.min(right - t, t - left) < margin;
    if (isNear && (wasSlow || t >= right || t <= left)) {
      t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
      wasSlow = false;
    } else wasSlow = isNear;
    const found = visit(t);
    if (isTooHigh(found) || found.loss >= low.loss) {
      high = found;
      if (high.loss < low.loss) [low, high] = [high, low];
      continue;
    }
    const isDone = isFlat(found);
    if (!isDone && found.slope * (high.t - low.t) >= 0) high = low;
    low = found;
    if (isDone) break;
  }
  return low;
}

/** Where the cubic through two places with their slopes is smallest, kept from `least` to `most`. */
function minimumOfCubic(a: Place, b: Place, least: number, most: number): number {
  const [p, q] = a.t <= b.t ? [a, b] : [b, a];
  const d1 = p.slope + q.slope - (3 * (p.loss - q.loss)) / (p.t - q.t);
  const discriminant = d1 * d1 - p.slope * q.slope;
  if (discriminant < 0) return (least + most) / 2;
  const d2 = Math.sqrt(discriminant);
  const at = q.t - (q.t - p.t) * ((q.slope + d2 - d1) / (q.slope - p.slope + 2 * d2));
  return Math.min(Math.max(at, least), most);
}
