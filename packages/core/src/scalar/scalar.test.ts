import { describe, expect, test } from "vitest";
import { canGenerateCode } from "../kernels/specialize.ts";
import { differentiate, product } from "./differentiate.ts";
import type { Expression } from "./expression.ts";
import { ExpressionBuilder, inputsOf } from "./expression.ts";
import { InterpretedExpression } from "./interpreter.ts";
import { parameterName, toJavaScript } from "./javascript.ts";
import { primitives, specialFunctions } from "./primitives.ts";
import { toTeX } from "./tex.ts";
// The rules by which primitives are differentiated are those of the ops.
import "../ops/methods.ts";

function setting() {
  const builder = new ExpressionBuilder();
  return {
    builder,
    s: builder.algebra,
    x: builder.input(0, "x"),
    y: builder.input(1, "y"),
    cotangent: builder.input(2, "cotangent"),
    alpha: builder.parameter("alpha"),
  };
}

/** The value of an expression at inputs and parameters, by interpretation. */
function valueAt(
  root: Expression,
  inputs: readonly number[] = [],
  parameters: Readonly<Record<string, number>> = {},
): number {
  let result = Number.NaN;
  const loads = inputs.map((value) => (register: Float64Array) => {
    register[0] = value;
  });
  const named = new Map(Object.entries(parameters));
  new InterpretedExpression(root, false).run(1, loads, named, (values) => {
    result = values[0]!;
  });
  return result;
}

describe("expressions", () => {
  test("equal ones are one object", () => {
    const { s, x } = setting();
    expect(s.add(s.sin(x), s.one)).toBe(s.add(s.sin(x), s.constant(1)));
    expect(s.constant(0)).not.toBe(s.constant(-0));
    expect(s.constant(Number.NaN)).toBe(s.constant(Number.NaN));
  });

  test("know their inputs, by their index", () => {
    const { s, x, y } = setting();
    expect(inputsOf(s.mul(y, s.exp(x)))).toEqual([x, y]);
    expect(inputsOf(s.one)).toEqual([]);
  });
});

describe("JavaScript", () => {
  test("what is used twice is computed once", () => {
    const { s, x, y } = setting();
    const shared = s.exp(x);
    const { statements, result } = toJavaScript(s.add(shared, s.mul(shared, y)), false);
    expect(statements).toBe(`const t${shared.id} = Math.exp(x0); `);
    expect(result).toBe(`(t${shared.id} + (t${shared.id} * x1))`);
  });

  test("the operand of a square is computed once", () => {
    const { s, x } = setting();
    expect(toJavaScript(s.square(s.exp(x)), false).statements).toContain("Math.exp(x0)");
  });

  test("what depends on parameters only stands before the loop", () => {
    const { s, x, alpha } = setting();
    const { invariants, statements, result } = toJavaScript(s.mul(x, s.exp(alpha)), false);
    expect(invariants).toContain("Math.exp(p_alpha)");
    expect(statements).toBe("");
    expect(result).toMatch(/^\(x0 \* t\d+\)$/);
  });

  test("products of int32 are those of 32-bit integers", () => {
    const { s, x, y } = setting();
    expect(toJavaScript(s.mul(x, y), true).result).toBe("Math.imul(x0, x1)");
    expect(toJavaScript(s.mul(x, y), false).result).toBe("(x0 * x1)");
  });

  test("negative constants keep away from operators", () => {
    const { s, x } = setting();
    expect(toJavaScript(s.sub(x, s.constant(-2)), false).result).toBe("(x0 - (-2))");
    expect(toJavaScript(s.sub(x, s.constant(-0)), false).result).toBe("(x0 - (-0))");
  });

  test("refuses names that are no variables", () => {
    expect(() => parameterName("a;b")).toThrow(/named like a variable/);
  });
});

describe("every primitive", () => {
  const numbers = [
    -Infinity,
    -1e300,
    -7.5,
    -3,
    -2,
    -1.5,
    -1,
    -0.5,
    -1e-300,
    -0,
    0,
    1e-300,
    0.5,
    1,
    1.5,
    2,
    3,
    7.5,
    1e300,
    Infinity,
    Number.NaN,
  ];

  const withCode = test.skipIf(!canGenerateCode());
  withCode.each(Object.keys(primitives))("%s: its source computes what it evaluates", (name) => {
    const { builder } = setting();
    const { arity } = primitives[name as keyof typeof primitives];
    const inputs = Array.from({ length: arity }, (_, i) => builder.input(i, `x${i}`));
    const root = builder.apply(name as keyof typeof primitives, inputs);
    for (const whole of [false, true]) {
      const { statements, result } = toJavaScript(root, whole);
      const specials: Readonly<Record<string, unknown>> = specialFunctions;
      const f = new Function(
        ...Object.keys(specials),
        `return (x0, x1, x2) => { ${statements} return ${result}; }`,
      )(...Object.values(specials)) as (...x: number[]) => number | boolean;
      const interpreted = new InterpretedExpression(root, whole);
      const range = whole
        ? numbers.filter((x) => Number.isInteger(x) && Math.abs(x) < 10)
        : numbers;
      for (const a of range) {
        for (const b of arity > 1 ? range : [1]) {
          const values = [a, b, -4];
          let found = Number.NaN;
          interpreted.run(
            1,
            values.map((value) => (register) => register.fill(value)),
            new Map(),
            (out) => {
              found = out[0]!;
            },
          );
          expect(Number(f(...values)), `${name}(${values})`).toBe(found);
        }
      }
    }
  });
});

describe("TeX", () => {
  test("sets brackets only where they are needed", () => {
    const { s, x, y } = setting();
    expect(toTeX(s.mul(s.add(x, y), s.add(x, s.mul(x, y))))).toBe(
      String.raw`\left(x + y\right) \cdot \left(x + x \cdot y\right)`,
    );
    expect(toTeX(s.sub(x, s.sub(x, y)))).toBe(String.raw`x - \left(x - y\right)`);
    expect(toTeX(s.sub(s.sub(x, y), y))).toBe("x - y - y");
    expect(toTeX(s.square(s.div(x, y)))).toBe(String.raw`\left(\frac{x}{y}\right)^{2}`);
    expect(toTeX(s.pow(s.exp(x), y))).toBe(String.raw`\left(e^{x}\right)^{y}`);
  });

  test("draws signs together", () => {
    const { s, x, y } = setting();
    expect(toTeX(s.add(x, s.neg(y)))).toBe("x - y");
    expect(toTeX(s.sub(x, s.neg(y)))).toBe("x + y");
    expect(toTeX(s.mul(s.neg(x), s.constant(-2)))).toBe("2 x");
    expect(toTeX(s.neg(s.div(s.neg(x), y)))).toBe(String.raw`\frac{x}{y}`);
    expect(toTeX(s.sub(x, s.neg(s.add(x, y))))).toBe("x + x + y");
    expect(toTeX(s.sub(x, s.add(x, y)))).toBe(String.raw`x - \left(x + y\right)`);
  });

  test("names well-known numbers, and shortens long ones", () => {
    const { s, x } = setting();
    expect(toTeX(s.mul(x, s.constant(Math.PI)))).toBe(String.raw`\pi x`);
    expect(toTeX(s.mul(x, s.constant(-0.5)))).toBe(String.raw`-\tfrac{1}{2} x`);
    expect(toTeX(s.mul(x, s.constant(Math.LN2)))).toBe(String.raw`x \cdot \ln\left(2\right)`);
    expect(toTeX(s.constant(1.0507009873554805))).toBe("1.050701");
    expect(toTeX(s.constant(1e-12))).toBe("10^{-12}");
    expect(toTeX(s.constant(Infinity))).toBe(String.raw`\infty`);
  });

  test("writes choices within choices as rows", () => {
    const { s, x, y } = setting();
    const choice = s.where(s.gt(x, y), x, s.where(s.lt(x, s.zero), y, s.zero));
    expect(toTeX(choice)).toBe(
      String.raw`\begin{cases} x & \text{if } x > y \\ y & \text{if } x < 0 \\ 0 & \text{otherwise} \end{cases}`,
    );
  });

  test("knows letters, Greek ones, and words", () => {
    const { s, builder, alpha, cotangent } = setting();
    const words = s.add(s.add(alpha, builder.parameter("lambd")), builder.parameter("threshold"));
    expect(toTeX(words)).toBe(String.raw`\alpha + \lambda + \mathrm{threshold}`);
    expect(toTeX(cotangent)).toBe(String.raw`\bar{y}`);
  });
});

describe("products", () => {
  test("with 0, 1 and −1 are none", () => {
    const { builder, s, x } = setting();
    expect(product(x, s.zero, builder)).toBe(s.zero);
    expect(product(s.one, x, builder)).toBe(x);
    expect(product(x, s.constant(-1), builder)).toBe(s.neg(x));
  });

  test("move into a choice that has such a branch, on either side", () => {
    const { builder, s, x, y } = setting();
    const isPositive = s.gt(x, s.zero);
    const step = s.where(isPositive, s.one, s.zero);
    const selected = s.where(isPositive, y, s.zero);
    expect(product(y, step, builder)).toBe(selected);
    expect(product(step, y, builder)).toBe(selected);
    expect(product(step, step, builder)).toBe(step);
    const smooth = s.where(isPositive, s.sin(x), s.cos(x));
    expect(product(y, smooth, builder)).toBe(s.mul(y, smooth));
  });

  test("with a reciprocal are quotients", () => {
    const { builder, s, x, y } = setting();
    expect(product(x, s.div(s.one, y), builder)).toBe(s.div(x, y));
    expect(product(x, s.neg(s.div(s.one, y)), builder)).toBe(s.neg(s.div(x, y)));
  });
});

describe("derivatives", () => {
  test("of what does not depend on the input are 0", () => {
    const { builder, s, x, y, alpha } = setting();
    expect(differentiate(s.mul(y, alpha), x, builder)).toBe(s.zero);
    expect(differentiate(x, x, builder)).toBe(s.one);
    expect(differentiate(s.gt(x, y), x, builder)).toBe(s.zero);
    expect(differentiate(s.floor(x), x, builder)).toBe(s.zero);
  });

  test("follow the chain rule", () => {
    const { builder, s, x, y } = setting();
    const derivative = differentiate(s.sin(s.mul(x, y)), x, builder);
    expect(toTeX(derivative)).toBe(String.raw`y \cdot \cos\left(x \cdot y\right)`);
    expect(valueAt(derivative, [0.3, 2])).toBeCloseTo(2 * Math.cos(0.6), 15);
  });

  test("of choices are choices: infinities in the branch not taken have no part", () => {
    const { builder, s, x } = setting();
    const safe = s.where(s.gt(x, s.zero), s.log(x), s.zero);
    const first = differentiate(safe, x, builder);
    const second = differentiate(first, x, builder);
    expect(valueAt(first, [0])).toBe(0);
    expect(valueAt(second, [0])).toBe(0);
    expect(valueAt(second, [2])).toBe(-0.25);
  });

  test("of any order", () => {
    const { builder, s, x } = setting();
    let derivative = s.pow(x, s.constant(4));
    const found = [];
    for (let order = 0; order <= 5; order++) {
      found.push(valueAt(derivative, [2]));
      derivative = differentiate(derivative, x, builder);
    }
    expect(found).toEqual([16, 32, 48, 48, 24, 0]);
  });

  test("of the gamma function's logarithm, up to the third", () => {
    const { builder, s, x } = setting();
    const first = differentiate(s.lgamma(x), x, builder);
    const third = differentiate(differentiate(first, x, builder), x, builder);
    expect(toTeX(first)).toBe(String.raw`\psi\left(x\right)`);
    // ψ″(1) = −2ζ(3).
    expect(valueAt(third, [1])).toBeCloseTo(-2.4041138063191886, 14);
  });
});
