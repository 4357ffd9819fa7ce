/**
 * A team of threads: this one, and workers that help it.
 *
 * The calling thread writes calls of kernels to a table, in parts that do not depend on one another, takes part in them
 * itself, and waits until all are done. It never waits for a worker to start: what nobody else has taken it does alone.
 * Who computes a part has no influence on its result, and the parts depend on shapes only: any number of threads gives
 * the same bits.
 */
import type { TypedArray } from "../../dtype.ts";
import { ChainruleError } from "../../errors.ts";
import type { Kernels } from "../kernels.ts";
import { alignment, Scratch } from "../scratch.ts";
import { isTileTall, kernelsAmong } from "../tiles.ts";
import { addressesOf } from "./addresses.ts";
import { layout } from "./layout.ts";
import { forSharedMemory, SharedMemory, sizeClass } from "./memory.ts";
import { startWorker } from "./start.ts";

type Run = (...args: number[]) => number | undefined;

/** So many milliseconds the calling thread looks for the end of a job before it sleeps. */
const restless = 0.2;
/** A part is done in a fraction of a second. When nothing has ended for so many milliseconds, a worker is lost. */
let patience = 20_000;

/** Changes how many milliseconds a worker may be silent, for tests. Returns what was set before. */
export function setPatience(milliseconds: number): number {
  const before = patience;
  patience = milliseconds;
  return before;
}

/** Where an array lies. */
interface Block {
  readonly address: number;
  readonly bytes: number;
}

/** What all variants of kernels share: the memory, the tables, the workers. */
export class Crew {
  readonly ground: SharedMemory = new SharedMemory();
  readonly scratch: Scratch = new Scratch(this.ground);
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;
  private readonly modules: Run[][] = [];
  private calls = 0;
  private parts = 0;
  private wanted = 1;
  private started = 0;
  private mayHire = true;
  private epoch = 0;
  /** What the calls of this job have returned so far. */
  private returnedSoFar = 0;
  /** Where the first thread's own room is. */
  private roomStart = 0;
  private roomBytes = 0;
  private isForSeveral = true;
  /** Completes a job that was begun and put off; `null` when there is none. */
  private complete: (() => void) | null = null;
  private mayBlock = true;
  private complaint = "";
  private isLost = false;

  /** The bytes of arrays in the memory. */
  private held = 0;
  private collected = 0;
  /** Blocks come back when nobody can reach their array any more. */
  private readonly finalizers: FinalizationRegistry<Block>;
  private fill: Run | null = null;

  constructor() {
    this.finalizers = new FinalizationRegistry((block) => {
      this.held -= block.bytes;
      this.collected += block.bytes;
      if (!this.isLost) this.ground.giveBack(block.address, block.bytes);
    });
    const { buffer } = this.ground.memory;
    this.words = new Int32Array(buffer, 0, layout.words);
    this.numbers = new Float64Array(buffer, 0, layout.words / 2);
  }

  /**
   * An array of zeros in the memory; `null` where there is none to be had, or more than `most` bytes are in use.
   */
  array(
    dtype: "float32" | "int32",
    length: number,
    most: number,
  ): Float32Array | Int32Array | null {
    // Vectors may reach beyond the end.
    const bytes = sizeClass(4 * length + alignment);
    if (this.isLost || this.fill === null || this.held + bytes > most) return null;
    let address = this.ground.reuse(bytes);
    if (address === 0) address = this.ground.reserve(bytes);
    else this.fill(address, 4 * length);
    if (address === 0) return null;
    const kind = dtype === "float32" ? Float32Array : Int32Array;
    const data = new kind(this.ground.memory.buffer, address, length);
    this.held += bytes;
    this.finalizers.register(data, { address, bytes });
    return data;
  }

  /** How many bytes the collector of garbage has given back. */
  get returned(): number {
    return this.collected;
  }

  /** Sets an array to 0 if it lies in the memory; whether it does. */
  clear(data: TypedArray): boolean {
    const address = this.ground.addressOf(data);
    if (address === 0 || this.fill === null) return false;
    this.fill(address, data.byteLength);
    return true;
  }

  /** Whether a worker was lost: it may still write to the memory, which nobody may use any more. */
  get lost(): boolean {
    return this.isLost;
  }

  /** Why there are no workers; "" if nothing stands in the way. */
  get trouble(): string {
    return this.complaint;
  }

  /** How many workers have begun to work. */
  get ready(): number {
    return Atomics.load(this.words, layout.ready);
  }

  /** How many threads compute the present job. */
  get threads(): number {
    return this.isForSeveral ? this.wanted : 1;
  }

  /** So many threads are to compute, this one among them; the next job is work for several, or not. */
  prepare(threads: number, isForSeveral: boolean): void {
    this.isForSeveral = isForSeveral;
    if (threads === this.wanted) return;
    this.wanted = threads;
    this.mayHire = true;
    this.dismiss();
  }

  /** Workers end when they look for work next. */
  private dismiss(): void {
    this.started = 0;
    this.epoch = (this.epoch + 1) & 0x7fff;
    Atomics.store(this.words, layout.ready, 0);
    Atomics.store(this.words, layout.remaining, this.epoch << 16);
    Atomics.notify(this.words, layout.remaining);
  }

  private hire(): void {
    const { epoch } = this;
    this.complaint = "";
    try {
      while (this.started < this.wanted - 1) {
        startWorker(this.ground.memory, epoch, this.started + 1, (reason) => {
          if (this.epoch === epoch && this.complaint === "")
            this.complaint = `a worker could not go on: ${reason}`;
        });
        this.started++;
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.complaint = `workers could not be started: ${why}`;
      this.mayHire = false;
    }
  }

  /** Makes the functions of a module known to all threads: their numbers, by name; `null` where there is no room. */
  publish(bytes: Uint8Array<ArrayBuffer>): Readonly<Record<string, number>> | null {
    const place = this.modules.length;
    if (place === layout.mostModules) return null;
    const shared = forSharedMemory(bytes);
    const address = this.ground.reserve(shared.length);
    if (address === 0) return null;
    const exports = this.scratch.instantiate(shared);
    new Uint8Array(this.ground.memory.buffer, address, shared.length).set(shared);
    this.words[layout.modules + 2 * place] = address;
    this.words[layout.modules + 2 * place + 1] = shared.length;
    this.modules.push(Object.values(exports) as Run[]);
    this.fill ??= (exports as { clear?: Run }).clear ?? null;
    const first = place * layout.functionsInModule;
    return Object.fromEntries(Object.keys(exports).map((name, i) => [name, first + i]));
  }

  /**
   * Begins a job: room for so many numbers in so many pieces, and for each thread room of its own. False where there is
   * no such memory.
   */
  begin(numbers: number, pieces: number, ownNumbers: number, ownPieces: number): boolean {
    this.completeFirst();
    if (this.isLost) return false;
    this.calls = 0;
    this.parts = 0;
    this.returnedSoFar = 0;
    const bytes = this.scratch.beginWithRooms(numbers, pieces, ownNumbers, ownPieces, this.wanted);
    if (bytes < 0) return false;
    this.roomBytes = bytes;
    this.roomStart = this.scratch.takeOwn(0);
    this.words[layout.roomBytes] = bytes;
    return true;
  }

  /**
   * Begins a job to which more and more is added: `complete` has it done. It is called before another one begins, unless
   * that has happened.
   */
  beginOpen(numbers: number, pieces: number, complete: () => void): boolean {
    if (!this.begin(numbers, pieces, 0, 0)) return false;
    this.complete = complete;
    return true;
  }

  /** Has the parts of an open job done. */
  endOpen(): void {
    this.complete = null;
    this.run();
  }

  private completeFirst(): void {
    if (this.complete === null) return;
    // What was said of the next job holds when it begins.
    const { isForSeveral } = this;
    this.complete();
    this.isForSeveral = isForSeveral;
  }

  /** Adds a call to the present part. Arguments that are addresses in the first room stand for those in each room. */
  call(id: number, addresses: number, args: readonly number[]): void {
    if (this.calls === layout.mostCalls) this.makeRoom();
    const { numbers, roomStart } = this;
    const roomEnd = roomStart + this.roomBytes;
    const at = layout.calls + this.calls++ * layout.callNumbers;
    let own = 0;
    for (let i = 0; i < args.length; i++) {
      const value = args[i]!;
      numbers[at + 2 + i] = value;
      if ((addresses >> i) & 1 && value >= roomStart && value < roomEnd) own |= 1 << i;
    }
    numbers[at] = id;
    numbers[at + 1] = args.length + 16 * own;
  }

  /** Does what is complete, and begins the table anew with the part that is not. */
  private makeRoom(): void {
    const first = this.parts === 0 ? 0 : this.words[layout.parts + this.parts]!;
    const rest = this.calls - first;
    if (first === 0) throw new Error("kernel: a part has too many calls.");
    this.calls = first;
    this.returnedSoFar = this.run();
    const from = layout.calls + first * layout.callNumbers;
    this.numbers.copyWithin(layout.calls, from, from + rest * layout.callNumbers);
    this.calls = rest;
  }

  /** Ends a part: what comes next does not depend on it. */
  part(): void {
    const { words } = this;
    if (this.parts === 0) words[layout.parts] = 0;
    words[layout.parts + ++this.parts] = this.calls;
    if (this.parts === layout.mostParts) this.returnedSoFar = this.run();
  }

  /**
   * Computes all parts, and returns what all calls of the job have returned, joined by OR.
   *
   * @throws {ChainruleError} when a worker fails, or does not answer any more.
   */
  run(): number {
    const { words, parts } = this;
    this.calls = 0;
    this.parts = 0;
    if (parts === 0) return this.returnedSoFar;
    if (parts > 1 && this.isForSeveral && this.mayHire && this.started < this.wanted - 1)
      this.hire();
    if (parts === 1 || !this.isForSeveral || this.started === 0)
      return this.returnedSoFar | this.runAlone(parts);
    words[layout.returned] = 0;
    words[layout.failed] = 0;
    const none = this.epoch << 16;
    Atomics.store(words, layout.pending, parts);
    Atomics.store(words, layout.remaining, none | parts);
    if (Atomics.load(words, layout.sleeping) > 0)
      Atomics.notify(words, layout.remaining, parts - 1);
    try {
      this.takeParts();
    } finally {
      // Nobody may begin what is left when a call throws.
      const left = Atomics.exchange(words, layout.remaining, none) & 0xffff;
      Atomics.sub(words, layout.pending, left);
      this.waitForOthers();
    }
    if (words[layout.failed] !== 0) this.fail();
    return this.returnedSoFar | words[layout.returned]!;
  }

  private takeParts(): void {
    const { words } = this;
    for (;;) {
      const left = Atomics.load(words, layout.remaining);
      const parts = left & 0xffff;
      if (parts === 0) return;
      if (Atomics.compareExchange(words, layout.remaining, left, left - 1) !== left) continue;
      try {
        const returned = this.compute(parts - 1);
        if (returned !== 0) Atomics.or(words, layout.returned, returned);
      } finally {
        Atomics.sub(words, layout.pending, 1);
      }
    }
  }

  private runAlone(parts: number): number {
    let returned = 0;
    for (let part = 0; part < parts; part++) returned |= this.compute(part);
    return returned;
  }

  private compute(part: number): number {
    const { words, numbers } = this;
    let returned = 0;
    const end = words[layout.parts + part + 1]!;
    for (let call = words[layout.parts + part]!; call < end; call++) {
      const at = layout.calls + call * layout.callNumbers;
      const count = numbers[at + 1]! & 15;
      const args: number[] = [];
      for (let i = 0; i < count; i++) args.push(numbers[at + 2 + i]!);
      const id = numbers[at]!;
      const run = this.modules[Math.floor(id / layout.functionsInModule)]!;
      returned |= run[id % layout.functionsInModule]!(...args) ?? 0;
    }
    return returned;
  }

  private waitForOthers(): void {
    const { words } = this;
    let left = Atomics.load(words, layout.pending);
    let since = performance.now();
    const asleep = since + restless;
    while (left !== 0) {
      const now = performance.now();
      // The main thread of a page may not sleep.
      if (this.mayBlock && now > asleep) {
        try {
          Atomics.wait(words, layout.pending, left, 100);
        } catch {
          this.mayBlock = false;
        }
      }
      const before = left;
      left = Atomics.load(words, layout.pending);
      if (left !== before) since = now;
      else if (now - since > patience) this.lose();
    }
  }

  private lose(): never {
    this.isLost = true;
    this.dismiss();
    this.complaint = "a worker did not answer any more";
    throw new ChainruleError(
      `threads: a worker has not answered for ${patience / 1000} s, so a result is incomplete. From now on one thread computes. Repeat the step that failed.`,
      { patience },
    );
  }

  private fail(): never {
    const { words } = this;
    const length = words[layout.message]!;
    const codes = words.subarray(layout.message + 1, layout.message + 1 + length);
    const why = String.fromCharCode(...codes);
    throw new ChainruleError(
      `threads: a worker failed: ${why}. setThreads(1) does without workers.`,
      { why },
    );
  }
}

/** Kernels that all threads of a crew call: a call is noted, and done by {@link Crew.run}. */
export class Team {
  readonly crew: Crew;
  readonly kernels: Kernels;
  readonly scratch: Scratch;
  readonly relaxed: boolean;
  readonly isTileTall: boolean;

  /** @throws {RangeError} when there is no memory for the module. */
  constructor(crew: Crew, module: Uint8Array<ArrayBuffer>, relaxed: boolean) {
    const numbers = crew.publish(module);
    if (numbers === null) throw new RangeError("there is no shared memory for the kernels");
    this.crew = crew;
    this.scratch = crew.scratch;
    this.relaxed = relaxed;
    this.isTileTall = isTileTall(relaxed);
    const kernels: Partial<Record<keyof Kernels, (...args: number[]) => void>> = {};
    for (const [name, id] of Object.entries(kernelsAmong(numbers))) {
      const kernel = name as keyof Kernels;
      const addresses = addressesOf(kernel);
      kernels[kernel] = (...args) => crew.call(id, addresses, args);
    }
    this.kernels = kernels as Kernels;
  }
}
