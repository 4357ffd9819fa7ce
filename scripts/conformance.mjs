/**
 * Tries all laws on the ops that a file exports, and reports:
 *
 *     npm run conformance -- path/to/my-op.ts [--cases 100] [--seed 0]
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { cache, root } from "./lib/workspace.mjs";

const [file, ...options] = process.argv.slice(2);
if (file === undefined || !existsSync(file)) {
  console.error(
    file === undefined
      ? "Which file? npm run conformance -- path/to/my-op.ts [--cases 100] [--seed 0]"
      : `There is no file ${file}.`,
  );
  process.exit(2);
}
mkdirSync(cache, { recursive: true });
const entry = join(cache, `conformance-${process.pid}.ts`);
writeFileSync(
  entry,
  `import * as exported from ${JSON.stringify(resolve(file))};
import { conform } from ${JSON.stringify(join(root, "scripts/conformance.ts"))};
process.exitCode = conform(exported, process.argv.slice(2));
`,
);
const { status } = spawnSync(process.execPath, [join(root, "scripts/run.mjs"), entry, ...options], {
  stdio: "inherit",
});
rmSync(entry, { force: true });
process.exitCode = status ?? 1;
