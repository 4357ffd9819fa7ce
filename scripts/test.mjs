/**
 * Runs every check of the repository and ends in one line, `N passed, N failed`: each test counts
 * as one, and so does each other check.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "./lib/chromium.mjs";
import { node } from "./lib/process.mjs";
import { cache, fromRoot, root } from "./lib/workspace.mjs";

const bin = {
  biome: join(root, "node_modules/@biomejs/biome/bin/biome"),
  vitest: join(root, "node_modules/vitest/vitest.mjs"),
};
/** What takes long and is made of ops that are tried one by one anyway: `npm run test:noeval` has it, too. */
const madeOfOps = [
  "packages/chainrule/test/**",
  "packages/core/src/ops/backward-passes.test.ts",
  "packages/core/test/engine/**",
  "packages/inspect/test/pictures.test.ts",
  "packages/nn/test/laws/**",
  "packages/optim/**",
  "packages/testing/**",
  "packages/train/**",
];
const total = { passed: 0, failed: 0, skipped: 0 };
let tests = 0;

mkdirSync(cache, { recursive: true });
// The type checker takes one core for as long as the others together.
await Promise.all([check("types", ["scripts/typecheck.mjs"]), checkRest()]);
await runTests("tests", []);
await checkWithoutEval();
await checkPages();

if (tests === 0) {
  console.error("No test was run.");
  process.exitCode = 1;
}
if (total.failed > 0) process.exitCode = 1;
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);

async function checkRest() {
  await check("format and lint", [bin.biome, "check"]);
  await check("dependency rules", ["scripts/check-dependencies.mjs"]);
  await check("build", ["scripts/build.mjs", "--quiet"]);
  await check("packed packages", ["scripts/pack-test.mjs"]);
}

/**
 * @param {string} name
 * @param {readonly string[]} command
 */
async function check(name, command) {
  const start = performance.now();
  const { code, output } = await node(command);
  report(name, code === 0, start);
  if (code !== 0) console.log(output);
}

/**
 * The unit tests again where text cannot become code: one check, since the tests are the same.
 */
async function checkWithoutEval() {
  const start = performance.now();
  const args = madeOfOps.flatMap((path) => ["--exclude", path]);
  const { code, output, counts } = await vitest(
    ["--config", "vitest.noeval.config.ts", ...args],
    false,
  );
  const ok = code === 0 && counts !== undefined && counts.passed > 0 && counts.failed === 0;
  report(`unit tests without eval (${counts?.passed ?? 0} tests)`, ok, start);
  if (!ok) console.log(output);
}

/**
 * A selection of the tests of pages in a browser: one check. Half a minute, so only where CHAINRULE_TEST_PAGES asks for it.
 */
async function checkPages() {
  const start = performance.now();
  if (!process.env.CHAINRULE_TEST_PAGES) return;
  if (findChromium() === undefined) {
    console.log("- pages in a browser: skipped: no Chromium (CHAINRULE_CHROMIUM)");
    return;
  }
  const { code, output, counts } = await vitest(
    ["--config", "vitest.browser.config.ts", "test/browser/page.spec"],
    false,
  );
  const ok = code === 0 && counts !== undefined && counts.passed > 0 && counts.failed === 0;
  report(`pages in a browser (${counts?.passed ?? 0} tests)`, ok, start);
  if (!ok) console.log(output);
}

/**
 * @param {string} name
 * @param {readonly string[]} args
 */
async function runTests(name, args) {
  const start = performance.now();
  const { code, counts } = await vitest(args, true);
  if (counts) {
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    tests += counts.passed + counts.failed;
  }
  // An error outside of any test, or a runner that died.
  if (code !== 0 && (counts?.failed ?? 0) === 0) total.failed++;
  console.log(`${code === 0 ? "✓" : "✗"} ${name} (${seconds(start)})`);
}

/**
 * @param {readonly string[]} args
 * @param {boolean} show
 */
async function vitest(args, show) {
  const file = join(cache, `report-${process.pid}.json`);
  rmSync(file, { force: true });
  const { code, output } = await node(
    [
      bin.vitest,
      "run",
      ...args,
      "--reporter=dot",
      "--reporter=json",
      `--outputFile.json=${fromRoot(file)}`,
    ],
    { show },
  );
  let counts;
  try {
    counts = count(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    counts = undefined;
  }
  rmSync(file, { force: true });
  return { code, output, counts };
}

/**
 * @param {any} result what vitest's json reporter writes
 */
function count(result) {
  // A file that cannot be loaded has no tests, but is a failure.
  const broken = result.testResults.filter(
    (/** @type {any} */ { status, assertionResults }) =>
      status === "failed" &&
      !assertionResults.some((/** @type {any} */ test) => test.status === "failed"),
  ).length;
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + broken,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

/**
 * @param {string} name
 * @param {boolean} ok
 * @param {number} start
 */
function report(name, ok, start) {
  total[ok ? "passed" : "failed"]++;
  console.log(`${ok ? "✓" : "✗"} ${name} (${seconds(start)})`);
}

/** @param {number} start */
function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}
