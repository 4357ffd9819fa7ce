/**
 * Writing the nodes of a graph: names, constants, attributes, lengths that are known only when the file runs.
 */
import type { DType, Tensor } from "@chainrule/core";
import { tensor } from "@chainrule/core";
import { elementTypes, writeInt64s, writeTensor } from "./elements.ts";
import { OnnxExportError } from "./errors.ts";
import type { AttributeMessage, NodeMessage, TensorMessage } from "./messages.ts";
import type { DynamicAxis, Size } from "./sizes.ts";

/** The name of a value in the graph. */
export type Value = string;

/** An input of a node that is left out. */
export const none: Value = "";

/** The types of attributes, by the numbers that ONNX gives them. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

/** What an attribute is set to; its name is that of the property. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] }
  | { readonly texts: readonly string[] }
  | { readonly tensor: TensorMessage };

export const int = (value: number | boolean): Attribute => ({ int: Number(value) });
export const float = (value: number): Attribute => ({ float: value });
export const text = (value: string): Attribute => ({ text: value });
export const texts = (values: readonly string[]): Attribute => ({ texts: values });
export const ints = (values: readonly number[]): Attribute => ({ ints: values });

export type Attributes = Readonly<Record<string, Attribute>>;

const utf8 = new TextEncoder();

function attributeMessage(name: string, attribute: Attribute): AttributeMessage {
  const empty = { name, floats: [], ints: [], strings: [] };
  if ("int" in attribute) return { ...empty, type: attributeTypes.int, i: attribute.int };
  if ("float" in attribute) {
    return { ...empty, type: attributeTypes.float, f: Math.fround(attribute.float) };
  }
  if ("text" in attribute) {
    return { ...empty, type: attributeTypes.string, s: utf8.encode(attribute.text) };
  }
  if ("texts" in attribute) {
    const strings = attribute.texts.map((value) => utf8.encode(value));
    return { ...empty, type: attributeTypes.strings, strings };
  }
  if ("ints" in attribute) return { ...empty, type: attributeTypes.ints, ints: attribute.ints };
  return { ...empty, type: attributeTypes.tensor, t: attribute.tensor };
}

/** Names that are given once. */
export class Names {
  private readonly taken = new Set<string>();
  private readonly next = new Map<string, number>();

  /** The name itself if it is free, else with a number. */
  claim(wanted: string): string {
    let name = wanted;
    if (this.taken.has(name)) {
      let count = this.next.get(wanted) ?? 1;
      do name = `${wanted}_${count++}`;
      while (this.taken.has(name));
      this.next.set(wanted, count);
    }
    this.taken.add(name);
    return name;
  }
}

/** Collects the nodes of a graph. */
export class Emitter {
  readonly nodes: NodeMessage[] = [];
  private readonly names: Names;
  private readonly constants = new Map<string, Value>();
  private readonly lengths = new Map<DynamicAxis, Value>();
  private readonly inputs: readonly Value[];
  /** The scope and the op for which nodes are being written. */
  private scope = "";
  private origin = "";

  /** The call for which nodes are being written, and where it was made. */
  get writing(): string {
    return this.origin;
  }

  constructor(names: Names, inputs: readonly Value[]) {
    this.names = names;
    this.inputs = inputs;
  }

  /** Says for which call the nodes to come are written. */
  enter(scope: string, origin: string): void {
    this.scope = scope;
    this.origin = origin;
  }

  /** A node with one output. */
  op(type: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.ops(type, inputs, 1, attributes)[0]!;
  }

  /** A node with several outputs. */
  ops(type: string, inputs: readonly Value[], count: number, attributes: Attributes = {}): Value[] {
    const name = this.names.claim(this.scope === "" ? type : `${this.scope}/${type}`);
    const outputs = [name, ...Array.from({ length: count - 1 }, () => this.names.claim(name))];
    let used = inputs.length;
    while (used > 0 && inputs[used - 1] === none) used--;
    this.nodes.push({
      opType: type,
      name,
      input: inputs.slice(0, used),
      output: outputs,
      attribute: Object.entries(attributes).map(([key, value]) => attributeMessage(key, value)),
      ...(this.origin === "" ? {} : { docString: this.origin }),
    });
    return outputs;
  }

  /** A single number; the same number is written once. */
  scalar(value: number, dtype: DType): Value {
    return this.constant(`${dtype} ${Object.is(value, -0) ? "-0" : value}`, (name) =>
      writeTensor(name, tensor(value, { dtype })),
    );
  }

  /** A list of whole numbers as ONNX wants them for axes, shapes and the like. */
  int64s(values: readonly number[]): Value {
    return this.constant(`int64s ${values.join()}`, (name) =>
      writeInt64s(name, values, [values.length]),
    );
  }

  /** A single whole number of that kind. */
  int64(value: number): Value {
    return this.constant(`int64 ${value}`, (name) => writeInt64s(name, [value], []));
  }

  /** A tensor of constants. */
  tensor(x: Tensor, name = "constant"): Value {
    const value = this.names.claim(name);
    this.writeConstant(value, writeTensor(value, x));
    return value;
  }

  private constant(key: string, write: (name: string) => TensorMessage): Value {
    let value = this.constants.get(key);
    if (value === undefined) {
      value = this.names.claim("constant");
      this.constants.set(key, value);
      this.writeConstant(value, write(value));
    }
    return value;
  }

  private writeConstant(value: Value, message: TensorMessage): void {
    const attribute = [attributeMessage("value", { tensor: message })];
    this.nodes.push({ opType: "Constant", name: value, input: [], output: [value], attribute });
  }

  /** The lengths as a list of whole numbers, computed from the inputs where they are not fixed. */
  sizes(sizes: readonly Size[]): Value {
    const fixed: number[] = [];
    for (const size of sizes) if (typeof size === "number") fixed.push(size);
    if (fixed.length === sizes.length) return this.int64s(fixed);
    const parts = sizes.map((size) => this.size(size));
    return parts.length === 1 ? parts[0]! : this.op("Concat", parts, { axis: int(0) });
  }

  /** One length, as a list with one entry. */
  private size(size: Size): Value {
    if (typeof size === "number") return this.int64s([size]);
    if (size === null) throw this.unsteady();
    let sum: Value | undefined = size.constant === 0 ? undefined : this.int64s([size.constant]);
    for (const [axis, coefficient] of size.terms) {
      let term = this.lengthOf(axis);
      if (coefficient !== 1) {
        // Half of a length is a quotient of whole numbers; the fit says that it has no remainder.
        term = Number.isInteger(coefficient)
          ? this.op("Mul", [term, this.int64s([coefficient])])
          : this.op("Div", [term, this.int64s([Math.round(1 / coefficient)])]);
      }
      sum = sum === undefined ? term : this.op("Add", [sum, term]);
    }
    return sum!;
  }

  private lengthOf(axis: DynamicAxis): Value {
    let value = this.lengths.get(axis);
    if (value === undefined) {
      const [{ input, dim }] = axis.places as readonly [{ input: number; dim: number }];
      value = this.op("Shape", [this.inputs[input]!], { start: int(dim), end: int(dim + 1) });
      this.lengths.set(axis, value);
    }
    return value;
  }

  /** The shape of a result as the second input of Reshape. One length that follows no law can be left to the runtime. */
  reshape(x: Value, shape: readonly Size[]): Value {
    const open = shape.filter((size) => typeof size !== "number").length;
    const known = shape.filter((size): size is number => typeof size === "number");
    if (open === 1 && !known.includes(0)) {
      const target = shape.map((size) => (typeof size === "number" ? size : -1));
      return this.op("Reshape", [x, this.int64s(target)]);
    }
    const unsteady = shape.indexOf(null);
    if (unsteady < 0 || known.includes(0)) {
      return this.op(
        "Reshape",
        [x, this.sizes(shape)],
        known.includes(0) ? { allowzero: int(1) } : {},
      );
    }
    if (shape.indexOf(null, unsteady + 1) >= 0) throw this.unsteady();
    const target = shape.map((size): Size => size ?? -1);
    return this.op("Reshape", [x, this.sizes(target)]);
  }

  /** What x is converted to. */
  cast(x: Value, dtype: DType | "int64"): Value {
    return this.op("Cast", [x], { to: int(elementTypes[dtype]) });
  }

  /** The error for a length that the file would have to know, but that follows no law. */
  private unsteady(): OnnxExportError {
    return new OnnxExportError(
      `exportOnnx: ${this.origin} has a dimension whose length is no sum of multiples of the dynamic axes. Fix those axes.`,
    );
  }
}
