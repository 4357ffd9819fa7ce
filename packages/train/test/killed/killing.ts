/**
 * Kills a training run at random moments, starts it again, and compares the end with that of a run that nobody killed.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { build } from "esbuild";

/** What {@link killAndResume} saw. */
export interface KillReport {
  /** How often a run was killed. */
  readonly kills: number;
  /** How many runs came to their end. */
  readonly runs: number;
  /** Whether all of them ended as the one that nobody killed did, to the bit. */
  readonly same: boolean;
  /** Files that were in a folder at the end and are no checkpoints. */
  readonly leftovers: readonly string[];
}

/** Kills runs of so many epochs until there were so many kills; `random` gives numbers from [0, 1). */
export async function killAndResume(
  kills: number,
  epochs: number,
  random: () => number,
): Promise<KillReport> {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-killed-"));
  try {
    const program = join(folder, "program.mjs");
    await build({
      entryPoints: [join(import.meta.dirname, "program.ts")],
      outfile: program,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      conditions: ["chainrule-source"],
      logLevel: "error",
    });
    const whole = await started(program, join(folder, "whole"), epochs, null);
    if (whole.result === null) throw new Error("The run that nobody killed did not end.");
    let [killed, runs, same] = [0, 0, true];
    const leftovers: string[] = [];
    while (killed < kills) {
      const checkpoints = join(folder, `run-${runs++}`);
      for (;;) {
        // Longer than the run takes, so that some of the kills come too late.
        const after = killed < kills ? 1.2 * random() * whole.milliseconds : null;
        const { result } = await started(program, checkpoints, epochs, after);
        if (result === null) {
          killed++;
          continue;
        }
        same &&= result === whole.result;
        break;
      }
      leftovers.push(...readdirSync(checkpoints).filter((name) => !name.startsWith("checkpoint-")));
    }
    return { kills: killed, runs, same, leftovers };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Starts the program, and kills it so many milliseconds behind the beginning of its training. The result is `null` if it
 * was killed.
 */
function started(
  program: string,
  folder: string,
  epochs: number,
  killAfter: number | null,
): Promise<{ result: string | null; milliseconds: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, folder, String(epochs)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let errors = "";
    let began: number | null = null;
    let timer: NodeJS.Timeout | undefined;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (began !== null || !output.includes("begin")) return;
      began = performance.now();
      if (killAfter !== null) timer = setTimeout(() => child.kill("SIGKILL"), killAfter);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const milliseconds = performance.now() - (began ?? performance.now());
      if (signal === "SIGKILL") resolve({ result: null, milliseconds });
      else if (code !== 0) reject(new Error(errors));
      else resolve({ result: /^result (.*)$/m.exec(output)?.[1] ?? null, milliseconds });
    });
  });
}
