/**
 * Callbacks that look at what the training does.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, checkInteger, checkNumber, checkOptions, quoted } from "@chainrule/core";
import { writeFile } from "@chainrule/formats/node";
import type { BatchRecord, Callback, Run } from "../loop/callback.ts";
import type { EpochRecord } from "../loop/history.ts";

/**
 * Ends the run behind the first batch whose loss is NaN or infinite, and says which; what follows would be NaN, too.
 *
 * To find out where it came from, run the batch in `detectAnomaly(() => …)`.
 */
export class StopOnNaN implements Callback {
  onBatchEnd(run: Run, { loss }: BatchRecord): void {
    if (Number.isFinite(loss)) return;
    run.stop(`the loss of batch ${run.batch} in epoch ${run.epoch} is ${loss}`);
  }
}

/** How large the gradients of a parameter were in an epoch. */
export interface GradientFlow {
  readonly epoch: number;
  /** The parameter's path in the model. */
  readonly parameter: string;
  /** The mean over the batches of the root mean square of its gradient. */
  readonly rms: number;
  /** The share of batches in which all of its gradient was 0, or there was none. */
  readonly zero: number;
}

/** Options of {@link GradientWatch}. */
export interface GradientWatchOptions {
  /** Below this root mean square a gradient counts as vanished; 1e-7 unless given. */
  vanishing?: number;
  /** Above this it counts as exploded; 1e3 unless given. */
  exploding?: number;
  /** Looks at each n-th update only; 1 unless given. */
  every?: number;
}

/** √(mean of g²) of a parameter's gradient g, of which nothing is kept; 0 where there is none. */
function rootMeanSquare(parameter: Tensor): number {
  const gradient = parameter.lentGrad();
  if (gradient === null || parameter.numel() === 0) return 0;
  // The rows that a row-sparse gradient does not keep are 0.
  const numbers = gradient.sparseRows()?.values ?? gradient;
  return Math.sqrt(numbers.detach().square().sum().item() / parameter.numel());
}

/**
 * Watches how gradients flow: `flow` has their sizes by epoch and parameter, `warnings` says in words where they vanish,
 * explode or never arrive. It is small, belongs to the state of a run, and goes on when that is resumed.
 *
 * For a closer look at a run, with histograms, steps relative to weights, dead units and pictures, `watch` of
 * `@chainrule/inspect` is a callback, too.
 *
 * @throws {ArgumentError} for options out of range.
 */
export class GradientWatch implements Callback {
  /** The sizes of gradients, epoch by epoch and parameter by parameter. */
  readonly flow: GradientFlow[] = [];
  private readonly vanishing: number;
  private readonly exploding: number;
  private readonly every: number;
  private looks = 0;
  private calls = 0;
  private sums = new Map<string, { rms: number; zero: number }>();

  constructor(options: GradientWatchOptions = {}) {
    const where = "GradientWatch";
    checkOptions(where, options, ["vanishing", "exploding", "every"]);
    this.vanishing = checkNumber(where, "vanishing", options.vanishing ?? 1e-7);
    this.exploding = checkNumber(where, "exploding", options.exploding ?? 1e3);
    this.every = checkInteger(where, "every", options.every ?? 1, 1);
  }

  onEpochBegin(): void {
    this.looks = 0;
    this.sums = new Map();
  }

  onGradients(run: Run): void {
    if (this.calls++ % this.every !== 0) return;
    this.looks++;
    for (const [path, parameter] of run.model.namedParameters()) {
      if (!parameter.requiresGrad) continue;
      const rms = rootMeanSquare(parameter);
      const sum = this.sums.get(path) ?? { rms: 0, zero: 0 };
      this.sums.set(path, { rms: sum.rms + rms, zero: sum.zero + (rms === 0 ? 1 : 0) });
    }
  }

  onEpochEnd(run: Run): void {
    for (const [parameter, { rms, zero }] of this.sums) {
      this.flow.push({
        epoch: run.epoch,
        parameter,
        rms: rms / this.looks,
        zero: zero / this.looks,
      });
    }
  }

  stateDict(): unknown {
    return { flow: [...this.flow], calls: this.calls, looks: this.looks, sums: [...this.sums] };
  }

  loadStateDict(state: {
    flow: readonly GradientFlow[];
    calls: number;
    looks: number;
    sums: readonly [string, { rms: number; zero: number }][];
  }): void {
    this.flow.length = 0;
    for (const one of state.flow) this.flow.push(one);
    this.calls = state.calls;
    this.looks = state.looks;
    this.sums = new Map(state.sums);
  }

  /** What is worth knowing about the last epoch. */
  get warnings(): string[] {
    const last = this.flow.at(-1)?.epoch;
    return this.flow
      .filter(({ epoch }) => epoch === last)
      .flatMap(({ parameter, rms, zero }) => {
        if (zero === 1) return [`${parameter}: no gradient arrives`];
        if (rms < this.vanishing)
          return [`${parameter}: gradients vanish (${rms.toExponential(1)})`];
        if (!(rms <= this.exploding))
          return [`${parameter}: gradients explode (${rms.toExponential(1)})`];
        return [];
      });
  }
}

/**
 * Writes the figures of each epoch as separated values, with a line of names before the first one: to a file, which is
 * whole at any time, or to a function that takes line after line.
 *
 * @throws {ArgumentError} for anything but a path or a function.
 * @example
 * import { CsvLog } from "@chainrule/train";
 * const lines: string[] = [];
 * const log = new CsvLog((line) => lines.push(line));
 * await log.onEpochEnd({ epoch: 1 } as never, { epoch: 1, loss: 0.5 });
 * lines; // → [ 'epoch,loss\n', '1,0.5\n' ]
 */
export class CsvLog implements Callback {
  private readonly to: string | ((line: string) => unknown);
  private names: readonly string[] | null = null;
  /** What was written so far: a run that is resumed elsewhere writes a whole file, too. */
  private text = "";

  constructor(to: string | ((line: string) => unknown)) {
    if (typeof to !== "function" && (typeof to !== "string" || to === "")) {
      throw new ArgumentError(
        `CsvLog: expected the path of a file or a function that takes a line, not ${quoted(to)}.`,
        { to },
      );
    }
    this.to = to;
  }

  async onEpochEnd(_run: Run, record: EpochRecord): Promise<void> {
    const { to } = this;
    const lines: string[] = [];
    if (this.names === null) {
      this.names = Object.keys(record);
      lines.push(`${this.names.join(",")}\n`);
    }
    lines.push(`${this.names.map((name) => record[name] ?? "").join(",")}\n`);
    this.text += lines.join("");
    if (typeof to === "string") await writeFile(to, new TextEncoder().encode(this.text));
    else for (const line of lines) to(line);
  }

  stateDict(): unknown {
    return { names: this.names, text: this.text };
  }

  loadStateDict(state: { names: readonly string[] | null; text: string }): void {
    this.names = state.names;
    this.text = state.text;
  }
}
