import { afterEach, describe, expect, it } from "vitest";
import type { Tensor } from "../index.ts";
import {
  AnomalyError,
  detectAnomaly,
  explainGrad,
  liveTensors,
  noGrad,
  recordSourceLines,
  tensor,
  trackTensors,
  where,
  zeros,
} from "../index.ts";

afterEach(() => {
  recordSourceLines(false);
  trackTensors(false);
});

/** This line's own number: one call above what it stands for. */
const leaf = (values: number[], name?: string): Tensor =>
  tensor(values, { dtype: "float64", requiresGrad: true, ...(name === undefined ? {} : { name }) });

const here = /diagnose\.test\.ts:\d+:\d+/;

describe("detectAnomaly", () => {
  it("stops at the first op that makes NaN or an infinity, with its operands and the line", () => {
    const x = leaf([1, 0, -1], "x");
    expect(() => detectAnomaly(() => x.mul(2).log().sum())).toThrow(AnomalyError);
    expect(() => detectAnomaly(() => x.mul(2).log().sum())).toThrow(
      /log made 1 NaN and 1 infinite of 3 numbers\. operand 0: float64 \[3\], from -2 to 2, 1 zero\. Called at .*diagnose\.test\.ts:\d+/,
    );
  });

  it("stops in the backward pass, where the forward was in order", () => {
    const x = leaf([0, 4], "x");
    const attempt = (): void => detectAnomaly(() => x.sqrt().sum().backward());
    expect(attempt).toThrow(/the VJP of sqrt \(operand 0\) made 1 infinite of 2 numbers/);
    expect(attempt).toThrow(/"x" float64 \[2\], from 0 to 4/);
    expect(attempt).toThrow(here);
    expect(x.grad).toBeNull();
  });

  it("lets a mask of infinities pass, but not the NaN that comes of it", () => {
    const x = leaf([1, 2]);
    const masked = (): Tensor => where(tensor([true, false]), x, Number.NEGATIVE_INFINITY);
    detectAnomaly(() => masked().exp().sum());
    expect(() => detectAnomaly(() => masked().mul(0))).toThrow(/mul made 1 NaN/);
    expect(() => detectAnomaly(() => x.sub(1).log())).toThrow(/log made 1 infinite/);
    detectAnomaly(() => x.sub(1).log(), { allowInfinity: true });
  });

  it("leaves source lines as they were, and refuses asynchronous functions and unknown options", () => {
    detectAnomaly(() => leaf([1]).mul(2));
    expect(leaf([1]).mul(2).node?.site).toBeUndefined();
    expect(() => detectAnomaly(async () => 1)).toThrow(/asynchronous/);
    // @ts-expect-error an option that does not exist
    expect(() => detectAnomaly(() => 1, { nan: true })).toThrow(/unknown option "nan"/);
  });
});

describe("explainGrad: a gradient that is missing", () => {
  const kinds = (x: Tensor, loss?: Tensor): string[] =>
    explainGrad(x, loss === undefined ? {} : { loss }).reasons.map((reason) => reason.kind);

  it("for an integer type, for what never required it, for results and before backward", () => {
    expect(kinds(tensor([1], { dtype: "int32" }))).toEqual(["integer"]);
    expect(kinds(tensor([1]))).toEqual(["not required"]);
    expect(kinds(leaf([1]).mul(2))).toEqual(["not a leaf"]);
    expect(kinds(leaf([1]))).toEqual(["backward not called"]);
    expect(String(explainGrad(leaf([1], "w")))).toMatch(
      /The gradient of "w" is missing\.\n- No backward pass/,
    );
  });

  it("for what was detached or made under noGrad, with the line", () => {
    recordSourceLines(true);
    const x = leaf([1, 2], "x");
    const [detached] = explainGrad(x.detach()).reasons;
    expect(detached).toMatchObject({ kind: "detached", site: expect.stringMatching(here) });
    const made = noGrad(() => x.mul(2));
    expect(explainGrad(made).reasons[0]).toMatchObject({
      kind: "made under noGrad",
      site: expect.stringMatching(here),
    });
    expect(kinds(x, made.sum())).toEqual(["loss not differentiable"]);
  });

  it("for what the loss does not reach, naming where the way was cut", () => {
    recordSourceLines(true);
    const x = leaf([1, 2], "x");
    const w = leaf([3, 4], "w");
    const loss = x.detach().mul(w).sum();
    const { status, reasons } = explainGrad(x, { loss });
    expect(status).toBe("missing");
    expect(reasons.map((reason) => reason.kind)).toEqual(["unreachable", "detached"]);
    expect(reasons[1]?.message).toMatch(
      /This very tensor went into mul after it was detached at .*: no gradient passes/,
    );
  });

  it("for a graph that was freed", () => {
    const x = leaf([1, 2]);
    const loss = x.mul(x).sum();
    loss.backward();
    const { status, reasons } = explainGrad(x, { loss });
    expect(status).toBe("present");
    expect(reasons.map((reason) => reason.kind)).toEqual(["arrived", "graph freed"]);
  });
});

describe("explainGrad: a gradient that is zero", () => {
  it("behind a relu that is dead for all inputs", () => {
    const w = leaf([-1, -2], "w");
    const loss = w.mul(3).relu().sum();
    const { status, reasons } = explainGrad(w, { loss });
    expect(status).toBe("zero");
    expect(reasons[0]).toMatchObject({ kind: "blocked", op: "relu" });
    expect(reasons[0]?.message).toMatch(/all of its inputs are at most 0, so it is dead/);
    expect(w.grad).toBeNull();
  });

  it("behind a product with zero, a choice, and a jump", () => {
    const w = leaf([1, 2], "w");
    expect(explainGrad(w, { loss: w.mul(zeros([2])).sum() }).reasons[0]?.message).toMatch(
      /ends at mul: the other operand is zero everywhere/,
    );
    const chosen = where(tensor([false, false]), w, 5).sum();
    expect(explainGrad(w, { loss: chosen }).reasons[0]?.message).toMatch(
      /chooses the other branch/,
    );
    expect(explainGrad(w, { loss: w.round().sum() }).reasons[0]?.message).toMatch(
      /derivative is 0 everywhere/,
    );
  });
});

describe("explainGrad: a gradient that is not finite", () => {
  it("names the VJP that made it", () => {
    recordSourceLines(true);
    const x = leaf([0, 1], "x");
    const { status, reasons } = explainGrad(x, { loss: x.log().mul(0).sum() });
    expect(status).toBe("not finite");
    expect(reasons[0]).toMatchObject({
      kind: "became not finite",
      op: "log",
      site: expect.stringMatching(here),
    });
    expect(reasons[0]?.message).toMatch(
      /VJP of log at .* made NaN for operand 0 .*"x" float64 \[2\], from 0 to 1, 1 zero/,
    );
  });
});

describe("explainGrad: a gradient in order", () => {
  it("says what arrives, and changes nothing", () => {
    const x = leaf([1, 2], "x");
    const loss = x.mul(x).sum();
    const explanation = explainGrad(x, { loss });
    expect(String(explanation)).toBe(
      'The gradient of "x" is present.\n- What arrives: float64 [2], from 2 to 4.',
    );
    loss.backward();
    expect(explainGrad(x).status).toBe("present");
    expect(x.grad?.toArray()).toEqual([2, 4]);
  });
});

describe("changes of saved tensors", () => {
  it("name both lines: where it was saved and where it was changed", () => {
    recordSourceLines(true);
    const x = leaf([1, 2], "x");
    const y = x.mul(x);
    noGrad(() => x.add_(1));
    expect(() => y.sum().backward()).toThrow(
      /mul: operand 1 \("x"\) .* Saved at .*diagnose\.test\.ts:\d+:\d+; changed at .*diagnose\.test\.ts:\d+:\d+/,
    );
  });
});

describe("liveTensors", () => {
  it("groups what is alive by line and size", () => {
    trackTensors(true);
    const kept = [1, 2, 3].map(() => zeros([100]));
    const other = zeros([1000], { dtype: "float64" });
    const report = liveTensors();
    expect(report.count).toBe(4);
    expect(report.bytes).toBe(3 * 400 + 8000);
    expect(report.groups.map(({ kind, count }) => [kind, count])).toEqual([
      ["Float64Array(1000)", 1],
      ["Float32Array(100)", 3],
    ]);
    expect(report.groups[0]?.site).toMatch(here);
    expect(String(report)).toMatch(/4 storages, 9200 bytes/);
    expect(kept.length + other.numel()).toBe(1003);
  });

  it("says how to begin, and forgets when it ends", () => {
    expect(String(liveTensors())).toMatch(/call trackTensors\(true\) first/);
    trackTensors(true);
    zeros([2]);
    trackTensors(false);
    expect(liveTensors().count).toBe(0);
  });
});
