import { defineOp, type Tensor } from "@chainrule/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as examples from "../docs/examples/my-op.ts";
import { conform } from "./conformance.ts";

let printed: string;
beforeEach(() => {
  printed = "";
  vi.spyOn(console, "log").mockImplementation((line) => {
    printed += `${line}\n`;
  });
  vi.spyOn(console, "error").mockImplementation((line) => {
    printed += `${line}\n`;
  });
});
afterEach(() => vi.restoreAllMocks());

describe("npm run conformance", () => {
  it("passes the example", () => {
    expect(conform(examples, [])).toBe(0);
    expect(printed).toMatch(/✓ meanSquare: all laws hold/);
    expect(printed).toMatch(/2 of 2 ops obey all laws/);
  });

  it("fails an op with a wrong gradient, with the numbers, and says what its literal lacks", () => {
    const wrong = defineOp({
      name: "wrong",
      formula: "y = 3x",
      call: (x: Tensor) => ({ operands: [x], options: {} }),
      shape: ([x]) => x!.shape,
      forward: ([x], y) => y.storage.data.set(x!.toTypedArray().map((value) => 3 * value)),
      vjp: [(cotangent) => cotangent.mul(2.999)],
      samples: [(draw) => [draw.tensor(draw.shape())]],
    });
    expect(conform({ wrong, other: 3 }, ["--cases", "10"])).toBe(1);
    expect(printed).toMatch(/✗ wrong: 1 of \d+ laws broken/);
    expect(printed).toMatch(/2\.999\d* +3\.000/);
    expect(printed).toMatch(/! no edge rows/);
    expect(printed).toMatch(/! no refusals/);
    expect(printed).toMatch(/0 of 1 ops obey/);
  });

  it("says when there is no op", () => {
    expect(conform({ f: () => 1 }, [])).toBe(2);
    expect(printed).toMatch(/exports no op/);
  });
});
