/**
 * What happened in each epoch, as data.
 */

/**
 * The figures of all epochs so far, by name: `history.loss[3]` is that of the fourth. Metrics are under their names, those
 * of the validation data under `valLoss`, `valAccuracy`, …. Plain data: it can be written as JSON and read again.
 */
export interface History {
  /** The epochs, counted from 1. */
  epoch: number[];
  /** The mean loss of the training samples, as they were trained on. */
  loss: number[];
  /** The learning rate of the first group at the beginning of the epoch. */
  lr: number[];
  /** How long the epochs took, with their validation. */
  seconds: number[];
  [figure: string]: number[] | undefined;
}

/** The figures of one epoch. */
export type EpochRecord = Readonly<Record<string, number>>;

/** The names in a history that no metric can have. */
export const historyNames = ["epoch", "loss", "lr", "seconds", "valLoss"] as const;

export function emptyHistory(): History {
  return { epoch: [], loss: [], lr: [], seconds: [] };
}

/** `accuracy` of the validation data: `valAccuracy`. */
export function validationName(name: string): string {
  return `val${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** Adds an epoch. A figure that begins later has NaN before. */
export function append(history: History, record: EpochRecord): void {
  const before = history.epoch.length;
  for (const name of new Set([...Object.keys(history), ...Object.keys(record)])) {
    const column = history[name] ?? new Array<number>(before).fill(Number.NaN);
    column.push(record[name] ?? Number.NaN);
    history[name] = column;
  }
}

/** The figures of an epoch of the history, by its place. */
export function recordAt(history: History, place: number): EpochRecord {
  return Object.fromEntries(
    Object.entries(history).map(([name, column]) => [name, column?.at(place) ?? Number.NaN]),
  );
}

/**
 * The history as text with separated values: a line of names, then one for each epoch.
 *
 * @example
 * import { historyToCsv } from "@chainrule/train";
 * historyToCsv({ epoch: [1, 2], loss: [0.5, 0.25], lr: [0.1, 0.1], seconds: [1, 1] });
 * // → epoch,loss,lr,seconds
 * // 1,0.5,0.1,1
 * // 2,0.25,0.1,1
 */
export function historyToCsv(history: History): string {
  const names = Object.keys(history);
  const lines = history.epoch.map((_, i) => names.map((name) => history[name]?.[i]).join(","));
  return [names.join(","), ...lines].join("\n");
}
