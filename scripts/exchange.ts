/**
 * Exchanges files with NumPy, and PyTorch where it is installed: reads what they write, and lets them read what we write.
 *
 *     npm run exchange [-- <python, such as /usr/bin/python3>]
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { differences, filesForNumPy, parseLines } from "../packages/formats/test/npy/exchange.ts";

const python = process.argv[2] ?? "python3";
const program = join(import.meta.dirname, "../packages/formats/test/npy/exchange.py");
const run = (task: string, input?: string): string =>
  execFileSync(python, [program, task], { input, encoding: "utf8", maxBuffer: 2 ** 28 });

const made = parseLines(run("make"));
const problems = made.flatMap((file) =>
  differences(file).map((problem) => `${file.name}: ${problem}`),
);
for (const problem of problems) console.error(problem);
console.log(`${made.length} files by NumPy read here, ${problems.length} problems`);
process.stdout.write(
  run(
    "check",
    filesForNumPy()
      .map((file) => JSON.stringify(file))
      .join("\n"),
  ),
);
process.exitCode = problems.length > 0 ? 1 : 0;
