/**
 * Lengths of dimensions that are not fixed.
 *
 * What a model does with a length (half of it, three times, plus one) is found out by running it with several lengths
 * and fitting constant + Σ coefficient · length. One more run, with all lengths changed, says whether the fit holds.
 */

/** A length of an input that may be another in each run. */
export interface DynamicAxis {
  /** What the file calls it. */
  readonly name: string;
  /** The dimensions of inputs that have it; it is read from the first. */
  readonly places: readonly { readonly input: number; readonly dim: number }[];
  /** The length in the sample. */
  readonly length: number;
}

/** constant + Σ coefficient · length of a dynamic axis, with coefficients that are not 0. */
export interface Affine {
  readonly constant: number;
  readonly terms: readonly (readonly [axis: DynamicAxis, coefficient: number])[];
}

/** A length: fixed, a sum of multiples of dynamic axes, or (`null`) something else that varies. */
export type Size = number | Affine | null;

/** The lengths of the dynamic axes in each run. */
export type Lengths = ReadonlyMap<DynamicAxis, number>;

/** The runs that {@link fit} needs: the sample, each axis changed alone, and all of them changed at once. */
export function plannedRuns(axes: readonly DynamicAxis[]): readonly Lengths[] {
  const sample = new Map(axes.map((axis) => [axis, axis.length] as const));
  const alone = axes.map((axis) => new Map(sample).set(axis, axis.length + 1));
  // By different amounts, so that a mistake in one coefficient does not make up for one in another.
  const all = new Map(axes.map((axis, i) => [axis, axis.length + 3 + 2 * i] as const));
  return [sample, ...alone, all];
}

/** The law behind the values that a quantity had in the planned runs. */
export function fit(axes: readonly DynamicAxis[], values: readonly number[]): Size {
  const [first] = values as [number];
  if (values.every((value) => value === first)) return first;
  let constant = first;
  const terms: [DynamicAxis, number][] = [];
  for (const [i, axis] of axes.entries()) {
    const coefficient = values[i + 1]! - first;
    if (coefficient === 0) continue;
    terms.push([axis, coefficient]);
    constant -= coefficient * axis.length;
  }
  const lengths = plannedRuns(axes).at(-1)!;
  const foreseen = terms.reduce(
    (sum, [axis, coefficient]) => sum + coefficient * lengths.get(axis)!,
    constant,
  );
  return foreseen === values.at(-1) ? { constant, terms } : null;
}

/** Whether two sizes are known to be equal in every run. */
export function sameSize(a: Size, b: Size): boolean {
  if (typeof a === "number" || typeof b === "number") return a === b;
  if (a === null || b === null || a.terms.length !== b.terms.length) return false;
  return (
    a.constant === b.constant &&
    a.terms.every(([axis, k], i) => axis === b.terms[i]![0] && k === b.terms[i]![1])
  );
}

/** The sum of sizes, `null` if one of them follows no law. */
export function sumOfSizes(sizes: readonly Size[]): Size {
  let constant = 0;
  const coefficients = new Map<DynamicAxis, number>();
  for (const size of sizes) {
    if (size === null) return null;
    if (typeof size === "number") {
      constant += size;
      continue;
    }
    constant += size.constant;
    for (const [axis, k] of size.terms) coefficients.set(axis, (coefficients.get(axis) ?? 0) + k);
  }
  const terms = [...coefficients].filter(([, k]) => k !== 0);
  return terms.length === 0 ? constant : { constant, terms };
}

/** The name of a size that is exactly one dynamic axis. */
export function nameOfSize(size: Size): string | undefined {
  if (size === null || typeof size === "number") return undefined;
  const [[axis, coefficient]] = size.terms as [[DynamicAxis, number]];
  return size.terms.length === 1 && coefficient === 1 && size.constant === 0
    ? axis.name
    : undefined;
}
