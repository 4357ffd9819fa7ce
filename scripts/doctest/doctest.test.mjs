import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { node } from "../lib/process.mjs";
import { cache, files, root } from "../lib/workspace.mjs";
import { generateDoctests } from "./generate.mjs";

/**
 * Test names, each with the message of its failure, or undefined.
 *
 * @type {Map<string, string | undefined>}
 */
const outcomes = new Map();
/** @type {string} */
let folder;

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, "doctest-"));
  const sources = files(join(root, "scripts/doctest/fixtures"), () => true);
  await generateDoctests({ sources, folder });
  // vitest would look for no tests in node_modules.
  writeFileSync(
    join(folder, "vitest.config.mjs"),
    "export default { test: { exclude: [], isolate: false } };\n",
  );
  const report = join(folder, "report.json");
  const { code, output } = await node([
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    `--root=${folder}`,
    "--reporter=json",
    `--outputFile=${report}`,
  ]);
  expect(code, output).toBe(1);
  for (const { assertionResults } of JSON.parse(readFileSync(report, "utf8")).testResults) {
    for (const { title, failureMessages } of assertionResults) {
      outcomes.set(title.replace("scripts/doctest/fixtures/", ""), failureMessages[0]);
    }
  }
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("doctests", () => {
  it.each(["examples.md:4", "docstring.ts:6"])("%s passes", (name) => {
    expect(outcomes.has(name)).toBe(true);
    expect(outcomes.get(name)).toBeUndefined();
  });

  it.each([
    ["wrong-value.md:2", /fixtures\/wrong-value\.md:3: expected\n3\nbut got\n2/],
    ["wrong-text.md:2", /fixtures\/wrong-text\.md:2: expected\n1\n3\nbut it logs\n1\n2/],
    ["no-error.md:2", /fixtures\/no-error\.md:2: expected it to throw\nRangeError/],
    ["other-error.md:2", /fixtures\/other-error\.md:2: .*\nTypeError\nbut got\nSyntaxError/],
    ["unexpected-error.md:2", /fixtures\/unexpected-error\.md:4: .*JSON/],
    ["stray-arrow.md:2", /fixtures\/stray-arrow\.md:2: .*gives nothing that could be checked/],
    ["no-syntax.md:2", /fixtures\/no-syntax\.md:2: the example does not parse/],
    ["docstring.ts:24", /fixtures\/docstring\.ts:24: expected\n6\nbut got\n5/],
    ["docstring.ts:15", /fixtures\/docstring\.ts:15: expected\n{ a: 2 }\nbut got/],
  ])("%s fails, and says where", (name, message) => {
    expect(outcomes.get(name)).toMatch(message);
  });

  it("ignores what is not to be run, and nothing else", () => {
    expect(outcomes.size).toBe(11);
  });
});
