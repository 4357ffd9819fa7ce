/**
 * A piece of memory that is handed out in parts.
 */
import { alignment } from "./scratch.ts";

/** Hands out a piece of memory in parts that begin at lines of the cache. */
export class Room {
  private top: number;

  constructor(address: number) {
    this.top = address;
  }

  take(numbers: number): number {
    const address = this.top;
    this.top += bytesFor(numbers);
    return address;
  }
}

/** The bytes of so many numbers, to the end of a line of the cache. */
function bytesFor(numbers: number): number {
  return Math.ceil((4 * numbers) / alignment) * alignment;
}

/** How many numbers a {@link Room} needs for parts of so many. */
export function roomFor(...parts: readonly number[]): number {
  return parts.reduce((sum, numbers) => sum + bytesFor(numbers), 0) / 4;
}
