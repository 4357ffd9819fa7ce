/**
 * Runs the programs of docs/examples in full, each in a process of its own, and ends in a table:
 *
 *     npm run examples [-- perceptron gan …]
 */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { execute } from "./lib/process.mjs";
import { root } from "./lib/workspace.mjs";

const folder = join(root, "docs/examples");
const wanted = process.argv.slice(2);
const all = readdirSync(folder)
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
  .map((name) => basename(name, ".ts"));
const chosen = all.filter(
  (name) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
if (chosen.length === 0) {
  console.error(`There is no such example. There are: ${all.join(", ")}.`);
  process.exitCode = 2;
}

/** @type {string[]} */
const report = [];
for (const name of chosen) {
  console.log(`\n━━━ ${name}\n`);
  const start = performance.now();
  const { code } = await execute(
    process.execPath,
    [join(root, "scripts/run.mjs"), join(folder, `${name}.ts`)],
    { show: true },
  );
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  report.push(`${code === 0 ? "✓" : "✗"} ${name.padEnd(32)} ${seconds.padStart(6)} s`);
  if (code !== 0) process.exitCode = 1;
}
console.log(`\n${report.join("\n")}`);
