/**
 * The derivative of a system against differences: projections, the full Jacobian where it is small, and what must hold
 * of every gradient.
 */
import type { Generator, Shape } from "@chainrule/core";
import { formatShape, grad, newTensor, sameShape, type Tensor } from "@chainrule/core";
import { bitDifference, positionOf } from "./compare.ts";
import { compareSlope, slopesAgree, step } from "./slope.ts";
import type { Placed } from "./structure.ts";
import type { System } from "./system.ts";
import { evaluate, gaussianLike } from "./system.ts";

/** One entry that is off, or one rule that was broken. */
export interface GradcheckFailure {
  readonly order: number;
  /** The entry of the input: `w[0, 1]`. */
  readonly input: string;
  /** The entry of the output, or the projection of all outputs. */
  readonly output: string;
  readonly analytic: number;
  readonly numeric: number;
  /** |analytic − numeric|; NaN where a rule was broken that compares no numbers. */
  readonly error: number;
  /** What is wrong, in words, where it is no number. */
  readonly message: string | null;
}

/** What was compared at one order of differentiation. */
export interface Comparison {
  readonly order: number;
  /** Slopes compared. */
  readonly comparisons: number;
  /** Those left out because the function has a kink there. */
  readonly kinkSkips: number;
  readonly failures: readonly GradcheckFailure[];
}

/** The Jacobian is compared entry by entry up to this size. */
const fullJacobianUpTo = 64;
/** A gradient that is off is located entry by entry up to this size. */
const locateUpTo = 4096;
const directions = 2;

/** Checks the first derivative of a system. */
export function checkSystem(
  system: System,
  order: number,
  rtol: number,
  generator: Generator,
): Comparison {
  return new DerivativeCheck(system, order, rtol, generator).run();
}

class DerivativeCheck {
  private readonly system: System;
  private readonly order: number;
  private readonly rtol: number;
  private readonly generator: Generator;
  private readonly shapes: readonly Shape[];
  private readonly points: readonly Float64Array[];
  private readonly failures: GradcheckFailure[] = [];
  private comparisons = 0;
  private kinkSkips = 0;

  constructor(system: System, order: number, rtol: number, generator: Generator) {
    this.system = system;
    this.order = order;
    this.rtol = rtol;
    this.generator = generator;
    this.shapes = system.leaves.map((leaf) => leaf.shape);
    this.points = system.leaves.map((leaf) => Float64Array.from(leaf.toTypedArray()));
  }

  run(): Comparison {
    const outputs = this.system.compute(this.system.leaves);
    const again = evaluate(this.system, this.points, this.shapes);
    if (this.isSteady(outputs, again) && outputs.length > 0) {
      const cotangents = outputs.map(({ tensor }) => gaussianLike(tensor, this.generator));
      const gradients = this.gradientsOf(outputs, cotangents);
      this.checkRules(outputs, cotangents, gradients);
      if (this.failures.length === 0) {
        // The entries of the Jacobian say more than a projection does, so they are looked at first.
        this.checkJacobian(outputs);
        if (this.failures.length === 0) this.checkProjections(outputs, cotangents, gradients);
      }
    }
    const { order, comparisons, kinkSkips, failures } = this;
    return { order, comparisons, kinkSkips, failures };
  }

  /** The same inputs must give the same numbers, or differences mean nothing. */
  private isSteady(outputs: readonly Placed[], again: readonly Float64Array[]): boolean {
    const steady =
      outputs.length === again.length &&
      outputs.every(({ tensor }, i) => {
        const values = tensor.toTypedArray();
        return (
          values.length === again[i]!.length &&
          values.every((value, k) => same(value, again[i]![k]!))
        );
      });
    if (!steady)
      this.fail(
        "the function gave other numbers for the same inputs. Seed its random numbers inside of it.",
      );
    return steady;
  }

  private gradientsOf(outputs: readonly Placed[], cotangents: readonly Tensor[]): Tensor[] {
    const { leaves } = this.system;
    const tracked = outputs.flatMap(({ tensor }, i) => (tensor.requiresGrad ? [i] : []));
    const found =
      tracked.length === 0
        ? leaves.map(() => null)
        : grad(
            tracked.map((i) => outputs[i]!.tensor),
            leaves,
            {
              gradOutputs: tracked.map((i) => cotangents[i]!),
              retainGraph: true,
              allowUnused: true,
            },
          );
    return found.map((gradient, i) => gradient ?? newTensor(leaves[i]!.dtype, leaves[i]!.shape));
  }

  /** What must hold of gradients whatever the function is. */
  private checkRules(
    outputs: readonly Placed[],
    cotangents: readonly Tensor[],
    gradients: readonly Tensor[],
  ): void {
    const { leaves, inputNames } = this.system;
    const again = this.gradientsOf(outputs, cotangents);
    const zero = this.gradientsOf(
      outputs,
      outputs.map(({ tensor }) => newTensor("float64", tensor.shape)),
    );
    for (const [i, gradient] of gradients.entries()) {
      const leaf = leaves[i]!;
      if (!sameShape(gradient.shape, leaf.shape) || gradient.dtype !== leaf.dtype) {
        this.fail(
          `the gradient has shape ${formatShape(gradient.shape)} and dtype ${gradient.dtype}, the input ${formatShape(leaf.shape)} and ${leaf.dtype}`,
          inputNames[i],
        );
        continue;
      }
      const changed = bitDifference(gradient, again[i]!);
      if (changed !== null)
        this.fail(`a second backward pass gave another gradient: ${changed}`, inputNames[i]);
      const left = zero[i]!.toTypedArray().findIndex((value) => value !== 0);
      if (left >= 0) {
        const value = zero[i]!.toTypedArray()[left]!;
        this.fail(
          `a cotangent of zero gave ${value}, not 0, at ${positionOf(left, leaf.shape) || "the number"}`,
          inputNames[i],
        );
      }
    }
  }

  private checkProjections(
    outputs: readonly Placed[],
    cotangents: readonly Tensor[],
    gradients: readonly Tensor[],
  ): void {
    const weights = cotangents.map((v) => v.toTypedArray());
    const scale =
      1 +
      outputs.reduce(
        (sum, { tensor }, i) => sum + weightedSize(tensor.toTypedArray(), weights[i]!),
        0,
      );
    const flat = gradients.map((gradient) => gradient.toTypedArray());
    for (let n = 0; n < directions; n++) {
      const direction = this.points.map((point) =>
        Float64Array.from(point, (x) => this.generator.normal() * Math.max(1, Math.abs(x))),
      );
      const analytic = sumOf(flat.map((values, i) => dot(values, direction[i]!)));
      const line = this.lineAlong(direction, weights);
      const { verdict, numeric } = compareSlope(line, analytic, this.rtol, scale);
      this.comparisons++;
      if (verdict === "kink") this.kinkSkips++;
      if (verdict !== "differs") continue;
      this.locate(flat, weights, scale);
      if (this.failures.length === 0)
        this.failEntry("a random direction", "a projection of the outputs", analytic, numeric);
      return;
    }
  }

  /** vᵀf(x + t·direction). */
  private lineAlong(
    direction: readonly Float64Array[],
    weights: readonly ArrayLike<number>[],
  ): (t: number) => number {
    return (t) => {
      const moved = this.points.map((point, i) => point.map((x, k) => x + t * direction[i]![k]!));
      return sumOf(
        evaluate(this.system, moved, this.shapes).map((values, i) => dot(values, weights[i]!)),
      );
    };
  }

  /** Which entries of the gradient of vᵀf are off. */
  private locate(
    gradients: readonly ArrayLike<number>[],
    weights: readonly ArrayLike<number>[],
    scale: number,
  ): void {
    for (const [i, point] of this.points.entries()) {
      for (let k = 0; k < Math.min(point.length, locateUpTo); k++) {
        const size = Math.max(1, Math.abs(point[k]!));
        const line = this.lineAlong(this.unit(i, k), weights);
        const { verdict, numeric } = compareSlope(
          (t) => line(t * size),
          gradients[i]![k]! * size,
          this.rtol,
          scale,
        );
        if (verdict !== "differs") continue;
        this.failEntry(
          this.entryName(i, k),
          "a projection of the outputs",
          gradients[i]![k]!,
          numeric / size,
        );
      }
    }
  }

  private checkJacobian(outputs: readonly Placed[]): void {
    const rows = outputs.reduce((sum, { tensor }) => sum + tensor.numel(), 0);
    const columns = this.points.reduce((sum, point) => sum + point.length, 0);
    if (rows * columns === 0 || rows * columns > fullJacobianUpTo || this.failures.length > 0)
      return;
    const values = outputs.map(({ tensor }) => tensor.toTypedArray());
    const numeric = this.numericColumns();
    for (const [o, { tensor, path }] of outputs.entries()) {
      for (let row = 0; row < tensor.numel(); row++) {
        const value = values[o]![row]!;
        if (!Number.isFinite(value)) continue;
        const cotangents = outputs.map((output) => newTensor("float64", output.tensor.shape));
        cotangents[o]!.storage.data[row] = 1;
        const gradients = this.gradientsOf(outputs, cotangents).map((gradient) =>
          gradient.toTypedArray(),
        );
        for (const [i, point] of this.points.entries()) {
          for (let k = 0; k < point.length; k++) {
            const estimate = numeric[i]![k]![o]![row]!;
            this.checkEntry(
              { i, k, o, row },
              gradients[i]![k]!,
              estimate,
              1 + Math.abs(value),
              `${path || "output"}${positionOf(row, tensor.shape)}`,
            );
          }
        }
      }
    }
  }

  private checkEntry(
    { i, k, o, row }: { i: number; k: number; o: number; row: number },
    analytic: number,
    estimate: number,
    scale: number,
    output: string,
  ): void {
    this.comparisons++;
    const size = Math.max(1, Math.abs(this.points[i]![k]!));
    if (slopesAgree(analytic * size, estimate * size, this.rtol, scale)) return;
    const unit = this.unit(i, k);
    const line = (t: number): number => {
      const moved = this.points.map((point, n) => point.map((x, m) => x + t * size * unit[n]![m]!));
      return evaluate(this.system, moved, this.shapes)[o]![row]!;
    };
    const { verdict, numeric } = compareSlope(line, analytic * size, this.rtol, scale);
    if (verdict === "kink") this.kinkSkips++;
    if (verdict === "differs")
      this.failEntry(this.entryName(i, k), output, analytic, numeric / size);
  }

  /** Central differences by input, entry, output and row. */
  private numericColumns(): Float64Array[][][] {
    return this.points.map((point, i) =>
      Array.from(point, (x, k) => {
        const h = step * Math.max(1, Math.abs(x));
        const [above, below] = [h, -h].map((by) => {
          const moved = this.points.map((other, n) => (n === i ? other.with(k, x + by) : other));
          return evaluate(this.system, moved, this.shapes);
        });
        return above!.map((values, o) =>
          values.map((value, row) => (value - below![o]![row]!) / (2 * h)),
        );
      }),
    );
  }

  private unit(i: number, k: number): Float64Array[] {
    return this.points.map((point, n) => {
      const direction = new Float64Array(point.length);
      if (n === i) direction[k] = 1;
      return direction;
    });
  }

  private entryName(i: number, k: number): string {
    return `${this.system.inputNames[i]}${positionOf(k, this.shapes[i]!)}`;
  }

  private failEntry(input: string, output: string, analytic: number, numeric: number): void {
    const error = Math.abs(analytic - numeric);
    this.failures.push({
      order: this.order,
      input,
      output,
      analytic,
      numeric,
      error,
      message: null,
    });
  }

  private fail(message: string, input = ""): void {
    const nothing = { output: "", analytic: Number.NaN, numeric: Number.NaN, error: Number.NaN };
    this.failures.push({ order: this.order, input, ...nothing, message });
  }
}

function same(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Σ aᵢwᵢ over the places with a weight: what is not finite has the weight 0 and does not count. */
function dot(values: ArrayLike<number>, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) if (weights[i] !== 0) sum += values[i]! * weights[i]!;
  return sum;
}

function weightedSize(values: ArrayLike<number>, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++)
    if (weights[i] !== 0) sum += Math.abs(values[i]! * weights[i]!);
  return sum;
}
