import {
  checkpoint,
  customOp,
  GradError,
  grad,
  manualSeed,
  noGrad,
  ones,
  randn,
  type Tensor,
  tensor,
  topologicalOrder,
  vmap,
  withScope,
} from "@chainrule/core";
import { Linear, Sequential, Tanh } from "@chainrule/nn";
import { describe, expect, test } from "vitest";
import { capture } from "./capture.ts";
import { numbersOf } from "./data.ts";
import { readTrace, toJSON } from "./read.ts";
import type { Trace } from "./schema.ts";
import { tensorOf } from "./values.ts";

const variable = (data: number | number[] | number[][], name?: string): Tensor =>
  tensor(data, { requiresGrad: true, ...(name === undefined ? {} : { name }) });

const ops = (trace: Trace): string[] => trace.nodes.map(({ op }) => op ?? "leaf");

describe("capture", () => {
  test("a tensor's graph, without touching a gradient or the graph", () => {
    const x = variable(3, "x");
    const y = x.mul(x).add(x);
    const trace = capture(y);
    expect(ops(trace)).toEqual(["leaf", "mul", "add"]);
    expect(trace.outputs).toEqual([{ node: 3, output: 0 }]);
    expect(numbersOf(trace.nodes[0]!.outputs[0]!.grad)).toEqual([7]);
    expect(x.grad).toBeNull();
    expect(() => y.backward()).not.toThrow();
    expect(() => capture(y)).toThrow(/the graph was freed/);
  });

  test("the same program gives the same trace, whatever ran before", () => {
    const program = (): Tensor => variable([1, 2]).exp().mul(3).sum();
    const first = toJSON(capture(program, { sourceLines: false }));
    randn([3]).requiresGrad_().exp();
    expect(toJSON(capture(program, { sourceLines: false }))).toBe(first);
  });

  test("contributions in order, with broadcast sums and totals", () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const b = variable([10, 20], "b");
    const trace = capture(() => x.add(b).mul(b).sum());
    const { contributions } = trace.backward!;
    expect(contributions.map(({ node, operand }) => [trace.nodes[node - 1]!.op, operand])).toEqual([
      ["sum", 0],
      ["mul", 0],
      ["mul", 1],
      ["add", 1],
    ]);
    expect(contributions[2]!.raw!.shape).toEqual([2, 2]);
    expect(contributions[2]!.value.data).toEqual([11 + 13, 22 + 24]);
    expect(contributions[2]!.total).toBeNull();
    expect(contributions[3]!.value.data).toEqual([20, 40]);
    expect(contributions[3]!.total!.data).toEqual([44, 86]);
    expect(trace.nodes[0]!.outputs[0]!.grad).toBeNull();
  });

  test("a pass that the program runs itself is the one shown, and frees the graph as it likes", () => {
    const w = variable(2, "w");
    const trace = capture(() => {
      const inner = grad((v: Tensor) => v.mul(v))(w);
      const loss = w.mul(inner);
      loss.backward();
      noGrad(() => w.sub_(w.grad!.mul(0.1)));
      return loss;
    });
    expect(numbersOf(trace.nodes[0]!.outputs[0]!.grad)).toEqual([8]);
    expect(trace.update!.map(({ before, after }) => [before.data, after.data])).toEqual([
      [[2], [1.2]],
    ]);
    expect(trace.nodes[0]!.outputs[0]!.value!.data).toEqual([2]);
  });

  test("what takes no part in differentiation is shown where it leads to the output", () => {
    const x = variable([-1, 2], "x");
    const trace = capture(() => {
      x.exp();
      return x.mul(x.gt(0)).sum();
    });
    expect(ops(trace)).toContain("gt");
    expect(ops(trace)).not.toContain("exp");
  });

  test("a leaf changed on the way is a new leaf", () => {
    const state = tensor([0]);
    const w = variable([2], "w");
    const trace = capture(() => {
      const first = w.mul(state);
      state.add_(5);
      return first.add(w.mul(state)).sum();
    });
    const leaves = trace.nodes.filter(({ kind }) => kind === "leaf");
    expect(leaves.map(({ outputs }) => outputs[0]!.value!.data)).toEqual([[2], [0], [5]]);
  });

  test("a program that throws: the graph so far, the call and its operands", () => {
    const trace = capture(() =>
      withScope("head", () =>
        ones([2, 3])
          .exp()
          .matmul(ones([2, 3])),
      ),
    );
    expect(ops(trace)).toEqual(["leaf", "exp", "leaf", "matmul"]);
    expect(trace.error).toMatchObject({ phase: "forward", node: 4, operands: [0, 1] });
    expect(trace.nodes[3]).toMatchObject({ scope: "head", outputs: [] });
    const own = capture(() => {
      ones([2]).exp();
      throw new TypeError("mine");
    });
    expect(own.error).toMatchObject({ name: "TypeError", message: "mine", node: null });
    expect(ops(own)).toEqual(["leaf", "exp"]);
  });

  test("a rule that throws: what had arrived until then", () => {
    const broken = customOp({
      name: "broken",
      forward: (x: Tensor) => x.exp(),
      vjp: () => {
        throw new GradError("no such rule");
      },
    });
    const trace = capture(() =>
      broken(variable([1, 2]))
        .mul(2)
        .sum(),
    );
    expect(trace.error).toMatchObject({ phase: "backward", message: "no such rule" });
    expect(trace.nodes[trace.error!.node! - 1]!.op).toBe("broken");
    expect(trace.backward!.contributions).toHaveLength(2);
  });

  test("names, scopes, sites, options, saved tensors", () => {
    manualSeed(0);
    const net = new Sequential(new Linear(2, 3), new Tanh());
    const trace = capture(
      () =>
        net
          .forward(randn([4, 2]))
          .amax(1)
          .sum(),
      { names: net },
    );
    const names = trace.nodes.flatMap(({ outputs }) => outputs.map(({ name }) => name));
    expect(names).toContain("0.weight");
    const linear = trace.nodes.find(({ op }) => op === "linear")!;
    expect(linear.scope).toBe("Sequential/0");
    expect(linear.site).toMatch(/trace\.test\.ts:\d+/);
    expect(trace.nodes.at(-1)!.options).toMatchObject({ keepdim: false });
    expect(JSON.stringify(trace)).toBe(toJSON(trace));
  });

  test("large tensors are summed up; numbers that are not finite are spelt out", () => {
    const x = variable([Number.NaN, Number.POSITIVE_INFINITY, -0, 0.1]);
    const whole = capture(() => x.mul(1), { cotangent: ones([4]) });
    expect(whole.nodes[0]!.outputs[0]!.value!.data).toEqual(["NaN", "Infinity", "-0", 0.1]);
    const cut = capture(() => x.mul(1), { maxElements: 3 });
    const { value } = cut.nodes[0]!.outputs[0]!;
    expect(value!.summary).toMatchObject({ nan: 1, infinite: 1, zero: 1 });
    expect(cut.backward).toBeNull();
    const text = toJSON(whole);
    expect(toJSON(readTrace(text))).toBe(text);
    expect(tensorOf(readTrace(text).nodes[0]!.outputs[0]!.value)!.toTypedArray()).toEqual(
      x.toTypedArray(),
    );
  });

  test("vmap and checkpoint", () => {
    const w = variable([1, 2]);
    const mapped = capture(() => vmap((row: Tensor) => row.mul(w).sum())(ones([3, 2])).sum());
    expect(mapped.error).toBeNull();
    expect(
      numbersOf(mapped.nodes.find(({ outputs }) => outputs[0]!.requiresGrad)!.outputs[0]!.grad),
    ).toEqual([3, 3]);
    const kept = capture(() => checkpoint((x: Tensor) => x.exp().sin(), w).sum());
    expect(ops(kept)).toEqual(["leaf", "checkpoint", "sum"]);
  });

  test("a chain of many ops", () => {
    let x = variable(1);
    for (let i = 0; i < 20_000; i++) x = x.add(1);
    expect(capture(x).nodes).toHaveLength(40_001);
    expect(topologicalOrder(x.node!)).toHaveLength(20_000);
  });

  test("refuses what it cannot watch", async () => {
    // @ts-expect-error a number is no program
    expect(() => capture(3)).toThrow(/expected a tensor or a function/);
    expect(() => capture(() => undefined)).toThrow(/must return a tensor/);
    expect(() => capture(async () => undefined)).toThrow(/asynchronous/);
    // @ts-expect-error a misspelt option
    expect(() => capture(ones([1]), { tilte: "x" })).toThrow(/unknown option "tilte"/);
  });
});
