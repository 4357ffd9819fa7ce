/**
 * The steps of a recurrent network over a sequence.
 */

/** T steps of N samples, with states of `width` numbers; the last step in time comes first where it is read from its end. */
export interface Steps {
  readonly steps: number;
  readonly samples: number;
  readonly width: number;
  readonly isReverse: boolean;
}

/** The time of the s-th step, and that of the step before; −1 stands for the initial state. */
export function timesOf(
  { steps, isReverse }: Steps,
  s: number,
): readonly [time: number, before: number] {
  if (isReverse) return [steps - 1 - s, s === 0 ? -1 : steps - s];
  return [s, s - 1];
}

/** What a plain recurrent network puts its sums through. */
export type Nonlinearity = "tanh" | "relu";
