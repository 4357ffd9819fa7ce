/** Running the TypeScript compiler. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { node } from "./process.mjs";
import { files, root } from "./workspace.mjs";

/** Where tsc keeps what it knows from the last time: `tsBuildInfoFile` in each tsconfig. */
const memory = join(root, "node_modules/.cache/typescript");

/**
 * Brings projects up to date, with tsc's build mode.
 *
 * @param {readonly string[]} projects paths of tsconfig files
 */
export function compile(projects) {
  forgetOtherSettings();
  return node([
    join(root, "node_modules/typescript/bin/tsc"),
    "--build",
    "--pretty",
    "false",
    ...projects,
  ]);
}

/** Makes tsc start afresh. */
export function forget() {
  rmSync(memory, { recursive: true, force: true });
}

/** tsc keeps errors over a change of some settings (`lib`, for one): then it has to start afresh. */
function forgetOtherSettings() {
  const hash = createHash("sha256").update(readFileSync(join(root, "pnpm-lock.yaml")));
  const isSetting = (/** @type {string} */ path) => /tsconfig[^/\\]*\.json$/.test(path);
  const settings = [
    join(root, "tsconfig.base.json"),
    join(root, "tsconfig.json"),
    ...files(join(root, "packages"), isSetting),
  ];
  for (const path of settings) hash.update(path).update(readFileSync(path));
  const key = hash.digest("hex");
  const stamp = join(memory, "settings");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) return;
  forget();
  mkdirSync(memory, { recursive: true });
  writeFileSync(stamp, key);
}
