/**
 * From an ONNX file to a module.
 */
import {
  ArgumentError,
  ChainruleError,
  checkOptions,
  DTypeError,
  formatShape,
  quoted,
  ShapeError,
  Tensor,
  withScope,
} from "@chainrule/core";
import { buffer, Module, parameter } from "@chainrule/nn";
import type { OnnxValue, Program } from "./program.ts";
import { isTrainable, readProgram } from "./program.ts";

/** Options of {@link importOnnx}. */
export interface ImportOptions {
  /**
   * Which initializers are parameters; all floating ones unless given, but for the statistics of batch norms. The others
   * are buffers.
   */
  trainable?: (name: string, initializer: Tensor) => boolean;
}

/**
 * A model from an ONNX file: a module like any other, with the file's initializers as parameters under their names. Its
 * graph shows the file's nodes as scopes.
 */
export class OnnxModel extends Module {
  /** What the model takes, in order. */
  readonly inputs: readonly OnnxValue[];
  /** What it gives, in order. */
  readonly outputs: readonly OnnxValue[];
  /** The version of the operator set that the file was written in. */
  readonly opset: number;
  /** The program that wrote the file, if it said so. */
  readonly producer: string;
  readonly #program: Program;
  /** Parameters and buffers by name, each with its place among the values. */
  readonly #state: readonly (readonly [place: number, name: string, tensor: Tensor])[];

  /** For {@link importOnnx}. */
  constructor(program: Program, trainable: (name: string, initializer: Tensor) => boolean) {
    super();
    this.inputs = program.inputs;
    this.outputs = program.outputs;
    this.opset = program.opset;
    this.producer = program.producer;
    this.#program = program;
    this.#state = program.initializers.map(([place, name, tensor]) => {
      const own = trainable(name, tensor) ? parameter(tensor) : buffer(tensor);
      return [place, name, own] as const;
    });
    this.eval();
  }

  override members(): readonly (readonly [name: string, value: unknown])[] {
    // Module asks while it is being made.
    return #state in this ? this.#state.map(([, name, tensor]) => [name, tensor] as const) : [];
  }

  override extraRepr(): string {
    const names = (values: readonly OnnxValue[]): string =>
      values.map(({ name }) => name).join(", ");
    return `${names(this.inputs)} → ${names(this.outputs)}`;
  }

  /**
   * Computes the output; several outputs come from {@link OnnxModel.run} only.
   *
   * @throws {ArgumentError} when there are not as many inputs as the model has, or several outputs.
   * @throws {ShapeError} when an input has not the shape that the file says.
   */
  forward(...inputs: Tensor[]): Tensor {
    if (this.outputs.length !== 1) {
      const names = this.outputs.map(({ name }) => name);
      throw new ArgumentError(
        `OnnxModel: the model has ${names.length} outputs (${names.join(", ")}). Call run({ … }), which gives all of them by name.`,
        { outputs: names },
      );
    }
    return this.#compute(inputs)[0]!;
  }

  /**
   * Computes all outputs, by name, from inputs by name.
   *
   * @throws {ArgumentError} for an input that is missing, or not known.
   * @throws {ShapeError} when an input has not the shape that the file says.
   */
  run(inputs: Readonly<Record<string, Tensor>>): Map<string, Tensor> {
    const known = this.inputs.map(({ name }) => name);
    const unknown = Object.keys(inputs).find((name) => !known.includes(name));
    const missing = known.find((name) => !Object.hasOwn(inputs, name));
    if (unknown !== undefined || missing !== undefined) {
      throw new ArgumentError(
        `OnnxModel: the input ${quoted(unknown ?? missing)} is ${unknown === undefined ? "missing" : "not known"}. The model takes ${known.join(", ")}.`,
        { inputs: known },
      );
    }
    const values = this.#compute(known.map((name) => inputs[name]!));
    return new Map(this.outputs.map(({ name }, i) => [name, values[i]!]));
  }

  #compute(inputs: readonly Tensor[]): Tensor[] {
    const program = this.#program;
    checkInputs(program.inputs, inputs);
    const values = new Array<Tensor | undefined>(program.valueCount);
    for (const [place, tensor] of program.constants) values[place] = tensor;
    for (const [place, , tensor] of this.#state) values[place] = tensor;
    for (const [i, place] of program.inputPlaces.entries()) values[place] = inputs[i];
    for (const { name, step, inputs: from, outputs } of program.steps) {
      const given = from.map((place) => (place < 0 ? undefined : values[place]));
      const found = withScope(name, () => inStep(name, () => step(...given)));
      const results = found instanceof Tensor ? [found] : found;
      for (const [i, place] of outputs.entries()) if (place >= 0) values[place] = results[i]!;
    }
    return program.outputPlaces.map((place) => values[place]!);
  }
}

/** Says in which node of the file an error came about. */
function inStep<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof ChainruleError) error.message += ` (In node ${quoted(name)} of the file.)`;
    throw error;
  }
}

function checkInputs(expected: readonly OnnxValue[], inputs: readonly Tensor[]): void {
  if (inputs.length !== expected.length) {
    const names = expected.map(({ name }) => name).join(", ");
    throw new ArgumentError(
      `OnnxModel: ${inputs.length} inputs were given, but the model takes ${expected.length}: ${names}.`,
      { expected: expected.length, given: inputs.length },
    );
  }
  const lengths = new Map<string, number>();
  for (const [i, { name, dtype, shape }] of expected.entries()) {
    const x: unknown = inputs[i];
    if (!(x instanceof Tensor)) {
      throw new ArgumentError(`OnnxModel: input ${name} must be a tensor, not ${quoted(x)}.`, {
        name,
      });
    }
    if (x.dtype !== dtype) {
      throw new DTypeError(
        `OnnxModel: input ${name} is ${x.dtype}, but the model takes ${dtype}. Convert it: x.to(${quoted(dtype)}).`,
        { name, dtype: x.dtype, expected: dtype },
      );
    }
    if (shape === null) continue;
    const fits =
      x.ndim === shape.length &&
      shape.every((length, dim) => {
        const actual = x.shape[dim]!;
        if (typeof length !== "string") return length === null || length === actual;
        const before = lengths.get(length) ?? actual;
        lengths.set(length, before);
        return before === actual;
      });
    if (!fits) {
      const wanted = shape.map((length) => length ?? "?").join(", ");
      throw new ShapeError(
        `OnnxModel: input ${name} has shape ${formatShape(x.shape)}, but the model takes [${wanted}].`,
        { name, shape: x.shape, expected: shape },
      );
    }
  }
}

/**
 * Reads an ONNX file as a module that computes the same, with gradients: to be used, inspected and trained on.
 *
 * Floating initializers become parameters under their names, those that batch norms take as statistics become buffers;
 * constants stay constants. Half precision is kept as float32, all whole numbers as int32. Opsets 7 to 24; nodes of other
 * domains, subgraphs (If, Loop) and quantized types are refused. Only data is read from the file, and no more memory is
 * taken than it has bytes.
 *
 * @throws {FormatError} with the byte, when the file is not whole or not valid, or holds a node or an attribute that
 * cannot be computed.
 * @throws {ArgumentError} for what is not bytes, and for unknown options.
 * @example
 * import { randn } from "@chainrule/core";
 * import { exportOnnx, importOnnx } from "@chainrule/formats/onnx";
 * import { Linear } from "@chainrule/nn";
 * const file = exportOnnx(new Linear(4, 3), randn([2, 4]), { dynamicBatch: true });
 * const model = importOnnx(file);
 * model.inputs[0]?.shape; // → [ 'batch', 4 ]
 * model.forward(randn([5, 4])).sum().backward();
 * model.namedParameters().map(([name, { grad }]) => [name, grad?.shape]);
 * // → [ [ 'weight', [ 3, 4 ] ], [ 'bias', [ 3 ] ] ]
 */
export function importOnnx(file: Uint8Array | ArrayBuffer, options: ImportOptions = {}): OnnxModel {
  checkOptions("importOnnx", options, ["trainable"]);
  const program = readProgram(file);
  const { trainable } = options;
  const isParameter =
    trainable === undefined
      ? (name: string, x: Tensor) => isTrainable(name, x, program.buffers)
      : (name: string, x: Tensor) => isTrainable(name, x, new Set()) && trainable(name, x);
  return new OnnxModel(program, isParameter);
}
