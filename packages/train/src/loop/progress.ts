/**
 * How far a run is, for people.
 */
import { ArgumentError, quoted } from "@chainrule/core";
import type { BatchRecord, Callback, Run } from "./callback.ts";
import type { EpochRecord } from "./history.ts";

/**
 * `"auto"`: a bar in a terminal, nothing where output is piped and in continuous integration; `"bar"`: a bar anyway;
 * `"lines"`: a line for each epoch; `"off"`: nothing.
 */
export type ProgressOption = "auto" | "bar" | "lines" | "off";

/** Where progress is written to: `process.stdout`, or anything like it. */
export interface TextSink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** The callbacks that show what the option asks for. */
export function progressFor(where: string, option: ProgressOption = "auto"): Callback[] {
  if (!["auto", "bar", "lines", "off"].includes(option)) {
    throw new ArgumentError(
      `${where}: progress must be "auto", "bar", "lines" or "off", not ${quoted(option)}.`,
      { progress: option },
    );
  }
  if (option === "off") return [];
  const { sink, quiet } = surroundings();
  if (option === "lines") return [new ProgressLines(sink)];
  if (option === "bar") return [new ProgressBar(sink)];
  return sink.isTTY === true && !quiet ? [new ProgressBar(sink)] : [];
}

/** Standard output, and whether this is continuous integration. A browser has neither: nothing is shown there. */
function surroundings(): { sink: TextSink; quiet: boolean } {
  const host: unknown = Reflect.get(globalThis, "process");
  const part = (of: unknown, name: string): unknown =>
    of !== null && typeof of === "object" ? Reflect.get(of, name) : undefined;
  const out = part(host, "stdout");
  const ci = part(part(host, "env"), "CI");
  return {
    sink: isSink(out) ? out : { write: () => false },
    quiet: ci !== undefined && ci !== "" && ci !== "false" && ci !== "0",
  };
}

function isSink(value: unknown): value is TextSink {
  return (
    value !== null &&
    typeof value === "object" &&
    "write" in value &&
    typeof value.write === "function"
  );
}

/** How often the bar is drawn at most, in milliseconds. */
const drawEvery = 80;

/** One line that fills up: epoch, batch, figures, the time that is left. */
export class ProgressBar implements Callback {
  private readonly sink: TextSink;
  private began = 0;
  private drawn = 0;
  private doneBefore = 0;
  private lastRecord: EpochRecord = {};

  constructor(sink: TextSink) {
    this.sink = sink;
  }

  onTrainBegin(run: Run): void {
    this.began = performance.now();
    this.drawn = 0;
    this.lastRecord = {};
    this.doneBefore = shareDone(run);
  }

  onBatchEnd(run: Run, record: BatchRecord): void {
    const now = performance.now();
    if (now - this.drawn < drawEvery) return;
    this.drawn = now;
    this.draw(run, shareDone(run), { ...this.lastRecord, ...record.running() });
  }

  onEpochEnd(run: Run, record: EpochRecord): void {
    this.lastRecord = record;
    const now = performance.now();
    if (now - this.drawn < drawEvery && run.epoch < run.epochs) return;
    this.drawn = now;
    this.draw(run, run.epoch / run.epochs, record);
  }

  onTrainEnd(): void {
    if (this.drawn > 0) this.sink.write("\n");
  }

  private draw(run: Run, share: number, record: EpochRecord): void {
    const spent = (performance.now() - this.began) / 1000;
    const gone = share - this.doneBefore;
    const left = gone > 0 ? (spent * (1 - share)) / gone : Number.NaN;
    const width = 20;
    const full = Math.round(width * share);
    const epochs = String(run.epochs);
    const batches = run.batches === null ? "" : `/${run.batches}`;
    const line = [
      `${"█".repeat(full)}${"░".repeat(width - full)}`,
      `epoch ${String(run.epoch).padStart(epochs.length)}/${epochs}`,
      ...(run.batch > 0 ? [`batch ${run.batch}${batches}`] : []),
      share >= 1 ? duration(spent) : `${duration(left)} left`,
      figuresOf(record),
    ].join("  ");
    const columns = this.sink.columns ?? 100;
    // Longer lines would wrap, and the next one could not overwrite them.
    const shown = line.length > columns - 1 ? `${line.slice(0, columns - 2)}…` : line;
    this.sink.write(`\r\u001B[2K${shown}`);
  }
}

/** A line for each epoch. */
export class ProgressLines implements Callback {
  private readonly sink: TextSink;

  constructor(sink: TextSink) {
    this.sink = sink;
  }

  onEpochEnd(run: Run, record: EpochRecord): void {
    const epochs = String(run.epochs);
    this.sink.write(
      `epoch ${String(run.epoch).padStart(epochs.length)}/${epochs}  ${figuresOf(record)}  ${duration(record.seconds ?? Number.NaN)}\n`,
    );
  }
}

/** The share of the whole run that is done. */
function shareDone(run: Run): number {
  const inEpoch = run.batches === null || run.batches === 0 ? 0 : run.batch / run.batches;
  return (run.epoch - 1 + inEpoch) / run.epochs;
}

/** The figures worth reading at a glance. */
function figuresOf(record: EpochRecord): string {
  return Object.entries(record)
    .filter(([name]) => !["epoch", "lr", "seconds"].includes(name))
    .map(([name, figure]) => `${name} ${shortNumber(figure)}`)
    .join("  ");
}

/** A number in about six characters. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2);
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 4);
}

/** Seconds as 0:07, 12:34, 1:02:03. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?:??";
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}
