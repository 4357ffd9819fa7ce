/**
 * Drawing what samples need: shapes, tensors in all kinds of layouts, and options.
 *
 * One implementation serves two sources of random numbers: a seeded generator, which is fast, and fast-check, which can
 * shrink what was drawn to the smallest call that still fails.
 */
import type { Domain, Draw, DType, Shape, Tensor } from "@chainrule/core";
import {
  at,
  elementCount,
  fromTypedArray,
  Generator,
  newTensor,
  permute,
  within,
} from "@chainrule/core";
import type { GeneratorValue } from "fast-check";
import { integer as arbitraryInteger } from "fast-check";

/** Where whole numbers come from; everything else is made of them. Small numbers should be the simple cases. */
export interface Source {
  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number;
}

/** A seeded source: the same seed gives the same numbers. */
export function seededSource(seed: number): Source {
  const generator = new Generator(seed);
  return { integer: (least, most) => least + generator.integer(most - least + 1) };
}

/** A source over fast-check's `gen()`, so that failing calls shrink. */
export function shrinkingSource(gen: GeneratorValue): Source {
  return { integer: (least, most) => gen(arbitraryInteger, { min: least, max: most }) };
}

/** Tensors drawn by default. */
const anywhere = within(-2, 2);
/** Shapes have at most this many elements, so that thousands of calls can be tried. */
const mostElements = 36;
/** Numbers are drawn from a grid of so many steps over their domain. */
const gridSteps = 2 ** 20;

/** A draw from a source of random numbers. */
export function drawFrom(source: Source): Draw {
  return new DrawnFrom(source);
}

/** A draw from a seed. */
export function seededDraw(seed: number): Draw {
  return drawFrom(seededSource(seed));
}

class DrawnFrom implements Draw {
  private readonly source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  integer(least: number, most: number): number {
    return this.source.integer(least, most);
  }

  boolean(): boolean {
    return this.source.integer(0, 1) === 1;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.source.integer(0, choices.length - 1)]!;
  }

  length(least = 1, most = 4): number {
    // One in six is the smallest, one in six is 1: the cases in which loops and broadcasting go wrong.
    const kind = this.source.integer(0, 5);
    if (kind === 1) return least;
    if (kind === 2) return Math.max(least, Math.min(1, most));
    return this.source.integer(Math.max(least, Math.min(1, most)), Math.max(least, most));
  }

  shape(leastRank = 0, mostRank = 3, leastLength = 1): number[] {
    const rank = this.source.integer(leastRank, mostRank);
    const shape: number[] = [];
    let count = 1;
    for (let i = 0; i < rank; i++) {
      const length = this.length(
        leastLength,
        Math.max(leastLength, Math.min(4, Math.floor(mostElements / count))),
      );
      count *= Math.max(length, 1);
      shape.push(length);
    }
    return shape;
  }

  broadcastable(shape: Shape): number[] {
    const from = this.source.integer(0, 2) === 2 ? this.source.integer(0, shape.length) : 0;
    return shape.slice(from).map((length) => (this.source.integer(0, 3) === 3 ? 1 : length));
  }

  dim(rank: number): number {
    const reach = Math.max(rank, 1);
    const dim = this.source.integer(0, reach - 1);
    return this.source.integer(0, 2) === 2 ? dim - reach : dim;
  }

  tensor(shape: Shape, domain: Domain = anywhere, dtype: DType = "float64"): Tensor {
    const count = elementCount(shape);
    const whole = domain.whole || dtype === "int32" || dtype === "bool";
    const values = domain.distinct
      ? this.distinctNumbers(count, domain, whole)
      : Array.from({ length: count }, () => this.number(domain, whole));
    return this.laidOut(values, shape, dtype);
  }

  indices(shape: Shape, count: number): Tensor {
    const values = Array.from({ length: elementCount(shape) }, () =>
      this.source.integer(0, Math.max(count - 1, 0)),
    );
    return this.laidOut(values, shape, "int32");
  }

  mask(shape: Shape): Tensor {
    const values = Array.from({ length: elementCount(shape) }, () => this.source.integer(0, 1));
    return this.laidOut(values, shape, "bool");
  }

  private number(domain: Domain, whole: boolean): number {
    const { low, high, avoid, margin } = domain;
    if (whole) {
      const wanted = this.source.integer(Math.ceil(low), Math.floor(high));
      if (!isNear(wanted, avoid, margin)) return wanted;
      for (let n = Math.ceil(low); n <= high; n++) if (!isNear(n, avoid, margin)) return n;
      return wanted;
    }
    // The intervals that are left between the places to avoid, laid end to end.
    const pieces = allowedPieces(domain);
    const total = pieces.reduce((sum, [from, to]) => sum + to - from, 0);
    let at = (total * this.source.integer(0, gridSteps)) / gridSteps;
    for (const [from, to] of pieces) {
      if (at <= to - from) return from + at;
      at -= to - from;
    }
    return pieces.at(-1)?.[1] ?? low;
  }

  /** A permutation of numbers at even distances, so that nothing ties and nothing changes places under small steps. */
  private distinctNumbers(count: number, domain: Domain, whole: boolean): number[] {
    const candidates: number[] = [];
    for (let slots = Math.max(count, 2); candidates.length < count; slots *= 2) {
      candidates.length = 0;
      const gap = whole ? 1 : (domain.high - domain.low) / slots;
      // Off the round numbers, on which kinks lie.
      const first = whole ? Math.ceil(domain.low) : domain.low + gap * 0.37;
      for (let i = 0; i < slots; i++) {
        const value = first + i * gap;
        if (whole ? candidates.length < count : value <= domain.high) {
          if (!isNear(value, domain.avoid, domain.margin)) candidates.push(value);
        }
      }
    }
    for (let i = 0; i < count; i++) {
      const j = this.source.integer(i, candidates.length - 1);
      [candidates[i], candidates[j]] = [candidates[j]!, candidates[i]!];
    }
    return candidates.slice(0, count);
  }

  /** A tensor of these numbers in one of several layouts: plain, with an offset, transposed, or with gaps. */
  private laidOut(values: readonly number[], shape: Shape, dtype: DType): Tensor {
    const plain = filled(values, shape, dtype);
    switch (this.source.integer(0, 7)) {
      case 4:
        return withOffset(plain);
      case 5:
        return transposedTwin(plain);
      case 6:
        return withGaps(plain, Math.max(shape.length - 1, 0));
      case 7:
        return withGaps(plain, 0);
      default:
        return plain;
    }
  }
}

function isNear(value: number, places: readonly number[], margin: number): boolean {
  return places.some((place) => Math.abs(value - place) < margin);
}

function allowedPieces({ low, high, avoid, margin }: Domain): [number, number][] {
  let pieces: [number, number][] = [[low, high]];
  for (const place of avoid) {
    pieces = pieces.flatMap(([from, to]): [number, number][] => {
      const left: [number, number] = [from, Math.min(to, place - margin)];
      const right: [number, number] = [Math.max(from, place + margin), to];
      return [left, right].filter(([a, b]) => a <= b);
    });
  }
  return pieces;
}

function filled(values: readonly number[], shape: Shape, dtype: DType): Tensor {
  const x = newTensor(dtype, shape);
  x.storage.data.set(values);
  return x;
}

/** The same numbers in a storage that begins and ends with others. */
export function withOffset(x: Tensor): Tensor {
  const count = x.numel();
  const padded = newTensor(x.dtype, [count + 3]);
  padded.storage.data.fill(x.dtype === "bool" ? 1 : 77);
  padded.storage.data.set(x.toTypedArray(), 2);
  return at(padded, { start: 2, stop: 2 + count }).reshape(x.shape);
}

/** The same numbers in the memory order of the transpose. */
export function transposedTwin(x: Tensor): Tensor {
  if (x.ndim < 2) return withGaps(x, 0);
  const reversed = x.shape.map((_, i) => x.ndim - 1 - i);
  const turned = permute(x, reversed);
  return permute(fromTypedArray(turned.toTypedArray(), turned.shape), reversed);
}

/** The same numbers with others in between along one dimension. */
export function withGaps(x: Tensor, dim: number): Tensor {
  if (x.ndim === 0) return withOffset(x);
  const shape = x.shape.map((length, i) => (i === dim ? 2 * length + 1 : length));
  const wide = newTensor(x.dtype, shape);
  wide.storage.data.fill(x.dtype === "bool" ? 1 : 77);
  const part = at(
    wide,
    ...x.shape.map((length, i) => (i === dim ? { start: 1, stop: 1 + 2 * length, step: 2 } : ":")),
  );
  part.copy_(x);
  return part;
}
