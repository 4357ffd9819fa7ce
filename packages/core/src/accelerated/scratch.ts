/**
 * Memory that the kernels compute in. Nothing in it outlives a call: operands are copied in, results are copied out.
 */

const pageBytes = 65536;
/** Addresses are compared as signed numbers, so the upper half of the 4 GiB is out of reach. */
const mostPages = 32767;
/** A line of the cache. */
const alignment = 64;

export class Scratch {
  // Private, since the type is not known to every user of our declarations.
  private readonly memory: WebAssembly.Memory;
  /** The whole memory as numbers; element i is at address 4·i. */
  floats: Float32Array;
  /** The same memory as words of 32 bits. */
  words: Int32Array;
  private top = 0;

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 16, maximum: mostPages });
    this.floats = new Float32Array(this.memory.buffer);
    this.words = new Int32Array(this.memory.buffer);
  }

  /** The size of the memory. */
  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Compiles a module and lets it work in this memory; what it exports. */
  instantiate(bytes: Uint8Array<ArrayBuffer>): object {
    const module = new WebAssembly.Module(bytes);
    return new WebAssembly.Instance(module, { env: { memory: this.memory } }).exports;
  }

  /**
   * Forgets what was there, and makes room for so many numbers in so many pieces. False when there is no such memory to
   * be had.
   */
  begin(numbers: number, pieces: number): boolean {
    const bytes = numbers * 4 + (pieces + 1) * alignment;
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing > 0) {
      const pages = Math.ceil(missing / pageBytes);
      const held = this.memory.buffer.byteLength / pageBytes;
      if (held + pages > mostPages) return false;
      try {
        // Half as much again, so that growing sizes do not grow the memory each time.
        this.memory.grow(Math.min(Math.max(pages, held >> 1), mostPages - held));
      } catch {
        return false;
      }
      this.floats = new Float32Array(this.memory.buffer);
      this.words = new Int32Array(this.memory.buffer);
    }
    this.top = alignment;
    return true;
  }

  /** The address of a piece of so many numbers, which are not cleared. */
  take(numbers: number): number {
    const address = this.top;
    this.top = Math.ceil((address + numbers * 4) / alignment) * alignment;
    return address;
  }

  /** Copies elements `from` to `to` of an array in, and gives their address. */
  put(data: Float32Array, from: number, to: number): number {
    const address = this.take(to - from);
    this.floats.set(
      from === 0 && to === data.length ? data : data.subarray(from, to),
      address >> 2,
    );
    return address;
  }

  /** Copies numbers from an address to an array. */
  get(address: number, count: number, data: Float32Array, at: number): void {
    const first = address >> 2;
    data.set(this.floats.subarray(first, first + count), at);
  }
}
