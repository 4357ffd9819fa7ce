/**
 * What gradcheck found, as data and as a readable table.
 */
import { ChainruleError } from "@chainrule/core";
import type { Comparison, GradcheckFailure } from "./derivative.ts";

/** More entries than these are counted and not shown. */
const mostShown = 12;

/** The outcome of one gradcheck. */
export class GradcheckReport {
  /** What was compared, by order of differentiation. */
  readonly orders: readonly Comparison[];
  readonly failures: readonly GradcheckFailure[];
  /** Slopes compared. */
  readonly comparisons: number;
  /** Slopes left out because the function has a kink there. */
  readonly kinkSkips: number;
  readonly ok: boolean;

  constructor(orders: readonly Comparison[]) {
    this.orders = orders;
    this.failures = orders.flatMap(({ failures }) => failures);
    this.comparisons = orders.reduce((sum, { comparisons }) => sum + comparisons, 0);
    this.kinkSkips = orders.reduce((sum, { kinkSkips }) => sum + kinkSkips, 0);
    this.ok = this.failures.length === 0;
  }

  /** The entries that are off as a table, the worst first; one line if there are none. */
  toString(): string {
    const kinks = this.kinkSkips === 0 ? "" : `, ${this.kinkSkips} skipped at kinks`;
    const figures = `${this.comparisons} slopes compared${kinks}`;
    if (this.ok) return `gradcheck passed: ${figures}, orders 1 to ${this.orders.length}.`;
    const broken = this.failures.filter(({ message }) => message !== null);
    const entries = this.failures
      .filter(({ message }) => message === null)
      .sort((a, b) => b.error - a.error);
    const lines = [`gradcheck failed: ${figures}, ${this.failures.length} wrong.`];
    for (const { input, message, order } of broken.slice(0, mostShown)) {
      lines.push(`  order ${order}${input === "" ? "" : `, ${input}`}: ${message}`);
    }
    if (entries.length > 0) lines.push(...table(entries.slice(0, mostShown)));
    const hidden =
      this.failures.length -
      Math.min(broken.length, mostShown) -
      Math.min(entries.length, mostShown);
    if (hidden > 0) lines.push(`  … and ${hidden} more.`);
    return lines.join("\n");
  }
}

/** Derivatives that differ from finite differences. */
export class GradcheckError extends ChainruleError {
  readonly report: GradcheckReport;

  constructor(report: GradcheckReport) {
    super(report.toString(), { failures: report.failures });
    this.report = report;
  }
}

function table(failures: readonly GradcheckFailure[]): string[] {
  const rows = failures.map(({ order, input, output, analytic, numeric, error }) => [
    String(order),
    input,
    output,
    shown(analytic),
    shown(numeric),
    error.toExponential(1),
  ]);
  return aligned([["order", "input", "output", "analytic", "numeric", "error"], ...rows]);
}

function shown(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(9) : String(value);
}

/** Rows of text in columns. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]!.length), 0),
  );
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd(),
  );
}
