/**
 * What the sources say of each exported op: its docstring, and the file it stands in.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../src/ops");

/** An exported constant or function of the op table. */
export interface Documented {
  readonly file: string;
  /** `null` where there is none. */
  readonly docstring: string | null;
}

const declaration = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export (?:const|function) (\w+)/g;
const renamed = /(\w+) as (\w+)/g;

/** By exported name; `export { f as g }` counts for both. */
export function documentedExports(): ReadonlyMap<string, Documented> {
  const found = new Map<string, Documented>();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
    const text = readFileSync(join(folder, name), "utf8");
    for (const [, docstring, exported] of text.matchAll(declaration)) {
      // Overloads follow one another; the first carries the docstring.
      if (!found.has(exported!)) found.set(exported!, { file: name, docstring: docstring ?? null });
    }
  }
  for (const table of ["methods.ts", "functions.ts"]) {
    for (const [, from, as] of readFileSync(join(folder, table), "utf8").matchAll(renamed)) {
      const original = found.get(from!);
      if (original !== undefined) found.set(as!, original);
    }
  }
  return found;
}
