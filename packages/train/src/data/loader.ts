/**
 * Batches from samples, in an order that can be resumed.
 */
import type { GeneratorState } from "@chainrule/core";
import {
  ArgumentError,
  checkInteger,
  checkOptions,
  defaultGenerator,
  Generator,
  quoted,
  randperm,
  Tensor,
  tensor,
} from "@chainrule/core";
import type { Collated } from "./collate.ts";
import { collate } from "./collate.ts";
import type { Dataset } from "./dataset.ts";
import { checkDataset, isDataset } from "./dataset.ts";

/**
 * Samples that come one after the other and cannot be fetched by number: lines of a large file, messages of a server. A
 * function is called for each epoch and gives the samples from the first one on.
 */
export type SampleStream<Item> =
  | Iterable<Item>
  | AsyncIterable<Item>
  | (() => Iterable<Item> | AsyncIterable<Item>);

/** What a {@link DataLoader} takes its samples from; a tensor's are its rows. */
export type SampleSource<Item> = Dataset<Item> | SampleStream<Item>;

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions<Item, Batch> {
  /** Samples in a batch; 1 unless given. */
  batchSize?: number;
  /** Whether each epoch has an order of its own; false unless given. */
  shuffle?: boolean;
  /** Whether a last batch of fewer samples is left out. */
  dropLast?: boolean;
  /** Makes a batch of samples; {@link collate} unless given. */
  collate?: (items: Item[]) => Batch | Promise<Batch>;
  /** How many batches are fetched ahead of the one that is being used; 0 unless given. */
  prefetch?: number;
  /** Where the orders come from; the default generator unless given. */
  generator?: Generator;
}

/** A loader's place, as plain data. */
export interface LoaderStateDict {
  /** The seed of the order in force; `null` between epochs, and where nothing is shuffled. */
  readonly epochSeed: number | null;
  /** Batches handed out in this epoch. */
  readonly position: number;
  /** The state of the loader's own generator; `null` if it uses the default one. */
  readonly generator: GeneratorState | null;
}

const optionNames = ["batchSize", "shuffle", "dropLast", "collate", "prefetch", "generator"];

/**
 * Batches of a data set or a stream, epoch after epoch: `for (const [x, y] of loader)`, or `for await` where samples come
 * as promises or are fetched ahead.
 *
 * Each epoch draws one seed from the generator, and its order from that seed: the order depends on nothing that is drawn
 * meanwhile, and `stateDict` is small. After `loadStateDict` the next loop goes on behind the last batch that was handed
 * out, also in the middle of an epoch. (What a data set itself draws at random for batches that were fetched ahead is
 * not taken back; use no `prefetch` where that matters.)
 *
 * @throws {ArgumentError} for a data set without samples, a batch size below 1, unknown options, a stream that is to be
 * shuffled.
 * @example
 * import { arange, Generator } from "@chainrule/core";
 * import { DataLoader, TensorDataset } from "@chainrule/train";
 * const data = new TensorDataset([arange(5)]);
 * const loader = new DataLoader(data, { batchSize: 2, shuffle: true, generator: new Generator(0) });
 * loader.length; // → 3
 * for (const [x] of loader) console.log(String(x));
 * // → tensor([1, 2], dtype=int32)
 * // tensor([3, 4], dtype=int32)
 * // tensor([0], dtype=int32)
 */
export class DataLoader<Item, Batch = Collated<Item>> {
  /** The number of batches in an epoch; `null` for a stream, whose end nobody knows. */
  readonly length: number | null;
  /** The number of samples; `null` for a stream. */
  readonly samples: number | null;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly dropLast: boolean;
  private readonly dataset: Dataset<Item> | null;
  private readonly stream: SampleStream<Item> | null;
  private readonly makeBatch: ((items: Item[]) => Batch | Promise<Batch>) | null;
  private readonly prefetch: number;
  private readonly generator: Generator | null;
  private epochSeed: number | null = null;
  private position = 0;
  /** Whether the next loop goes on in the middle of an epoch, as `loadStateDict` said. */
  private resuming = false;

  constructor(source: SampleSource<Item>, options: DataLoaderOptions<Item, Batch> = {}) {
    checkOptions("DataLoader", options, optionNames);
    const { batchSize = 1, shuffle = false, dropLast = false, prefetch = 0, generator } = options;
    this.batchSize = checkInteger("DataLoader", "batchSize", batchSize, 1);
    this.shuffle = checkFlag("DataLoader", "shuffle", shuffle);
    this.dropLast = checkFlag("DataLoader", "dropLast", dropLast);
    this.prefetch = checkInteger("DataLoader", "prefetch", prefetch, 0);
    this.generator = generator === undefined ? null : checkGenerator("DataLoader", generator);
    if (options.collate !== undefined && typeof options.collate !== "function") {
      throw new ArgumentError(
        `DataLoader: collate must be a function from samples to a batch, not ${quoted(options.collate)}.`,
        { collate: options.collate },
      );
    }
    this.makeBatch = options.collate ?? null;
    const indexed =
      source instanceof Tensor
        ? rowsOf<Item>(source)
        : Array.isArray(source)
          ? datasetOf<Item>(source)
          : source;
    if (isStream<Item>(indexed)) {
      if (shuffle) {
        throw new ArgumentError(
          "DataLoader: a stream cannot be shuffled, since its samples are not known beforehand. Leave shuffle out, or collect the samples in an array.",
        );
      }
      this.dataset = null;
      this.stream = indexed;
      this.length = null;
      this.samples = null;
    } else {
      checkDataset("DataLoader", indexed);
      const length = this.dropLast
        ? Math.floor(indexed.length / batchSize)
        : Math.ceil(indexed.length / batchSize);
      if (length === 0) {
        throw new ArgumentError(
          indexed.length === 0
            ? "DataLoader: the data set is empty, so there is no batch to make."
            : `DataLoader: the data set has ${indexed.length} samples, fewer than one batch of ${batchSize}, and dropLast leaves them out. Take smaller batches.`,
          { samples: indexed.length, batchSize },
        );
      }
      this.dataset = indexed;
      this.stream = null;
      this.length = length;
      this.samples = this.dropLast ? length * batchSize : indexed.length;
    }
  }

  /**
   * The batches of the next epoch, at once.
   *
   * @throws {ArgumentError} where samples or batches come as promises: then use `for await`.
   */
  *[Symbol.iterator](): Batches<Batch> {
    if (this.dataset === null) {
      const { start, items } = this.beginStream();
      if (!(Symbol.iterator in items)) throw this.needsAwait("its samples come one by one later");
      let position = start;
      for (const batch of inGroups(items, this.batchSize, this.dropLast, start)) {
        const made = this.batchOf(batch);
        if (isPromise(made)) throw this.needsAwait("collate gives a promise");
        this.position = ++position;
        yield made;
      }
    } else {
      const { start, order } = this.beginEpoch(this.dataset);
      for (let k = start; k < this.length!; k++) {
        const batch = this.fetch(this.dataset, order, k);
        if (isPromise(batch)) throw this.needsAwait("a sample or a batch is a promise");
        this.position = k + 1;
        yield batch;
      }
    }
    this.finish();
  }

  /** The batches of the next epoch, fetched ahead as `prefetch` says. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    const next = this.dataset === null ? this.streamed() : this.indexed(this.dataset);
    const ahead: Promise<{ batch: Batch } | null>[] = [];
    try {
      for (let position = this.position; ; position++) {
        while (ahead.length <= this.prefetch) {
          const fetched = next();
          // Whoever waits for it gets the error; until then it is not unhandled.
          fetched.catch(() => undefined);
          ahead.push(fetched);
        }
        const got = await ahead.shift()!;
        if (got === null) break;
        this.position = position + 1;
        yield got.batch;
      }
      this.finish();
    } finally {
      await Promise.allSettled(ahead);
      await next.close();
    }
  }

  /** Where the loader stands: enough to go on behind the batch that was handed out last. */
  stateDict(): LoaderStateDict {
    return {
      epochSeed: this.epochSeed,
      position: this.position,
      generator: this.generator === null ? null : this.generator.getState(),
    };
  }

  /**
   * Goes on from a state: the next loop begins behind its last batch.
   *
   * @throws {ArgumentError} for anything that `stateDict` did not give for such a loader. Nothing has changed then.
   */
  loadStateDict(state: LoaderStateDict): void {
    const where = "DataLoader.loadStateDict";
    checkOptions(where, state, ["epochSeed", "position", "generator"]);
    const position = checkInteger(where, "position", state.position, 0, this.length ?? undefined);
    if (state.epochSeed !== null) checkInteger(where, "epochSeed", state.epochSeed, 0);
    if (state.epochSeed !== null && !this.shuffle) {
      throw new ArgumentError(
        `${where}: the state is of a loader that shuffles; this one does not.`,
      );
    }
    if (state.epochSeed === null && this.shuffle && position > 0) {
      throw new ArgumentError(
        `${where}: the state is of a loader that does not shuffle; this one does.`,
      );
    }
    if ((state.generator === null) !== (this.generator === null)) {
      throw new ArgumentError(
        `${where}: ${state.generator === null ? "the state has no generator, but this loader has one of its own" : "the state has a generator of its own, but this loader uses the default one"}. Make the loader as it was made then.`,
      );
    }
    if (state.generator !== null) this.generator!.setState(state.generator);
    this.epochSeed = state.epochSeed;
    this.position = position;
    this.resuming = position > 0 || state.epochSeed !== null;
  }

  /** The first batch of this loop and the order of the samples; `null` for their own. */
  private beginEpoch(dataset: Dataset<Item>): { start: number; order: Int32Array | null } {
    if (!this.resuming) {
      this.position = 0;
      this.epochSeed = this.shuffle ? (this.generator ?? defaultGenerator).integer(2 ** 32) : null;
    }
    this.resuming = false;
    if (this.epochSeed === null) return { start: this.position, order: null };
    const order = randperm(dataset.length, { generator: new Generator(this.epochSeed) });
    return { start: this.position, order: Int32Array.from(order.toTypedArray()) };
  }

  private beginStream(): { start: number; items: Iterable<Item> | AsyncIterable<Item> } {
    if (!this.resuming) this.position = 0;
    this.resuming = false;
    const stream = this.stream!;
    return { start: this.position, items: typeof stream === "function" ? stream() : stream };
  }

  private finish(): void {
    this.position = 0;
    this.epochSeed = null;
  }

  /** Batch k of an epoch. */
  private fetch(
    dataset: Dataset<Item>,
    order: Int32Array | null,
    k: number,
  ): Batch | Promise<Batch> {
    const first = k * this.batchSize;
    const last = Math.min(first + this.batchSize, dataset.length);
    const indices =
      order === null
        ? Int32Array.from({ length: last - first }, (_, i) => first + i)
        : order.subarray(first, last);
    if (dataset.getBatch !== undefined && this.makeBatch === null) {
      // Without a collate of its own, Batch is Collated<Item>.
      return dataset.getBatch(indices) as Batch;
    }
    const items = Array.from(indices, (index) => dataset.get(index));
    return items.some(isPromise)
      ? Promise.all(items).then((known) => this.batchOf(known))
      : this.batchOf(items as Item[]);
  }

  private batchOf(items: Item[]): Batch | Promise<Batch> {
    return this.makeBatch === null ? (collate(items) as Batch) : this.makeBatch(items);
  }

  private indexed(dataset: Dataset<Item>): Fetch<Batch> {
    const { start, order } = this.beginEpoch(dataset);
    let k = start;
    const next = async (): Promise<{ batch: Batch } | null> =>
      k < this.length! ? { batch: await this.fetch(dataset, order, k++) } : null;
    return Object.assign(next, { close: async () => undefined });
  }

  private streamed(): Fetch<Batch> {
    const { start, items } = this.beginStream();
    const groups = inGroupsLater(items, this.batchSize, this.dropLast, start);
    const next = async (): Promise<{ batch: Batch } | null> => {
      const { done, value } = await groups.next();
      return done === true ? null : { batch: await this.batchOf(value) };
    };
    return Object.assign(next, { close: async () => void (await groups.return()) });
  }

  private needsAwait(reason: string): ArgumentError {
    return new ArgumentError(
      `DataLoader: ${reason}. Loop with for await (const batch of loader), or train with fit.`,
    );
  }
}

type Batches<Batch> = IterableIterator<Batch>;

/** Gives the next batch, or `null` behind the last. */
type Fetch<Batch> = (() => Promise<{ batch: Batch } | null>) & { close(): Promise<void> };

/** Samples in groups, without the first `skipped` groups. */
function* inGroups<Item>(
  items: Iterable<Item>,
  size: number,
  dropLast: boolean,
  skipped: number,
): Batches<Item[]> {
  let group: Item[] = [];
  let left = skipped * size;
  for (const item of items) {
    if (left-- > 0) continue;
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0 && !dropLast) yield group;
}

async function* inGroupsLater<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  size: number,
  dropLast: boolean,
  skipped: number,
): AsyncGenerator<Item[], void, undefined> {
  let group: Item[] = [];
  let left = skipped * size;
  for await (const item of items) {
    if (left-- > 0) continue;
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0 && !dropLast) yield group;
}

function datasetOf<Item>(items: readonly Item[]): Dataset<Item> {
  return { length: items.length, get: (index) => items[index]! };
}

/** The rows of a tensor, which is a stream of them, too, but one that can be shuffled. */
function rowsOf<Item>(x: Tensor): Dataset<Item> {
  if (x.ndim === 0) {
    throw new ArgumentError("DataLoader: a single number has no rows to make batches of.");
  }
  // Whoever hands over a tensor has Item = Tensor.
  return {
    length: x.size(0),
    get: (index) => x.at(index) as Item,
    getBatch: (indices) => x.indexSelect(0, tensor(indices)) as Collated<Item>,
  };
}

function isStream<Item>(source: SampleSource<Item>): source is SampleStream<Item> {
  if (typeof source === "function") return true;
  if (isDataset(source) || source === null || typeof source !== "object") return false;
  return Symbol.asyncIterator in source || Symbol.iterator in source;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}

function checkFlag(where: string, name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ArgumentError(`${where}: ${name} must be true or false, not ${quoted(value)}.`, {
    [name]: value,
  });
}

function checkGenerator(where: string, value: unknown): Generator {
  if (value instanceof Generator) return value;
  throw new ArgumentError(`${where}: generator must be a Generator, not ${quoted(value)}.`, {
    generator: value,
  });
}
