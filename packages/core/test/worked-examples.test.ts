/**
 * The worked examples of the lecture notes, recomputed in float64: every number to 1e-12.
 */

import { describe, expect, test } from "vitest";
import { averages } from "../../../docs/examples/worked/averages.ts";
import { nestedFunction } from "../../../docs/examples/worked/nested-function.ts";
import { oneWeight } from "../../../docs/examples/worked/one-weight.ts";
import { reusedNode } from "../../../docs/examples/worked/reused-node.ts";
import { squaredError } from "../../../docs/examples/worked/squared-error.ts";
import { threeNeurons } from "../../../docs/examples/worked/three-neurons.ts";
import { twoReluLayers } from "../../../docs/examples/worked/two-relu-layers.ts";
import { twoTwoTwo } from "../../../docs/examples/worked/two-two-two.ts";
import { xorOnline } from "../../../docs/examples/worked/xor-online.ts";

function expectNumbers(found: unknown, expected: readonly number[]): void {
  const numbers = [found].flat(9) as number[];
  expect(numbers.length).toBe(expected.length);
  for (const [i, number] of numbers.entries()) {
    expect(Math.abs(number - expected[i]!), `${number} is to be ${expected[i]}`).toBeLessThan(
      1e-12,
    );
  }
}

describe("worked examples", () => {
  test("1: 2-2-2", () => {
    const { h, o, loss, gradients, updated } = twoTwoTwo();
    expectNumbers(h, [0.5932699921071872, 0.596884378259767]);
    expectNumbers(o, [0.7513650695523157, 0.7729284653214625]);
    expectNumbers(loss, [0.2983711087600027]);
    expectNumbers(
      gradients,
      [
        0.0004385677344743467, 0.0008771354689486934, 0.0004977127352608599, 0.0009954254705217198,
        0.08216704056423077, 0.08266762784753325, -0.022602540477475067, -0.02274024221597822,
      ],
    );
    expectNumbers(
      updated,
      [
        0.1497807161327628, 0.19956143226552567, 0.24975114363236958, 0.29950228726473915,
        0.35891647971788465, 0.4086661860762334, 0.5113012702387375, 0.5613701211079891,
      ],
    );
  });

  test("2: XOR by online learning", () => {
    const { h, f, error, delta, w1, w2, after } = xorOnline();
    expectNumbers(h, [0.3318122278318339, 0.574442516811659]);
    expectNumbers(f, [0.5734985037100979]);
    expectNumbers(error, [0.09095176316876268]);
    expect(delta).toBeCloseTo(0.1043214, 7);
    expectNumbers(w2, [0.2086537790505812, 0.41498166191834035]);
    expectNumbers(w1, [0.1, 0.5, -0.6988435301310713, 0.302550223335979]);
    expectNumbers(after, [0.5763797112128531]);
  });

  test("3: one weight", () => {
    const { slope, updated } = oneWeight();
    expectNumbers([slope, updated], [-24, 2.24]);
  });

  test("4: two ReLU layers", () => {
    const { hidden, output, error, first, second } = twoReluLayers();
    expectNumbers([hidden, output, error] as unknown[], [1, 3, 7, 9]);
    expectNumbers(second, [6, 18]);
    expectNumbers(first, [0, 0, 6, 12]);
  });

  test("5: a nested function", () => {
    const { f, e, slopes, bend } = nestedFunction();
    expectNumbers([f, e], [0.5632453416201726, 0.09537731580823987]);
    expectNumbers(
      slopes,
      [
        -0.1074416576504543, 0.031299109976283296, -0.04916191607792678, -0.04916191607792678,
        -0.09832383215585357,
      ],
    );
    // (σ′)² + (σ − y)·σ″, with σ′ = σ(1 − σ) and σ″ = σ′(1 − 2σ).
    const s1 = f * (1 - f);
    expectNumbers(bend, [s1 * s1 + (f - 1) * s1 * (1 - 2 * f)]);
  });

  test("6: a chain of three neurons", () => {
    const { activations, cost, gradients, updated } = threeNeurons();
    expectNumbers(activations, [0.5793242521487495, 0.5260459936606474, 0.5302107996705786]);
    expectNumbers(cost, [0.2811234920873144]);
    expectNumbers(gradients, [0.0006644458692329924, 0.008774848464733807, 0.13894850578302126]);
    expectNumbers(updated, [0.3199335554130767, 0.17912251515352662, 0.2161051494216979]);
  });

  test("7: the mean squared error by hand", () => {
    expect(squaredError()).toEqual({ total: 150, mean: 50 });
  });

  test("9: averages, learned", () => {
    const { learned, unseen } = averages();
    for (const [i, mean] of [0.2, 0, -0.3].entries()) expect(learned[i]).toBeCloseTo(mean, 3);
    expect(unseen).toBeCloseTo(0.05, 3);
  });

  test("10: a node that is used twice", () => {
    expect(reusedNode()).toEqual({ order: ["b", "c"], b: 2, a: 4 });
  });
});
