/**
 * A function with numbers in and numbers out, in the form in which its derivatives are checked.
 */
import type { Shape } from "@chainrule/core";
import {
  fromTypedArray,
  type Generator,
  grad,
  isFloating,
  newTensor,
  Tensor,
} from "@chainrule/core";
import { callRepeatably } from "./randomness.ts";
import type { Placed } from "./structure.ts";
import { tensorsIn, withTensors } from "./structure.ts";

/** A differentiable function of float64 tensors. */
export interface System {
  /** The inputs: new leaves that lie in memory as the user's tensors do. */
  readonly leaves: readonly Tensor[];
  readonly inputNames: readonly string[];
  /** The outputs for these inputs, recorded where they require gradients; those of integer type are left out. */
  compute(inputs: readonly Tensor[]): readonly Placed[];
}

/** The inputs to differentiate by: those chosen, else those that require gradients, else all of a floating type. */
export function placedInputs(
  args: readonly unknown[],
  chosen?: (tensor: Tensor, index: number) => boolean,
): (Placed & { readonly index: number })[] {
  const all = tensorsIn(args).map((placed, index) => ({ ...placed, index }));
  const floating = all.filter(({ tensor }) => isFloating(tensor.dtype));
  if (chosen !== undefined) return floating.filter(({ tensor, index }) => chosen(tensor, index));
  const tracked = floating.filter(({ tensor }) => tensor.requiresGrad);
  return tracked.length > 0 ? tracked : floating;
}

/** A float64 leaf with the numbers of `x`, and its strides and offset where it is float64 itself. */
function leafOf(x: Tensor): Tensor {
  let leaf: Tensor;
  if (x.dtype === "float64" && !x.isContiguous()) {
    const data = x.storage.data.slice();
    const base = fromTypedArray(data).storage;
    leaf = new Tensor(base, "float64", x.shape, x.strides, x.offset);
  } else {
    leaf = fromTypedArray(Float64Array.from(x.toTypedArray()), x.shape);
  }
  leaf.requiresGrad = true;
  return leaf;
}

/** The function of the chosen inputs alone: all other arguments stay as they are. Floating ones become float64. */
export function systemOf(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  inputs: readonly (Placed & { readonly index: number })[],
): System {
  const fixed = tensorsIn(args).map(({ tensor }) =>
    tensor.dtype === "float32" ? doubled(tensor) : tensor.detach(),
  );
  const leaves = inputs.map(({ tensor }) => leafOf(tensor));
  return {
    leaves,
    inputNames: inputs.map(({ path }) =>
      args.length === 1 && path.startsWith("[0]") ? path.slice(3).replace(/^\./, "") || "x" : path,
    ),
    compute: (values) => {
      const all = fixed.slice();
      for (const [i, { index }] of inputs.entries()) all[index] = values[i]!;
      const call = withTensors(args, all);
      const result = callRepeatably(f, call as readonly unknown[]);
      return tensorsIn(result).filter(({ tensor }) => isFloating(tensor.dtype));
    },
  };
}

function doubled(x: Tensor): Tensor {
  return fromTypedArray(Float64Array.from(x.toTypedArray()), x.shape);
}

/** Jᵀv as a function of the inputs and of v: its derivatives are the second derivatives of the system. */
export function systemOfGradients(system: System, generator: Generator): System {
  const outputs = system.compute(system.leaves);
  const cotangents = outputs.map(({ tensor }) => {
    const v = gaussianLike(tensor, generator);
    v.requiresGrad = true;
    return v;
  });
  const count = system.leaves.length;
  return {
    leaves: [...system.leaves, ...cotangents],
    inputNames: [
      ...system.inputNames,
      ...outputs.map(({ path }) => `cotangent${path === "" ? "" : ` ${path}`}`),
    ],
    compute: (values) => {
      const isRecorded = values.some((value) => value.requiresGrad);
      const inputs = values.slice(0, count).map((value) => {
        if (value.requiresGrad) return value;
        const leaf = value.detach();
        leaf.requiresGrad = true;
        return leaf;
      });
      const results = system.compute(inputs);
      const tracked = results.flatMap(({ tensor }, i) => (tensor.requiresGrad ? [i] : []));
      if (tracked.length === 0) return [];
      const found = grad(
        tracked.map((i) => results[i]!.tensor),
        inputs,
        {
          gradOutputs: tracked.map((i) => values[count + i]!),
          createGraph: isRecorded,
          allowUnused: true,
        },
      );
      return found.map((gradient, i) => ({
        path: `grad ${system.inputNames[i]}`,
        tensor: gradient ?? newTensor("float64", inputs[i]!.shape),
      }));
    },
  };
}

/** Numbers of a standard normal distribution; 0 where the tensor is not finite, since nothing can be compared there. */
export function gaussianLike(x: Tensor, generator: Generator): Tensor {
  const v = newTensor("float64", x.shape);
  const values = x.toTypedArray();
  for (let i = 0; i < values.length; i++) {
    const drawn = generator.normal();
    v.storage.data[i] = Number.isFinite(values[i]) ? drawn : 0;
  }
  return v;
}

/** The outputs as flat numbers, for inputs given as flat numbers. */
export function evaluate(
  system: System,
  inputs: readonly Float64Array[],
  shapes: readonly Shape[],
): Float64Array[] {
  const tensors = inputs.map((data, i) => fromTypedArray(data, shapes[i]!));
  return system.compute(tensors).map(({ tensor }) => Float64Array.from(tensor.toTypedArray()));
}
