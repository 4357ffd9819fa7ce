/**
 * Watching a model learn: what its gradients, weights and units do, step by step, within a fixed memory.
 */
import { ArgumentError, checkInteger, checkOptions, type Tensor } from "@chainrule/core";
import type { Module } from "@chainrule/nn";
import { ReLU, ReLU6 } from "@chainrule/nn";
import type { Language } from "../page/data.ts";
import { checkLanguage } from "../render/html.ts";
import { flowChart, flowPage } from "./chart.ts";
import type { Statistics } from "./statistics.ts";
import { binCount, deadShare, distance, statisticsOf } from "./statistics.ts";

/** Options of {@link watch}. */
export interface WatchOptions {
  /** Look at every k-th update; 1 unless given. */
  every?: number;
  /** The most that may be kept, in bytes; 4 MiB unless given. */
  maxBytes?: number;
}

/** One parameter at one update. */
export interface ParameterRecord {
  readonly name: string;
  /** Of its gradient; `null` where there was none. */
  readonly gradient: Statistics | null;
  /** The norm of the weights before the update. */
  readonly weightNorm: number;
  /** The length of the step over the norm of the weights: about 10⁻³ in a run that goes well. */
  readonly updateRatio: number;
}

/** One update. */
export interface WatchRecord {
  /** The number of the update, from 1. */
  readonly step: number;
  readonly parameters: readonly ParameterRecord[];
  /** By path of the ReLU module: the share of its units that were 0 for every sample of the last batch. */
  readonly deadUnits: Readonly<Record<string, number>>;
}

/** Options of the pictures. */
export interface FlowOptions {
  /** The update to show; the last one unless given. */
  step?: number;
  /** "en" (English) unless given, or "es" (Spanish). */
  language?: Language;
}

/** A model that is being watched; made by {@link watch}. As one of `callbacks` it watches `fit` of `@chainrule/train`. */
export interface Watcher {
  /** What was seen, in the order of steps. When memory runs out, every second record goes, and `every` doubles. */
  readonly records: readonly WatchRecord[];
  /** Every how many updates a record is made now. */
  readonly every: number;
  /** Looks at the gradients, runs the update, and looks at what it changed: `watcher.update(() => optimizer.step())`. */
  update(step: () => void): void;
  /** Looks at the gradients before an update: the first half of {@link Watcher.update}, which `fit` calls. */
  onGradients(): void;
  /** Looks at what the update changed: the second half, which `fit` calls. */
  onBatchEnd(): void;
  /** The gradient flow over all layers at one step, as a picture. */
  toSVG(options?: FlowOptions): string;
  /** The same for all steps, to travel through: one file without scripts. */
  toHTML(options?: Omit<FlowOptions, "step">): string;
  /** No longer listens to the model. The records stay. */
  stop(): void;
}

/** A parameter before an update. */
interface Before {
  readonly values: ArrayLike<number>;
  readonly gradient: Statistics | null;
}

/** A number in a record, and its place. */
const bytesPerNumber = 8;
/** Numbers for each parameter beside its histogram. */
const numbersBeside = 8;

/**
 * Watches a model: every k updates the norm, RMS, zeros, NaN and a histogram (on a logarithmic scale) of each gradient,
 * how far each parameter moves relative to its size, and which ReLU units are dead, 0 for all samples.
 *
 * It keeps to `maxBytes`: when they are used up, every second record is dropped, so that the whole run stays in view.
 *
 * @throws {ArgumentError} for an unknown option, numbers below 1, or less memory than two records need.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { watch } from "@chainrule/inspect";
 * import { Linear, ReLU, Sequential } from "@chainrule/nn";
 * import { SGD } from "@chainrule/optim";
 * const model = new Sequential(new Linear(2, 3), new ReLU(), new Linear(3, 1));
 * const optimizer = new SGD(model.parameters(), { lr: 0.1 });
 * const watcher = watch(model, { every: 10 });
 * for (let step = 0; step < 30; step++) {
 *   optimizer.zeroGrad();
 *   model.forward(tensor([[1, 2]])).square().mean().backward();
 *   watcher.update(() => optimizer.step());
 * }
 * watcher.records.map(({ step }) => step); // → [ 10, 20, 30 ]
 * watcher.records[0]?.parameters.map(({ name }) => name);
 * // → [ '0.weight', '0.bias', '2.weight', '2.bias' ]
 */
export function watch(model: Module, options: WatchOptions = {}): Watcher {
  checkOptions("watch", options, ["every", "maxBytes"]);
  const parameters = model.namedParameters();
  const perRecord = parameters.length * (binCount + numbersBeside) * bytesPerNumber;
  const maxBytes = checkInteger("watch", "maxBytes", options.maxBytes ?? 4 * 2 ** 20, 1);
  const most = Math.floor(maxBytes / Math.max(perRecord, 1));
  if (most < 2) {
    throw new ArgumentError(
      `watch: ${maxBytes} bytes do not hold two records of ${parameters.length} parameters. Give at least ${2 * perRecord}.`,
      { maxBytes, needed: 2 * perRecord },
    );
  }
  let every = checkInteger("watch", "every", options.every ?? 1, 1);
  let step = 0;
  let records: WatchRecord[] = [];
  const dead = new Map<string, number>();
  const isDue = (): boolean => (step + 1) % every === 0;
  const handles = model.namedModules().flatMap(([path, module]) =>
    module instanceof ReLU || module instanceof ReLU6
      ? [
          module.registerForwardHook((_module, _args, output) => {
            // Between updates a model may be evaluated, too: what counts is the last batch before the update.
            if (isDue()) dead.set(path, deadShareOf(output as Tensor));
          }),
        ]
      : [],
  );
  /** What was seen before an update that is to be recorded. */
  let seen: readonly Before[] | null = null;
  const look = (): void => {
    // Optimizers that search a line compute gradients several times in one update: the first ones are those of its start.
    if (seen !== null || !isDue()) return;
    seen = parameters.map(([, parameter]) => {
      const gradient = parameter.lentGrad();
      return {
        values: parameter.toTypedArray(),
        gradient: gradient === null ? null : statisticsOf(gradient.toTypedArray()),
      };
    });
  };
  const note = (): void => {
    const before = seen;
    seen = null;
    step++;
    if (before === null) return;
    records.push({
      step,
      parameters: parameters.map(([name, parameter], i): ParameterRecord => {
        const { values, gradient } = before[i]!;
        const weightNorm = statisticsOf(values).norm;
        const moved = distance(parameter.toTypedArray(), values);
        const updateRatio =
          weightNorm === 0 ? (moved === 0 ? 0 : Number.POSITIVE_INFINITY) : moved / weightNorm;
        return { name, gradient, weightNorm, updateRatio };
      }),
      deadUnits: Object.fromEntries(dead),
    });
    if (records.length <= most) return;
    every *= 2;
    records = records.filter((record) => record.step % every === 0);
  };
  return {
    get records() {
      return records;
    },
    get every() {
      return every;
    },
    update(run) {
      look();
      try {
        run();
      } catch (error) {
        // There was no update.
        seen = null;
        throw error;
      }
      note();
    },
    onGradients: look,
    onBatchEnd: note,
    toSVG(flow = {}) {
      checkOptions("toSVG", flow, ["step", "language"]);
      return flowChart(records, chosen(records, flow.step), checkLanguage("toSVG", flow.language));
    },
    toHTML(flow = {}) {
      checkOptions("toHTML", flow, ["language"]);
      chosen(records, undefined);
      return flowPage(records, checkLanguage("toHTML", flow.language));
    },
    stop() {
      for (const handle of handles) handle.remove();
    },
  };
}

function deadShareOf(output: Tensor): number {
  if (output.batch !== null) return 0;
  return deadShare(output.toTypedArray(), output.ndim === 0 ? 1 : output.shape[0]!);
}

function chosen(records: readonly WatchRecord[], step: number | undefined): WatchRecord {
  const found = step === undefined ? records.at(-1) : records.find((one) => one.step === step);
  if (found !== undefined) return found;
  throw new ArgumentError(
    records.length === 0
      ? "watch: nothing was recorded yet. Run watcher.update(() => optimizer.step()) in the loop."
      : `watch: step ${step} was not recorded. Recorded: ${records[0]!.step} to ${records.at(-1)!.step}, every ${records.length > 1 ? records[1]!.step - records[0]!.step : 1}.`,
    { step },
  );
}
