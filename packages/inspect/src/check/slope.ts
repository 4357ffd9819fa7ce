/**
 * The slope of a function of one number by finite differences.
 */

/** A derivative and what differences say to it. */
export interface SlopeCheck {
  readonly numeric: number;
  readonly relativeError: number;
  readonly verdict: "ok" | "wrong" | "kink";
}

/** Where the cut-off of the series, h²·f‴/6, and rounding, 2⁻⁵²·|f|/h, are in balance: ∛(2⁻⁵²). */
const step = 6e-6;

/**
 * Compares a derivative at `x` with central differences, over smaller steps and extrapolated if the first disagrees. A place
 * where the slopes on both sides differ, at two scales, is a kink: no derivative is right there.
 */
export function checkSlope(
  f: (x: number) => number,
  x: number,
  analytic: number,
  rtol: number,
): SlopeCheck {
  const size = Math.max(1, Math.abs(x));
  const here = f(x);
  const noise = 1e-9 * (1 + Math.abs(here));
  const errorOf = (numeric: number): number => {
    const most = Math.max(Math.abs(analytic), Math.abs(numeric));
    return most === 0 ? 0 : Math.abs(analytic - numeric) / most;
  };
  const agrees = (numeric: number): boolean =>
    Math.abs(analytic - numeric) <= rtol * Math.max(Math.abs(analytic), Math.abs(numeric)) + noise;
  const central = (h: number): number => (f(x + h) - f(x - h)) / (2 * h);
  const h = step * size;
  const plain = central(h);
  const wide = central(32 * h);
  const candidates = [
    plain,
    (4 * central(h / 2) - plain) / 3,
    // Where the second derivative jumps, the error falls with h only.
    2 * central(h / 2) - plain,
    (4 * central(16 * h) - wide) / 3,
    central(h / 64),
  ];
  const numeric = candidates.find(agrees);
  if (numeric !== undefined) return { numeric, relativeError: errorOf(numeric), verdict: "ok" };
  const jumps = [h, h / 16].map((s) => {
    const [left, right] = [(here - f(x - s)) / s, (f(x + s) - here) / s];
    return Math.abs(left - right) > 1e-3 * Math.max(Math.abs(left), Math.abs(right)) + 1e3 * noise;
  });
  const isKink = jumps.every((jump) => jump);
  return { numeric: plain, relativeError: errorOf(plain), verdict: isKink ? "kink" : "wrong" };
}
