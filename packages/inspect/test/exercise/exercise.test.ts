/**
 * Exercises: right answers count, common mistakes are recognised; and backpropagation done wrong beside the right way.
 */
import { linear, manualSeed, randn, tensor } from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { capture, exercise, mistakenGradients, numbersOf, toJSON } from "../../src/index.ts";
import { cotangentOf } from "../../src/trace/terms.ts";

const double = { dtype: "float64", requiresGrad: true } as const;

describe("an exercise", () => {
  manualSeed(3);
  const x = randn([4, 2], { dtype: "float64" }).named("x");
  const w = randn([2, 2], double).named("W");
  const b = randn([2], double).named("b");
  const loss = () => x.matmul(w).add(b).tanh().matmul(w).square().mean();
  const trace = capture(loss);
  const gradients = new Map(
    trace.nodes.map(({ outputs: [t] }) => [t!.name, t!.grad?.data?.map(Number) ?? []]),
  );
  const gradientOf = (name: string) =>
    tensor(gradients.get(name)!, { dtype: "float64" }).reshape(name === "b" ? [2] : [2, 2]);

  test("asks for leaves and named results, shows no gradient, and knows when it is done", () => {
    const task = exercise(trace);
    expect(task.blanks).toEqual([
      { name: "b", shape: [2], isSolved: false },
      { name: "W", shape: [2, 2], isSolved: false },
    ]);
    expect(toJSON(task.trace)).not.toMatch(/"grad":\{/);
    expect(task.trace.backward).toBeNull();
    expect(task.check("W", gradientOf("W")).isRight).toBe(true);
    expect(task.isComplete).toBe(false);
    expect(`${task.check("b", gradientOf("b").toArray() as number[])}`).toBe("✓ b: right.");
    expect(task.isComplete).toBe(true);
    expect(task.solution("b")).toEqual(gradientOf("b").toArray());
  });

  test("takes rounded answers, and names the places that are wrong", () => {
    const task = exercise(trace);
    const rounded = (gradientOf("b").toArray() as number[]).map((v) => Number(v.toPrecision(4)));
    expect(task.check("b", rounded).isRight).toBe(true);
    const mark = task.check("b", [rounded[0]!, rounded[1]! + 1]);
    expect(mark).toMatchObject({ isRight: false, mistake: "other", wrong: [1] });
    expect(mark.message).toContain("wrong at [1]");
    expect(exercise(trace, { tolerance: 1e-12 }).check("b", rounded).isRight).toBe(false);
  });

  test("recognises the common mistakes", () => {
    const task = exercise(trace);
    const parts = trace.backward!.contributions.filter(
      ({ node, operand }) =>
        trace.nodes[trace.nodes[node - 1]!.operands[operand]!.node - 1]!.outputs[0]!.name === "W",
    );
    expect(parts).toHaveLength(2);
    const onePath = tensor(parts[0]!.value.data!.map(Number), { dtype: "float64" }).reshape([2, 2]);
    expect(task.check("W", onePath).mistake).toBe("accumulate");
    expect(task.check("W", gradientOf("W").mT).mistake).toBe("transposed");
    expect(task.check("W", gradientOf("W").mul(2)).mistake).toBe("zeroGrad");
    expect(task.check("W", gradientOf("W").neg()).mistake).toBe("sign");
    expect(task.check("W", gradientOf("W").mul(0.25))).toMatchObject({
      mistake: "factor",
      factor: 0.25,
    });
    expect(task.check("W", [1, 2, 3]).mistake).toBe("shape");
    expect(task.check("b", [Number.NaN, 1]).mistake).toBe("notFinite");
    const unsummed = trace.backward!.contributions.find(({ raw }) => raw !== null)!.raw!;
    expect(unsummed.shape).toEqual([4, 2]);
    const copies = tensor(unsummed.data!.map(Number), { dtype: "float64" }).reshape([4, 2]);
    expect(task.check("b", copies).mistake).toBe("broadcast");
  });

  test("recognises them in the shape of the tensor, as the page asks for it", () => {
    manualSeed(8);
    const w = randn([3, 3], { ...double, name: "w" });
    const x = randn([4, 3], { ...double, name: "x" });
    const b = randn([3], { ...double, name: "b" });
    const c = randn([3], { ...double, name: "c" });
    const v = randn([2, 3], { ...double, name: "v" });
    const out = linear(x.matmul(w).add(b).tanh(), v, randn([2], { ...double, name: "bias" }))
      .add(c.sum())
      .square()
      .sum();
    const graph = capture(out);
    const task = exercise(graph);
    const all = graph.backward!.contributions;
    const arrivedAt = (name: string) =>
      all.find(({ node, operand }) => {
        const ref = graph.nodes[node - 1]!.operands[operand]!;
        return graph.nodes[ref.node - 1]!.outputs[0]!.name === name;
      })!;
    // One row of what comes back, instead of the sum over all.
    const toB = arrivedAt("b");
    expect(task.check("b", numbersOf(toB.raw)!.slice(0, 3)).mistake).toBe("broadcast");
    // A bias is summed by its rule: one row of the cotangent is one sample's share.
    const sample = cotangentOf(graph, arrivedAt("bias").node, all.length)!;
    expect(task.check("bias", sample.slice(0, 2)).mistake).toBe("broadcast");
    // The rule of matmul without its transpose, where the shapes happen to fit.
    const delta = tensor(numbersOf(toB.raw)!, { dtype: "float64" }).reshape([4, 3]);
    expect(task.check("x", delta.matmul(w.detach())).mistake).toBe("transposed");
    expect(task.check("x", delta.matmul(w.detach().mT)).isRight).toBe(true);
    // The right numbers, columns for rows.
    const right = tensor(task.solution("v") as number[][], { dtype: "float64" });
    expect(task.check("v", right.mT.reshape([2, 3])).mistake).toBe("transposed");
  });

  test("is a page with a field for each element, which loads nothing and shows no gradient", () => {
    const page = exercise(trace, { language: "es" }).toHTML();
    expect(page).toContain('<html lang="es">');
    expect(page).toMatch(/default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'/);
    expect(page).toContain("Encuentra los gradientes");
    const picture = page.slice(page.indexOf("<svg"), page.indexOf("</svg>"));
    expect(picture).toContain("∂ —");
    expect(page.length).toBeLessThan(60_000);
  });

  test("speaks Spanish", () => {
    const task = exercise(trace, { language: "es" });
    expect(task.check("W", gradientOf("W").mul(0.25)).message).toBe(
      "✗ W: todavía no. Falla por el factor 0,25.",
    );
  });

  test("refuses what cannot be marked", () => {
    const task = exercise(trace);
    expect(() => task.check("v", 1)).toThrow(/exercise: "v" is not asked for. Asked for: b, W/);
    expect(() => exercise(trace, { language: "fr" as never })).toThrow(/Known: en, es/);
    expect(() => exercise(trace, { lang: "es" } as never)).toThrow(/unknown option "lang"/);
    expect(() => exercise(capture(loss, { backward: false }))).toThrow(/there is nothing to find/);
    expect(() => task.check("b", ["a"])).toThrow(/expected numbers/);
  });
});

describe("mistaken gradients", () => {
  test("a = 1, b = a + a, c = b + b", () => {
    const a = tensor(1, { ...double, name: "a" });
    const b = a.add(a);
    const found = mistakenGradients(b.add(b));
    const [row] = found.rows;
    expect([
      row!.right.item(),
      row!.naiveRecursion.item(),
      row!.noAccumulation.item(),
      row!.forgottenZeroGrad.item(),
    ]).toEqual([4, 6, 1, 8]);
    expect(a.grad).toBeNull();
    expect(`${found}`.split("\n")[1]).toMatch(/^a +4 +6 +1 +8$/);
  });

  test("in Spanish, and as a page that loads nothing", () => {
    const a = tensor(0.5, { ...double, name: "<b>a</b>" });
    const b = a.add(a);
    const found = mistakenGradients(b.mul(b), { language: "es" });
    expect(`${found}`).toMatch(/^hoja +correcto +recursión ingenua +sin acumular/);
    const page = found.toHTML();
    expect(page).toContain('<html lang="es">');
    expect(page).toContain("recursión ingenua");
    expect(page).not.toMatch(/<script|<b>/);
    expect(page.match(/✗/g)).toHaveLength(3);
    expect(() => mistakenGradients(b, { language: "fr" as never })).toThrow(/"en" or "es"/);
    expect(() => mistakenGradients(b, { lang: "es" } as never)).toThrow(/unknown option "lang"/);
  });

  test("are right where there is one path only", () => {
    manualSeed(4);
    const w = randn([3, 2], { ...double, name: "w" });
    const b = randn([3], { ...double, name: "b" });
    const loss = linear(randn([5, 2], { dtype: "float64" }), w, b)
      .tanh()
      .sum();
    for (const row of mistakenGradients(loss).rows) {
      expect(row.naiveRecursion.toArray()).toEqual(row.right.toArray());
      expect(row.noAccumulation.toArray()).toEqual(row.right.toArray());
    }
  });

  test("stop where there are too many paths, and want a loss", () => {
    let x = tensor(1, double);
    for (let i = 0; i < 40; i++) x = x.add(x);
    expect(() => mistakenGradients(x)).toThrow(/more than 100000 paths/);
    expect(() => mistakenGradients(tensor([1, 2], double).mul(2))).toThrow(/expected a loss/);
  });
});
