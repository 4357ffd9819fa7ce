/**
 * Runs the unit tests on each backend: plain loops only, and accelerated kernels for work of any size.
 *
 *     node scripts/test-backends.mjs [arguments for vitest]
 */
import { join } from "node:path";
import { node } from "./lib/process.mjs";
import { root } from "./lib/workspace.mjs";

const vitest = join(root, "node_modules/vitest/vitest.mjs");
for (const backend of ["reference", "wasm"]) {
  console.log(`Unit tests with CHAINRULE_BACKEND=${backend}:`);
  const args = ["run", "--project", "unit", "--reporter=dot", ...process.argv.slice(2)];
  const env = { ...process.env, CHAINRULE_BACKEND: backend };
  const { code } = await node([vitest, ...args], { env, show: true });
  if (code !== 0) process.exitCode = 1;
}
