/**
 * Samples that can be fetched by number.
 */
import {
  ArgumentError,
  checkInteger,
  checkOptions,
  contiguousOperand,
  formatShape,
  IndexError,
  isFloating,
  quoted,
  ShapeError,
  Tensor,
  tensor,
} from "@chainrule/core";
import type { Collated } from "./collate.ts";

/**
 * Samples by number: anything with a `length` and a `get`. A sample is what a model is trained on: a tensor, a number, a
 * pair of input and target, an object of such. It may come as a promise.
 */
export interface Dataset<Item = unknown> {
  readonly length: number;
  get(index: number): Item | Promise<Item>;
  /** Several samples as one batch, where that is quicker than one by one. */
  getBatch?(indices: Int32Array): Collated<Item>;
}

/** Options of {@link TensorDataset}. */
export interface TensorDatasetOptions {
  /** Whether NaN and infinities may stand among the numbers; false unless given. */
  allowNonFinite?: boolean;
}

/**
 * Tensors side by side, such as inputs and targets: sample i is row i of each.
 *
 * @throws {ShapeError} when the tensors differ in length, or have no dimension.
 * @throws {ArgumentError} for anything but tensors, and for NaN or infinity in the data unless `allowNonFinite` is set.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { TensorDataset } from "@chainrule/train";
 * const data = new TensorDataset([tensor([[1, 2], [3, 4], [5, 6]]), tensor([0, 1, 0])]);
 * data.length; // → 3
 * data.get(1)[0]; // → tensor([3, 4])
 */
export class TensorDataset<const Columns extends readonly Tensor[] = readonly Tensor[]>
  implements Dataset<Columns>
{
  readonly tensors: Columns;
  readonly length: number;

  constructor(tensors: Columns, options: TensorDatasetOptions = {}) {
    checkOptions("TensorDataset", options, ["allowNonFinite"]);
    this.length = commonLength("TensorDataset", tensors);
    if (options.allowNonFinite !== true) {
      for (const [i, column] of tensors.entries()) refuseNonFinite("TensorDataset", i, column);
    }
    this.tensors = mapColumns(tensors, (column) => column.detach());
  }

  get(index: number): Columns {
    const row = checkedIndex("TensorDataset", index, this.length);
    return mapColumns(this.tensors, (column) => column.at(row));
  }

  getBatch(indices: Int32Array): Collated<Columns> {
    const rows = tensor(indices);
    // A row of a tensor and a batch of rows are both tensors, so the batch has the type of the sample.
    return mapColumns(this.tensors, (column) =>
      column.indexSelect(0, rows),
    ) as readonly Tensor[] as Collated<Columns>;
  }
}

/** Some samples of a data set, in the order of their numbers. */
export class Subset<Item> implements Dataset<Item> {
  readonly dataset: Dataset<Item>;
  readonly indices: Int32Array;
  readonly length: number;
  readonly getBatch?: (indices: Int32Array) => Collated<Item>;

  /** @throws {IndexError} for a number that the data set does not have. */
  constructor(dataset: Dataset<Item>, indices: ArrayLike<number>) {
    checkDataset("Subset", dataset);
    this.dataset = dataset;
    this.indices = Int32Array.from(indices, (index) =>
      checkedIndex("Subset", index, dataset.length),
    );
    this.length = this.indices.length;
    if (dataset.getBatch !== undefined) {
      this.getBatch = (places) =>
        dataset.getBatch!(Int32Array.from(places, (place) => this.indices[place]!));
    }
  }

  get(index: number): Item | Promise<Item> {
    return this.dataset.get(this.indices[checkedIndex("Subset", index, this.length)]!);
  }
}

/** A data set that computes another sample from each: scaling, cropping, noise. */
export class MappedDataset<Source, Item> implements Dataset<Item> {
  readonly dataset: Dataset<Source>;
  private readonly change: (item: Source, index: number) => Item | Promise<Item>;

  constructor(
    dataset: Dataset<Source>,
    change: (item: Source, index: number) => Item | Promise<Item>,
  ) {
    checkDataset("MappedDataset", dataset);
    if (typeof change !== "function") {
      throw new ArgumentError(
        `MappedDataset: expected a function of a sample, not ${quoted(change)}.`,
        { change },
      );
    }
    this.dataset = dataset;
    this.change = change;
  }

  get length(): number {
    return this.dataset.length;
  }

  get(index: number): Item | Promise<Item> {
    const item = this.dataset.get(index);
    return item instanceof Promise
      ? item.then((known) => this.change(known, index))
      : this.change(item, index);
  }
}

export function isDataset(value: unknown): value is Dataset {
  return (
    value !== null &&
    typeof value === "object" &&
    "get" in value &&
    typeof value.get === "function" &&
    "length" in value &&
    typeof value.length === "number"
  );
}

export function checkDataset(where: string, value: unknown): asserts value is Dataset {
  if (!isDataset(value)) {
    throw new ArgumentError(
      `${where}: expected a data set, which has a length and a method get(index), not ${quoted(value)}. For tensors, use new TensorDataset([inputs, targets]).`,
      { value },
    );
  }
  checkInteger(where, "the data set's length", value.length, 0);
}

/** The number of rows that all tensors have. */
export function commonLength(where: string, tensors: readonly Tensor[]): number {
  if (!Array.isArray(tensors) || tensors.length === 0) {
    throw new ArgumentError(
      `${where}: expected an array of tensors such as [inputs, targets], not ${quoted(tensors)}.`,
      { tensors },
    );
  }
  for (const [i, column] of tensors.entries()) {
    if (!(column instanceof Tensor)) {
      throw new ArgumentError(`${where}: entry ${i} is ${quoted(column)}, not a tensor.`, {
        entry: i,
      });
    }
    if (column.ndim === 0) {
      throw new ShapeError(
        `${where}: entry ${i} is a single number; the first dimension must be that of the samples.`,
        { entry: i },
      );
    }
  }
  const lengths = tensors.map((column) => column.size(0));
  if (lengths.some((length) => length !== lengths[0])) {
    throw new ShapeError(
      `${where}: the tensors have ${lengths.join(", ")} rows (shapes ${tensors.map((column) => formatShape(column.shape)).join(", ")}). Each sample needs a row in each of them.`,
      { lengths },
    );
  }
  return lengths[0]!;
}

/** The same tuple with other tensors in it. */
export function mapColumns<Columns extends readonly Tensor[]>(
  columns: Columns,
  change: (column: Tensor) => Tensor,
): Columns {
  return columns.map(change) as readonly Tensor[] as Columns;
}

/** The first number of a tensor that is NaN or infinite, and what to call it; `null` if all are finite. */
export function firstNonFinite(
  x: Tensor,
  name: string,
): { readonly sample: number; readonly value: number; readonly text: string } | null {
  if (!isFloating(x.dtype)) return null;
  const { storage, offset } = contiguousOperand(x.detach());
  let bad = 0;
  while (bad < x.numel() && Number.isFinite(storage.data[offset + bad]!)) bad++;
  if (bad === x.numel()) return null;
  const value = storage.data[offset + bad]!;
  const width = x.ndim === 0 ? 1 : x.numel() / x.size(0);
  const sample = Math.floor(bad / width);
  const place = width === 1 ? "" : `, number ${bad % width} of its ${width}`;
  return { sample, value, text: `sample ${sample} of ${name}${place} is ${value}` };
}

function refuseNonFinite(where: string, entry: number, column: Tensor): void {
  const found = firstNonFinite(column, `entry ${entry}`);
  if (found === null) return;
  throw new ArgumentError(
    `${where}: ${found.text}. Repair or leave out such samples; if the model can take them, give new TensorDataset([…], { allowNonFinite: true }).`,
    { entry, sample: found.sample, value: found.value },
  );
}

function checkedIndex(where: string, index: number, length: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new IndexError(
      `${where}: there is no sample ${quoted(index)}; they go from 0 to ${length - 1}.`,
      { index, length },
    );
  }
  return index;
}
