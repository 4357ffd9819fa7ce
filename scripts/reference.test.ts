import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as ops from "../packages/core/src/ops/index.ts";
import { writeReference } from "./reference.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reference-"));
  writeReference(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the reference", () => {
  it("has a page for each op, and an index", () => {
    const expected = [...Object.keys(ops).map((name) => `${name}.md`), "README.md"];
    expect(readdirSync(folder).sort()).toEqual(expected.sort());
  });

  it("shows signature, formula, gradient, errors and an example", () => {
    const page = readFileSync(join(folder, "matmul.md"), "utf8");
    expect(page).toContain("matmul: (a: TensorLike, b: TensorLike) => Tensor");
    expect(page).toContain(String.raw`$$C_{ij} = \sum_k A_{ik} B_{kj}$$`);
    expect(readFileSync(join(folder, "expand.md"), "utf8")).toContain("sumTo(cotangent");
    expect(page).toMatch(/`ShapeError` when the inner dimensions differ/);
    expect(page).toMatch(/## Example\n\n```ts\nimport/);
  });

  it("derives the gradients of pointwise ops", () => {
    const page = readFileSync(join(folder, "mul.md"), "utf8");
    expect(page).toContain("mul: (a: TensorLike, b: TensorLike) => Tensor");
    expect(page).toContain(String.raw`$$\bar{a} = \bar{y} \cdot b$$`);
  });
});
