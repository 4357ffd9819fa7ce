/**
 * The quickstart as a newcomer runs it, but on the sources.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { canGenerateCode } from "chainrule";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

// The program runs in a process of its own, which is the same whatever flags this one has.
test.skipIf(!canGenerateCode())("the quickstart reads at least 96 % of unseen digits", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(root, "scripts/run.mjs"),
    join(root, "docs/examples/quickstart.ts"),
  ]);
  expect(Number(/Test accuracy: ([\d.]+) %/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(96);
  expect(stdout).toContain("1438 digits to learn from, 359 to be tested on");
  expect(stdout).toContain("2,410 parameters");
  expect(stdout).toContain("%4 = crossEntropy(%3, digits int32 [4]) → ");
  expect(stdout).toMatch(
    /^epoch 30 of 30 {2}loss 0\.0\d+ {2}accuracy 9\d\.\d % {2}\d+ samples\/s$/m,
  );
  const rows = stdout.split("\n").filter((line) => /^ {3}\d( +[\d·]+){10}$/.test(line));
  const counts = rows.flatMap((line) => line.trim().split(/ +/).slice(1));
  expect(counts.length).toBe(100);
  expect(counts.reduce((sum, count) => sum + (count === "·" ? 0 : Number(count)), 0)).toBe(359);
  expect(stdout.match(/read as \d, is \d/g)?.length).toBe(4);
});
