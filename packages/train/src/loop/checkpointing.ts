/**
 * Checkpoints of a run while it goes on.
 */
import { ArgumentError, checkInteger, checkOptions, quoted } from "@chainrule/core";
import type { CheckpointStore, Resumed, Stateful } from "@chainrule/formats";
import { Checkpoints } from "@chainrule/formats";
import { checkpointFolder } from "@chainrule/formats/node";

/** The option `checkpoint` of `fit`. */
export interface CheckpointOptions {
  /** The path of a folder that belongs to this run, or a store where there are no files, as in a browser. */
  to: string | CheckpointStore;
  /** Updates from one checkpoint to the next; one behind each epoch unless given. */
  every?: number | "epoch";
  /** How many of the last checkpoints stay; 3 unless given. */
  keep?: number;
  /** Goes on from the last checkpoint that is whole, if there is one. Unless given, there must be none. */
  resume?: boolean;
}

/** From which checkpoint a run went on, and later ones that could not be used. */
export type ResumedFrom = Pick<Resumed, "step" | "damaged">;

/** Saves a run under its number of updates. */
export class Checkpointing {
  private readonly checkpoints: Checkpoints;
  private readonly every: number | null;
  private readonly resume: boolean;

  /** @throws {ArgumentError} for unknown options, or values out of range. */
  constructor(where: string, options: CheckpointOptions) {
    checkOptions(where, options, ["to", "every", "keep", "resume"]);
    const { to, every = "epoch", keep, resume = false } = options;
    if (typeof resume !== "boolean") {
      throw new ArgumentError(`${where}: resume must be true or false, not ${quoted(resume)}.`);
    }
    if (to === undefined) {
      throw new ArgumentError(`${where}: where to? Give the path of a folder: { to: "runs/a" }.`);
    }
    const store = typeof to === "string" ? checkpointFolder(to) : to;
    this.checkpoints = new Checkpoints(store, keep === undefined ? {} : { keep });
    this.every = every === "epoch" ? null : checkInteger(where, "every", every, 1);
    this.resume = resume;
  }

  /**
   * Restores the last checkpoint, if that is wished for and there is one.
   *
   * @throws {ArgumentError} when there is one, and it is not wished for.
   */
  async begin(where: string, run: Stateful): Promise<ResumedFrom | null> {
    if (this.resume) {
      const resumed = await this.checkpoints.resume({ run });
      return resumed && { step: resumed.step, damaged: resumed.damaged };
    }
    const steps = await this.checkpoints.steps();
    if (steps.length === 0) return null;
    throw new ArgumentError(
      `${where}: there are checkpoints already, the last of update ${steps.at(-1)}. To go on from it, give resume: true; for another run, another place.`,
      { steps },
    );
  }

  async afterUpdate(step: number, run: Stateful): Promise<void> {
    if (this.every !== null && step % this.every === 0) await this.checkpoints.save(step, { run });
  }

  async afterEpoch(step: number, run: Stateful): Promise<void> {
    if (this.every === null) await this.checkpoints.save(step, { run });
  }

  /** Saves the end of the run, also of one that was stopped. */
  async atEnd(step: number, run: unknown): Promise<void> {
    await this.checkpoints.save(step, { run });
  }
}
