/**
 * Memory that the kernels compute in. Nothing in it outlives a call: operands are copied in, results are copied out.
 */
import type { TypedArray } from "../dtype.ts";

const pageBytes = 65536;
/** Addresses are compared as signed numbers, so the upper half of the 4 GiB is out of reach. */
export const mostPages = 32767;
/** A line of the cache. */
export const alignment = 64;

/** What is used of a `WebAssembly.Memory`, by a name that declarations have without the types of browsers. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Where a scratch memory gets its room from. */
export interface Ground {
  readonly memory: Memory;
  /** The address of room for so many bytes, whose contents are lost; 0 where there is none. */
  room(bytes: number): number;
  /** The address of the array's first number, when it lies in this memory; else 0. */
  addressOf(data: TypedArray): number;
}

/** All of a memory of its own, which grows. */
export class OwnGround implements Ground {
  readonly memory: Memory = new WebAssembly.Memory({
    initial: 16,
    maximum: mostPages,
  });

  room(bytes: number): number {
    return growTo(this.memory, bytes + alignment) ? alignment : 0;
  }

  addressOf(): number {
    return 0;
  }
}

/** Makes sure that a memory has so many bytes. False where there are no more to be had. */
export function growTo(memory: Memory, bytes: number): boolean {
  const missing = bytes - memory.buffer.byteLength;
  if (missing <= 0) return true;
  const pages = Math.ceil(missing / pageBytes);
  const held = memory.buffer.byteLength / pageBytes;
  if (held + pages > mostPages) return false;
  try {
    // Half as much again, so that growing sizes do not grow the memory each time.
    memory.grow(Math.min(Math.max(pages, held >> 1), mostPages - held));
  } catch {
    return false;
  }
  return true;
}

/** Pieces that begin at lines of the cache. */
class Pieces {
  private top = 0;

  begin(address: number): void {
    this.top = address;
  }

  take(numbers: number): number {
    const address = this.top;
    this.top = Math.ceil((address + numbers * 4) / alignment) * alignment;
    return address;
  }
}

function bytesFor(numbers: number, pieces: number): number {
  return Math.ceil((numbers * 4 + (pieces + 1) * alignment) / alignment) * alignment;
}

export class Scratch {
  // Private, since the type is not known to every user of our declarations.
  private readonly ground: Ground;
  private readonly isShared: boolean;
  /** The whole memory as numbers; element i is at address 4·i. */
  floats!: Float32Array;
  /** The same memory as words of 32 bits. */
  words!: Int32Array;
  /** The same memory as pairs of words. */
  private pairs!: Float64Array;
  private readonly pieces = new Pieces();
  private readonly ownPieces = new Pieces();

  constructor(ground: Ground) {
    this.ground = ground;
    this.isShared = !(ground.memory.buffer instanceof ArrayBuffer);
    this.look();
  }

  private look(): void {
    const { buffer } = this.ground.memory;
    this.floats = new Float32Array(buffer);
    this.words = new Int32Array(buffer);
    this.pairs = new Float64Array(buffer);
  }

  /** The size of the memory. */
  get bytes(): number {
    return this.ground.memory.buffer.byteLength;
  }

  /** Compiles a module and lets it work in this memory; what it exports. */
  instantiate(bytes: Uint8Array<ArrayBuffer>): object {
    const module = new WebAssembly.Module(bytes);
    return new WebAssembly.Instance(module, {
      env: { memory: this.ground.memory as WebAssembly.Memory },
    }).exports;
  }

  /**
   * Forgets what was there, and makes room for so many numbers in so many pieces. False when there is no such memory to
   * be had.
   */
  begin(numbers: number, pieces: number): boolean {
    return this.beginWithRooms(numbers, pieces, 0, 0, 0) >= 0;
  }

  /**
   * The same, with room of its own for each of so many threads. How many bytes the rooms lie apart; −1 when there is no
   * such memory.
   */
  beginWithRooms(
    numbers: number,
    pieces: number,
    ownNumbers: number,
    ownPieces: number,
    threads: number,
  ): number {
    const own = threads === 0 ? 0 : bytesFor(ownNumbers, ownPieces);
    const common = bytesFor(numbers, pieces);
    const start = this.ground.room(common + own * threads);
    if (start === 0) return -1;
    if (this.floats.buffer !== this.ground.memory.buffer) this.look();
    this.pieces.begin(start);
    this.ownPieces.begin(start + common);
    return own;
  }

  /** The address of a piece of so many numbers, which are not cleared. */
  take(numbers: number): number {
    return this.pieces.take(numbers);
  }

  /** The address of a piece in the first thread's own room. */
  takeOwn(numbers: number): number {
    return this.ownPieces.take(numbers);
  }

  /** The address of an array that lies in this memory; 0 for others. */
  addressOf(data: TypedArray): number {
    return this.isShared ? this.ground.addressOf(data) : 0;
  }

  /** How many of so many numbers have to be copied, to or from an array. */
  missing(data: Float32Array, numbers: number): number {
    return this.addressOf(data) === 0 ? numbers : 0;
  }

  /** Where elements of an array from `at` on are to be written: themselves, or room from which {@link get} copies them. */
  target(data: TypedArray, at: number, numbers: number): number {
    const address = this.addressOf(data);
    return address === 0 ? this.take(numbers) : address + 4 * at;
  }

  /** The address of elements `from` to `to` of an array, which are copied in if they lie elsewhere. */
  put(data: Float32Array, from: number, to: number): number {
    const there = this.addressOf(data);
    if (there !== 0) return there + 4 * from;
    const address = this.take(to - from);
    this.putAt(address, data, from, to);
    return address;
  }

  /** Engines copy to and from shared memory element by element: larger ones are fewer. */
  private isSlow(data: Float32Array): boolean {
    return this.isShared || !(data.buffer instanceof ArrayBuffer);
  }

  /** Copies elements `from` to `to` of an array to an address. */
  putAt(address: number, data: Float32Array, from: number, to: number): void {
    const part = from === 0 && to === data.length ? data : data.subarray(from, to);
    if (this.isSlow(part) && isPaired(part) && address % 8 === 0) {
      this.pairs.set(pairsOf(part), address >> 3);
      if (part.length % 2 === 1) this.floats[(address >> 2) + part.length - 1] = part.at(-1)!;
    } else {
      this.floats.set(part, address >> 2);
    }
  }

  /** Copies numbers from an address to an array, if they do not lie there already. */
  get(address: number, count: number, data: Float32Array, at: number): void {
    if (this.isShared && this.ground.addressOf(data) + 4 * at === address) return;
    const first = address >> 2;
    if (this.isSlow(data) && address % 8 === 0) {
      const part = data.subarray(at, at + count);
      if (isPaired(part)) {
        const pair = address >> 3;
        pairsOf(part).set(this.pairs.subarray(pair, pair + (count >> 1)));
        if (count % 2 === 1) part[count - 1] = this.floats[first + count - 1]!;
        return;
      }
    }
    data.set(this.floats.subarray(first, first + count), at);
  }
}

/** Whether an array may be read as pairs of its numbers, and is long enough to be worth it. */
function isPaired(part: Float32Array): boolean {
  return part.length >= 64 && part.byteOffset % 8 === 0;
}

function pairsOf(part: Float32Array): Float64Array {
  return new Float64Array(part.buffer, part.byteOffset, part.length >> 1);
}
