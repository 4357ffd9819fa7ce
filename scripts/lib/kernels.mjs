/**
 * Assembles the WebAssembly kernels of core from packages/core/kernels and writes them, as text in base64, to a source
 * file that is not committed. Does nothing when that is there already.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cache, files, fromRoot, root } from "./workspace.mjs";

const core = join(root, "packages/core");
const target = join(core, "src/accelerated/modules.generated.ts");

/** What the kernels are made from: their own files, and the vector functions that generated loops share with them. */
const sources = [join(core, "kernels"), join(core, "src/accelerated/vector")];

export async function writeKernels() {
  const hash = createHash("sha256").update(readFileSync(join(root, "pnpm-workspace.yaml")));
  hash.update(readFileSync(import.meta.filename));
  for (const folder of sources)
    for (const path of files(folder, () => true)) hash.update(readFileSync(path));
  const key = hash.digest("hex");
  if (existsSync(target) && readFileSync(target, "utf8").includes(key)) return;

  const { build } = await import("esbuild");
  const outfile = join(cache, `kernels-${process.pid}.mjs`);
  mkdirSync(cache, { recursive: true });
  await build({
    entryPoints: [join(core, "kernels/module.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "warning",
  });
  /** @type {{ assemble(variant: { relaxed: boolean }): Uint8Array }} */
  const { assemble } = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  const text = (/** @type {boolean} */ relaxed) =>
    JSON.stringify(Buffer.from(assemble({ relaxed })).toString("base64"));
  const source = `/**
 * WebAssembly modules in base64, made by ${fromRoot(import.meta.filename)}.
 * ${key}
 */
/** For engines that know relaxed SIMD: multiplication and addition are one instruction. */
export const relaxedModule: string =
  ${text(true)};
/** For engines that know SIMD. */
export const plainModule: string =
  ${text(false)};
`;
  // Several commands may do this at once: each file appears whole.
  const draft = `${target}.${process.pid}`;
  writeFileSync(draft, source);
  renameSync(draft, target);
}
