import { describe, expect, test } from "vitest";
import { compareSlope } from "./slope.ts";

const rtol = 1e-6;

describe("slopes", () => {
  test.each([
    ["a line", (t: number) => 3 * t, 3],
    ["exp", Math.exp, 1],
    ["a large constant", (t: number) => 1e6 + Math.sin(t), 1],
    ["a steep bend", (t: number) => Math.sin(300 * t), 300],
    ["a parabola", (t: number) => t * t, 0],
  ])("%s agrees with its derivative and not with another", (_name, line, slope) => {
    const scale = 1 + Math.abs(line(0));
    expect(compareSlope(line, slope, rtol, scale).verdict).toBe("agrees");
    const wrong = slope * (1 + 5e-4) + (slope === 0 ? 1e-3 : 0);
    expect(compareSlope(line, wrong, rtol, scale).verdict).toBe("differs");
  });

  test("a kink is a kink for any derivative but that of neither side", () => {
    expect(compareSlope(Math.abs, 1, rtol, 1).verdict).toBe("kink");
    expect(compareSlope((t) => Math.max(t, 0), 0, rtol, 1).verdict).toBe("kink");
    expect(compareSlope((t) => Math.max(t - 2e-6, 0), 0, rtol, 1).verdict).toBe("kink");
  });

  test("a step is a kink, too", () => {
    expect(compareSlope(Math.sign, 0, rtol, 1).verdict).toBe("kink");
  });

  test("a kink further away than the step does no harm", () => {
    expect(compareSlope((t) => Math.max(t - 1e-5, 0), 0, rtol, 1).verdict).toBe("agrees");
  });

  test("NaN agrees with nothing", () => {
    expect(compareSlope((t) => t, Number.NaN, rtol, 1).verdict).toBe("differs");
    expect(compareSlope(() => Number.NaN, 1, rtol, 1).verdict).toBe("differs");
  });
});
