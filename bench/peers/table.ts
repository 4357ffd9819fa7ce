/**
 * The table of a comparison: a line for each problem, a column for each engine.
 */
import type { Problem } from "../problems.ts";
import type { Peer } from "./child.ts";
import { allowedDeviation, type Failed, type Measured } from "./compare.ts";

const width = 26;

export function heading(compared: readonly Peer[]): string {
  const note = "Median of a step, (Chainrule's time ÷ the peer's), peak memory of the process.";
  const names = compared.map(({ name }) => name.padStart(width));
  return [note, ["workload".padEnd(16), "chainrule".padStart(18), ...names].join(" ")].join("\n");
}

/** One problem; below it, what each engine that failed said. */
export function rowOf(
  problem: Problem,
  compared: readonly Peer[],
  engines: readonly (Measured | Failed)[],
): string {
  const notes: string[] = [];
  const column = (name: string): string => {
    const one = engines.find(({ engine }) => engine === name)!;
    if ("failure" in one) {
      notes.push(`    ${name}: ${one.failure.split("\n")[0]!.slice(0, 120)}`);
      return "fails";
    }
    const { time, ratio, memory, deviation, results } = one;
    const cells = [timeOf(time.median)];
    if (name !== "chainrule") cells.push(`(${ratio.median.toPrecision(2)})`);
    cells.push(`${Math.round(memory / 1e6)} MB`);
    if (!(deviation <= allowedDeviation)) {
      notes.push(`    ${name} computes something else: ${results.slice(0, 5).join(", ")}`);
      return "wrong";
    }
    return cells.join(" ");
  };
  const columns = compared.map(({ name }) => column(name).padStart(width));
  const line = [problem.name.padEnd(16), column("chainrule").padStart(18), ...columns].join(" ");
  return [line, ...notes].join("\n");
}

function timeOf(milliseconds: number): string {
  if (milliseconds < 1) return `${(1000 * milliseconds).toFixed(1)} µs`;
  return `${milliseconds < 100 ? milliseconds.toPrecision(3) : milliseconds.toFixed(0)} ms`;
}
