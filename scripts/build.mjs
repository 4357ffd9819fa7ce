/**
 * Builds every package into its dist/: one ES module for each of its exports, with a source map
 * (esbuild), and declarations (tsc, which follows the references between the packages and redoes
 * only what has changed). What several exports share becomes a module of its own, so that a class is
 * the same in all of them.
 *
 *     node scripts/build.mjs [--quiet]
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { writeKernels } from "./lib/kernels.mjs";
import { writePage } from "./lib/page.mjs";
import { compile, forget } from "./lib/typescript.mjs";
import { files, fromRoot, packages } from "./lib/workspace.mjs";

await writeKernels();
await writePage();
const quiet = process.argv.includes("--quiet");
const all = packages();

for (const { folder } of all) {
  rmSync(join(folder, "dist/shared"), { recursive: true, force: true });
  removeStaleDeclarations(folder);
}

const bundling = Promise.all(
  all.map(({ folder, manifest }) =>
    build({
      entryPoints: entries(manifest).map((source) => join(folder, source)),
      outbase: join(folder, "src"),
      outdir: join(folder, "dist"),
      chunkNames: "shared/[hash]",
      splitting: true,
      bundle: true,
      packages: "external",
      format: "esm",
      platform: "neutral",
      target: "es2022",
      sourcemap: true,
      // The package ships its source, so the map need not repeat it.
      sourcesContent: false,
      metafile: true,
      logLevel: "silent",
    }),
  ),
);
const declaring = compile(all.map(({ folder }) => join(folder, "tsconfig.build.json")));

const [bundles, declarations] = await Promise.allSettled([bundling, declaring]);
if (bundles.status === "rejected") {
  console.error(bundles.reason.message);
  process.exitCode = 1;
} else if (!quiet) {
  for (const { metafile } of bundles.value) {
    for (const [path, { bytes }] of Object.entries(metafile.outputs)) {
      if (path.endsWith(".js")) console.log(`${path} ${(bytes / 1024).toFixed(1)} kB`);
    }
  }
}
if (declarations.status === "rejected") throw declarations.reason;
if (declarations.value.code !== 0) {
  console.error(declarations.value.output);
  process.exitCode = 1;
}

/**
 * The sources behind the exports of a package.
 *
 * @param {Record<string, any>} manifest
 * @returns {string[]}
 */
function entries({ exports }) {
  return Object.values(exports).flatMap((target) => target["chainrule-source"] ?? []);
}

/**
 * tsc never deletes the declarations of a source file that is gone.
 *
 * @param {string} folder
 */
function removeStaleDeclarations(folder) {
  const dist = join(folder, "dist");
  const suffix = /\.d\.ts(\.map)?$/;
  for (const path of files(dist, (file) => suffix.test(file))) {
    const source = join(folder, "src", path.slice(dist.length).replace(suffix, ".ts"));
    if (existsSync(source)) continue;
    rmSync(path);
    if (!quiet) console.log(`removed ${fromRoot(path)}`);
  }
  // A dist/ that somebody emptied by hand must be filled again, whatever tsc remembers.
  if (!existsSync(join(dist, "index.d.ts"))) forget();
}
