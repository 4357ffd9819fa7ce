/** Every relative link of the guides leads to a file, and every name in the curriculum to something that is exported. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as formats from "@chainrule/formats";
import * as inspect from "@chainrule/inspect";
import * as testing from "@chainrule/testing";
import * as chainrule from "chainrule";
import { expect, test } from "vitest";
import { documentation } from "./doctest/generate.mjs";
import { fromRoot, root } from "./lib/workspace.mjs";

const guides = documentation().filter((path) => path.endsWith(".md"));

test.each(guides.map((path) => [fromRoot(path), path]))("the links of %s", (_name, path) => {
  const text = readFileSync(path, "utf8").replaceAll(/```[\s\S]*?```/g, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  const dead = targets
    .filter((target) => !/^(https?:|mailto:|#)/.test(target))
    .filter((target) => !existsSync(join(dirname(path), target.replace(/#.*$/, ""))));
  expect(dead).toEqual([]);
});

test("the names of the curriculum are exported", () => {
  const text = readFileSync(join(root, "docs/curriculum.md"), "utf8").replaceAll(
    /```[\s\S]*?```/g,
    "",
  );
  const names = [...text.matchAll(/`((?:nn|optim|train)\.)?([A-Za-z]\w*)[`(]/g)];
  expect(names.length).toBeGreaterThan(50);
  const { nn, optim, train } = chainrule;
  const packages = [chainrule, nn, optim, train, formats, inspect, testing];
  // Options of fit and members of modules are no exports.
  const known = new Set([
    ...packages.flatMap(Object.keys),
    "batchSize",
    "validationSplit",
    "zeroGrad",
  ]);
  expect(names.map((match) => match[2] ?? "").filter((name) => !known.has(name))).toEqual([]);
});
