/**
 * Padding, as layers.
 */
import type { PadMode, Tensor } from "@chainrule/core";
import { ArgumentError, checkInteger, checkNumber, pad, quoted } from "@chainrule/core";
import { Module } from "../module.ts";

/** How much is added on all sides, or on each: before and after the last dimension, then the one before it. */
export type Padding = number | readonly number[];

/** What all of them share: they differ in the number of dimensions and in what is added. */
abstract class PaddingLayer extends Module {
  readonly padding: readonly number[];

  protected constructor(rank: number, padding: Padding) {
    super();
    const { name } = this.constructor;
    const list: readonly number[] =
      typeof padding === "number" ? new Array<number>(2 * rank).fill(padding) : padding;
    if (!Array.isArray(list) || list.length !== 2 * rank) {
      throw new ArgumentError(
        `${name}: padding must be a whole number, or ${2 * rank} of them (before and after, the last dimension first), not ${quoted(padding)}.`,
        { padding },
      );
    }
    for (const amount of list) checkInteger(name, "padding", amount);
    this.padding = [...list];
  }

  /** x with the layer's padding. */
  protected padded(x: Tensor, mode: PadMode, value?: number): Tensor {
    return pad(x, this.padding, value === undefined ? { mode } : { mode, value });
  }

  override extraRepr(): string {
    return `padding=[${this.padding.join(", ")}]`;
  }
}

abstract class ConstantPadding extends PaddingLayer {
  readonly value: number;

  protected constructor(rank: number, padding: Padding, value: number) {
    super(rank, padding);
    this.value = checkNumber(this.constructor.name, "value", value);
  }

  override forward(x: Tensor): Tensor {
    return this.padded(x, "constant", this.value);
  }

  override extraRepr(): string {
    return `${super.extraRepr()}, value=${this.value}`;
  }
}

abstract class ReflectionPadding extends PaddingLayer {
  override forward(x: Tensor): Tensor {
    return this.padded(x, "reflect");
  }
}

abstract class ReplicationPadding extends PaddingLayer {
  override forward(x: Tensor): Tensor {
    return this.padded(x, "replicate");
  }
}

abstract class CircularPadding extends PaddingLayer {
  override forward(x: Tensor): Tensor {
    return this.padded(x, "circular");
  }
}

/**
 * Adds places that hold `value` before and after the last dimension; negative padding takes places away. See `pad`.
 *
 * @throws {ArgumentError} for another number of paddings than two, and paddings that are no whole numbers.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { ConstantPad1d } from "@chainrule/nn";
 * new ConstantPad1d([1, -1], 9).forward(tensor([[1, 2, 3]])); // → tensor([[9, 1, 2]])
 */
export class ConstantPad1d extends ConstantPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding, value: number) {
    super(1, padding, value);
  }
}
/** Adds places that hold `value` around the last two dimensions; as {@link ConstantPad1d}. */
export class ConstantPad2d extends ConstantPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding, value: number) {
    super(2, padding, value);
  }
}
/** Adds places that hold `value` around the last three dimensions; as {@link ConstantPad1d}. */
export class ConstantPad3d extends ConstantPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding, value: number) {
    super(3, padding, value);
  }
}

/** Adds zeros before and after the last dimension; as {@link ConstantPad1d}. */
export class ZeroPad1d extends ConstantPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(1, padding, 0);
  }
}
/** Adds zeros around the last two dimensions; as {@link ConstantPad1d}. */
export class ZeroPad2d extends ConstantPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(2, padding, 0);
  }
}
/** Adds zeros around the last three dimensions; as {@link ConstantPad1d}. */
export class ZeroPad3d extends ConstantPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(3, padding, 0);
  }
}

/**
 * Mirrors the last dimension at its first and its last element. See `pad`.
 *
 * @throws {ArgumentError} for another number of paddings than two, and paddings that are no whole numbers.
 * @throws {ShapeError} in `forward`, when there is less to mirror than is asked for.
 */
export class ReflectionPad1d extends ReflectionPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(1, padding);
  }
}
/** Mirrors the last two dimensions; as {@link ReflectionPad1d}. */
export class ReflectionPad2d extends ReflectionPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(2, padding);
  }
}
/** Mirrors the last three dimensions; as {@link ReflectionPad1d}. */
export class ReflectionPad3d extends ReflectionPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(3, padding);
  }
}

/**
 * Repeats the first and the last element of the last dimension. See `pad`.
 *
 * @throws {ArgumentError} for another number of paddings than two, and paddings that are no whole numbers.
 */
export class ReplicationPad1d extends ReplicationPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(1, padding);
  }
}
/** Repeats what is at the border of the last two dimensions; as {@link ReplicationPad1d}. */
export class ReplicationPad2d extends ReplicationPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(2, padding);
  }
}
/** Repeats what is at the border of the last three dimensions; as {@link ReplicationPad1d}. */
export class ReplicationPad3d extends ReplicationPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(3, padding);
  }
}

/**
 * Goes on with the other end of the last dimension. See `pad`.
 *
 * @throws {ArgumentError} for another number of paddings than two, and paddings that are no whole numbers.
 * @throws {ShapeError} in `forward`, when there is less to copy than is asked for.
 */
export class CircularPad1d extends CircularPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(1, padding);
  }
}
/** Goes on with the other end of the last two dimensions; as {@link CircularPad1d}. */
export class CircularPad2d extends CircularPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(2, padding);
  }
}
/** Goes on with the other end of the last three dimensions; as {@link CircularPad1d}. */
export class CircularPad3d extends CircularPadding {
  static override readonly isConfined = true;

  constructor(padding: Padding) {
    super(3, padding);
  }
}
