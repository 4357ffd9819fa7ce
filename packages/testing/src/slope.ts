/**
 * The slope of a function along a line by finite differences, and whether a derivative agrees with it.
 */

/** What the comparison of a derivative with differences found. */
export interface Verdict {
  readonly verdict: "agrees" | "differs" | "kink";
  /** The best numeric estimate of the slope. */
  readonly numeric: number;
}

/**
 * The step along a line whose direction is scaled by max(1, |x|): about ∛(2⁻⁵²), where the error of cutting the series
 * off, h²·f‴/6, and that of rounding, 2⁻⁵²·|f|/h, are in balance.
 */
export const step = 6e-6;

/**
 * The part of the tolerance that does not shrink with the slope: the rounding of the function's own value, 2⁻⁵²·|f|/h,
 * for the smallest step and for the steps of the ladder.
 */
const rounding = 2e-10;
const ladderRounding = 1e-11;

function agrees(analytic: number, numeric: number, rtol: number, noise: number): boolean {
  const size = Math.max(Math.abs(analytic), Math.abs(numeric));
  return Math.abs(analytic - numeric) <= rtol * size + noise;
}

/** Whether a derivative agrees with a central difference over {@link step}. */
export function slopesAgree(
  analytic: number,
  numeric: number,
  rtol: number,
  scale: number,
): boolean {
  return agrees(analytic, numeric, rtol, rounding * scale);
}

/**
 * Compares a derivative with the slope of `line` at 0. `scale` is 1 + the size of the summands in `line`, whose rounding
 * no difference can see through.
 *
 * The central difference decides almost always. Where it disagrees, Richardson's extrapolation from h and h/2 is tried,
 * then the whole ladder from 10⁻³ down (Ridders, Adv. Eng. Software 4, 1982), which takes the estimate that is most
 * consistent with itself. Only if that fails, too, is the place examined for a kink.
 */
export function compareSlope(
  line: (t: number) => number,
  analytic: number,
  rtol: number,
  scale: number,
): Verdict {
  const central = (h: number): number => (line(h) - line(-h)) / (2 * h);
  const plain = central(step);
  if (slopesAgree(analytic, plain, rtol, scale)) return { verdict: "agrees", numeric: plain };
  const extrapolated = (4 * central(step / 2) - plain) / 3;
  if (slopesAgree(analytic, extrapolated, rtol, scale))
    return { verdict: "agrees", numeric: extrapolated };
  const numeric = ridders(central, plain);
  if (agrees(analytic, numeric, rtol, ladderRounding * scale))
    return { verdict: "agrees", numeric };
  return { verdict: hasKink(line, scale) ? "kink" : "differs", numeric };
}

/** Extrapolates central differences over halved steps and returns the entry of the tableau with the least error. */
function ridders(central: (h: number) => number, fallback: number): number {
  const rows: number[][] = [];
  let best = fallback;
  let bestError = Number.POSITIVE_INFINITY;
  for (let level = 0, h = 1e-3; level < 8; level++, h /= 2) {
    const row = [central(h)];
    const above = rows[level - 1];
    let factor = 1;
    for (let k = 1; k <= level; k++) {
      factor *= 4;
      const entry = (factor * row[k - 1]! - above![k - 1]!) / (factor - 1);
      const error = Math.max(Math.abs(entry - row[k - 1]!), Math.abs(entry - above![k - 1]!));
      row.push(entry);
      if (error < bestError) {
        bestError = error;
        best = entry;
      }
    }
    rows.push(row);
  }
  return best;
}

/**
 * Whether the slopes on both sides differ, or the function jumps. Where it is smooth, the gap between the slopes is h·f″
 * and shrinks with h, and the central slope stays; at a kink the gap stays, at a jump the slope grows with 1/h.
 */
function hasKink(line: (t: number) => number, scale: number): boolean {
  const middle = line(0);
  const slopes = (h: number): { gap: number; central: number } => {
    const [above, below] = [(line(h) - middle) / h, (middle - line(-h)) / h];
    return { gap: Math.abs(above - below), central: Math.abs(above + below) / 2 };
  };
  const near = slopes(step);
  const far = slopes(10 * step);
  if (near.gap > 1e-6 * scale && near.gap > far.gap / 4) return true;
  return near.central > 1e-6 * scale && near.central > 4 * far.central;
}
