/**
 * Memory that threads share. It only grows, and grows where it is: what lies in it stays where it was.
 */
import type { TypedArray } from "../../dtype.ts";
import type { Ground, Memory } from "../scratch.ts";
import { alignment, growTo, mostPages } from "../scratch.ts";
import { layout, layoutPages } from "./layout.ts";

export class SharedMemory implements Ground {
  readonly memory: Memory;
  private top: number = 4 * layout.words;
  /** The room that calls compute in, one after another. */
  private start = 0;
  private size = 0;
  /** Blocks that are free, by their size. */
  private readonly free = new Map<number, number[]>();
  /** All buffers through which the memory has been seen: growing makes another one. */
  private readonly buffers = new Set<ArrayBufferLike>();

  /** @throws what the platform throws where there is no shared memory. */
  constructor() {
    this.memory = new WebAssembly.Memory({
      initial: layoutPages + 16,
      maximum: mostPages,
      shared: true,
    });
    this.buffers.add(this.memory.buffer);
  }

  /** The address of the array's first number; 0 when it lies elsewhere. */
  addressOf(data: TypedArray): number {
    return this.buffers.has(data.buffer) ? data.byteOffset : 0;
  }

  /** The address of so many bytes that nobody has used; 0 where there are none. */
  reserve(bytes: number): number {
    const address = this.top;
    const end = Math.ceil((address + bytes) / alignment) * alignment;
    if (!growTo(this.memory, end)) return 0;
    this.buffers.add(this.memory.buffer);
    this.top = end;
    return address;
  }

  /** The address of a free block that is large enough, which {@link giveBack} gave; 0 when there is none. */
  reuse(bytes: number): number {
    return this.free.get(bytes)?.pop() ?? 0;
  }

  /** A block, whose size is one of {@link sizeClass}, is free again. */
  giveBack(address: number, bytes: number): void {
    const same = this.free.get(bytes);
    if (same === undefined) this.free.set(bytes, [address]);
    else same.push(address);
  }

  room(bytes: number): number {
    if (bytes <= this.size) return this.start;
    const size = sizeClass(bytes);
    const address = this.reuse(size) || this.reserve(size);
    if (address === 0) return 0;
    if (this.size > 0) this.giveBack(this.start, this.size);
    this.start = address;
    this.size = size;
    return address;
  }
}

/** Sizes in four steps for each power of two, so that blocks fit again and at most a fifth of them is empty. */
export function sizeClass(bytes: number): number {
  const step = Math.max(alignment, 2 ** (Math.floor(Math.log2(bytes)) - 2));
  return Math.ceil(bytes / step) * step;
}

/** A module that imports the memory "memory" of "env", for memory that is shared. */
export function forSharedMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  // The import: the name, "memory" (2), "has a maximum" (1), to which "is shared" (2) is added.
  const name = [...textBytes("env"), ...textBytes("memory"), 2, 1];
  const shared = bytes.slice();
  for (let i = 0; i + name.length <= bytes.length; i++) {
    if (name.every((byte, j) => bytes[i + j] === byte)) {
      shared[i + name.length - 1] = 3;
      return shared;
    }
  }
  throw new Error("kernel: the module imports no memory with a maximum.");
}

function textBytes(text: string): number[] {
  return [text.length, ...Array.from(text, (character) => character.charCodeAt(0))];
}
