/**
 * What `fit`, `evaluate` and `predict` take their batches from.
 */
import type { Generator, Tensor } from "@chainrule/core";
import { ArgumentError, quoted } from "@chainrule/core";
import type { Collated } from "../data/collate.ts";
import type { Dataset } from "../data/dataset.ts";
import { isDataset, TensorDataset } from "../data/dataset.ts";
import { DataLoader } from "../data/loader.ts";

/** Batches, epoch after epoch: a `DataLoader`, or anything that can be looped over again and again. */
export interface BatchSource<Batch = unknown> {
  readonly length?: number | null;
  [Symbol.asyncIterator](): AsyncIterator<Batch>;
  stateDict?(): unknown;
  loadStateDict?(state: never): void;
}

/** Data to train on: tensors such as [inputs, targets], a data set of samples, or a loader of batches. */
export type FitData = readonly Tensor[] | Dataset | BatchSource;

/** What a batch of the data is. */
export type BatchOf<Data extends FitData> = Data extends readonly Tensor[]
  ? Data
  : Data extends BatchSource<infer Batch>
    ? Batch
    : Data extends Dataset<infer Item>
      ? Collated<Item>
      : never;

/** How batches are made of data that is no loader. */
export interface BatchOptions {
  /** Samples in a batch; 32 unless given. */
  batchSize?: number | undefined;
  shuffle?: boolean | undefined;
  generator?: Generator | undefined;
}

/** The batches of some data. */
export function sourceOf(where: string, data: FitData, options: BatchOptions): BatchSource {
  if (isBatchSource(data)) {
    for (const [name, value] of Object.entries(options)) {
      if (value === undefined) continue;
      throw new ArgumentError(
        `${where}: ${name} is the loader's business. Give it to the DataLoader, or give the data set itself.`,
        { option: name },
      );
    }
    return data;
  }
  const { batchSize = 32, shuffle = false, generator } = options;
  return new DataLoader(datasetOf(where, data), {
    batchSize,
    shuffle,
    ...(generator === undefined ? {} : { generator }),
  });
}

/** Data that is no loader, as a data set. */
export function datasetOf(where: string, data: FitData): Dataset {
  if (Array.isArray(data)) return new TensorDataset(data);
  if (isDataset(data)) return data;
  throw new ArgumentError(
    `${where}: expected tensors such as [inputs, targets], a data set or a DataLoader, not ${quoted(data)}.`,
    { data },
  );
}

export function isBatchSource(data: unknown): data is BatchSource {
  return data !== null && typeof data === "object" && Symbol.asyncIterator in data;
}
