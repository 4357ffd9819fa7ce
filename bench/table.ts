/**
 * The table, a line at a time: each is printed as soon as it is known.
 */
import type { Environment } from "./environment.ts";
import type { Spread, Timing } from "./measure.ts";
import type { Workload } from "./workload.ts";

/** What was found about a workload. */
export interface Row {
  readonly workload: Workload;
  readonly timing: Timing;
  /** Bytes allocated by a step. */
  readonly allocated: number;
  /** With another engine beside ours: its time, and ours ÷ its. */
  readonly against: { readonly timing: Timing; readonly ratio: Spread } | undefined;
}

export function header({ node, processor, cores, builds }: Environment): string {
  const lines = builds.map(
    ({ name, bytes, gzip, importTime }) =>
      `${name}: ${kilobytes(bytes)} built, ${kilobytes(gzip)} gzip, imported in ${time(importTime.median)}`,
  );
  return [`Node ${node}, ${processor}, ${cores} cores`, ...lines, ""].join("\n");
}

export function heading(compared: boolean): string {
  const columns = ["workload".padEnd(16), "median".padStart(10), "quartiles".padStart(20)];
  if (compared) columns.push("ratio".padStart(6), "quartiles".padStart(13));
  columns.push("allocated".padStart(10), "".padEnd(16), "what");
  return columns.join("  ");
}

export function line({ workload, timing, allocated, against }: Row): string {
  const columns = [
    workload.name.padEnd(16),
    time(timing.median).padStart(10),
    timing.quartiles.map(time).join(" – ").padStart(20),
  ];
  if (against !== undefined) {
    const { median, quartiles } = against.ratio;
    const spread = quartiles.map((ratio) => ratio.toFixed(2)).join(" – ");
    columns.push(median.toFixed(2).padStart(6), spread.padStart(13));
  }
  columns.push(
    kilobytes(allocated).padStart(10),
    rate(workload, timing).padEnd(16),
    workload.about,
  );
  return columns.join("  ");
}

function rate({ flops, nodes }: Workload, { median }: Timing): string {
  if (flops !== undefined) return `${(flops / median / 1e6).toFixed(2)} GFLOP/s`;
  if (nodes !== undefined) return `${((median / nodes) * 1000).toFixed(2)} µs a node`;
  return "";
}

function time(milliseconds: number): string {
  return milliseconds >= 1
    ? `${milliseconds.toFixed(2)} ms`
    : `${(milliseconds * 1000).toFixed(1)} µs`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} kB`;
}
