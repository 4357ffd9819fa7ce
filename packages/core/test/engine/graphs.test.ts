/**
 * Random graphs with reuse, and graphs that are too deep for any recursion.
 */
import { canGenerateCode, customOp, Generator, grad, type Tensor, tensor } from "@chainrule/core";
import { describe, expect, test } from "vitest";

type Rule = (a: number, b: number) => number;
/** What the nodes of a random graph do, on tensors and on plain numbers. All are smooth and stay small. */
const operations: readonly {
  readonly onTensors: (a: Tensor, b: Tensor) => Tensor;
  readonly onNumbers: Rule;
}[] = [
  { onTensors: (a, b) => a.add(b).mul(0.5), onNumbers: (a, b) => (a + b) * 0.5 },
  { onTensors: (a, b) => a.mul(b), onNumbers: (a, b) => a * b },
  { onTensors: (a, b) => a.sub(b).tanh(), onNumbers: (a, b) => Math.tanh(a - b) },
  { onTensors: (a) => a.mul(a).mul(0.5), onNumbers: (a) => a * a * 0.5 },
  {
    onTensors: (a, b) => a.sin().add(b.cos()).mul(0.5),
    onNumbers: (a, b) => (Math.sin(a) + Math.cos(b)) * 0.5,
  },
];

/** A graph: each node an operation on two earlier values, which may be the same, and used any number of times. */
interface Plan {
  readonly inputs: readonly number[];
  readonly nodes: readonly { readonly operation: number; readonly a: number; readonly b: number }[];
}

function randomPlan(generator: Generator): Plan {
  const inputs = Array.from(
    { length: 1 + generator.integer(3) },
    () => generator.uniform() * 2 - 1,
  );
  const count = 1 + generator.integer(12);
  const nodes = Array.from({ length: count }, (_, i) => ({
    operation: generator.integer(operations.length),
    a: generator.integer(inputs.length + i),
    b: generator.integer(inputs.length + i),
  }));
  return { inputs, nodes };
}

function onNumbers({ nodes }: Plan, inputs: readonly number[]): number {
  const values = inputs.slice();
  for (const { operation, a, b } of nodes)
    values.push(operations[operation]!.onNumbers(values[a]!, values[b]!));
  return values.at(-1)!;
}

function onTensors({ nodes }: Plan, inputs: readonly Tensor[]): Tensor {
  const values = inputs.slice();
  for (const { operation, a, b } of nodes)
    values.push(operations[operation]!.onTensors(values[a]!, values[b]!));
  return values.at(-1)!;
}

/** The largest error of the gradients of many random graphs, relative to max(1, |slope|). */
function worstError(graphs: number, onTensorsOf: typeof onTensors): number {
  const generator = new Generator(7);
  let worst = 0;
  for (let i = 0; i < graphs; i++) {
    const plan = randomPlan(generator);
    const leaves = plan.inputs.map((value) =>
      tensor(value, { dtype: "float64", requiresGrad: true }),
    );
    const value = onTensorsOf(plan, leaves);
    const gradients = value.requiresGrad
      ? grad(value, leaves, { allowUnused: true })
      : leaves.map(() => null);
    for (const [k, gradient] of gradients.entries()) {
      const h = 6e-6;
      const shifted = (by: number): number =>
        onNumbers(
          plan,
          plan.inputs.map((input, j) => (j === k ? input + by : input)),
        );
      const numeric = (shifted(h) - shifted(-h)) / (2 * h);
      worst = Math.max(
        worst,
        Math.abs((gradient?.item() ?? 0) - numeric) / Math.max(1, Math.abs(numeric)),
      );
    }
  }
  return worst;
}

// The truncation of a central difference is h²/6 · f‴, and f‴ stays below a few hundred here; its rounding is 1e-16/h.
const tolerance = 1e-8;

describe("random graphs with reuse", () => {
  test("10,000 of them agree with finite differences", () => {
    // Without code generation this runs a second time: fewer do there.
    expect(worstError(canGenerateCode() ? 10_000 : 1_000, onTensors)).toBeLessThan(tolerance);
  });

  test("paths that are not added up, and a slope that is off by 5e-4, are caught", () => {
    const forgetful = (plan: Plan, inputs: readonly Tensor[]): Tensor => {
      const used = new Set<number>();
      const values = inputs.slice();
      // A value that is used a second time brings no gradient any more.
      const take = (place: number): Tensor => {
        const value = values[place]!;
        if (used.has(place)) return value.detach();
        used.add(place);
        return value;
      };
      for (const { operation, a, b } of plan.nodes)
        values.push(operations[operation]!.onTensors(take(a), take(b)));
      return values.at(-1)!;
    };
    expect(worstError(100, forgetful)).toBeGreaterThan(tolerance);
    const steeper = customOp({
      name: "steeper",
      forward: (x: Tensor) => x.mul(1),
      vjp: (cotangent) => [cotangent.mul(1 + 5e-4)],
    });
    expect(worstError(100, (plan, inputs) => steeper(onTensors(plan, inputs)))).toBeGreaterThan(
      tolerance,
    );
  });
});

describe("a chain of a million nodes", () => {
  test("is built, differentiated, freed and printed on the default stack", () => {
    const x = tensor(1, { dtype: "float64", requiresGrad: true });
    let y = x;
    for (let i = 0; i < 1_000_000; i++) y = y.mul(1.000001);
    expect(String(y)).toMatch(/^tensor\(2\.7183, dtype=float64, from=mul\)$/);
    y.backward();
    expect(Math.abs(x.grad!.item() - 1.000001 ** 1_000_000)).toBeLessThan(1e-9);
    expect(y.node?.freed).toBe(true);
  }, 60_000);
});
