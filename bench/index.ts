/**
 * The benchmarks.
 *
 *     npm run bench [-- --only moons] [--quick] [--cpu] [--json figures.json] [--against ../other-checkout] [--peers] [--kernel]
 *
 * Prints the median time of a step of each workload, and the bytes that it allocates.
 *
 * - `--only part`: the workloads whose name contains it; may be given several times.
 * - `--quick`: a first impression, in seconds.
 * - `--cpu`: counts this process's processor time instead of the time on the wall; for machines that others use, too.
 * - `--json file`: the figures as data.
 * - `--against folder`: the same workloads run on the build (`npm run build`) of another checkout in turn with this one,
 *   and the ratio is printed: below 1, this one is faster. That is how a change is to be measured.
 * - `--peers`: the reference workloads on other libraries, too, which are installed for that in bench/peers (PyTorch is
 *   Debian's, python3-torch): each in a process of its own, in turn with ours. All start from the same numbers, and what
 *   they compute is compared.
 * - `--peer name`: only this one of them; may be given several times.
 * - `--kernel`: large matrix products against the kernel that they are made of, on one thread and on two.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { builtIn, ours } from "./engine.ts";
import { environment } from "./environment.ts";
import { compareWithKernel, kernelHeading, kernelLine } from "./kernel.ts";
import type { Effort } from "./measure.ts";
import { bytesAllocated, measureInTurn, processorTime, wallTime } from "./measure.ts";
import { compareWithPeers } from "./peers/index.ts";
import type { Row } from "./table.ts";
import { header, heading, line } from "./table.ts";
import { workloads } from "./workloads/index.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    cpu: { type: "boolean", default: false },
    json: { type: "string" },
    against: { type: "string" },
    peers: { type: "boolean", default: false },
    peer: { type: "string", multiple: true },
    kernel: { type: "boolean", default: false },
  },
});
// Many short runs: what disturbs one of them leaves the median alone.
const effort: Effort = values.quick
  ? { runs: 15, runTime: 10, warmUp: 400 }
  : { runs: 101, runTime: 20, warmUp: 1500 };
const isChosen = ({ name }: { readonly name: string }): boolean =>
  values.only?.some((part) => name.includes(part)) ?? true;
if (values.peers || values.peer !== undefined) {
  await compareWithPeers({ isChosen, names: values.peer, quick: values.quick, json: values.json });
  process.exit();
}
if (values.kernel) {
  console.log(kernelHeading());
  const figures = [512, 1024].map((n) => {
    const found = compareWithKernel(n, { rounds: values.quick ? 1 : 6, milliseconds: 1000 });
    console.log(found === null ? "There are no kernels here." : kernelLine(found));
    return found;
  });
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
  process.exit();
}
const chosen = workloads.filter(isChosen);
if (chosen.length === 0) {
  const known = workloads.map(({ name }) => name).join(", ");
  console.error(`There is no workload ${values.only?.join(", ")}. Known: ${known}.`);
  process.exit(2);
}

const about = environment(values.quick ? 3 : 9);
console.log(header(about));

// Further candidates, such as other libraries, are further steps to take in turn.
const engines = [ours, ...(values.against === undefined ? [] : [await builtIn(values.against)])];
console.log(heading(engines.length > 1));
const rows = chosen.map((workload): Row => {
  const steps = engines.map((engine) => workload.prepare(engine, "float32").step);
  const clock = values.cpu ? processorTime : wallTime;
  const { timings, ratios } = measureInTurn(steps, effort, clock);
  const [timing, other] = timings;
  const row: Row = {
    workload,
    timing: timing!,
    allocated: bytesAllocated(steps[0]!),
    against: other === undefined ? undefined : { timing: other, ratio: ratios[1]! },
  };
  console.log(line(row));
  return row;
});

if (values.json !== undefined) {
  const figures = rows.map(({ workload: { name, about }, ...figure }) => ({
    name,
    about,
    ...figure,
  }));
  const clock = values.cpu ? "processor" : "wall";
  writeFileSync(values.json, `${JSON.stringify({ ...about, clock, figures }, null, 2)}\n`);
}
