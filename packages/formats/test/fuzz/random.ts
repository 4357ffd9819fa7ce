/** Choices at random, from a seed. */
import { Generator } from "@chainrule/core";

export class Random {
  private readonly generator: Generator;

  constructor(seed: number) {
    this.generator = new Generator(seed);
  }

  /** A whole number from 0 up to but without `count`. */
  below(count: number): number {
    return count <= 1 ? 0 : this.generator.integer(count);
  }

  /** True once in so many times. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}
