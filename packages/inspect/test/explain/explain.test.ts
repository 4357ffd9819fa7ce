/**
 * Worked examples: as committed, right in every number, in both languages; what they say where they cannot write it out.
 */
import { crossEntropy, manualSeed, randn, tensor } from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { boardOf } from "../../src/explain/board.ts";
import { evaluated } from "../../src/explain/expression.ts";
import { neuronSections } from "../../src/explain/neurons.ts";
import { dictionaries } from "../../src/explain/words.ts";
import { capture, explain, toJSON } from "../../src/index.ts";
import { programs, symbols } from "./programs.ts";

describe.each(Object.entries(programs))("%s", (name, program) => {
  test.each(["en", "es"] as const)("is explained as committed: %s", async (language) => {
    const text = explain(program(), { language, digits: 5, symbols });
    await expect(text).toMatchFileSnapshot(`expected/${name}.${language}.txt`);
  });

  test("every equation is true, to rounding", () => {
    const trace = program();
    const sections = neuronSections(trace, boardOf(trace), dictionaries.en, String);
    let compared = 0;
    for (const { blocks } of sections) {
      for (const block of blocks) {
        if (block.kind !== "equations") continue;
        for (const { right } of block.equations) {
          const last = right.at(-1)!.expression;
          if (last.kind !== "number") continue;
          for (const { expression } of right) {
            const value = evaluated(expression);
            if (Number.isNaN(value)) continue; // a function: its value is the number that follows
            expect(Math.abs(value - last.value)).toBeLessThan(1e-14 * Math.max(1, Math.abs(value)));
            compared++;
          }
        }
      }
    }
    expect(compared).toBeGreaterThan(3);
  });
});

describe("formats", () => {
  const trace = programs["two-two-two"]!();

  test.each(["en", "es"] as const)("Markdown with TeX: %s", async (language) => {
    const text = explain(trace, { language, format: "markdown" });
    await expect(text).toMatchFileSnapshot(`expected/two-two-two.${language}.md`);
  });

  test("a page without scripts, in its language", () => {
    const page = explain(trace, { language: "es", format: "html" });
    expect(page).toMatch(/^<!doctype html>\n<html lang="es">/);
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(page.match(/<math/g)!.length).toBeGreaterThan(30);
    expect(page).toContain("@media print");
  });

  test("names cannot become markup or commands", () => {
    const w = tensor(2, { requiresGrad: true, name: '<img src=x onerror="a()">' });
    const v = tensor(2, { requiresGrad: true, name: "\\input{/etc/passwd}$" });
    const page = explain(w.mul(v).square(), { format: "html" });
    expect(page).not.toContain("<img");
    const markdown = explain(w.mul(v).square(), { format: "markdown" });
    expect(markdown).not.toMatch(/(?<!\\)\\input|(?<!\\)</);
    const lines = tensor(2, { requiresGrad: true, name: "\u001B[31mred\n# heading" });
    for (const format of ["text", "markdown"] as const) {
      const text = explain(lines.square(), { format });
      expect(text.includes("\u001B") || text.includes("\n# heading")).toBe(false);
    }
  });

  test("rounding is chosen by the reader, and a trace from JSON says the same", () => {
    expect(explain(trace, { digits: 2 })).toContain("L = ½·(t₁ − o₁)²");
    expect(explain(trace, { digits: 12 })).toContain("0.29837110876");
    expect(explain(trace, { digits: 3, language: "es" })).toContain("0,298");
    expect(explain(JSON.parse(toJSON(trace)))).toBe(explain(trace));
  });
});

describe("what is not written out", () => {
  manualSeed(1);
  const x = randn([2, 3]).named("x");
  const w = randn([3, 2], { requiresGrad: true }).named("w");

  test("an op by its name and the contributions that were captured", () => {
    const text = explain(crossEntropy(x.matmul(w), tensor([0, 1], { dtype: "int32" })));
    expect(text).toMatch(/L = crossEntropy\(v, x\d?\) = /);
    expect(text).toMatch(/∂L\/∂v₁₁ = \S+ {3}\(by the rule of crossEntropy\)/);
    expect(text).toContain("∂L/∂w₁₁ = ∂L/∂v₁₁·x₁₁ + ∂L/∂v₂₁·x₂₁");
  });

  test("larger networks go matrix by matrix", () => {
    const big = randn([20, 8]);
    const trace = capture(() =>
      big
        .matmul(randn([8, 4], { requiresGrad: true }))
        .tanh()
        .mean(),
    );
    const text = explain(trace);
    expect(text).toContain("Layer by layer, with matrices.");
    expect(text).toMatch(/v1 = x1 x2 {3}\(shape \[20, 4\]; norm \S+\)/);
    expect(text).toMatch(/∂v3\/∂x2 = x1ᵀ ∂v3\/∂v1/);
    expect(text).toMatch(/∂v3\/∂v1 = ∂v3\/∂v2 ⊙ \(1 − v2²\)/);
  });

  test("the same program in matrices if that is wanted", () => {
    const text = explain(programs["two-relu-layers"]!(), { detail: "matrices", language: "es" });
    expect(text).toContain("Capa por capa, con matrices.");
    expect(text).toMatch(/v2 = ReLU\(v1\)\n {4}\[ 1 {2}3 \]/);
  });

  test("a program that throws is explained as far as it came", () => {
    const trace = capture(() => x.matmul(w).matmul(x.reshape([6])));
    expect(explain(trace)).toContain("The program broke off here: matmul");
  });

  test("without a backward pass, that is said", () => {
    expect(explain(capture(() => x.mul(2).sum(), { backward: false }))).toContain(
      "No backward pass was captured.",
    );
  });
});

test("options that are no choice are refused", () => {
  const loss = tensor(1, { requiresGrad: true }).square();
  expect(() => explain(loss, { language: "fr" as never })).toThrow(
    /explain: language "fr" is unknown. Known: en, es/,
  );
  expect(() => explain(loss, { format: "pdf" as never })).toThrow(/Known: text, markdown, html/);
  expect(() => explain(loss, { detail: "atoms" as never })).toThrow(/Known: neurons, matrices/);
  expect(() => explain(loss, { digits: 0 })).toThrow(/digits/);
  expect(() => explain(loss, { digits: 18 })).toThrow(/at most 17/);
  expect(() => explain(loss, { lang: "en" } as never)).toThrow(/unknown option "lang"/);
});
