/**
 * The worked examples have the numbers of the lecture notes: computed elsewhere, in float64, and written down here.
 */
import { tensor } from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { explain, mistakenGradients } from "../../src/index.ts";
import { programs, symbols } from "./programs.ts";

/** By example: what stands on the left of an equation, and the number that it ends in. */
const notes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "two-two-two": {
    "h₁": 0.5932699921071872,
    "h₂": 0.596884378259767,
    "o₁": 0.7513650695523157,
    "o₂": 0.7729284653214625,
    L: 0.2983711087600027,
    "∂L/∂w1": 0.0004385677344743467,
    "∂L/∂w2": 0.0008771354689486934,
    "∂L/∂w3": 0.0004977127352608599,
    "∂L/∂w4": 0.0009954254705217198,
    "∂L/∂w5": 0.08216704056423077,
    "∂L/∂w6": 0.08266762784753325,
    "∂L/∂w7": -0.022602540477475067,
    "∂L/∂w8": -0.02274024221597822,
    "w1′": 0.1497807161327628,
    "w2′": 0.19956143226552567,
    "w3′": 0.24975114363236958,
    "w4′": 0.29950228726473915,
    "w5′": 0.35891647971788465,
    "w6′": 0.4086661860762334,
    "w7′": 0.5113012702387375,
    "w8′": 0.5613701211079891,
  },
  "xor-online": {
    "h₁": 0.3318122278318339,
    "h₂": 0.574442516811659,
    f: 0.5734985037100979,
    E: 0.09095176316876268,
    // The notes have the new weights, and that the first row does not move.
    "∂E/∂W1₁₁": 0,
    "∂E/∂W1₁₂": 0,
    "W1′₁₁": 0.1,
    "W1′₁₂": 0.5,
    "W1′₂₁": -0.6988435301310713,
    "W1′₂₂": 0.302550223335979,
    "W2′₁": 0.2086537790505812,
    "W2′₂": 0.41498166191834035,
  },
  "one-weight": { "∂L/∂w": -24, "w′": 2.24 },
  "two-relu-layers": {
    "h₁": 1,
    "h₂": 3,
    y: 7,
    L: 9,
    "∂L/∂W2₁": 6,
    "∂L/∂W2₂": 18,
    "∂L/∂W1₁₁": 0,
    "∂L/∂W1₁₂": 0,
    "∂L/∂W1₂₁": 6,
    "∂L/∂W1₂₂": 12,
  },
  "nested-function": {
    f: 0.5632453416201726,
    e: 0.09537731580823987,
    "∂e/∂w20": -0.1074416576504543,
    "∂e/∂w21": 0.031299109976283296,
    "∂e/∂w10": -0.04916191607792678,
    "∂e/∂w11": -0.04916191607792678,
    "∂e/∂w12": -0.09832383215585357,
  },
  "three-neurons": {
    h1: 0.5793242521487495,
    h2: 0.5260459936606474,
    o: 0.5302107996705786,
    C: 0.2811234920873144,
    "∂C/∂w1": 0.0006644458692329924,
    "∂C/∂w2": 0.008774848464733807,
    "∂C/∂w3": 0.13894850578302126,
    "w1′": 0.3199335554130767,
    "w2′": 0.17912251515352662,
    "w3′": 0.2161051494216979,
  },
  "reused-node": { "∂c/∂a": 4 },
};

const digits = 12;

/** As the two languages write a number with so many digits. */
function written(value: number, comma: boolean): string {
  const text = String(Number(value.toPrecision(digits))).replace("-", "−");
  return comma ? text.replace(".", ",") : text;
}

describe.each(Object.entries(notes))("%s", (name, numbers) => {
  test.each(["en", "es"] as const)("has the numbers of the notes: %s", (language) => {
    const text = explain(programs[name]!(), { language, digits, symbols });
    // A long equation goes on in the next line.
    const lines = text
      .replace(/\n\s+= /g, " = ")
      .split("\n")
      .map((line) => line.trim());
    for (const [left, value] of Object.entries(numbers)) {
      const line = lines.find((one) => one.startsWith(`${left} = `));
      expect(line, `${left} in\n${text}`).toBeDefined();
      expect(line!.split(" = ").at(-1), left).toBe(written(value, language === "es"));
    }
  });

  test.each(["en", "es"] as const)("and so has its TeX: %s", (language) => {
    const text = explain(programs[name]!(), { language, digits, symbols, format: "markdown" });
    for (const value of Object.values(numbers)) {
      const plain = written(value, false).replace("−", "-");
      // A comma between braces has no space behind it in TeX.
      expect(text).toContain(language === "es" ? plain.replace(".", "{,}") : plain);
    }
  });
});

test("the slip of the notes: the δ of the first hidden unit is 0.0046, not 0.046", () => {
  const text = explain(programs["xor-online"]!(), { digits: 3 });
  expect(text).toMatch(/δh₁ = .* = −0\.00463$/m);
  expect(text).toMatch(/δf = .* = −0\.104$/m);
});

test("a = 1; b = a + a; c = b + b: right, and as it goes wrong without order, sums and zeroGrad", () => {
  const a = tensor(1, { requiresGrad: true, name: "a" });
  const b = a.add(a);
  const mistakes = mistakenGradients(b.add(b));
  expect(String(mistakes).split("\n")[1]!.trim().split(/\s+/)).toEqual(["a", "4", "6", "1", "8"]);
});
