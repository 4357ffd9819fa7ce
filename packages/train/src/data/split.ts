/**
 * Splitting data into parts: for training and testing, and for cross-validation.
 */
import type { Generator, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkInteger,
  checkNumber,
  checkOptions,
  quoted,
  randperm,
  tensor,
} from "@chainrule/core";
import type { Dataset } from "./dataset.ts";
import { commonLength, isDataset, mapColumns, Subset } from "./dataset.ts";
import type { Labels } from "./labels.ts";
import { labelsFrom } from "./labels.ts";

/** What can be split: tensors side by side, or a data set. */
export type Splittable = readonly Tensor[] | Dataset;

/** A part of what was split: tensors in the same order, or a data set. */
export type Part<Data extends Splittable> = Data extends readonly Tensor[]
  ? Data
  : Data extends Dataset<infer Item>
    ? Subset<Item>
    : never;

/** Two parts. */
export interface Split<Data extends Splittable> {
  readonly train: Part<Data>;
  readonly test: Part<Data>;
  /** The numbers of the samples in `train`. */
  readonly trainIndices: Int32Array;
  /** The numbers of the samples in `test`. */
  readonly testIndices: Int32Array;
}

/** Options of {@link trainTestSplit}. */
export interface SplitOptions {
  /** The share of samples for testing, or (from 1 on) their number; 0.25 unless given. */
  testSize?: number;
  /** Whether samples are put in random order first; true unless given. */
  shuffle?: boolean;
  /** Labels, one for each sample, whose shares are to be the same in both parts. */
  stratify?: Labels;
  /** Where the order comes from; the default generator unless given. */
  generator?: Generator;
}

/** Options of {@link kFold}. */
export interface FoldOptions {
  /** The number of parts; 5 unless given. */
  folds?: number;
  /** Whether samples are put in random order first; true unless given. */
  shuffle?: boolean;
  /** Labels, one for each sample, whose shares are to be the same in all parts. */
  stratify?: Labels;
  /** Where the order comes from; the default generator unless given. */
  generator?: Generator;
}

/**
 * Splits data in two: to train on, and to test on.
 *
 * With `stratify` each label gets its share of the test samples, rounded by largest remainder.
 *
 * @throws {ArgumentError} when a part would be empty, a label has one sample only, or labels and samples differ in number.
 * @example
 * import { arange, tensor } from "@chainrule/core";
 * import { trainTestSplit } from "@chainrule/train";
 * const y = tensor([0, 0, 0, 0, 1, 1, 1, 1]);
 * const { train, test } = trainTestSplit([arange(8), y], { testSize: 0.25, stratify: y });
 * train[0].shape; // → [ 6 ]
 * test[1].sort().values; // → tensor([0, 1])
 */
export function trainTestSplit<const Data extends Splittable>(
  data: Data,
  options: SplitOptions = {},
): Split<Data> {
  const where = "trainTestSplit";
  checkOptions(where, options, ["testSize", "shuffle", "stratify", "generator"]);
  const { testSize = 0.25, shuffle = true, stratify } = options;
  const count = countOf(where, data);
  const share = checkNumber(where, "testSize", testSize);
  const size = share < 1 ? Math.round(share * count) : checkInteger(where, "testSize", share, 1);
  if (!(share > 0) || size < 1 || size >= count) {
    throw new ArgumentError(
      `${where}: a testSize of ${testSize} leaves ${count - size} of ${count} samples to train on and ${size} to test on. Both must be at least 1.`,
      { testSize, count },
    );
  }
  if (stratify === undefined) {
    const order = orderOf(count, shuffle, options.generator);
    // Without shuffling the last samples are for testing, as of a series in time.
    return splitAt(data, order.subarray(0, count - size), order.subarray(count - size));
  }
  if (!shuffle) {
    throw new ArgumentError(`${where}: stratify chooses at random; shuffle: false forbids it.`);
  }
  const groups = groupsOf(where, stratify, count, 2);
  const counts = sharesOf(
    groups.map((group) => group.length),
    size,
  );
  const order = orderOf(count, true, options.generator);
  const inTest = new Uint8Array(count);
  const left = [...counts];
  const groupOf = new Int32Array(count);
  for (const [g, group] of groups.entries()) for (const i of group) groupOf[i] = g;
  for (const i of order) {
    const g = groupOf[i]!;
    if (left[g]! > 0) {
      inTest[i] = 1;
      left[g]!--;
    }
  }
  return splitAt(
    data,
    order.filter((i) => inTest[i] === 0),
    order.filter((i) => inTest[i] === 1),
  );
}

/**
 * k splits for cross-validation: each sample is tested on once, and trained on in the other k − 1 splits.
 *
 * The parts differ in size by 1 at most; with `stratify` so do the numbers of each label in them.
 *
 * @throws {ArgumentError} for fewer than 2 folds, or fewer samples (of a label) than folds.
 * @example
 * import { arange } from "@chainrule/core";
 * import { kFold } from "@chainrule/train";
 * kFold([arange(6)], { folds: 3, shuffle: false }).map(({ test }) => String(test[0].toArray()));
 * // → [ '0,1', '2,3', '4,5' ]
 */
export function kFold<const Data extends Splittable>(
  data: Data,
  options: FoldOptions = {},
): Split<Data>[] {
  const where = "kFold";
  checkOptions(where, options, ["folds", "shuffle", "stratify", "generator"]);
  const { shuffle = true, stratify } = options;
  const count = countOf(where, data);
  const folds = checkInteger(where, "folds", options.folds ?? 5, 2);
  if (count < folds) {
    throw new ArgumentError(
      `${where}: ${count} samples cannot be parted into ${folds} folds. Take fewer folds.`,
      { count, folds },
    );
  }
  const order = orderOf(count, shuffle, options.generator);
  const foldOf = new Int32Array(count);
  if (stratify === undefined) {
    // The first (count mod folds) parts have one sample more.
    const size = Math.floor(count / folds);
    const longer = count % folds;
    for (let i = 0; i < count; i++) {
      const inLonger = longer * (size + 1);
      foldOf[order[i]!] =
        i < inLonger ? Math.floor(i / (size + 1)) : longer + Math.floor((i - inLonger) / size);
    }
  } else {
    const rank = new Int32Array(count);
    for (let i = 0; i < count; i++) rank[order[i]!] = i;
    // Dealt like cards, label after label: the next label goes on where the last one stopped.
    let fold = 0;
    for (const group of groupsOf(where, stratify, count, folds)) {
      for (const i of group.toSorted((a, b) => rank[a]! - rank[b]!)) {
        foldOf[i] = fold;
        fold = (fold + 1) % folds;
      }
    }
  }
  return Array.from({ length: folds }, (_, fold) =>
    splitAt(
      data,
      order.filter((i) => foldOf[i] !== fold),
      order.filter((i) => foldOf[i] === fold),
    ),
  );
}

function countOf(where: string, data: Splittable): number {
  if (Array.isArray(data)) return commonLength(where, data);
  if (isDataset(data)) return data.length;
  throw new ArgumentError(
    `${where}: expected tensors such as [inputs, targets], or a data set, not ${quoted(data)}.`,
    { data },
  );
}

function orderOf(count: number, shuffle: boolean, generator: Generator | undefined): Int32Array {
  if (!shuffle) return Int32Array.from({ length: count }, (_, i) => i);
  const order = randperm(count, generator === undefined ? {} : { generator });
  return Int32Array.from(order.toTypedArray());
}

/** The numbers of the samples of each label, in the order in which labels first appear. */
function groupsOf(where: string, labels: Labels, count: number, least: number): Int32Array[] {
  const list = labelsFrom(`${where}: stratify`, labels);
  if (list.length !== count) {
    throw new ArgumentError(
      `${where}: stratify has ${list.length} labels for ${count} samples. Give one for each.`,
      { labels: list.length, count },
    );
  }
  const groups = new Map<number | string | boolean, number[]>();
  for (const [i, label] of list.entries()) {
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [i]);
    else group.push(i);
  }
  for (const [label, group] of groups) {
    if (group.length < least) {
      throw new ArgumentError(
        `${where}: label ${quoted(label)} has ${group.length} sample${group.length === 1 ? "" : "s"}, fewer than the ${least} parts. Leave it out, or split without stratify.`,
        { label, samples: group.length },
      );
    }
  }
  return Array.from(groups.values(), (group) => Int32Array.from(group));
}

/** How many of each group make `size` together, in proportion: rounded down, then up by largest remainder. */
function sharesOf(sizes: readonly number[], size: number): number[] {
  const total = sizes.reduce((sum, n) => sum + n, 0);
  const exact = sizes.map((n) => (n * size) / total);
  const shares = exact.map(Math.floor);
  const missing = size - shares.reduce((sum, n) => sum + n, 0);
  const byRemainder = exact
    .map((value, group) => ({ group, remainder: value - Math.floor(value) }))
    .toSorted((a, b) => b.remainder - a.remainder || a.group - b.group);
  for (const { group } of byRemainder.slice(0, missing)) shares[group]!++;
  return shares;
}

function splitAt<Data extends Splittable>(
  data: Data,
  trainIndices: Int32Array,
  testIndices: Int32Array,
): Split<Data> {
  return {
    train: partOf(data, trainIndices),
    test: partOf(data, testIndices),
    trainIndices: trainIndices.slice(),
    testIndices: testIndices.slice(),
  };
}

function partOf<Data extends Splittable>(data: Data, indices: Int32Array): Part<Data> {
  const rows = tensor(indices);
  // Part<Data> is by definition what each of the two cases makes.
  return (
    isDataset(data)
      ? new Subset(data, indices)
      : mapColumns(data, (column) => column.indexSelect(0, rows))
  ) as Part<Data>;
}
