/**
 * Data for models that learn without gradients: what training with gradients takes, too.
 */
import {
  ArgumentError,
  formatShape,
  quoted,
  ShapeError,
  stack,
  Tensor,
  tensor,
} from "@chainrule/core";

/** Samples side by side, the first of them the inputs: what a `DataLoader` gives. */
export type SampleBatch = Tensor | readonly Tensor[];

/** Samples by number, such as a `TensorDataset`; they may come as promises. */
export interface SampleSet {
  readonly length: number;
  get(index: number): unknown;
  getBatch?(indices: Int32Array): unknown;
}

/**
 * What these models learn from: tensors such as [inputs, labels], a data set of samples, or batches to loop over again and
 * again, such as a `DataLoader`, which may come one by one later.
 */
export type Samples = SampleBatch | SampleSet | Iterable<SampleBatch> | AsyncIterable<SampleBatch>;

/** How long the event loop is kept waiting, in milliseconds. */
const patience = 12;

/** The batches of an epoch, each as at least `count` tensors side by side; the event loop gets its turns in between. */
export async function* batchesOf(
  where: string,
  data: unknown,
  count: number,
): AsyncGenerator<readonly Tensor[], void, undefined> {
  let last = performance.now();
  let some = false;
  for await (const batch of sourceOf(where, data)) {
    some = true;
    yield asBatch(where, batch, count);
    if (performance.now() - last < patience) continue;
    await new Promise((resolve) => setTimeout(resolve));
    last = performance.now();
  }
  if (!some) {
    throw new ArgumentError(
      `${where}: there is no batch in the data. What can be gone through only once, such as a generator, is spent after one epoch; give a DataLoader, or the batches in an array.`,
    );
  }
}

/** Batches to loop over; tensors by themselves, and a data set, are one batch. */
function sourceOf(where: string, data: unknown): AsyncIterable<unknown> | Iterable<unknown> {
  if (data instanceof Tensor) return [data];
  if (Array.isArray(data)) return data.every((x) => x instanceof Tensor) ? [data] : data;
  if (data !== null && typeof data === "object") {
    if (Symbol.asyncIterator in data) return data as AsyncIterable<unknown>;
    if (Symbol.iterator in data) return data as Iterable<unknown>;
    if (isSampleSet(data)) return [wholeOf(where, data)];
  }
  throw new ArgumentError(
    `${where}: expected tensors, a data set, or batches of tensors to loop over, not ${quoted(data)}.`,
  );
}

function isSampleSet(data: object): data is SampleSet {
  return (
    "length" in data &&
    typeof data.length === "number" &&
    "get" in data &&
    typeof data.get === "function"
  );
}

/** All samples of a data set as one batch. */
async function wholeOf(where: string, data: SampleSet): Promise<unknown> {
  const indices = Int32Array.from({ length: data.length }, (_, i) => i);
  if (data.length === 0) throw new ArgumentError(`${where}: the data set is empty.`);
  if (data.getBatch !== undefined) return data.getBatch(indices);
  const items = await Promise.all(Array.from(indices, (index) => data.get(index)));
  const rows = items.map((item): readonly unknown[] => (Array.isArray(item) ? item : [item]));
  return rows[0]!.map((_, column) => stack(rows.map((row, i) => asTensor(where, i, row[column]))));
}

/** A part of a sample: a tensor, or a number such as its label. */
function asTensor(where: string, sample: number, part: unknown): Tensor {
  if (part instanceof Tensor) return part;
  if (typeof part === "number") return tensor(part, { dtype: "float64" });
  throw new ArgumentError(
    `${where}: sample ${sample} must be made of tensors and numbers, such as [input, label], not ${quoted(part)}.`,
    { sample },
  );
}

/** One batch as tensors side by side. */
function asBatch(where: string, batch: unknown, count: number): readonly Tensor[] {
  const tensors: readonly unknown[] = Array.isArray(batch) ? batch : [batch];
  const found = tensors.filter((x): x is Tensor => x instanceof Tensor);
  if (found.length !== tensors.length || found.length < count) {
    const what = count === 1 ? "a tensor of samples" : "tensors [inputs, labels]";
    throw new ArgumentError(`${where}: expected ${what}, not ${quoted(batch)}.`);
  }
  return found;
}

/** The rows of samples, refused unless they have so many finite features. */
export function rowsOf(where: string, x: Tensor, features: number): Float64Array {
  if (x.ndim !== 2 || x.shape[1] !== features) {
    throw new ShapeError(
      `${where}: expected samples of shape [N, ${features}], not ${formatShape(x.shape)}.`,
      { shape: x.shape, features },
    );
  }
  if (x.shape[0] === 0) {
    throw new ArgumentError(`${where}: an empty batch: there is nothing to learn from.`, {
      shape: x.shape,
    });
  }
  const rows = Float64Array.from(x.toTypedArray());
  const odd = rows.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) {
    throw new ArgumentError(
      `${where}: sample ${Math.floor(odd / features)} holds ${rows[odd]} (feature ${odd % features}). Leave it out, or fill it in.`,
      { sample: Math.floor(odd / features), feature: odd % features },
    );
  }
  return rows;
}
