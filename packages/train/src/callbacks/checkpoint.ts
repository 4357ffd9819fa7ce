/**
 * Keeping the state of a run while it goes on.
 */
import { ArgumentError, checkInteger, checkOptions, quoted } from "@chainrule/core";
import { writeSafetensors } from "@chainrule/formats";
import { writeFile } from "@chainrule/formats/node";
import type { Callback, Run, RunStateDict } from "../loop/callback.ts";
import type { EpochRecord } from "../loop/history.ts";
import type { MonitorOptions } from "./monitor.ts";
import { Monitor } from "./monitor.ts";

/** Options of {@link ModelCheckpoint}. */
export interface ModelCheckpointOptions extends MonitorOptions {
  /** Keeps the state of each n-th epoch; 1 unless given. */
  every?: number;
  /** Keeps a state only if the figure `monitor` has improved; false unless given. */
  bestOnly?: boolean;
}

/**
 * Keeps what was learned, behind epochs: the weights in a safetensors file, which is whole at any time, or anything in a
 * function that is given the state of the run. `state.model` is what `model.loadStateDict` takes, and the whole state
 * what `fit` takes with `resume`; to go on exactly after a crash, give `fit` the option `checkpoint`.
 *
 * @throws {ArgumentError} for anything but a path or a function, and options out of range.
 */
export class ModelCheckpoint implements Callback {
  private readonly save: string | ((state: RunStateDict, record: EpochRecord) => unknown);
  private readonly every: number;
  private readonly monitor: Monitor | null;

  constructor(
    save: string | ((state: RunStateDict, record: EpochRecord) => unknown),
    options: ModelCheckpointOptions = {},
  ) {
    const where = "ModelCheckpoint";
    checkOptions(where, options, ["monitor", "mode", "minDelta", "every", "bestOnly"]);
    if (typeof save !== "function" && (typeof save !== "string" || save === "")) {
      throw new ArgumentError(
        `${where}: expected the path of a file or a function that keeps a state, not ${quoted(save)}.`,
        { save },
      );
    }
    const { every = 1, bestOnly = false, ...watched } = options;
    this.save = save;
    this.every = checkInteger(where, "every", every, 1);
    this.monitor = bestOnly ? new Monitor(where, watched) : null;
  }

  async onEpochEnd(run: Run, record: EpochRecord): Promise<void> {
    if (this.monitor !== null && !this.monitor.improves(record)) return;
    if (this.monitor === null && run.epoch % this.every !== 0) return;
    if (typeof this.save === "string") {
      await writeFile(this.save, writeSafetensors(run.model.stateDict()));
    } else await this.save(run.stateDict(), record);
  }

  stateDict(): unknown {
    return { best: this.monitor?.best ?? null };
  }

  loadStateDict({ best }: { best: number | null }): void {
    if (this.monitor !== null) this.monitor.best = best;
  }
}
