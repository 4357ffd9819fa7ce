/**
 * Type checks everything: each package with its tests, the benchmarks, the examples, the scripts,
 * and the code blocks in docstrings and guides.
 */
import { join } from "node:path";
import { generateDoctests } from "./doctest/generate.mjs";
import { writeKernels } from "./lib/kernels.mjs";
import { writePage } from "./lib/page.mjs";
import { compile } from "./lib/typescript.mjs";
import { packages, root } from "./lib/workspace.mjs";

await writeKernels();
await writePage();
await generateDoctests();
const { code, output } = await compile([
  ...packages().map(({ folder }) => join(folder, "tsconfig.json")),
  join(root, "tsconfig.json"),
  join(root, ".doctest/tsconfig.json"),
]);
// A doctest has the line numbers of the file that it was taken from.
process.stdout.write(output.replaceAll(/\.doctest\/(\S+?)\/L\d+\.ts(?=[(:])/g, "$1"));
process.exitCode = code;
