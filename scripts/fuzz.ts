/**
 * Reads changed files, a million of each format unless told otherwise.
 *
 *     npm run fuzz [-- --cases 100000] [--only npz] [--seed 7]
 */
import { parseArgs } from "node:util";
import { fuzz } from "../packages/formats/test/fuzz/fuzz.ts";
import { targets } from "../packages/formats/test/fuzz/targets.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1000000" },
    only: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});
const wanted = Object.entries(targets).filter(([name]) => (values.only ?? name) === name);
if (wanted.length === 0) throw new Error(`There are ${Object.keys(targets).join(", ")}.`);
for (const [name, target] of wanted) {
  const began = performance.now();
  const { cases, refused, reasons, slowest, failures } = fuzz(
    target,
    Number(values.cases),
    Number(values.seed),
  );
  const { rss } = process.memoryUsage();
  console.log(
    `${name}: ${cases} files, ${refused} refused for ${reasons} reasons, ${failures.length} failures; ` +
      `${((performance.now() - began) / 1000).toFixed(0)} s, slowest ${slowest.toFixed(0)} ms, ${(rss / 2 ** 20).toFixed(0)} MiB`,
  );
  for (const failure of failures) console.error(failure);
  if (failures.length > 0) process.exitCode = 1;
}
