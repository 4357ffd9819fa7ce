/**
 * Checkpoints as files of a folder.
 */
import type { CheckpointStore } from "../checkpoint/rotation.ts";
import { checkPath, ownerOf, readFile, writeFile } from "./files.ts";
import type { Host } from "./modules.ts";
import { codeOf, host } from "./modules.ts";

const pattern = /^checkpoint-(\d{1,16})\.safetensors$/;

/**
 * A folder for the checkpoints of one run: `checkpoint-00001200.safetensors` and so on. A file has its name only when it is
 * whole; what a killed process left behind is removed with the next checkpoint.
 *
 * @throws {ArgumentError} for anything but a path.
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { Checkpoints } from "@chainrule/formats";
 * import { checkpointFolder } from "@chainrule/formats/node";
 * const folder = mkdtempSync(join(tmpdir(), "chainrule-"));
 * const checkpoints = new Checkpoints(checkpointFolder(folder), { keep: 2 });
 * for (let step = 1; step <= 3; step++) await checkpoints.save(step, { step });
 * await checkpoints.steps(); // → [ 2, 3 ]
 */
export function checkpointFolder(path: string): CheckpointStore {
  const folder = checkPath("checkpointFolder", path);
  const node = host("checkpointFolder");
  const fs = node.getBuiltinModule("node:fs/promises");
  const { join } = node.getBuiltinModule("node:path");
  const fileOf = (step: number): string =>
    join(folder, `checkpoint-${String(step).padStart(8, "0")}.safetensors`);

  /** The names in the folder; none if it is not there yet. */
  const names = async (): Promise<string[]> => {
    try {
      return await fs.readdir(folder);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    }
  };

  return {
    async steps() {
      const steps = (await names()).map((name) => pattern.exec(name)?.[1]);
      return steps.flatMap((step) => (step === undefined ? [] : Number(step)));
    },
    read: (step) => readFile(fileOf(step)),
    async write(step, bytes) {
      await writeFile(fileOf(step), bytes);
      for (const name of await names()) {
        const owner = ownerOf(name);
        if (owner === null || !name.startsWith(".checkpoint-") || isRunning(node, owner)) continue;
        await fs.rm(join(folder, name), { force: true });
      }
    },
    remove: (step) => fs.rm(fileOf(step), { force: true }),
  };
}

function isRunning(node: Host, pid: number): boolean {
  try {
    node.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is there, too; it only may not be asked.
    return codeOf(error) === "EPERM";
  }
}
