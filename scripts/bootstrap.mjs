/**
 * Installs what the repository needs, on a machine that has only Node and npm: fetches the pinned
 * pnpm through npm and installs what the lock file says; then assembles the WebAssembly kernels. Does
 * nothing when that is already there.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pinnedPnpm, pnpm } from "./lib/process.mjs";
import { packages, readJson, root } from "./lib/workspace.mjs";

const needed = readJson(join(root, "package.json")).engines.node.replace(">=", "");
if (isOlder(process.versions.node, needed)) {
  console.error(
    `Chainrule needs Node ${needed} or newer; this is Node ${process.versions.node} ` +
      `(${process.execPath}). Install a newer one from https://nodejs.org and try again.`,
  );
  process.exit(1);
}

if (!isInstalled()) {
  console.log(`Installing development dependencies with ${pinnedPnpm()} …`);
  const { code, output } = await pnpm(["install", "--frozen-lockfile"]);
  if (code !== 0) {
    console.error(output);
    console.error("The installation failed. Its output is above; nothing else was run.");
    process.exit(code);
  }
}

const { writeKernels } = await import("./lib/kernels.mjs");
const { writePage } = await import("./lib/page.mjs");
await writeKernels();
await writePage();

/** pnpm leaves the lock file that it installed from in node_modules. */
function isInstalled() {
  const installed = join(root, "node_modules/.pnpm/lock.yaml");
  if (!existsSync(installed)) return false;
  const wanted = readFileSync(join(root, "pnpm-lock.yaml"), "utf8");
  if (readFileSync(installed, "utf8") !== wanted) return false;
  return packages().every(
    ({ folder, manifest }) =>
      Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).length === 0 ||
      existsSync(join(folder, "node_modules")),
  );
}

/**
 * @param {string} version
 * @param {string} minimum
 */
function isOlder(version, minimum) {
  const [a, b] = [version, minimum].map((text) => text.split(".").map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
