/**
 * Every layer and every loss, with options drawn at random, in training and in use: gradients of first and second order, views
 * and copies, states, single precision.
 */
import type { Tensor } from "@chainrule/core";
import { randn, stopGradient } from "@chainrule/core";
import * as nn from "@chainrule/nn";
import { seededDraw } from "@chainrule/testing";
import { describe, expect, test } from "vitest";
import {
  checkCopies,
  checkGradients,
  checkKeepsNothing,
  checkSinglePrecision,
  drawnCall,
} from "./check.ts";
import { losses } from "./losses.ts";
import { layers } from "./recipes.ts";

/** `LAYER_CASES=100 npm run test:unit -- nn/test/laws` tries more. */
const { LAYER_CASES = "3" } = process.env;
const cases = Number(LAYER_CASES);

describe.each(Object.entries({ ...layers, ...losses }))("%s", (_name, recipe) => {
  const drawn = Array.from({ length: cases }, (_, seed) =>
    drawnCall(recipe, seededDraw(seed + 1), seed),
  );

  test.each([true, false])("has gradients of both orders (training: %s)", (training) => {
    for (const [i, one] of drawn.entries()) checkGradients(one, training, i % 3 === 0 ? 2 : 1);
  });

  test("takes views, and is what its clone and its state are", () => {
    for (const [i, one] of drawn.entries()) checkCopies(one, i % 2 === 0);
  });

  test("keeps nothing of what it computes on its way", () => {
    for (const [i, one] of drawn.entries()) checkKeepsNothing(one, i % 2 === 0);
  });

  test("computes in single precision", () => {
    for (const one of drawn) checkSinglePrecision(one);
  });
});

describe("the laws notice", () => {
  const x = randn([3, 2], { dtype: "float64" });

  test("a gradient that is wrong", () => {
    const half = (): nn.Module => new nn.Lambda((y) => y.mul(stopGradient(y)));
    expect(() => checkGradients({ make: half, inputs: [x] }, true, 1)).toThrow(/gradcheck failed/);
  });

  test("a gradient of a parameter that is off by 5e-4", () => {
    class Off extends nn.Module {
      readonly weight = nn.parameter(randn([2], { dtype: "float64" }));
      forward(y: Tensor): Tensor {
        return y.mul(this.weight.add(this.weight.sub(stopGradient(this.weight)).mul(5e-4)));
      }
    }
    const drawn = { make: () => new Off(), inputs: [x] };
    expect(() => checkGradients(drawn, false, 1)).toThrow(/gradcheck failed/);
  });

  test("a tensor that is kept though the module says it keeps none", () => {
    class Keeping extends nn.Module {
      static override readonly isConfined = true;
      private kept: Tensor | null = null;
      forward(y: Tensor): Tensor {
        const inner = y.tanh();
        this.kept ??= inner;
        return inner.mul(this.kept);
      }
    }
    const drawn = { make: () => new Keeping(), inputs: [randn([6, 8], { dtype: "float64" })] };
    expect(() => checkKeepsNothing(drawn, true)).toThrow(/gave it to nobody/);
  });

  test("numbers that are no part of the state", () => {
    class Forgetful extends nn.Module {
      readonly offset = randn([2], { dtype: "float64" });
      forward(y: Tensor): Tensor {
        return y.add(this.offset);
      }
    }
    expect(() => checkCopies({ make: () => new Forgetful(), inputs: [x] }, true)).toThrow();
  });
});

test("no layer is left out", () => {
  const isLayer = (value: unknown): boolean =>
    typeof value === "function" && value.prototype instanceof nn.Module;
  const containers = ["ModuleList", "ModuleDict"];
  const missing = Object.entries(nn).flatMap(([name, value]) =>
    isLayer(value) && !(name in layers) && !(name in losses) && !containers.includes(name)
      ? [name]
      : [],
  );
  expect(missing).toEqual([]);
});
