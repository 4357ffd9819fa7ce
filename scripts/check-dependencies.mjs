/**
 * Holds the packages to the import rules in CONTRIBUTING.md:
 *
 * - core imports nothing; every other package imports only what its package.json lists;
 * - optim never imports nn;
 * - no package imports a Node module when it is loaded (browsers have none);
 * - no package has an import cycle at run time (a type-only import is none);
 * - what lists the packages (project references, the root's package.json) lists them all.
 */
import { join } from "node:path";
import { build } from "esbuild";
import { writeKernels } from "./lib/kernels.mjs";
import { writePage } from "./lib/page.mjs";
import { files, fromRoot, isSource, packages, readJson, root } from "./lib/workspace.mjs";

const forbidden = [
  ["@chainrule/optim", "@chainrule/nn", "an optimizer takes an iterable of tensors"],
  ["@chainrule/nn", "@chainrule/optim", "a module knows nothing of how it is trained"],
];

await writeKernels();
await writePage();
/** @type {string[]} */
const problems = [];
const all = packages();
const names = new Set(all.map(({ name }) => name));
const rootManifest = readJson(join(root, "package.json"));

for (const { name, folder, manifest } of all) {
  const dependencies = Object.keys(manifest.dependencies ?? {});
  const imports = await importsOf(folder);

  for (const [file, targets] of imports) {
    for (const { path, external, kind } of targets) {
      if (!external) continue;
      const target = path
        .split("/")
        .slice(0, path.startsWith("@") ? 2 : 1)
        .join("/");
      if (path.startsWith("node:")) {
        if (kind !== "dynamic-import") problems.push(`${file} imports ${path}: not in a browser`);
      } else if (!dependencies.includes(target)) {
        problems.push(`${file} imports ${target}: not among the dependencies of ${name}`);
      }
    }
  }
  if (name === "@chainrule/core" && dependencies.length > 0) {
    problems.push(`${name} depends on ${dependencies.join(", ")}: core depends on nothing`);
  }
  for (const [from, to, reason] of forbidden) {
    if (name === from && dependencies.includes(String(to))) {
      problems.push(`${from} depends on ${to}: ${reason}`);
    }
  }
  for (const cycle of cyclesIn(imports)) problems.push(`import cycle: ${cycle.join(" → ")}`);

  const references = (readJson(join(folder, "tsconfig.build.json")).references ?? [])
    .map((/** @type {{ path: string }} */ { path }) => join(folder, path, ".."))
    .sort();
  const expected = all
    .filter((other) => dependencies.includes(other.name))
    .map((other) => other.folder)
    .sort();
  if (references.join() !== expected.join()) {
    problems.push(
      `${fromRoot(folder)}/tsconfig.build.json: references must be those of the dependencies: ` +
        (expected.map(fromRoot).join(", ") || "none"),
    );
  }
  if (rootManifest.devDependencies[name] !== "workspace:*") {
    problems.push(`package.json: devDependencies must list "${name}": "workspace:*"`);
  }
  for (const dependency of dependencies) {
    if (names.has(dependency) && manifest.dependencies[dependency] !== "workspace:*") {
      problems.push(`${fromRoot(folder)}/package.json: ${dependency} must be "workspace:*"`);
    }
  }
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

/**
 * What each source file of a package imports at run time. esbuild finds it out.
 *
 * @param {string} folder
 */
async function importsOf(folder) {
  const { metafile } = await build({
    entryPoints: files(join(folder, "src"), isSource),
    outdir: join(root, "node_modules/.cache"),
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    packages: "external",
    format: "esm",
    platform: "neutral",
    logLevel: "error",
  });
  return new Map(Object.entries(metafile.inputs).map(([file, { imports }]) => [file, imports]));
}

/**
 * One shortest cycle through each file that is in a cycle and not in one already found.
 *
 * @param {Awaited<ReturnType<typeof importsOf>>} imports
 */
function cyclesIn(imports) {
  /** @type {string[][]} */
  const cycles = [];
  /** @type {Set<string>} */
  const seen = new Set();
  for (const start of imports.keys()) {
    if (seen.has(start)) continue;
    /** @type {Map<string, string>} */
    const cameFrom = new Map();
    const queue = [start];
    for (const file of queue) {
      for (const { path, external } of imports.get(file) ?? []) {
        if (external || cameFrom.has(path)) continue;
        cameFrom.set(path, file);
        queue.push(path);
      }
    }
    if (!cameFrom.has(start)) continue;
    const cycle = [start];
    do cycle.unshift(String(cameFrom.get(String(cycle[0]))));
    while (cycle[0] !== start);
    cycles.push(cycle);
    for (const file of cycle) seen.add(file);
  }
  return cycles;
}
