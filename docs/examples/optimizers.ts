/**
 * The ways of optimizers on one surface, and learning rates that are too small, right and too large.
 *
 * Rosenbrock's valley (1960), f(x, y) = (1 − x)² + 100·(y − x²)²: it is easy to find the valley and hard to walk along it
 * to the minimum at (1, 1). Plain gradient descent bounces between its walls, momentum rolls along, Adagrad, RMSprop and Adam
 * measure each direction by itself, Rprop follows signs, L-BFGS learns how the valley bends, and Newton's method knows it.
 *
 *     node scripts/run.mjs docs/examples/optimizers.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { optim, type Tensor, tensor, train } from "chainrule";

function valley(point: Tensor): Tensor {
  const [x, y] = [point.at(0), point.at(1)];
  return tensor(1).sub(x).square().add(y.sub(x.square()).square().mul(100));
}

type Point = readonly [number, number];
const start: Point = [-1.2, 1];
const float64 = { dtype: "float64" } as const;

/** What the ways have in common; LBFGS and Newton call the closure as often as they need it. */
interface Walker {
  step(closure: () => Tensor): Tensor;
  zeroGrad(): void;
}

/** Where an optimizer goes, point by point. */
function walk(make: (params: Tensor[]) => Walker, steps: number): Point[] {
  const point = tensor(start, { ...float64, requiresGrad: true });
  const optimizer = make([point]);
  const path: Point[] = [start];
  for (let step = 0; step < steps; step++) {
    optimizer.step(() => {
      optimizer.zeroGrad();
      const height = valley(point);
      // Newton's method differentiates twice, and by itself.
      if (!(optimizer instanceof optim.Newton)) height.backward();
      return height;
    });
    path.push([point.at(0).item(), point.at(1).item()]);
  }
  return path;
}

export async function main(short = false): Promise<void> {
  const steps = short ? 300 : 3000;
  const ways: Record<string, Point[]> = {
    SGD: walk((params) => new optim.SGD(params, { lr: 0.001 }), steps),
    momentum: walk((params) => new optim.SGD(params, { lr: 0.0005, momentum: 0.9 }), steps),
    Nesterov: walk(
      (params) => new optim.SGD(params, { lr: 0.0005, momentum: 0.9, nesterov: true }),
      steps,
    ),
    Adagrad: walk((params) => new optim.Adagrad(params, { lr: 0.3 }), steps),
    RMSprop: walk((params) => new optim.RMSprop(params, { lr: 0.005 }), steps),
    Adam: walk((params) => new optim.Adam(params, { lr: 0.02 }), steps),
    Rprop: walk((params) => new optim.Rprop(params), steps),
    LBFGS: walk(
      (params) => new optim.LBFGS(params, { maxIter: 1, lineSearchFn: "strong_wolfe" }),
      40,
    ),
    Newton: walk((params) => new optim.Newton(params, { lineSearch: false }), 6),
  };
  const height = (path: readonly Point[]): number => valley(tensor(path.at(-1)!, float64)).item();
  for (const [name, path] of Object.entries(ways)) {
    const [x, y] = path.at(-1)!;
    console.log(
      `${name.padEnd(9)} ${String(path.length - 1).padStart(5)} steps to (${x.toFixed(4)}, ${y.toFixed(4)}), loss ${height(path).toExponential(2)}`,
    );
  }

  console.log("\nGradient descent, 100 steps, with rates from too small to too large:");
  const lossAfter = (lr: number): number =>
    height(walk((params) => new optim.SGD(params, { lr }), 100));
  const [small, right, large] = [1e-5, 1e-3, 1e-2].map(lossAfter) as [number, number, number];
  console.log(`  0.00001 creeps:   loss ${small.toFixed(3)}`);
  console.log(`  0.001   descends: loss ${right.toFixed(3)}`);
  console.log(`  0.01    explodes: loss ${large}`);

  const plot = train.plotSurface(valley, {
    x: [-1.6, 1.6],
    y: [-0.6, 2],
    paths: ways,
    title: "Rosenbrock's valley",
    resolution: short ? 20 : 120,
  });
  console.log(`\n${plot}`);
  if (!short) await plot.save(join(import.meta.dirname, "out/optimizers.svg"));

  assert.ok(height(ways.Newton!) < 1e-18, "Newton is there in six steps");
  assert.ok(height(ways.LBFGS!) < 1e-8, "L-BFGS learns how the valley bends");
  assert.ok(height(ways.momentum!) < height(ways.SGD!), "momentum is ahead of plain descent");
  assert.ok(right < small && !(large < small), "rates too small and too large");
  if (!short) assert.ok(height(ways.Adam!) < 1e-6, "Adam arrives");
}

if (import.meta.main) await main();
