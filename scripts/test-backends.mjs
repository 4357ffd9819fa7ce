/**
 * Runs the unit tests on each backend: plain loops only, accelerated kernels for work of any size on one thread, and the
 * same on two.
 *
 *     node scripts/test-backends.mjs [--only reference|one|two] [arguments for vitest]
 */
import { join } from "node:path";
import { node } from "./lib/process.mjs";
import { root } from "./lib/workspace.mjs";

const vitest = join(root, "node_modules/vitest/vitest.mjs");
const backends = {
  reference: { CHAINRULE_BACKEND: "reference" },
  one: { CHAINRULE_BACKEND: "wasm", CHAINRULE_THREADS: "1" },
  two: { CHAINRULE_BACKEND: "wasm", CHAINRULE_THREADS: "2" },
};
const args = process.argv.slice(2);
const only = args[0] === "--only" ? args.splice(0, 2)[1] : undefined;
if (only !== undefined && !Object.keys(backends).includes(only)) {
  console.error(`There is no backend ${only}: --only takes ${Object.keys(backends).join(", ")}.`);
  process.exit(2);
}
for (const [name, settings] of Object.entries(backends)) {
  if (only !== undefined && only !== name) continue;
  console.log(
    `Unit tests with ${Object.entries(settings)
      .map((pair) => pair.join("="))
      .join(" ")}:`,
  );
  const env = { ...process.env, ...settings };
  // Work of any size in WebAssembly takes longer than plain loops where it is little.
  const patience = ["--testTimeout=120000", "--reporter=dot"];
  const command = [vitest, "run", "--project", "unit", ...patience, ...args];
  const { code } = await node(command, { env, show: true });
  if (code !== 0) process.exitCode = 1;
}
