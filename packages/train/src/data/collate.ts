/**
 * Making one batch of several samples.
 */
import {
  ArgumentError,
  formatShape,
  quoted,
  ShapeError,
  stack,
  Tensor,
  tensor,
} from "@chainrule/core";

/**
 * What samples become in a batch: tensors are stacked, numbers and booleans become a tensor, arrays and objects are
 * batched part by part, and everything else stands in an array.
 */
export type Collated<Item> = [unknown] extends [Item]
  ? unknown
  : Item extends Tensor | number | boolean
    ? Tensor
    : Item extends string
      ? string[]
      : Item extends readonly unknown[]
        ? { [K in keyof Item]: Collated<Item[K]> }
        : Item extends object
          ? { [K in keyof Item]: Collated<Item[K]> }
          : Item[];

/**
 * Samples as a batch, as a {@link DataLoader} makes it unless it is told otherwise. Numbers become int32 if all of the batch
 * are whole (class numbers, as a rule), else the default type; where the type matters, put tensors into the samples.
 *
 * @throws {ShapeError} when tensors differ in shape, and {@link ArgumentError} when the samples have different parts.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { collate } from "@chainrule/train";
 * const batch = collate([{ x: tensor([1, 2]), y: 0 }, { x: tensor([3, 4]), y: 1 }]);
 * batch.x.shape; // → [ 2, 2 ]
 * batch.y; // → tensor([0, 1], dtype=int32)
 */
export function collate<Item>(items: readonly Item[]): Collated<Item> {
  if (items.length === 0) {
    throw new ArgumentError("collate: an empty batch: there are no samples to put together.");
  }
  return together(items, "the samples", 0) as Collated<Item>;
}

/** Samples are nested as their author wrote them; deeper than this is a mistake, such as an object that holds itself. */
const deepest = 32;

function together(items: readonly unknown[], path: string, depth: number): unknown {
  if (depth > deepest) {
    throw new ArgumentError(
      `collate: ${path} is nested more than ${deepest} deep. Give the loader a collate of its own.`,
    );
  }
  const first = items[0];
  if (first instanceof Tensor) return stacked(items, path);
  if (typeof first === "number") return numbers(items, path);
  if (typeof first === "boolean") {
    return tensor(items.map((item) => checked(item, path, "boolean") as boolean));
  }
  if (Array.isArray(first)) {
    for (const item of items) {
      if (!Array.isArray(item) || item.length !== first.length) {
        throw new ArgumentError(
          `collate: ${path} must all be arrays of ${first.length}, not ${quoted(item)}. Pad them, or give the loader a collate of its own.`,
          { path },
        );
      }
    }
    return first.map((_, i) =>
      together(
        items.map((item) => (item as readonly unknown[])[i]),
        `${path}[${i}]`,
        depth + 1,
      ),
    );
  }
  if (isPlainObject(first)) {
    const keys = Object.keys(first);
    for (const item of items) {
      if (!isPlainObject(item) || Object.keys(item).join() !== keys.join()) {
        throw new ArgumentError(
          `collate: ${path} must all be objects of ${keys.join(", ")}, not ${quoted(item)}.`,
          { path, keys },
        );
      }
    }
    return Object.fromEntries(
      keys.map((key) => [
        key,
        together(
          items.map((item) => (item as Readonly<Record<string, unknown>>)[key]),
          `${path}.${key}`,
          depth + 1,
        ),
      ]),
    );
  }
  return [...items];
}

function stacked(items: readonly unknown[], path: string): Tensor {
  const tensors = items.map((item) => {
    if (item instanceof Tensor) return item;
    throw new ArgumentError(`collate: ${path} must all be tensors, not ${quoted(item)}.`, { path });
  });
  const { shape } = tensors[0]!;
  const other = tensors.find((x) => x.shape.join() !== shape.join());
  if (other !== undefined) {
    throw new ShapeError(
      `collate: ${path} have shapes ${formatShape(shape)} and ${formatShape(other.shape)}, which do not make one tensor. Pad or crop them, or give the loader a collate of its own.`,
      { path, shapes: [shape, other.shape] },
    );
  }
  return stack(tensors);
}

function numbers(items: readonly unknown[], path: string): Tensor {
  const values = items.map((item) => checked(item, path, "number") as number);
  const whole = values.every((value) => value === (value | 0));
  return tensor(values, whole ? { dtype: "int32" } : {});
}

function checked(item: unknown, path: string, type: "number" | "boolean"): unknown {
  if (typeof item === type) return item;
  throw new ArgumentError(`collate: ${path} must all be of type ${type}, not ${quoted(item)}.`, {
    path,
  });
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (value === null || typeof value !== "object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
