/**
 * Pointwise ops: those that ONNX has as they are, and all others by their expressions.
 */
import type { DType, PointwiseDefinition } from "@chainrule/core";
import { isFloating, promote } from "@chainrule/core";
import type { Attributes, Emitter, Value } from "../emitter.ts";
import { float, text } from "../emitter.ts";
import type { MappedCall, Operand } from "../mapping.ts";
import type { Term } from "./scalar.ts";
import { floatAttributes, ScalarWriter } from "./scalar.ts";

type Parameters = Readonly<Record<string, number>>;

/** How ONNX says an op in one node; `null` where it cannot say it with these parameters. */
type Direct = (
  e: Emitter,
  operands: readonly Value[],
  parameters: Parameters,
  dtype: DType,
) => Value | null;

const node =
  (type: string, attributes: Attributes = {}): Direct =>
  (e, operands) =>
    e.op(type, operands, attributes);

/** A node whose attributes are the op's parameters, under other names. */
const withParameters =
  (type: string, names: Readonly<Record<string, string>>, fixed: Attributes = {}): Direct =>
  (e, operands, parameters, dtype) => {
    const values = Object.fromEntries(
      Object.entries(names).map(([attribute, parameter]) => [attribute, parameters[parameter]!]),
    );
    const attributes = floatAttributes(values, dtype);
    return attributes === null ? null : e.op(type, operands, { ...attributes, ...fixed });
  };

/** A node with attributes that a double would not survive in. */
const single =
  (type: string, values: Parameters): Direct =>
  (e, operands, _parameters, dtype) => {
    const attributes = floatAttributes(values, dtype);
    return attributes === null ? null : e.op(type, operands, attributes);
  };

const clip =
  (bounds: (parameters: Parameters) => readonly [least: number, most: number]): Direct =>
  (e, [x], parameters, dtype) => {
    const [least, most] = bounds(parameters);
    return e.op("Clip", [x!, e.scalar(least, dtype), e.scalar(most, dtype)]);
  };

const direct: Readonly<Record<string, Direct>> = {
  celu: withParameters("Celu", { alpha: "alpha" }),
  elu: withParameters("Elu", { alpha: "alpha" }),
  gelu: node("Gelu", { approximate: text("none") }),
  hardshrink: withParameters("Shrink", { lambd: "lambd" }, { bias: float(0) }),
  hardsigmoid: single("HardSigmoid", { alpha: 1 / 6, beta: 0.5 }),
  hardswish: (e, operands, _parameters, dtype) =>
    dtype === "float32" ? e.op("HardSwish", operands) : null,
  hardtanh: clip(({ minVal, maxVal }) => [minVal!, maxVal!]),
  leakyRelu: withParameters("LeakyRelu", { alpha: "negativeSlope" }),
  logsigmoid: (e, [x]) => e.op("Neg", [e.op("Softplus", [e.op("Neg", [x!])])]),
  mish: node("Mish"),
  reciprocal: node("Reciprocal"),
  relu: node("Relu"),
  relu6: clip(() => [0, 6]),
  rsqrt: (e, [x]) => e.op("Reciprocal", [e.op("Sqrt", [x!])]),
  sigmoid: node("Sigmoid"),
  silu: (e, [x]) => e.op("Mul", [x!, e.op("Sigmoid", [x!])]),
  softplus: (e, [x], { beta, threshold }) =>
    // Beyond the threshold ONNX goes on with the formula; with the usual one the difference is below 1e-8.
    beta === 1 && threshold! >= 20 ? e.op("Softplus", [x!]) : null,
  softshrink: withParameters("Shrink", { lambd: "lambd", bias: "lambd" }),
  softsign: node("Softsign"),
  tanhshrink: (e, [x]) => e.op("Sub", [x!, e.op("Tanh", [x!])]),
  threshold: (e, [x], { threshold, value }, dtype) => {
    const above = e.op("Greater", [x!, e.scalar(threshold!, dtype)]);
    return e.op("Where", [above, x!, e.scalar(value!, dtype)]);
  },
};

/** The type in which an op computes: that of its result, or for truth values the one in which the operands meet. */
function computedIn(definition: PointwiseDefinition, call: MappedCall): DType {
  const { dtype } = call.results[0]!;
  if (dtype !== "bool") return dtype;
  const numbers = definition.condition ? call.operands.slice(1) : call.operands;
  const met = numbers.map((operand) => operand.dtype).reduce(promote, "bool");
  return met === "bool" && !definition.condition ? "int32" : met;
}

function termOf(e: Emitter, { value, dtype }: Operand, target: DType): Term {
  if (dtype === "bool") return { value, isTruth: true };
  return { value: dtype === target ? value : e.cast(value, target), isTruth: false };
}

/** Writes a call of a pointwise op; `isOurs`: it is one of the catalogue, which the table above knows by name. */
export function emitPointwise(
  e: Emitter,
  call: MappedCall,
  definition: PointwiseDefinition,
  isOurs: boolean,
): Value {
  const parameters = call.options as Parameters;
  const dtype = computedIn(definition, call);
  const terms = call.operands.map((operand) => termOf(e, operand, dtype));
  const writer = new ScalarWriter(e, dtype);
  const plain = isOurs && isFloating(dtype) ? direct[call.op.name] : undefined;
  if (plain !== undefined && definition.result !== "bool") {
    const values = terms.map((term) => writer.asNumber(term));
    const value = plain(e, values, parameters, dtype);
    if (value !== null) return value;
  }
  const places = operandsOfInputs(definition);
  const result = writer.write(definition.value, (index) => terms[places(index)]!, parameters);
  return call.results[0]!.dtype === "bool" ? writer.asTruth(result) : writer.asNumber(result);
}

/**
 * Which operand an input of the expression is. The inputs of an op are its operands; a gradient has as operands what its
 * expression reads, in the order of their indices.
 */
function operandsOfInputs({ value, operands }: PointwiseDefinition): (index: number) => number {
  const read = new Set<number>();
  const seen = new Set<number>();
  const stack = [value];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    if (seen.has(part.id)) continue;
    seen.add(part.id);
    if (part.kind === "input") read.add(part.index);
    if (part.kind === "application") stack.push(...part.operands);
  }
  const sorted = [...read].sort((a, b) => a - b);
  return sorted.length === operands.length ? (index) => sorted.indexOf(index) : (index) => index;
}
