/**
 * Memory that threads share. It only grows, and grows where it is: what lies in it stays where it was.
 */
import type { Ground } from "../scratch.ts";
import { alignment, growTo, mostPages } from "../scratch.ts";
import { layout, layoutPages } from "./layout.ts";

export class SharedMemory implements Ground {
  readonly memory: WebAssembly.Memory;
  private top: number = 4 * layout.words;
  /** The room that calls compute in, one after another. */
  private start = 0;
  private size = 0;

  /** @throws what the platform throws where there is no shared memory. */
  constructor() {
    this.memory = new WebAssembly.Memory({
      initial: layoutPages + 16,
      maximum: mostPages,
      shared: true,
    });
  }

  /** The address of so many bytes that are never given back; 0 where there are none. */
  reserve(bytes: number): number {
    const address = this.top;
    const end = Math.ceil((address + bytes) / alignment) * alignment;
    if (!growTo(this.memory, end)) return 0;
    this.top = end;
    return address;
  }

  room(bytes: number): number {
    if (bytes <= this.size) return this.start;
    if (this.start + this.size === this.top) this.top = this.start;
    // Half as much again: what is left behind cannot be joined with anything.
    const wanted = Math.max(bytes, Math.min(this.size * 1.5, bytes * 1.5));
    const address = this.reserve(wanted) || this.reserve(bytes);
    if (address === 0) {
      this.size = 0;
      return 0;
    }
    this.start = address;
    this.size = this.top - address;
    return address;
  }
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
