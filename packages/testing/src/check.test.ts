import type { BatchRule, Op, Tensor, TensorLike } from "@chainrule/core";
import * as core from "@chainrule/core";
import {
  ArgumentError,
  defineOp,
  mul,
  newTensor,
  pointwise,
  tensor,
  within,
} from "@chainrule/core";
import { afterEach, describe, expect, test } from "vitest";
import type { AnyOp, Law } from "./index.ts";
import { checkOp, describeOp, faults, LawViolation, opLaws, tryFault } from "./index.ts";

const law = (name: string): Law => opLaws.find((one) => one.name === name)!;

/** Σ x², a general op with everything in its place. */
const energy: Op<(x: TensorLike) => Tensor> = defineOp({
  name: "energy",
  formula: String.raw`y = \sum_i x_i^2`,
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  shape: ([x]) => {
    if (x!.ndim > 3)
      throw new core.ShapeError(`energy: ${x!.ndim} dimensions are too many. Use 3 at most.`);
    return [];
  },
  forward: ([x], y) => {
    y.storage.data[0] = Array.from(x!.toTypedArray()).reduce(
      (sum, value) => sum + value * value,
      0,
    );
  },
  vjp: [(cotangent, { a }) => mul(cotangent, mul(a, 2))],
  samples: [(draw) => [draw.tensor(draw.shape(0, 3, 0))]],
  rejects: [
    {
      call: () => [newTensor("float32", [1, 1, 1, 1])],
      message: /4 dimensions are too many/,
      type: core.ShapeError,
    },
  ],
  edges: [
    { note: "nothing", call: () => [newTensor("float64", [0])], result: [0], gradients: [[]] },
    {
      note: "NaN",
      call: () => [tensor([Number.NaN, 1])],
      result: [Number.NaN],
      gradients: [[Number.NaN, 2]],
    },
    { note: "minus zero", call: () => [tensor([-0])], result: [0], gradients: [[-0]] },
  ],
});

describe("checkOp", () => {
  test("a right op obeys, and the report says what was tried", () => {
    const report = checkOp(energy);
    expect(report.toString()).toMatch(
      /^energy: all laws hold \(100 calls, 11 laws, \d+ slopes\)\.$/,
    );
    expect(report.ok).toBe(true);
    expect(report.tally).toMatchObject({ rejected: 1, edges: 3, kinkSkips: 0 });
    expect(report.tally.mutationsRefused).toBeGreaterThan(50);
    expect(report.withoutGradient).toEqual([]);
  });

  test("the seed decides what is drawn", () => {
    const slopes = (seed: number): number =>
      checkOp(energy, { cases: 40, seed, laws: [law("gradcheck")] }).tally.slopes;
    expect(slopes(1)).toBe(slopes(1));
    expect(slopes(1)).not.toBe(slopes(2));
  });

  test("a broken law is reported with a small call, the numbers and the case", () => {
    const wrong = pointwise({
      name: "wrong",
      operands: ["a", "b"],
      value: (s, a, b) => s.mul(a, b),
      derivative: (s, a, b) => [b, s.mul(a, s.constant(1.001))],
      samples: [{ args: [within(-2, 2), within(-2, 2)] }],
    });
    const report = checkOp(wrong);
    expect(report.ok).toBe(false);
    expect(report.failures.map((failure) => failure.law)).toEqual(["gradcheck"]);
    const [failure] = report.failures;
    expect(failure!.message).toMatch(/\[1\] +output +-?\d/);
    // Shrunk to single numbers.
    expect(failure!.call).toMatch(
      /^wrong\(tensor\(-?[\d.]+, float64\), tensor\(-?[\d.]+, float64\)\)$/,
    );
    expect(report.toString()).toMatch(
      /wrong: 1 of \d+ laws broken.*\n✗ gradcheck\n.*gradcheck failed/,
    );
    expect(report.toString()).toMatch(/case \d+ of seed 0/);
  });

  test("samples that throw are a failure of their own", () => {
    const report = checkOp(
      Object.assign((x: Tensor) => x, {
        op: {
          ...energy.op,
          rejects: [],
          edges: [],
          samples: [
            () => {
              throw new RangeError("no");
            },
          ],
        },
      }),
    );
    expect(report.failures[0]).toMatchObject({ law: "samples", message: "RangeError: no" });
  });

  test("kinks are tolerated in one call of a hundred", () => {
    const kinked = pointwise({
      name: "kinked",
      operands: ["x"],
      value: (s, x) => s.maximum(x, s.zero),
      derivative: (s, x) => [s.gt(x, s.zero)],
      samples: [{ args: [within(-1, 1, { whole: true })] }],
    });
    const report = checkOp(kinked);
    expect(report.tally.kinkCalls).toBeGreaterThan(1);
    expect(report.failures.at(-1)!.message).toMatch(/of 100 calls met a kink; 1 may/);
  });

  test("operands without a derivative are named, not failed", () => {
    const weighted: Op<(x: TensorLike, target: TensorLike) => Tensor> = defineOp({
      name: "weighted",
      formula: "y = x t",
      call: (x: TensorLike, target: TensorLike) => ({ operands: [x, target], options: {} }),
      shape: ([x]) => x!.shape,
      forward: ([x, t], y) => {
        const [a, b] = [x!.toTypedArray(), t!.toTypedArray()];
        for (let i = 0; i < a.length; i++) y.storage.data[i] = a[i]! * b[i]!;
      },
      vjp: [(cotangent, { b }) => mul(cotangent, b), null],
      samples: [
        (draw) => {
          const shape = draw.shape();
          return [draw.tensor(shape), draw.tensor(shape)];
        },
      ],
    });
    const report = checkOp(weighted);
    expect(report.toString()).toMatch(/no gradient for \[1\]\)\.$/);
    expect(report.ok).toBe(true);
  });

  test("what is no op, or has no samples, is refused", () => {
    // @ts-expect-error: a function that is no op
    expect(() => checkOp((x: Tensor) => x)).toThrow(ArgumentError);
    const empty = Object.assign((x: Tensor) => x, {
      op: { ...energy.op, rejects: [], samples: [] },
    });
    expect(() => checkOp(empty)).toThrow(/energy has no samples/);
    expect(() => checkOp(energy, { cases: 0 })).toThrow(
      /cases must be a whole number of at least 1/,
    );
  });
});

describe("each law has its negative control", () => {
  const caught = (op: AnyOp, name: string, faultName: string): void => {
    const fault = faults.find((one) => one.name === faultName);
    expect(fault, faultName).toBeDefined();
    const planted = fault!.plant(op, { integer: (least) => least });
    const report = checkOp(planted.op, { laws: [law(name)], shrink: false });
    expect(
      report.failures.map((failure) => failure.law),
      faultName,
    ).toEqual([name]);
    expect(planted.effects()).toBeGreaterThan(0);
    expect(checkOp(op, { laws: [law(name)] }).failures).toEqual([]);
  };

  test.each([
    ["shape rule = forward", "the shape rule adds a dimension"],
    ["dtypes", "float64 results from float32"],
    ["gradcheck", "the factor 1 + 5e-4"],
    ["gradcheck", "no second derivative"],
    ["views = copies", "strides forgotten"],
    ["views = copies", "the offset forgotten"],
    ["deterministic", "another last bit each time"],
    ["deterministic", "operands changed"],
    ["mutation", "no look at the version of what was saved"],
    ["rejects", "bad calls accepted"],
    ["rejects", "an error of no type"],
    ["rejects", "operands changed before the call is refused"],
    ["edges", "NaN swallowed"],
  ])("%s: %s", (name, fault) => caught(energy, name, fault));

  test.each([
    ["broadcasts", "one of the broadcast copies"],
    ["broadcasts", "an average over broadcast copies"],
    ["generated = interpreted", "other numbers when interpreted"],
  ])("%s: %s", (name, fault) => caught(mul, name, fault));

  test("broadcasts: a result that depends on whether there was anything to broadcast", () => {
    const wrong = Object.assign(
      (a: Tensor, b: Tensor) => (a.ndim === b.ndim ? mul(a, b) : mul(mul(a, b), 2)),
      { op: mul.op },
    );
    expect(checkOp(wrong, { laws: [law("broadcasts")], shrink: false }).ok).toBe(false);
  });

  const doubled = (faulty: { batch?: BatchRule<object>; vjp?: (g: Tensor) => Tensor }): AnyOp =>
    defineOp({
      name: "doubled",
      formula: "y = 2x",
      call: (x: TensorLike) => ({ operands: [x], options: {} }),
      shape: ([x]) => x!.shape,
      forward: ([x], y) => {
        y.storage.data.set(x!.toTypedArray().map((value) => 2 * value));
      },
      vjp: [faulty.vjp ?? ((cotangent) => mul(cotangent, 2))],
      ...(faulty.batch === undefined ? {} : { batch: faulty.batch }),
      samples: [(draw) => [draw.tensor(draw.shape(1, 3))]],
    });

  test("vmap = loop: a batch rule that computes something else, or loses the gradient", () => {
    const laws = [law("vmap = loop")];
    expect(checkOp(doubled({}), { laws }).ok).toBe(true);
    expect(checkOp(doubled({ batch: ([x]) => mul(x!, 2) }), { laws }).ok).toBe(true);
    expect(checkOp(doubled({ batch: ([x]) => mul(x!, 3) }), { laws }).ok).toBe(false);
    expect(checkOp(doubled({ batch: ([x]) => mul(x!, 2).detach() }), { laws }).ok).toBe(false);
  });

  test("compiled = called: a function that does something else each time", () => {
    const laws = [law("compiled = called")];
    const faulty = (f: (x: Tensor) => Tensor): boolean =>
      checkOp(Object.assign(f, { op: energy.op }), { laws, shrink: false }).ok;
    expect(checkOp(energy, { laws }).ok).toBe(true);
    let calls = 0;
    expect(faulty((x) => mul(energy(x), 1 + 1e-6 * calls++))).toBe(false);
  });

  test("forward = reverse: a VJP that is not linear in the cotangent", () => {
    const laws = [law("forward = reverse")];
    expect(checkOp(doubled({}), { laws }).ok).toBe(true);
    expect(checkOp(doubled({ vjp: (g) => mul(mul(g, g), 2) }), { laws }).ok).toBe(false);
  });

  describe("method = function", () => {
    const descriptor = Object.getOwnPropertyDescriptor(core.Tensor.prototype, "mul")!;
    afterEach(() => Object.defineProperty(core.Tensor.prototype, "mul", descriptor));

    test("a method that does something else", () => {
      expect(checkOp(mul, { laws: [law("method = function")] }).laws).toEqual([
        "method = function",
      ]);
      Object.defineProperty(core.Tensor.prototype, "mul", {
        ...descriptor,
        value: (x: Tensor) => x,
      });
      expect(checkOp(mul, { laws: [law("method = function")], shrink: false }).ok).toBe(false);
    });
  });

  test("a wrong row of edges: value, gradient, the sign of zero, NaN for infinity", () => {
    const withEdge = (edge: core.EdgeCase): AnyOp =>
      Object.assign((x: Tensor) => energy(x), { op: { ...energy.op, edges: [edge] } });
    const message = (edge: core.EdgeCase): string | undefined =>
      checkOp(withEdge(edge), { cases: 1, laws: [law("edges")] }).failures[0]?.message;
    const call = (): unknown[] => [tensor([1, Number.POSITIVE_INFINITY])];
    expect(
      message({
        note: "ok",
        call,
        result: [Number.POSITIVE_INFINITY],
        gradients: [[2, Number.POSITIVE_INFINITY]],
      }),
    ).toBeUndefined();
    expect(message({ note: "e", call, result: [Number.NaN] })).toMatch(
      /the result is \[Infinity\], not \[NaN\]/,
    );
    expect(
      message({ note: "e", call, result: [Number.POSITIVE_INFINITY], gradients: [[2, 3]] }),
    ).toMatch(/the gradient of operand 0 is/);
    expect(
      message({ note: "e", call, result: [Number.POSITIVE_INFINITY], gradients: [null] }),
    ).toMatch(/not none/);
    expect(message({ note: "e", call: () => [tensor([0])], result: [-0] })).toMatch(
      /is \[0\], not \[-0\]/,
    );
    expect(message({ note: "e", call: () => [tensor([2])], result: [4.001] })).toMatch(
      /is \[4\], not/,
    );
    expect(message({ note: "e", call: () => [tensor([2])], result: [4, 4] })).toMatch(
      /is \[4\], not \[4, 4\]/,
    );
  });
});

describe("describeOp", () => {
  test("declares a test for each law, which fails with the report", () => {
    const declared = new Map<string, () => void>();
    const runner = {
      describe: (_name: string, body: () => void) => body(),
      test: (name: string, body: () => void) => void declared.set(name, body),
    };
    describeOp(energy, runner, { cases: 10 });
    expect([...declared.keys()]).toEqual([
      "shape rule = forward",
      "dtypes",
      "gradcheck",
      "views = copies",
      "deterministic",
      "mutation",
      "forward = reverse",
      "vmap = loop",
      "compiled = called",
      "rejects",
      "edges",
    ]);
    for (const body of declared.values()) body();

    const fault = faults.find(({ name }) => name === "the factor 2")!;
    describeOp(fault.plant(energy, { integer: () => 0 }).op, runner, { cases: 10, shrink: false });
    expect(declared.get("gradcheck")!).toThrow(
      /gradcheck: derivatives of orders 1 and 2.*\nenergy: 3 of 11 laws broken/,
    );
    declared.get("deterministic")!();
  });
});

describe("planted faults", () => {
  test("one that makes no difference counts as not planted", () => {
    const transpose = faults.find(({ name }) => name === "the transpose")!;
    const ofNumbers = Object.assign((x: Tensor) => energy(x), {
      op: { ...energy.op, samples: [(draw: core.Draw) => [draw.tensor([])]] },
    });
    expect(tryFault(ofNumbers, transpose, 0)).toBeNull();
  });

  test("violations are errors of their own kind", () => {
    expect(new LawViolation("x")).toMatchObject({ name: "LawViolation", message: "x" });
  });
});
