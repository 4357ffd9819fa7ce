/**
 * What stands above the table: the machine, and what it costs to load the library.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import type { Spread } from "./measure.ts";
import { spreadOf } from "./measure.ts";

export interface Environment {
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  /** The builds, by package; those that were not built are missing. */
  readonly builds: readonly Build[];
}

export interface Build {
  readonly name: string;
  readonly bytes: number;
  readonly gzip: number;
  /** Milliseconds to import it, with what it imports, in a new process. */
  readonly importTime: Spread;
}

/** @param imports How often each build is imported. */
export function environment(imports: number): Environment {
  return {
    node: process.version,
    processor: cpus()[0]?.model ?? "unknown processor",
    cores: cpus().length,
    builds: ["core", "chainrule"].flatMap((name) => {
      const path = join(import.meta.dirname, "../packages", name, "dist/index.js");
      if (!existsSync(path)) return [];
      const text = readFileSync(path);
      const times = Array.from({ length: imports }, () => importTime(path));
      return [
        { name, bytes: text.length, gzip: gzipSync(text).length, importTime: spreadOf(times) },
      ];
    }),
  };
}

function importTime(path: string): number {
  const program = `const start = performance.now();
    await import(${JSON.stringify(pathToFileURL(path).href)});
    console.log(performance.now() - start);`;
  const args = ["--input-type=module", "--eval", program];
  return Number(execFileSync(process.execPath, args, { encoding: "utf8" }));
}
