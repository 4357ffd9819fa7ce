/** What a network can be asked to tell apart: points of a plane, in two classes. */
import { Generator, type Tensor, tensor } from "@chainrule/core";

/** Points [samples, 2] within [−1, 1]², and 0 or 1 for each, [samples, 1]. */
export interface Sample {
  readonly points: Tensor;
  readonly classes: Tensor;
}

type Point = readonly [x: number, y: number];

/** Draws a point of a class; `at` goes from 0 to 1 over the points of the class. */
type Drawing = (generator: Generator, kind: 0 | 1, at: number) => Point;

/** Two clouds, which a line can part. */
const clouds: Drawing = (generator, kind) => {
  const centre = kind === 1 ? 0.45 : -0.45;
  return [centre + 0.18 * generator.normal(), centre + 0.18 * generator.normal()];
};

/** Four corners, of which opposite ones belong together: XOR, which no line can part. */
const corners: Drawing = (generator, kind) => {
  const x = (0.08 + 0.8 * generator.uniform()) * (generator.uniform() < 0.5 ? -1 : 1);
  const y = 0.08 + 0.8 * generator.uniform();
  return [x, kind === 1 ? Math.sign(x) * y : -Math.sign(x) * y];
};

/** A disc within a ring. */
const circle: Drawing = (generator, kind) => {
  const radius =
    kind === 1 ? 0.4 * Math.sqrt(generator.uniform()) : 0.62 + 0.25 * generator.uniform();
  const angle = 2 * Math.PI * generator.uniform();
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
};

/** Two half circles that reach into each other. */
const moons: Drawing = (_generator, kind, at) => {
  const angle = Math.PI * at;
  const [x, y] = [Math.cos(angle), Math.sin(angle)];
  return kind === 1 ? [0.55 * x - 0.27, 0.55 * y - 0.14] : [0.27 - 0.55 * x, 0.14 - 0.55 * y];
};

/** Two arms that wind around each other: 1¾ turns. */
const spiral: Drawing = (_generator, kind, at) => {
  const angle = 3.5 * Math.PI * at + (kind === 1 ? 0 : Math.PI);
  const radius = 0.08 + 0.82 * at;
  return [radius * Math.sin(angle), radius * Math.cos(angle)];
};

export const problems = { clouds, corners, circle, moons, spiral } as const;

export type ProblemName = keyof typeof problems;

/** Draws points of a problem, as many of either class, each moved at random by about `noise`. */
export function drawSample(name: ProblemName, count: number, noise: number, seed: number): Sample {
  const generator = new Generator(seed);
  const half = Math.floor(count / 2);
  const points: number[][] = [];
  const classes: number[][] = [];
  for (let i = 0; i < 2 * half; i++) {
    const kind = i % 2 === 0 ? 0 : 1;
    const [x, y] = problems[name](generator, kind, Math.floor(i / 2) / Math.max(1, half - 1));
    points.push([x + noise * generator.normal(), y + noise * generator.normal()]);
    classes.push([kind]);
  }
  return { points: tensor(points), classes: tensor(classes, { dtype: "float32" }) };
}
