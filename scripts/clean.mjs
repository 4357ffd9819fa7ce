/** Removes everything that the other scripts make, but not what is installed. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { packages, root } from "./lib/workspace.mjs";

for (const path of [
  join(root, ".doctest"),
  join(root, "coverage"),
  join(root, "node_modules/.cache"),
  ...packages().map(({ folder }) => join(folder, "dist")),
]) {
  rmSync(path, { recursive: true, force: true });
}
