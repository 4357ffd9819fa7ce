/**
 * Builds every package into its dist/: one ES module with a source map (esbuild) and declarations
 * (tsc, which follows the references between the packages and redoes only what has changed).
 *
 *     node scripts/build.mjs [--quiet]
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { writeKernels } from "./lib/kernels.mjs";
import { compile, forget } from "./lib/typescript.mjs";
import { files, fromRoot, packages } from "./lib/workspace.mjs";

await writeKernels();
const quiet = process.argv.includes("--quiet");
const all = packages();

for (const { folder } of all) removeStaleDeclarations(folder);

const bundling = Promise.all(
  all.map(({ folder }) =>
    build({
      entryPoints: [join(folder, "src/index.ts")],
      outfile: join(folder, "dist/index.js"),
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
