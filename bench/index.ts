/**
 * The benchmarks.
 *
 *     npm run bench [-- --only moons] [--quick] [--json figures.json] [--against ../other-checkout]
 *
 * Prints the median time of a step of each workload. With `--against`, the same workloads run on the build of another
 * checkout in turn with this one, and the ratio is printed: that is how a change is to be measured.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import type { Engine } from "./engine.ts";
import { builtIn, ours } from "./engine.ts";
import type { Effort, Timing } from "./measure.ts";
import { measureInTurn } from "./measure.ts";
import type { Workload } from "./workload.ts";
import { workloads } from "./workloads/index.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    against: { type: "string" },
  },
});
const effort: Effort = values.quick
  ? { runs: 7, runTime: 30, warmUp: 300 }
  : { runs: 25, runTime: 100, warmUp: 1000 };
const chosen = workloads.filter(
  ({ name }) => values.only === undefined || values.only.some((part) => name.includes(part)),
);
if (chosen.length === 0) {
  console.error(
    `There is no workload ${values.only?.join(", ")}. Known: ${workloads.map(({ name }) => name).join(", ")}.`,
  );
  process.exit(2);
}
const other: Engine | undefined =
  values.against === undefined ? undefined : await builtIn(values.against);

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores`,
);
const bundle = bundleSize();
if (bundle !== null)
  console.log(`@chainrule/core: ${bundle.bundled} kB bundled, ${bundle.zipped} kB gzip`);
console.log("");

interface Row {
  readonly workload: Workload;
  readonly timing: Timing;
  readonly against: Timing | undefined;
}

const rows: Row[] = [];
for (const workload of chosen) {
  const candidates = [ours, ...(other === undefined ? [] : [other])].map(
    (engine) => workload.prepare(engine).step,
  );
  const [timing, against] = measureInTurn(candidates, effort);
  const row = { workload, timing: timing!, against };
  if (rows.length === 0) console.log(heading(other !== undefined));
  rows.push(row);
  console.log(line(row));
}

if (values.json !== undefined) {
  const figures = rows.map(({ workload, timing, against }) => ({
    name: workload.name,
    about: workload.about,
    timing,
    against,
  }));
  writeFileSync(values.json, `${JSON.stringify({ node: process.version, figures }, null, 2)}\n`);
}

function heading(compared: boolean): string {
  return `${"workload".padEnd(16)}${"median".padStart(12)}  ${"quartiles".padEnd(22)}${compared ? "ratio".padStart(7) : ""}  `;
}

function line({ workload, timing, against }: Row): string {
  const { median, quartiles } = timing;
  const spread = `${inUnits(quartiles[0])} – ${inUnits(quartiles[1])}`;
  const ratio = against === undefined ? "" : (median / against.median).toFixed(2).padStart(7);
  const extra =
    workload.flops !== undefined
      ? `${(workload.flops / median / 1e6).toFixed(2)} GFLOP/s`
      : workload.parts !== undefined
        ? `${((median / workload.parts) * 1000).toFixed(2)} µs a node`
        : "";
  return `${workload.name.padEnd(16)}${inUnits(median).padStart(12)}  ${spread.padEnd(22)}${ratio}  ${extra.padEnd(16)}${workload.about}`;
}

function inUnits(milliseconds: number): string {
  return milliseconds >= 1
    ? `${milliseconds.toFixed(2)} ms`
    : `${(milliseconds * 1000).toFixed(1)} µs`;
}

/** The size of core's build in kB, if it was built. */
function bundleSize(): { bundled: number; zipped: number } | null {
  try {
    const bytes = readFileSync(join(import.meta.dirname, "../packages/core/dist/index.js"));
    return {
      bundled: Math.round(bytes.length / 1000),
      zipped: Math.round(gzipSync(bytes).length / 1000),
    };
  } catch {
    return null;
  }
}
