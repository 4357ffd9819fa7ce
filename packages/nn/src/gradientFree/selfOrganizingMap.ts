/**
 * Kohonen's self-organising map, which learns by neighbourhood.
 */
import type { Generator, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  cdist,
  checkBoolean,
  checkInteger,
  checkOptions,
  defaultGenerator,
  fromTypedArray,
  noGrad,
  rand,
  writable,
} from "@chainrule/core";
import type { RandomParameterOptions } from "../layers/parameters.ts";
import { drawnFrom, ofType } from "../layers/parameters.ts";
import { Module } from "../module.ts";
import { parameter } from "../registry.ts";
import type { Samples } from "./samples.ts";
import { batchesOf, rowsOf } from "./samples.ts";

/** Options of {@link SelfOrganizingMap}. */
export interface SelfOrganizingMapOptions extends RandomParameterOptions {
  /** Which units are neighbours: in rows and columns ("grid", unless given), or with every other row shifted by half ("hexagons"). */
  topology?: "grid" | "hexagons";
}

/** Options of `SelfOrganizingMap.fit`. */
export interface SelfOrganizingMapFitOptions {
  /** How often the samples are gone through; 20 unless given. */
  epochs?: number;
  /** How far units move towards a sample, in the beginning and in the end; [0.5, 0.02] unless given. */
  lr?: readonly [first: number, last: number];
  /** How far neighbourhoods reach; from half of the longer side to 0.5 unless given. */
  sigma?: readonly [first: number, last: number];
  /** Whether the samples of a batch come in another order in each epoch; true unless given. */
  shuffle?: boolean;
  /** Where the order comes from; the default generator unless given. */
  generator?: Generator;
}

/** What `SelfOrganizingMap.fit` gives. */
export interface SelfOrganizingMapHistory {
  /** The mean distance of the samples from the unit nearest to them when they came, for each epoch. */
  readonly quantizationError: readonly number[];
}

/**
 * Kohonen's self-organising map: units on a grid, each with a place among the samples. A sample draws the unit nearest to it,
 * and those around that on the grid, towards itself: w becomes w + lr·e^(−d²/2σ²)·(x − w), with the distance d on the grid.
 * Neighbourhoods and steps shrink as time goes on. It learns without gradients and without labels. (Kohonen, "Self-organized
 * formation of topologically correct feature maps", 1982.)
 *
 * `weight` has shape [rows·columns, features] and begins uniform in [0, 1). `forward` gives the distances of samples [N,
 * features] from all units, [N, rows·columns]; `predict` the nearest unit of each.
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @example
 * import { manualSeed, rand } from "@chainrule/core";
 * import { SelfOrganizingMap } from "@chainrule/nn";
 * manualSeed(0);
 * const map = new SelfOrganizingMap(4, 4, 3);
 * const colors = rand([200, 3]);
 * const { quantizationError } = await map.fit([colors], { epochs: 5 });
 * quantizationError.length; // → 5
 * map.predict(colors).shape; // → [ 200 ]
 * map.quantizationError(colors) < 0.3; // → true
 */
export class SelfOrganizingMap extends Module {
  readonly rows: number;
  readonly columns: number;
  readonly features: number;
  readonly topology: "grid" | "hexagons";
  readonly weight: Tensor;

  constructor(
    rows: number,
    columns: number,
    features: number,
    options: SelfOrganizingMapOptions = {},
  ) {
    super();
    const name = "SelfOrganizingMap";
    checkOptions(name, options, ["topology", "dtype", "generator"]);
    this.rows = checkInteger(name, "rows", rows, 1);
    this.columns = checkInteger(name, "columns", columns, 1);
    this.features = checkInteger(name, "features", features, 1);
    const { topology = "grid" } = options;
    if (topology !== "grid" && topology !== "hexagons") {
      throw new ArgumentError(
        `${name}: topology must be "grid" or "hexagons", not ${String(topology)}.`,
        { topology },
      );
    }
    this.topology = topology;
    const drawn = rand([rows * columns, features], { ...ofType(options), ...drawnFrom(options) });
    this.weight = parameter(drawn, { requiresGrad: false });
  }

  override forward(x: Tensor): Tensor {
    return cdist(x, this.weight);
  }

  /** The unit nearest to each sample, as int32: unit k is in row ⌊k/columns⌋ and column k mod columns. */
  predict(x: Tensor): Tensor {
    return noGrad(() => this.forward(x).argmin(-1));
  }

  /** The mean distance of samples from the unit nearest to them. */
  quantizationError(x: Tensor): number {
    return noGrad(() => this.forward(x).amin(-1).mean().item());
  }

  /** The share of samples whose two nearest units are no neighbours: how badly the map is folded. */
  topographicError(x: Tensor): number {
    const units = this.rows * this.columns;
    if (units < 2) return 0;
    const { indices } = noGrad(() => this.forward(x).topk(2, -1, { largest: false }));
    const pairs = indices.toTypedArray();
    const places = this.places();
    let apart = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      const [a, b] = [2 * pairs[i]!, 2 * pairs[i + 1]!];
      const distance = Math.hypot(places[a]! - places[b]!, places[a + 1]! - places[b + 1]!);
      // On a grid, the diagonal counts as a neighbour.
      if (distance > (this.topology === "grid" ? Math.SQRT2 : 1) + 1e-9) apart++;
    }
    return (2 * apart) / pairs.length;
  }

  /** The distance of each unit from its neighbours in space, as [rows, columns]: high where the map has borders. */
  distanceMap(): Tensor {
    const places = this.places();
    const units = this.rows * this.columns;
    const w = this.weight.toTypedArray();
    const map = new Float64Array(units);
    for (let a = 0; a < units; a++) {
      let sum = 0;
      let count = 0;
      for (let b = 0; b < units; b++) {
        const apart = Math.hypot(
          places[2 * a]! - places[2 * b]!,
          places[2 * a + 1]! - places[2 * b + 1]!,
        );
        if (a === b || apart > 1 + 1e-9) continue;
        let square = 0;
        for (let k = 0; k < this.features; k++) {
          square += (w[a * this.features + k]! - w[b * this.features + k]!) ** 2;
        }
        sum += Math.sqrt(square);
        count++;
      }
      map[a] = count === 0 ? 0 : sum / count;
    }
    return fromTypedArray(map, [this.rows, this.columns]).to(this.weight.dtype);
  }

  /**
   * Learns from samples, one after the other.
   *
   * @param data Samples of shape [N, features], a data set of them, or batches: what `fit` of `@chainrule/train` takes. What
   * else is there, such as labels, is not looked at.
   * @throws {ArgumentError} for numbers that are not finite, data without a batch, an empty batch, and unknown options.
   * @throws {ShapeError} when samples have other features.
   */
  async fit(
    data: Samples,
    options: SelfOrganizingMapFitOptions = {},
  ): Promise<SelfOrganizingMapHistory> {
    const where = "SelfOrganizingMap.fit";
    checkOptions(where, options, ["epochs", "lr", "sigma", "shuffle", "generator"]);
    const epochs = checkInteger(where, "epochs", options.epochs ?? 20, 1);
    const lr = readDecay(where, "lr", options.lr ?? [0.5, 0.02]);
    const reach = Math.max(this.rows, this.columns) / 2;
    const sigma = readDecay(where, "sigma", options.sigma ?? [Math.max(reach, 0.5), 0.5]);
    const shuffle = checkBoolean(where, "shuffle", options.shuffle, true);
    const generator = options.generator ?? defaultGenerator;
    const places = this.places();
    const errors: number[] = [];
    for (let epoch = 0; epoch < epochs; epoch++) {
      // Within an epoch steps and neighbourhoods stay as they are: batches do not tell how many there will be.
      const progress = epochs === 1 ? 0 : epoch / (epochs - 1);
      const step = lr(progress);
      const width = sigma(progress);
      let distance = 0;
      let count = 0;
      for await (const [x] of batchesOf(where, data, 1)) {
        const rows = rowsOf(where, x!, this.features);
        const order = Int32Array.from({ length: x!.shape[0]! }, (_, i) => i);
        if (shuffle) shuffled(order, generator);
        distance += this.learn(rows, order, places, step, width);
        count += order.length;
      }
      errors.push(distance / count);
    }
    return { quantizationError: errors };
  }

  /** Goes through samples in an order; the sum of their distances from the units nearest to them. */
  private learn(
    samples: Float64Array,
    order: Int32Array,
    places: Float64Array,
    step: number,
    width: number,
  ): number {
    const { features } = this;
    const units = this.rows * this.columns;
    const w = Float64Array.from(this.weight.toTypedArray());
    let total = 0;
    for (const sample of order) {
      const at = sample * features;
      let nearest = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let unit = 0; unit < units; unit++) {
        let square = 0;
        for (let k = 0; k < features; k++) {
          const difference = samples[at + k]! - w[unit * features + k]!;
          square += difference * difference;
        }
        if (square < least) {
          least = square;
          nearest = unit;
        }
      }
      total += Math.sqrt(least);
      const [row, column] = [places[2 * nearest]!, places[2 * nearest + 1]!];
      for (let unit = 0; unit < units; unit++) {
        const apart = (places[2 * unit]! - row) ** 2 + (places[2 * unit + 1]! - column) ** 2;
        const pull = step * Math.exp(-apart / (2 * width * width));
        for (let k = 0; k < features; k++) {
          const place = unit * features + k;
          w[place] = w[place]! + pull * (samples[at + k]! - w[place]!);
        }
      }
    }
    noGrad(() => writable(this.weight).set(w));
    return total;
  }

  /** Where each unit is on the map: its row and its column, neighbours at distance 1. */
  private places(): Float64Array {
    const { rows, columns, topology } = this;
    const places = new Float64Array(2 * rows * columns);
    for (let unit = 0; unit < rows * columns; unit++) {
      const [row, column] = [Math.floor(unit / columns), unit % columns];
      const isGrid = topology === "grid";
      places[2 * unit] = isGrid ? row : (row * Math.sqrt(3)) / 2;
      places[2 * unit + 1] = isGrid || row % 2 === 0 ? column : column + 0.5;
    }
    return places;
  }

  override extraRepr(): string {
    const { rows, columns, features, topology } = this;
    return `rows=${rows}, columns=${columns}, features=${features}, topology=${topology}`;
  }
}

/** From the first number to the last, by the same factor in the same time. */
function readDecay(
  where: string,
  name: string,
  range: readonly [number, number],
): (progress: number) => number {
  const isRange = Array.isArray(range) && range.length === 2;
  const [first, last] = isRange ? range : [Number.NaN, Number.NaN];
  if (!(first > 0 && last > 0 && Number.isFinite(first) && Number.isFinite(last))) {
    throw new ArgumentError(
      `${where}: ${name} must be two positive numbers, the first and the last, not ${String(range)}.`,
      { [name]: range },
    );
  }
  return (progress) => first * (last / first) ** progress;
}

/** Puts numbers into another order, in place (Fisher & Yates). */
function shuffled(order: Int32Array, generator: Generator): void {
  for (let i = order.length - 1; i > 0; i--) {
    const other = generator.integer(i + 1);
    const kept = order[i]!;
    order[i] = order[other]!;
    order[other] = kept;
  }
}
