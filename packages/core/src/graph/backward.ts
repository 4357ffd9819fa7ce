/**
 * Gradients of tensors: `backward` and `grad(outputs, inputs)`.
 */
import { newTensor } from "../creation.ts";
import { isFloating } from "../dtype.ts";
import { ArgumentError, checkOptions, GradError, quoted, ShapeError } from "../errors.ts";
import { to } from "../ops/convert.ts";
import { formatShape, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { runPass } from "./chain-rule.ts";

/** Options of {@link backward}. */
export interface BackwardOptions {
  /** Keep the graph for another pass; it is freed otherwise. */
  retainGraph?: boolean;
  /** Record the gradients' own computation, for derivatives of higher order; implies `retainGraph`. */
  createGraph?: boolean;
}

/** Options of {@link gradients}. */
export interface GradOptions extends BackwardOptions {
  /** Cotangents of the outputs; 1 for single numbers unless given. */
  gradOutputs?: Tensor | readonly (Tensor | null)[];
  /** Give `null` for an input that the outputs do not depend on, instead of an error. */
  allowUnused?: boolean;
}

/**
 * Differentiates a tensor with respect to all leaves it was computed from, and adds the result to their `grad`.
 *
 * The cotangent is 1 for a single number and must be given otherwise: what arrives at each leaf is the vector-Jacobian
 * product cotangentᵀ·J. Afterwards the graph is freed unless `retainGraph` says otherwise. If anything throws, no `grad`
 * has changed and the graph is still whole.
 *
 * @throws {GradError} when the tensor does not require gradients, has several elements and no cotangent, was freed
 * already, or depends on numbers that were changed in place.
 * @example
 * import { backward, tensor } from "@chainrule/core";
 * const x = tensor([1, 2], { requiresGrad: true });
 * backward(x.mul(x), tensor([1, 10]));
 * x.grad; // → tensor([2, 40])
 */
export function backward(output: Tensor, cotangent?: Tensor, options: BackwardOptions = {}): void {
  checkOptions("backward", options, ["retainGraph", "createGraph"]);
  const { createGraph = false, retainGraph = createGraph } = options;
  const seed = seedFor("backward", output, cotangent);
  runPass([output], [seed], {
    createGraph,
    retainGraph,
    targets: null,
    newerThan: 0,
    complain: null,
  });
}

/**
 * The gradients of outputs with respect to inputs, as new tensors; no `grad` is touched.
 *
 * ∂(Σ cotangentᵢ·outputᵢ)/∂input for each input, which may be a leaf or the result of an op.
 *
 * @throws {GradError} when an output does not require gradients, or an input is not part of its graph (unless
 * `allowUnused`).
 * @param newerThan The id of a node: those up to it are known not to depend on the inputs, and are not looked at.
 */
export function gradients(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions = {},
  newerThan = 0,
): (Tensor | null)[] {
  checkOptions("grad", options, ["retainGraph", "createGraph", "gradOutputs", "allowUnused"]);
  const {
    createGraph = false,
    retainGraph = createGraph,
    allowUnused = false,
    gradOutputs,
  } = options;
  const outputList = checkTensors("outputs", outputs);
  const inputList = checkTensors("inputs", inputs);
  const given = gradOutputs instanceof Tensor ? [gradOutputs] : (gradOutputs ?? []);
  if (given.length > 0 && given.length !== outputList.length) {
    throw new ArgumentError(
      `grad: ${given.length} cotangents were given for ${outputList.length} outputs. Give one for each, or null.`,
      { cotangents: given.length, outputs: outputList.length },
    );
  }
  const seeds = outputList.map((output, i) => seedFor("grad", output, given[i] ?? undefined));
  for (const [i, input] of inputList.entries()) {
    if (!input.requiresGrad) {
      throw new GradError(
        `grad: input ${i} does not require gradients. Set requiresGrad before computing the outputs.`,
        {
          input: i,
        },
      );
    }
  }
  const complain = allowUnused ? null : unusedError;
  const pass = { createGraph, retainGraph, targets: inputList, newerThan, complain };
  const found = runPass(outputList, seeds, pass);
  return inputList.map((input) => found.get(input)?.cotangent ?? null);
}

function unusedError(input: Tensor, index: number): GradError {
  const name = input.name === null ? "" : ` (${JSON.stringify(input.name)})`;
  return new GradError(
    `grad: the outputs do not depend on input ${index}${name}. Give { allowUnused: true } to get null for it.`,
    { input: index },
  );
}

function checkTensors(role: string, given: Tensor | readonly Tensor[]): readonly Tensor[] {
  const list = given instanceof Tensor ? [given] : given;
  if (!Array.isArray(list) || list.length === 0 || !list.every((x) => x instanceof Tensor)) {
    throw new ArgumentError(
      `grad: ${role} must be a tensor or an array of tensors, not ${quoted(given)}.`,
      { role },
    );
  }
  return list;
}

/** The cotangent with which a pass begins at an output. */
function seedFor(where: string, output: Tensor, cotangent: Tensor | undefined): Tensor {
  if (!output.requiresGrad) {
    throw new GradError(
      `${where}: the output does not require gradients: no leaf it was computed from has requiresGrad, or it was made under noGrad or detached.`,
    );
  }
  if (cotangent === undefined) {
    if (output.numel() !== 1) {
      throw new GradError(
        `${where}: the output has shape ${formatShape(output.shape)}, not a single number. Reduce it (sum, mean), or give a cotangent of that shape.`,
        { shape: output.shape },
      );
    }
    const one = newTensor(output.dtype, output.shape);
    one.storage.data[0] = 1;
    return one;
  }
  if (!(cotangent instanceof Tensor)) {
    throw new ArgumentError(`${where}: the cotangent must be a tensor, not ${quoted(cotangent)}.`, {
      cotangent,
    });
  }
  if (!sameShape(cotangent.shape, output.shape)) {
    throw new ShapeError(
      `${where}: the cotangent has shape ${formatShape(cotangent.shape)}, but the output has ${formatShape(output.shape)}. They must be equal.`,
      { cotangent: cotangent.shape, output: output.shape },
    );
  }
  if (!isFloating(cotangent.dtype)) {
    throw new GradError(
      `${where}: the cotangent must be float32 or float64, not ${cotangent.dtype}.`,
      {
        dtype: cotangent.dtype,
      },
    );
  }
  return to(cotangent, output.dtype);
}
