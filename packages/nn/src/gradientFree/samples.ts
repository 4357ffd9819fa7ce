/**
 * Data for models that learn without gradients.
 */
import { ArgumentError, formatShape, quoted, ShapeError, Tensor } from "@chainrule/core";

/** Samples as tensors side by side, such as [inputs, labels], or batches of them, as a `DataLoader` gives. */
export type Samples = readonly Tensor[] | Iterable<readonly Tensor[] | Tensor>;

/** One batch as tensors side by side. */
function asBatch(where: string, batch: unknown, count: number): readonly Tensor[] {
  const tensors: readonly unknown[] = Array.isArray(batch) ? batch : [batch];
  const found = tensors.filter((x): x is Tensor => x instanceof Tensor);
  if (found.length !== tensors.length || found.length < count) {
    const what = count === 1 ? "a tensor of samples" : "tensors [inputs, labels]";
    throw new ArgumentError(`${where}: expected ${what}, not ${quoted(batch)}.`);
  }
  return found.slice(0, count);
}

/** The batches of some data; tensors by themselves are one batch. */
export function* batchesOf(
  where: string,
  data: unknown,
  count: number,
): IterableIterator<readonly Tensor[]> {
  const isWhole =
    data instanceof Tensor || (Array.isArray(data) && data.every((x) => x instanceof Tensor));
  if (isWhole) {
    yield asBatch(where, data, count);
    return;
  }
  if (data === null || typeof data !== "object" || !(Symbol.iterator in data)) {
    throw new ArgumentError(
      `${where}: expected tensors, or batches of them to loop over, not ${quoted(data)}.`,
    );
  }
  let some = false;
  for (const batch of data as Iterable<unknown>) {
    some = true;
    yield asBatch(where, batch, count);
  }
  if (!some) throw new ArgumentError(`${where}: there is no batch in the data.`);
}

/** The rows of samples, refused unless they have so many finite features. */
export function rowsOf(where: string, x: Tensor, features: number): Float64Array {
  if (x.ndim !== 2 || x.shape[1] !== features) {
    throw new ShapeError(
      `${where}: expected samples of shape [N, ${features}], not ${formatShape(x.shape)}.`,
      { shape: x.shape, features },
    );
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
