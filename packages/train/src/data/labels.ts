/**
 * Labels: names of classes as numbers, and back.
 */
import { ArgumentError, IndexError, oneHot, quoted, Tensor, tensor } from "@chainrule/core";

/** One label. */
export type Label = number | string | boolean;

/** A label for each sample. */
export type Labels = readonly Label[] | Tensor;

/** Labels as an array; a column of one number a row counts as flat. */
export function labelsFrom(where: string, labels: Labels): readonly Label[] {
  if (labels instanceof Tensor) {
    if (labels.numel() !== (labels.ndim === 0 ? -1 : labels.size(0))) {
      throw new ArgumentError(
        `${where}: labels are one number for each sample, not a tensor of shape [${labels.shape.join(", ")}].`,
        { shape: labels.shape },
      );
    }
    return Array.from(labels.toTypedArray());
  }
  if (!Array.isArray(labels)) {
    throw new ArgumentError(`${where}: expected an array or a tensor, not ${quoted(labels)}.`, {
      labels,
    });
  }
  for (const [i, label] of labels.entries()) {
    const isLabel =
      typeof label === "string" ||
      typeof label === "boolean" ||
      (typeof label === "number" && !Number.isNaN(label));
    if (!isLabel) {
      throw new ArgumentError(
        `${where}: label ${i} is ${quoted(label)}; labels are numbers, strings or booleans.`,
        { place: i, label },
      );
    }
  }
  return labels;
}

/**
 * Numbers the classes that it was fitted on: in sorted order from 0.
 *
 * @throws {ArgumentError} when no labels are given, and in `encode` for a label that is not among the classes.
 * @example
 * import { LabelEncoder } from "@chainrule/train";
 * const encoder = new LabelEncoder(["cat", "dog", "cat", "ant"]);
 * encoder.classes; // → [ 'ant', 'cat', 'dog' ]
 * encoder.encode(["dog", "ant"]); // → tensor([2, 0], dtype=int32)
 * encoder.decode([1]); // → [ 'cat' ]
 * encoder.oneHot(["cat"]).toArray(); // → [ [ 0, 1, 0 ] ]
 */
export class LabelEncoder {
  /** The classes in the order of their numbers. */
  readonly classes: readonly Label[];
  private readonly numbers: ReadonlyMap<Label, number>;

  constructor(labels: Labels) {
    const list = labelsFrom("LabelEncoder", labels);
    if (list.length === 0) throw new ArgumentError("LabelEncoder: there are no labels.");
    this.classes = [...new Set(list)].sort((a, b) =>
      typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1,
    );
    this.numbers = new Map(this.classes.map((label, number) => [label, number]));
  }

  /** The numbers of labels, as int32. */
  encode(labels: Labels): Tensor {
    const list = labelsFrom("LabelEncoder.encode", labels);
    const numbers = list.map((label, i) => {
      const number = this.numbers.get(label);
      if (number === undefined) {
        throw new ArgumentError(
          `LabelEncoder.encode: label ${quoted(label)} (number ${i}) is not among the ${this.classes.length} classes ${quoted(this.classes)}.`,
          { label, place: i },
        );
      }
      return number;
    });
    return tensor(numbers, { dtype: "int32" });
  }

  /** A row for each label with a one at its class and zeros elsewhere, of the default type. */
  oneHot(labels: Labels): Tensor {
    return oneHot(this.encode(labels), this.classes.length).to("float32");
  }

  /** The labels of numbers. @throws {IndexError} for a number without class. */
  decode(numbers: Tensor | readonly number[]): Label[] {
    return labelsFrom("LabelEncoder.decode", numbers).map((number) => {
      const label = this.classes[Number(number)];
      if (label === undefined) {
        throw new IndexError(
          `LabelEncoder.decode: ${quoted(number)} is no class; they go from 0 to ${this.classes.length - 1}.`,
          { number },
        );
      }
      return label;
    });
  }
}
