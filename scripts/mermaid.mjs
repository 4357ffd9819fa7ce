/**
 * Lets Mermaid read and draw the graphs that `toMermaid` writes. It is fetched on first use and kept with what scripts can
 * make again: with all that it depends on it would take 150 MB in everybody's installation.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { execute, node, npm } from "./lib/process.mjs";
import { cache, root } from "./lib/workspace.mjs";

const version = "11.17.2";
const folder = join(cache, `mermaid-${version}`);
const script = join(folder, "package/dist/mermaid.min.js");

if (!existsSync(script)) {
  mkdirSync(folder, { recursive: true });
  const archive = `mermaid-${version}.tgz`;
  const fetched = await npm([
    "pack",
    `mermaid@${version}`,
    "--silent",
    "--pack-destination",
    folder,
  ]);
  const { code, output } =
    fetched.code === 0
      ? await execute("tar", [
          "-xzf",
          join(folder, archive),
          "-C",
          folder,
          "package/dist/mermaid.min.js",
        ])
      : fetched;
  if (code !== 0) {
    console.error(`Mermaid could not be fetched.\n${output}`);
    process.exit(1);
  }
  rmSync(join(folder, archive));
}
process.env.CHAINRULE_MERMAID = script;
const { code } = await node(
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--config",
    "vitest.browser.config.ts",
    "test/browser/all.spec",
    "-t",
    "Mermaid",
  ],
  { show: true },
);
process.exitCode = code;
