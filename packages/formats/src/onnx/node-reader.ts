/**
 * Reading the attributes of a node, each of the type that the op wants, with defaults; what nobody asked for is refused.
 */
import type { DType, Tensor } from "@chainrule/core";
import { tensor } from "@chainrule/core";
import type { FormatError } from "../errors.ts";
import { dtypeOf, elementType, readTensor, toInt32 } from "./elements.ts";
import { attributeTypes } from "./emitter.ts";
import { malformed } from "./errors.ts";
import type { AttributeMessage, NodeMessage } from "./messages.ts";
import { offsetOf } from "./wire.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

type TypeName = keyof typeof attributeTypes;

/** The shortest decimal that single precision rounds to the number: 0.01 rather than 0.009999999776482582. */
function shortest(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

/** A node of a file while an importer makes a step of it. */
export class NodeReader {
  readonly opType: string;
  /** The version of the operator set that the file is written in. */
  readonly opset: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly offset: number | undefined;
  private readonly label: string;
  private readonly attributes = new Map<string, AttributeMessage>();
  private readonly asked = new Set<string>();

  constructor(message: NodeMessage, opset: number) {
    this.opType = message.opType ?? "";
    this.opset = opset;
    this.inputs = message.input;
    this.outputs = message.output;
    this.offset = offsetOf(message);
    this.label = `node ${JSON.stringify(message.name ?? message.output[0] ?? "")} (${this.opType})`;
    for (const attribute of message.attribute) {
      const name = attribute.name ?? "";
      if (this.attributes.has(name))
        throw this.refuse(`has the attribute ${name} twice`, attribute);
      this.attributes.set(name, attribute);
    }
  }

  /** The error for what is wrong with the node. */
  refuse(what: string, at?: object): FormatError {
    const offset = at === undefined ? this.offset : (offsetOf(at) ?? this.offset);
    return malformed(`${this.label} ${what}.`, offset, { op: this.opType });
  }

  /** Whether an input is given. */
  has(index: number): boolean {
    const name = this.inputs[index];
    return name !== undefined && name !== "";
  }

  hasAttribute(name: string): boolean {
    return this.attributes.has(name);
  }

  /** @throws {FormatError} unless there are as many inputs, of which the first `least` are given. */
  expectInputs(least: number, most: number): void {
    const count = this.inputs.length;
    if (count < least || count > most) {
      const wanted = least === most ? `${least}` : `${least} to ${most}`;
      throw this.refuse(`has ${count} input${count === 1 ? "" : "s"}, but takes ${wanted}`);
    }
    for (let i = 0; i < least; i++) if (!this.has(i)) throw this.refuse(`lacks input ${i}`);
  }

  expectOutputs(most: number): void {
    const count = this.outputs.length;
    if (count < 1 || count > most)
      throw this.refuse(`has ${count} outputs, but gives ${most === 1 ? "one" : `1 to ${most}`}`);
  }

  private find(name: string, type: TypeName): AttributeMessage | undefined {
    this.asked.add(name);
    const attribute = this.attributes.get(name);
    if (attribute === undefined) return undefined;
    if (attribute.refAttrName !== undefined && attribute.refAttrName !== "")
      throw this.refuse(
        `refers to an attribute of a function, ${attribute.refAttrName}`,
        attribute,
      );
    // Files of the first version of the format do not say the type.
    if (attribute.type !== undefined && attribute.type !== attributeTypes[type]) {
      const found = Object.entries(attributeTypes).find(([, number]) => number === attribute.type);
      throw this.refuse(
        `has ${name} of type ${found?.[0] ?? attribute.type}, but it must be of type ${type}`,
        attribute,
      );
    }
    return attribute;
  }

  int(name: string, otherwise: number): number {
    const attribute = this.find(name, "int");
    return attribute === undefined ? otherwise : this.whole(name, attribute, attribute.i ?? 0);
  }

  /** A choice: 0 or 1. */
  flag(name: string, otherwise: boolean): boolean {
    const value = this.int(name, Number(otherwise));
    if (value !== 0 && value !== 1)
      throw this.refuse(`has ${name} ${value}, but it must be 0 or 1`);
    return value === 1;
  }

  float(name: string, otherwise: number): number {
    const attribute = this.find(name, "float");
    return attribute === undefined ? otherwise : shortest(attribute.f ?? 0);
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = this.find(name, "ints");
    return attribute?.ints.map((value) => this.whole(name, attribute, value));
  }

  /** As many whole numbers as there are dimensions, none below `least`. */
  perDim(name: string, rank: number, otherwise: number, least: number): number[] {
    const values = this.ints(name) ?? new Array<number>(rank).fill(otherwise);
    if (values.length !== rank || values.some((value) => value < least))
      throw this.refuse(
        `has ${name} [${values.join(", ")}], but needs ${rank} numbers of at least ${least}`,
      );
    return values.slice();
  }

  text(name: string, otherwise: string): string {
    const attribute = this.find(name, "string");
    return attribute === undefined ? otherwise : this.decoded(name, attribute, attribute.s);
  }

  texts(name: string): readonly string[] | undefined {
    const attribute = this.find(name, "strings");
    return attribute?.strings.map((bytes) => this.decoded(name, attribute, bytes));
  }

  /** One of several words. */
  word<Word extends string>(name: string, otherwise: Word, words: readonly Word[]): Word {
    const value = this.text(name, otherwise);
    const known = words.find((word) => word === value);
    if (known !== undefined) return known;
    throw this.refuse(
      `has ${name} ${JSON.stringify(value)}, but only ${words.map((word) => JSON.stringify(word)).join(", ")} can be computed`,
    );
  }

  /** The element type that an attribute names, as it is kept here. */
  dtype(name: string, otherwise?: DType): DType {
    const attribute = this.find(name, "int");
    if (attribute === undefined && otherwise !== undefined) return otherwise;
    const at = attribute ?? {};
    const where = `${name} of ${this.label}`;
    return dtypeOf(elementType(attribute?.i, where, at), where, at);
  }

  tensor(name: string): Tensor | undefined {
    const attribute = this.find(name, "tensor");
    if (attribute === undefined) return undefined;
    if (attribute.t === undefined) throw this.refuse(`has ${name} without a tensor`, attribute);
    return readTensor(attribute.t, `${name} of ${this.label}`).tensor;
  }

  /** The value of a Constant node, in one of the forms that it may have. */
  constant(): Tensor {
    const names = [...this.attributes.keys()];
    const [name] = names;
    if (name === undefined || names.length > 1)
      throw this.refuse(`must have one value, but has the attributes [${names.join(", ")}]`);
    if (name === "value_float") return tensor(this.float(name, 0), { dtype: "float32" });
    if (name === "value_int") return tensor(this.int(name, 0), { dtype: "int32" });
    if (name === "value_ints") return tensor(this.ints(name)!, { dtype: "int32" });
    if (name === "value_floats") {
      return tensor(this.find(name, "floats")!.floats, { dtype: "float32" });
    }
    const value = this.tensor("value");
    if (value === undefined) throw this.refuse(`has ${name}, which cannot be read`);
    return value;
  }

  /** @throws {FormatError} for an attribute that the importer did not ask for: it would change what is computed. */
  finish(): void {
    for (const [name, attribute] of this.attributes)
      if (!this.asked.has(name))
        throw this.refuse(
          `has the attribute ${JSON.stringify(name)}, which is not known`,
          attribute,
        );
  }

  /** Says that an attribute changes nothing here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.asked.add(name);
  }

  private whole(name: string, at: AttributeMessage, value: number | bigint): number {
    return toInt32(value, `${name} of ${this.label}`, at);
  }

  private decoded(name: string, at: AttributeMessage, bytes: Uint8Array | undefined): string {
    try {
      return strictUtf8.decode(bytes);
    } catch {
      throw this.refuse(`has ${name} that is no valid UTF-8`, at);
    }
  }
}
