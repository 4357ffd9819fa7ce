/**
 * What is alive, and where it was made: for finding leaks.
 */
import type { TypedArray } from "../dtype.ts";
import { currentSite, recordSourceLines } from "../graph/site.ts";
import type { Storage } from "../storage.ts";
import { setStorageObserver } from "../storage.ts";

/** Storages that are alive and were made at the same line with the same size. */
export interface LiveGroup {
  /** The line of the program that made them. */
  readonly site: string;
  /** How many are alive. */
  readonly count: number;
  /** Bytes of all of them together. */
  readonly bytes: number;
  /** Elements and kind of each, such as `"Float32Array(1000)"`. */
  readonly kind: string;
}

/** What {@link liveTensors} found. */
export interface LiveReport {
  readonly groups: readonly LiveGroup[];
  readonly count: number;
  readonly bytes: number;
  toString(): string;
}

interface Made {
  readonly storage: WeakRef<Storage>;
  readonly site: string;
  readonly bytes: number;
  readonly kind: string;
}

let made: Set<Made> | null = null;
let linesBefore = false;

/**
 * Begins or ends noting where storage is made, for {@link liveTensors}. It costs some microseconds for every tensor; what
 * was made before is not seen. Ending it forgets everything.
 */
export function trackTensors(on: boolean): void {
  if (on === (made !== null)) return;
  if (!on) {
    made = null;
    setStorageObserver(null);
    recordSourceLines(linesBefore);
    return;
  }
  linesBefore = recordSourceLines(true);
  made = new Set();
  setStorageObserver((storage) => {
    const { data } = storage;
    made!.add({
      storage: new WeakRef(storage),
      site: currentSite() ?? "an unknown line",
      bytes: data.byteLength,
      kind: kindOf(data),
    });
  });
}

function kindOf(data: TypedArray): string {
  return `${data.constructor.name}(${data.length})`;
}

/**
 * The storages that are alive, grouped by the line that made them and by size, the largest groups first. Views share
 * storage and count once.
 *
 * Memory is given back by the garbage collector in its own time, and never while synchronous code runs: to hunt a leak,
 * let the event loop turn (`await` something), run the collector (`node --expose-gc`), and compare two reports.
 *
 * @example
 * import { liveTensors, trackTensors, zeros } from "@chainrule/core";
 * trackTensors(true);
 * const x = zeros([1000]);
 * const report = liveTensors();
 * report.bytes; // → 4000
 * report.groups[0]?.kind; // → Float32Array(1000)
 * trackTensors(false);
 */
export function liveTensors(): LiveReport {
  const groups = new Map<string, { site: string; kind: string; count: number; bytes: number }>();
  let count = 0;
  let bytes = 0;
  for (const entry of made ?? []) {
    if (entry.storage.deref() === undefined) {
      made!.delete(entry);
      continue;
    }
    count++;
    bytes += entry.bytes;
    const key = `${entry.site} ${entry.kind}`;
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { site: entry.site, kind: entry.kind, count: 1, bytes: entry.bytes });
    else {
      group.count++;
      group.bytes += entry.bytes;
    }
  }
  const sorted = [...groups.values()].sort((a, b) => b.bytes - a.bytes);
  return {
    groups: sorted,
    count,
    bytes,
    toString: () =>
      made === null
        ? "liveTensors: call trackTensors(true) first."
        : [
            `${count} storages, ${bytes} bytes`,
            ...sorted.map(
              (group) =>
                `${String(group.bytes).padStart(12)} bytes  ${group.count} × ${group.kind}  ${group.site}`,
            ),
          ].join("\n"),
  };
}
