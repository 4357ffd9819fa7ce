/**
 * Checkpoints of a run, of which the last few are kept.
 */
import { ArgumentError, checkInteger, checkOptions, quoted } from "@chainrule/core";
import { FormatError } from "../errors.ts";
import type { CheckpointParts } from "./checkpoint.ts";
import { restore, saveCheckpoint } from "./checkpoint.ts";
import { decodeCheckpoint, NewerVersionError } from "./file.ts";

/**
 * Where checkpoints lie: a folder (`checkpointFolder` of `@chainrule/formats/node`), a browser's database, or memory.
 * `write` must leave the old bytes or the new ones, whatever happens meanwhile.
 */
export interface CheckpointStore {
  /** The steps of which there are checkpoints, in any order. */
  steps(): Promise<readonly number[]>;
  read(step: number): Promise<Uint8Array>;
  write(step: number, bytes: Uint8Array): Promise<void>;
  remove(step: number): Promise<void>;
}

/** What {@link Checkpoints.resume} found. */
export interface Resumed {
  /** The step whose checkpoint was restored. */
  readonly step: number;
  /** What the checkpoint holds beside the states of the parts. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Later checkpoints that could not be used, with the reason. */
  readonly damaged: readonly { readonly step: number; readonly reason: string }[];
}

/**
 * Checkpoints of one run, numbered by its steps; the last `keep` of them stay, 3 unless given.
 *
 * @throws {ArgumentError} for a `keep` below 1, unknown options, or a store that lacks a method.
 * @example
 * import { Checkpoints, memoryStore } from "@chainrule/formats";
 * import { Linear } from "@chainrule/nn";
 * const model = new Linear(2, 2);
 * const checkpoints = new Checkpoints(memoryStore(), { keep: 2 });
 * for (const step of [100, 200, 300]) await checkpoints.save(step, { model, epoch: step / 100 });
 * await checkpoints.steps(); // → [ 200, 300 ]
 * const resumed = await checkpoints.resume({ model });
 * resumed?.step; // → 300
 * resumed?.data.epoch; // → 3
 */
export class Checkpoints {
  private readonly store: CheckpointStore;
  private readonly keep: number;
  /** Checkpoints that were found damaged: the next one may take their place. */
  private readonly damaged = new Set<number>();

  constructor(store: CheckpointStore, options?: { keep?: number }) {
    checkOptions("Checkpoints", options, ["keep"]);
    this.keep = checkInteger("Checkpoints", "keep", options?.keep ?? 3, 1);
    for (const method of ["steps", "read", "write", "remove"] as const) {
      if (typeof store?.[method] !== "function") {
        throw new ArgumentError(
          `Checkpoints: a store needs steps, read, write and remove, but ${quoted(store)} has no ${method}.`,
        );
      }
    }
    this.store = store;
  }

  /** The steps of which there are checkpoints, in ascending order. */
  async steps(): Promise<number[]> {
    return [...(await this.store.steps())].sort((a, b) => a - b);
  }

  /**
   * Saves a checkpoint, and then removes those that are too many.
   *
   * @throws {ArgumentError} for what cannot be saved, and when there are checkpoints of later steps: another run's.
   */
  async save(step: number, parts: CheckpointParts): Promise<void> {
    checkInteger("Checkpoints.save", "step", step, 0);
    const later = (await this.steps()).filter((other) => other > step && !this.damaged.has(other));
    if (later.length > 0) {
      throw new ArgumentError(
        `Checkpoints.save: there are checkpoints of later steps than ${step}: ${later.join(", ")}. Resume from them, or take another place for this run.`,
        { step, later },
      );
    }
    await this.store.write(step, saveCheckpoint(parts));
    for (const other of this.damaged) if (other !== step) await this.store.remove(other);
    this.damaged.clear();
    for (const old of (await this.steps()).slice(0, -this.keep)) await this.store.remove(old);
  }

  /**
   * Restores the last checkpoint that is whole; `null` if there are none. One that is damaged or cut off is passed over
   * and reported.
   *
   * @throws {FormatError} when there are checkpoints, but none is whole.
   * @throws {NewerVersionError} for a checkpoint of a later version, rather than going back to an older one.
   * @throws {ArgumentError} when a part does not take its state. Nothing has changed then.
   */
  async resume(parts: CheckpointParts): Promise<Resumed | null> {
    const where = "Checkpoints.resume";
    const steps = (await this.steps()).reverse();
    const damaged: { step: number; reason: string }[] = [];
    for (const step of steps) {
      const bytes = await this.store.read(step);
      let data: ReadonlyMap<string, unknown>;
      try {
        data = decodeCheckpoint(where, bytes);
      } catch (error) {
        if (!(error instanceof FormatError) || error instanceof NewerVersionError) throw error;
        damaged.push({ step, reason: error.message });
        continue;
      }
      const left = restore(where, data, parts);
      for (const { step: other } of damaged) this.damaged.add(other);
      return { step, data: Object.fromEntries(left), damaged };
    }
    if (damaged.length === 0) return null;
    throw new FormatError(
      where,
      null,
      `none of the ${damaged.length} checkpoints is whole. The last one: ${damaged[0]!.reason}`,
      { damaged },
    );
  }
}

/** Checkpoints in memory: for tests, and where nothing is to outlive the program. */
export function memoryStore(): CheckpointStore {
  const all = new Map<number, Uint8Array>();
  return {
    steps: async () => [...all.keys()],
    read: async (step) => all.get(step) ?? new Uint8Array(0),
    write: async (step, bytes) => void all.set(step, new Uint8Array(bytes)),
    remove: async (step) => void all.delete(step),
  };
}
