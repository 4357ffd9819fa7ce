/**
 * From a model to an ONNX file.
 *
 * The model is run on sample inputs while every call of an op is watched, and then again with other numbers and, where
 * axes are dynamic, other lengths. What stays the same is a constant; what follows the lengths is computed from them; what
 * changes otherwise was taken out of the graph (`item()`, a random mask), and is refused rather than frozen.
 */
import {
  ArgumentError,
  checkOptions,
  contiguousCopy,
  enableGrad,
  grad,
  noGrad,
  quoted,
  Tensor,
  zerosLike,
} from "@chainrule/core";
import { Module } from "@chainrule/nn";
import { AlignedTraces } from "./aligned.ts";
import { OnnxExportError } from "./errors.ts";
import type { NamedTensor, Run } from "./graph.ts";
import { GraphWriter } from "./graph.ts";
import type { ModelMessage } from "./messages.ts";
import { modelSchema } from "./messages.ts";
import { varied } from "./samples.ts";
import type { DynamicAxis, Lengths } from "./sizes.ts";
import { plannedRuns } from "./sizes.ts";
import { Trace } from "./trace.ts";
import { encode } from "./wire.ts";

/** The version of ONNX's operator set in which files are written. */
export const opset = 20;
/** The version of the file format that goes with it. */
const irVersion = 9;

/** The key under which a file says which of its initializers are buffers and not to be trained. */
export const buffersKey = "chainrule.buffers";

/** Options of {@link exportOnnx}. */
export interface ExportOptions {
  /** Names of the inputs; `input`, or `input_0`, `input_1`, … unless given. */
  inputNames?: readonly string[];
  /** Names of the outputs; `output`, or `output_0`, `output_1`, … unless given. */
  outputNames?: readonly string[];
  /**
   * Dimensions whose length may be another in each run, with the names they get in the file:
   * `{ input: { 0: "batch" } }`. The same name for several means the same length.
   */
  dynamicAxes?: Readonly<Record<string, Readonly<Record<number, string>>>>;
  /** The first dimension of every input is called `batch` and may be of any length. Short for the above. */
  dynamicBatch?: boolean;
  /** The training graph: the first output must be a single number, and `‹parameter›.grad` is an output for each parameter. */
  gradients?: boolean;
  /** What the graph is called; the name of the model's class unless given. */
  name?: string;
}

type Forward = (...inputs: Tensor[]) => unknown;

/**
 * A model as an ONNX file: what it computes from the sample inputs on, with its parameters, for any runtime that knows
 * ONNX (opset 20). Inputs are one tensor or an array of them; outputs may be nested in arrays and plain objects.
 *
 * Parameters become initializers under their paths, values and nodes are called after the modules that they belong to.
 * All pointwise ops have a counterpart, a user's own included; of the others those of ONNX. What `forward` decides
 * depends on the sample: call `model.eval()` first, and give a sample with more than one row. Runs the model twice, and
 * once more for each dynamic axis, on other numbers, to see what is fixed; its state is not changed by modules in eval mode.
 *
 * @throws {OnnxExportError} for an op without counterpart, with the place where it was called; for a model that makes
 * other calls when its inputs have other numbers, or that computes with numbers taken out of tensors.
 * @throws {ArgumentError} for inputs that are no tensors, and for names and axes that do not fit them.
 * @example
 * import { randn } from "@chainrule/core";
 * import { exportOnnx, importOnnx } from "@chainrule/formats/onnx";
 * import { Linear, ReLU, Sequential } from "@chainrule/nn";
 * const model = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 3)).eval();
 * const file = exportOnnx(model, randn([2, 4]), { dynamicBatch: true });
 * importOnnx(file).forward(randn([5, 4])).shape; // → [ 5, 3 ]
 */
export function exportOnnx(
  model: Module | ((...inputs: never[]) => unknown),
  inputs: Tensor | readonly Tensor[],
  options: ExportOptions = {},
): Uint8Array {
  return encode(modelSchema, exportOnnxModel(model, inputs, options));
}

/** {@link exportOnnx} before it is written as bytes. */
export function exportOnnxModel(
  model: Module | ((...inputs: never[]) => unknown),
  inputs: Tensor | readonly Tensor[],
  options: ExportOptions = {},
): ModelMessage {
  checkOptions("exportOnnx", options, [
    "inputNames",
    "outputNames",
    "dynamicAxes",
    "dynamicBatch",
    "gradients",
    "name",
  ]);
  const samples = readInputs(inputs);
  const inputNames = readNames("inputNames", options.inputNames, samples.length, "input");
  const axes = readAxes(options, inputNames, samples);
  const forward = forwardOf(model);
  const named = model instanceof Module ? model : null;
  const parameters = named === null ? [] : named.namedParameters();
  const buffers = named === null ? [] : named.namedBuffers();
  const trained = options.gradients === true ? parameters.filter(([, p]) => p.requiresGrad) : null;
  if (trained !== null && trained.length === 0) {
    throw new ArgumentError(
      "exportOnnx: gradients need a Module with parameters that require them.",
    );
  }
  const state = [...parameters, ...buffers];
  const run = (lengths: Lengths, isSample: boolean): Trace<Run> => {
    const given = samples.map((x, i) => (isSample ? contiguousCopy(x) : varied(x, i, lengths)));
    return new Trace(
      () => ({ inputs: given, outputs: outputsOf(forward, given, trained) }),
      [...given, ...state.map(([, tensor]) => tensor)],
    );
  };
  const planned = plannedRuns(axes);
  const sample = run(planned[0]!, true);
  const everything = [...state, ...strayState(sample, state)];
  const outputNames = nameOutputs(options.outputNames, sample.value.outputs.length, trained);
  const write = (runs: AlignedTraces<Run>): GraphWriter =>
    new GraphWriter(runs, inputNames, outputNames, everything);
  // What cannot be written is said before the model is run on other numbers.
  write(new AlignedTraces([], [sample])).checkMappings();
  const others = planned.slice(1).map((lengths) => run(lengths, false));
  const writer = write(new AlignedTraces(axes, [sample, ...others]));
  const graphName = options.name ?? (named === null ? "model" : named.constructor.name || "model");
  const graph = writer.write(graphName);
  const written = new Set(graph.initializer.map(({ name }) => name));
  const kept = buffers.map(([path]) => path).filter((path) => written.has(path));
  return {
    irVersion,
    producerName: "chainrule",
    opsetImport: [{ domain: "", version: opset }],
    graph,
    metadataProps: kept.length === 0 ? [] : [{ key: buffersKey, value: JSON.stringify(kept) }],
  };
}

function forwardOf(model: unknown): Forward {
  if (model instanceof Module) return (...inputs) => (model.forward as Forward)(...inputs);
  if (typeof model === "function") return model as Forward;
  throw new ArgumentError(
    `exportOnnx: expected a Module or a function of tensors, not ${quoted(model)}.`,
    { model },
  );
}

function readInputs(inputs: unknown): readonly Tensor[] {
  const list: readonly unknown[] = Array.isArray(inputs) ? inputs : [inputs];
  for (const [i, input] of list.entries()) {
    if (input instanceof Tensor && input.batch === null) continue;
    throw new ArgumentError(
      `exportOnnx: input ${i} must be a tensor, not ${quoted(input)}. Give a sample of what forward is called with.`,
      { input: i },
    );
  }
  return list as readonly Tensor[];
}

function readNames(
  option: string,
  given: readonly string[] | undefined,
  count: number,
  otherwise: string,
): readonly string[] {
  if (given === undefined) {
    return Array.from({ length: count }, (_, i) => (count === 1 ? otherwise : `${otherwise}_${i}`));
  }
  const names: readonly unknown[] = Array.isArray(given) ? given : [];
  const isFine =
    names.length === count &&
    new Set(names).size === count &&
    names.every((name) => typeof name === "string" && name !== "");
  if (isFine) return given;
  throw new ArgumentError(
    `exportOnnx: ${option} must be ${count} different name${count === 1 ? "" : "s"}, not ${quoted(given)}.`,
    { [option]: given, expected: count },
  );
}

function nameOutputs(
  given: readonly string[] | undefined,
  count: number,
  trained: readonly NamedTensor[] | null,
): readonly string[] {
  const gradients = trained?.map(([path]) => `${path}.grad`) ?? [];
  return [...readNames("outputNames", given, count - gradients.length, "output"), ...gradients];
}

/** The dynamic axes; those of one name are one, read from the first input that has it. */
function readAxes(
  { dynamicAxes, dynamicBatch }: ExportOptions,
  inputNames: readonly string[],
  samples: readonly Tensor[],
): readonly DynamicAxis[] {
  const wanted: { input: number; dim: number; name: string }[] = [];
  if (dynamicBatch === true) {
    for (const [input, x] of samples.entries())
      if (x.ndim > 0) wanted.push({ input, dim: 0, name: "batch" });
  }
  for (const [inputName, dims] of Object.entries(dynamicAxes ?? {})) {
    const input = inputNames.indexOf(inputName);
    const rank = samples[input]?.ndim ?? 0;
    if (input < 0) {
      throw new ArgumentError(
        `exportOnnx: dynamicAxes names the input ${quoted(inputName)}, but the inputs are ${quoted(inputNames)}.`,
        { input: inputName },
      );
    }
    for (const [key, name] of Object.entries(dims)) {
      const dim = Number(key);
      if (
        Number.isInteger(dim) &&
        dim >= 0 &&
        dim < rank &&
        typeof name === "string" &&
        name !== ""
      ) {
        wanted.push({ input, dim, name });
        continue;
      }
      throw new ArgumentError(
        `exportOnnx: dynamicAxes of ${inputName} must give names to dimensions from 0 to ${rank - 1}, not ${quoted(name)} to ${key}.`,
        { input: inputName, dim: key },
      );
    }
  }
  return joinAxes(wanted, samples);
}

/** The axes by name. @throws {ArgumentError} when dimensions of one name differ in length. */
function joinAxes(
  wanted: readonly { readonly input: number; readonly dim: number; readonly name: string }[],
  samples: readonly Tensor[],
): readonly DynamicAxis[] {
  const byPlace = new Map(wanted.map((axis) => [`${axis.input} ${axis.dim}`, axis]));
  const axes = new Map<string, DynamicAxis>();
  for (const { name, input, dim } of byPlace.values()) {
    const length = samples[input]!.shape[dim]!;
    const known = axes.get(name);
    if (known !== undefined && known.length !== length) {
      throw new ArgumentError(
        `exportOnnx: the dynamic axis ${quoted(name)} has length ${known.length} in one place and ${length} in another. Give them different names.`,
        { name, lengths: [known.length, length] },
      );
    }
    axes.set(name, { name, length, places: [...(known?.places ?? []), { input, dim }] });
  }
  return [...axes.values()];
}

/** What the model returns, and the gradients of its first output by the parameters. */
function outputsOf(
  forward: Forward,
  inputs: readonly Tensor[],
  trained: readonly NamedTensor[] | null,
): Tensor[] {
  if (trained === null) return noGrad(() => leavesOf(forward(...inputs)));
  return enableGrad(() => {
    const outputs = leavesOf(forward(...inputs));
    const [loss] = outputs as [Tensor];
    const parameters = trained.map(([, parameter]) => parameter);
    if (loss.numel() !== 1 || !loss.requiresGrad) {
      throw new OnnxExportError(
        `exportOnnx: with gradients, the first output must be a loss: a single number computed from parameters, not a tensor of shape [${loss.shape.join(", ")}]${loss.requiresGrad ? "" : " that requires no gradient"}.`,
        { shape: loss.shape },
      );
    }
    // With createGraph, gradients are ops like all others, and are seen as such.
    const found = grad([loss], parameters, { createGraph: true, allowUnused: true });
    return [...outputs, ...found.map((gradient, i) => gradient ?? zerosLike(parameters[i]!))];
  });
}

/** The tensors in what a model returns, in order. */
function leavesOf(value: unknown): Tensor[] {
  const leaves: Tensor[] = [];
  const stack: (readonly [value: unknown, depth: number])[] = [[value, 0]];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const [part, depth] = entry;
    if (part instanceof Tensor) {
      leaves.push(part);
      continue;
    }
    const prototype: unknown =
      typeof part === "object" && part !== null ? Object.getPrototypeOf(part) : undefined;
    const isPlain = Array.isArray(part) || prototype === Object.prototype || prototype === null;
    if (part === null || part === undefined) continue;
    if (!isPlain || depth > 8) {
      throw new OnnxExportError(
        `exportOnnx: the model returned ${quoted(part)}; it must return tensors, in arrays and plain objects if they are several.`,
      );
    }
    const inner = Object.values(part as object);
    for (let i = inner.length - 1; i >= 0; i--) stack.push([inner[i], depth + 1]);
  }
  if (leaves.length === 0) {
    throw new OnnxExportError("exportOnnx: the model returned no tensor.");
  }
  return leaves;
}

/** Tensors that require gradients but are no parameters of the module: those of a plain function. */
function strayState(sample: Trace<Run>, known: readonly NamedTensor[]): NamedTensor[] {
  const seen = new Set<Tensor>(known.map(([, tensor]) => tensor));
  const stray: NamedTensor[] = [];
  for (const { operands } of sample.calls) {
    for (const operand of operands) {
      if (!operand.isLeaf || !operand.requiresGrad || seen.has(operand)) continue;
      if (sample.placeOf(operand) !== undefined) continue;
      seen.add(operand);
      stray.push([operand.name ?? "parameter", operand]);
    }
  }
  return stray;
}
