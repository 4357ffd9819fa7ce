/**
 * Runs a TypeScript file on any supported Node.
 *
 *     node scripts/run.mjs [--dist] [options for Node] file.ts [arguments for the file]
 *
 * The workspace's packages are taken from their sources or, with --dist, as they were built.
 */
import { existsSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { writeKernels } from "./lib/kernels.mjs";
import { writePage } from "./lib/page.mjs";
import { node } from "./lib/process.mjs";
import { cache, packages, root } from "./lib/workspace.mjs";

const args = process.argv.slice(2);
const at = args.findIndex((arg) => !arg.startsWith("-"));
const file = args[at];
if (file === undefined || !existsSync(file)) {
  console.error(
    file === undefined
      ? "Which file? node scripts/run.mjs [--dist] [options for Node] file.ts [arguments]"
      : `There is no file ${file}.`,
  );
  process.exit(2);
}
const dist = args.slice(0, at).includes("--dist");
const nodeOptions = args.slice(0, at).filter((arg) => arg !== "--dist");
const entry = resolve(file);
const workspace = new Set(packages().map(({ name }) => name));
const outfile = join(cache, "run", `${basename(entry).replace(/\.\w+$/, "")}-${process.pid}.mjs`);

/**
 * Everything from elsewhere stays outside the bundle, found from the file that imports it.
 *
 * @type {import("esbuild").Plugin}
 */
const externals = {
  name: "externals",
  setup({ onResolve, onLoad, resolve: find }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (pluginData === externals || builtinModules.includes(path.replace("node:", ""))) return;
      const bundled = [...workspace].some((name) => path === name || path.startsWith(`${name}/`));
      if (bundled && !dist) return;
      const found = await find(path, { kind, resolveDir, pluginData: externals });
      if (found.errors.length > 0) return { errors: found.errors };
      return { path: pathToFileURL(found.path).href, external: true };
    });
    // Code that finds files beside its own must still find them.
    onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      if (!text.includes("import.meta.")) return;
      const contents = text
        .replaceAll(/\bimport\.meta\.url\b/g, JSON.stringify(pathToFileURL(path).href))
        .replaceAll(/\bimport\.meta\.dirname\b/g, JSON.stringify(dirname(path)))
        .replaceAll(/\bimport\.meta\.filename\b/g, JSON.stringify(path))
        // Node has it from 24.2 on only; and the bundle's own would be true for what is imported, too.
        .replaceAll(/\bimport\.meta\.main\b/g, String(path === entry));
      return { contents, loader: path.endsWith("ts") ? "ts" : "js" };
    });
  },
};

await writeKernels();
await writePage();
try {
  await build({
    entryPoints: [entry],
    outfile,
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    conditions: dist ? [] : ["chainrule-source"],
    // A file from elsewhere finds the packages here.
    nodePaths: [join(root, "node_modules")],
    plugins: [externals],
    logLevel: "warning",
  });
} catch {
  process.exit(1); // esbuild has said why
}
const { code } = await node(
  ["--enable-source-maps", ...nodeOptions, outfile, ...args.slice(at + 1)],
  { cwd: process.cwd(), show: true },
);
rmSync(outfile, { force: true });
process.exitCode = code;
