/**
 * Makes the playground: one page that opens from disk and asks nothing of the network.
 *
 *     npm run playground          # docs/playground/out/playground.html
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, transform } from "esbuild";
import { writeKernels } from "./lib/kernels.mjs";
import { fromRoot, root } from "./lib/workspace.mjs";

const folder = join(root, "docs/playground");

/** The page as text. */
export async function playground() {
  await writeKernels();
  const { outputFiles } = await build({
    entryPoints: [join(folder, "main.ts")],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    conditions: ["chainrule-source"],
    nodePaths: [join(root, "node_modules")],
    logLevel: "error",
    define: { "import.meta.url": '"https://page.invalid/playground.ts"' },
  });
  // Whoever reads the page must not take a text in the script for its end.
  const script = (outputFiles[0]?.text ?? "").replaceAll("</script", "<\\/script");
  const css = readFileSync(join(folder, "page.css"), "utf8");
  const style = (await transform(css, { loader: "css", minify: true })).code;
  const checksum = (/** @type {string} */ text) =>
    `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const policy = `default-src 'none'; script-src ${checksum(script)} 'wasm-unsafe-eval'; style-src ${checksum(style)}`;
  const put = (/** @type {string} */ text) => () => text;
  return readFileSync(join(folder, "page.html"), "utf8")
    .replace("default-src 'none'", put(policy))
    .replace("<style>", put(`<style>${style}`))
    .replace("<script>", put(`<script>${script}`));
}

if (process.argv[1] === import.meta.filename) {
  const target = join(folder, "out/playground.html");
  mkdirSync(join(folder, "out"), { recursive: true });
  const page = await playground();
  writeFileSync(target, page);
  console.log(
    `${fromRoot(target)}, ${Math.round(page.length / 1024)} KiB: open ${pathToFileURL(target)}`,
  );
}
