/**
 * The scorecard of correctness: each line is measured, and its figure printed.
 *
 *     npm run scorecard [-- --line 3] [--quick]
 *
 * The whole of it takes half an hour; `--quick` draws a tenth of the cases.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { node } from "./lib/process.mjs";
import { cache, root } from "./lib/workspace.mjs";

const { values } = parseArgs({
  options: { line: { type: "string" }, quick: { type: "boolean", default: false } },
});
const cases = values.quick ? "100" : "1000";
const vitestBin = join(root, "node_modules/vitest/vitest.mjs");

/**
 * What a program says in its last line.
 *
 * @param {readonly string[]} command
 */
async function lastLine(command) {
  const { code, output } = await node(command);
  const lines = output.trim().split("\n");
  const broken = lines.filter((line) => line.startsWith("✗"));
  return { ok: code === 0, figure: [lines.at(-1) ?? "", ...broken].join("\n     ") };
}

/**
 * How many tests of some files pass.
 *
 * @param {readonly string[]} filters
 * @param {readonly string[]} [options]
 */
async function tests(filters, options = ["--project", "unit"]) {
  const file = join(cache, `scorecard-${process.pid}.json`);
  const { code } = await node([
    vitestBin,
    "run",
    ...options,
    "--reporter=json",
    `--outputFile=${file}`,
    ...filters,
  ]);
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(file, "utf8"));
  rmSync(file, { force: true });
  const failed = testResults
    .flatMap((/** @type {any} */ result) => result.assertionResults)
    .filter((/** @type {any} */ test) => test.status === "failed")
    .map((/** @type {any} */ test) => test.fullName);
  return {
    ok: code === 0,
    figure: [`${numPassedTests} tests passed, ${numFailedTests} failed`, ...failed].join("\n     "),
  };
}

/** @param {string[]} options */
const laws = (...options) =>
  lastLine(["scripts/run.mjs", "scripts/laws.ts", "--cases", cases, ...options]);

/** @type {Record<string, { what: string, measure: () => Promise<{ ok: boolean, figure: string }> }>} */
const scorecard = {
  1: {
    what: `every op × ${cases} random calls: gradients of orders 1 and 2 against differences`,
    measure: () => laws("--law", "gradcheck"),
  },
  2: {
    what: "no op without samples, refusals, reference, edge rows, docstring",
    measure: () => tests(["packages/core/test/catalogue"]),
  },
  3: {
    what: "planted faults that the laws catch",
    measure: () =>
      lastLine(["scripts/run.mjs", "scripts/faults.ts", "--count", values.quick ? "60" : "300"]),
  },
  4: {
    what: "golden values of ops, float64 and float32, and second derivatives",
    measure: () => tests(["packages/core/test/golden/ops-", "packages/core/test/golden/grads2"]),
  },
  5: {
    what: "losses and layers against golden values",
    measure: () => tests(["packages/core/test/golden/ops-loss", "packages/nn", "packages/optim"]),
  },
  6: { what: "pinned edge values", measure: () => tests(["packages/core/test/golden/edges"]) },
  7: {
    what: "a view gives what its copy gives, bit for bit",
    measure: () => laws("--law", "views = copies"),
  },
  8: {
    what: "10⁴ random graphs with reuse against differences",
    measure: () => tests(["packages/core/test/engine/graphs", "-t", "random graphs"]),
  },
  9: {
    what: "a chain of 10⁶ nodes: built, differentiated, freed, printed",
    measure: () => tests(["packages/core/test/engine/graphs", "-t", "million"]),
  },
  10: {
    what: "a change of a saved tensor is refused, or has no effect",
    measure: () => laws("--law", "mutation"),
  },
  17: {
    what: "the unit tests without code generation and without __proto__",
    measure: () => tests([], ["--config", "vitest.noeval.config.ts"]),
  },
};

const chosen = Object.entries(scorecard).filter(
  ([line]) => values.line === undefined || values.line === line,
);
if (chosen.length === 0) {
  console.error(`There is no line ${values.line}. Known: ${Object.keys(scorecard).join(", ")}.`);
  process.exit(2);
}
for (const [line, { what, measure }] of chosen) {
  const { ok, figure } = await measure();
  console.log(`${ok ? "✓" : "✗"} ${line.padStart(2)} ${what}\n     ${figure}`);
  if (!ok) process.exitCode = 1;
}
