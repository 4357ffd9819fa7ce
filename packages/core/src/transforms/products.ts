/**
 * Products with the Jacobian without building it: from the left (vjp, reverse mode), from the right (jvp, forward mode),
 * and the product with the Hessian (hvp).
 */
import { toTensor, zerosLike } from "../creation.ts";
import { ArgumentError, GradError, quoted, ShapeError } from "../errors.ts";
import { gradients } from "../graph/backward.ts";
import { pushForward } from "../graph/forward.ts";
import { add } from "../ops/arithmetic.ts";
import { sum } from "../ops/sum.ts";
import { formatShape, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import type { LooseArguments } from "./grad.ts";
import type { Tensors } from "./structure.ts";
import { leavesOf, rebuilt } from "./structure.ts";
import { trace } from "./variables.ts";

/** The vectors of a product, checked against what they belong to. */
function matching(
  where: string,
  role: string,
  structure: unknown,
  partners: readonly Tensor[],
): Tensor[] {
  const vectors = leavesOf(where, structure);
  if (vectors.length !== partners.length) {
    throw new ArgumentError(
      `${where}: ${vectors.length} ${role}s were given for ${partners.length} tensors.`,
      {
        given: vectors.length,
        expected: partners.length,
      },
    );
  }
  return vectors.map((vector, i) => {
    const partner = partners[i]!;
    const tensor = toTensor(where, vector, partner.dtype);
    if (!sameShape(tensor.shape, partner.shape)) {
      throw new ShapeError(
        `${where}: ${role} ${i} has shape ${formatShape(tensor.shape)}, but its tensor has ${formatShape(partner.shape)}. They must be equal.`,
        { given: tensor.shape, expected: partner.shape },
      );
    }
    return tensor;
  });
}

/** The tensors that a function returned. */
function outputsOf(where: string, value: unknown): Tensor[] {
  const outputs = leavesOf(where, value, "what the function returned");
  if (!outputs.every((output) => output instanceof Tensor)) {
    throw new GradError(`${where}: the function must return tensors, not ${quoted(value)}.`);
  }
  return outputs as Tensor[];
}

/** Differentiates by all arguments at once: they become one array. */
function allArguments(f: (...args: never[]) => unknown): (args: never[]) => unknown {
  if (typeof f !== "function") throw new ArgumentError(`expected a function, not ${quoted(f)}.`);
  return (args) => f(...args);
}

/**
 * The value of a function at a point, and the function that carries cotangents back: ȳ ↦ ȳᵀ·J, one product for each
 * argument. It may be called many times; the graph is kept for it.
 *
 * Arguments and results may be tensors, numbers, or arrays and plain objects of them.
 *
 * @throws {ShapeError} when a cotangent does not have the shape of its output.
 * @example
 * import { tensor, vjp } from "@chainrule/core";
 * import type { Tensor } from "@chainrule/core";
 * const { value, pullback } = vjp((x: Tensor) => x.mul(x), tensor([1, 2, 3]));
 * value; // → tensor([1, 4, 9])
 * pullback(tensor([1, 0, 1]))[0]; // → tensor([2, 0, 6])
 */
export function vjp<Args extends readonly never[] | readonly unknown[], Value>(
  f: (...args: Args) => Value,
  ...args: LooseArguments<Args>
): { value: Value; pullback: (cotangent: Tensors<Value>) => Tensors<Args> } {
  const { structure, variables, value, isNested, before } = trace("vjp", allArguments(f), [args]);
  const outputs = outputsOf("vjp", value);
  const pullback = (cotangent: Tensors<Value>): Tensors<Args> => {
    const cotangents = matching("vjp", "cotangent", cotangent, outputs);
    const createGraph = isNested || cotangents.some((vector) => vector.requiresGrad);
    const live = outputs.flatMap((output, i) => (output.requiresGrad ? [i] : []));
    const found =
      live.length === 0
        ? variables.map(() => null)
        : gradients(
            live.map((i) => outputs[i]!),
            variables,
            {
              gradOutputs: live.map((i) => cotangents[i]!),
              createGraph,
              retainGraph: true,
              allowUnused: true,
            },
            before,
          );
    const filled = found.map((gradient, i) => gradient ?? zerosLike(variables[i]!));
    return rebuilt(structure, filled) as Tensors<Args>;
  };
  const shown = isNested
    ? value
    : rebuilt(
        value,
        outputs.map((output) => output.detach()),
      );
  return { value: shown as Value, pullback };
}

/**
 * The value of a function at a point and its derivative along a direction, J·v: forward mode. Tangents are carried
 * through the graph in the order of the computation, each op's product obtained by transposing its VJP.
 *
 * `args` and `tangents` are arrays with one entry for each argument of `f`.
 *
 * @throws {ShapeError} when a tangent does not have the shape of its argument.
 * @example
 * import { jvp, tensor } from "@chainrule/core";
 * import type { Tensor } from "@chainrule/core";
 * const { value, tangent } = jvp((x: Tensor) => x.mul(x), [tensor([1, 2, 3])], [tensor([1, 0, 10])]);
 * tangent; // → tensor([2, 0, 60])
 */
export function jvp<Args extends readonly never[] | readonly unknown[], Value>(
  f: (...args: Args) => Value,
  args: Readonly<LooseArguments<Args>>,
  tangents: Readonly<LooseArguments<Args>>,
): { value: Value; tangent: Tensors<Value> } {
  const { variables, value, isNested, before } = trace("jvp", allArguments(f), [args]);
  const vectors = matching("jvp", "tangent", tangents, variables);
  const outputs = outputsOf("jvp", value);
  const createGraph = isNested || vectors.some((vector) => vector.requiresGrad);
  const found = pushForward(outputs, variables, vectors, createGraph, before);
  const shown = createGraph ? outputs : outputs.map((output) => output.detach());
  return {
    value: rebuilt(value, shown) as Value,
    tangent: rebuilt(value, found) as Tensors<Value>,
  };
}

/**
 * The product of the Hessian with a vector, H·v, for a function of one argument that gives a single number: the gradient
 * of ⟨∇f, v⟩, at about four times the cost of f.
 *
 * @throws {GradError} when `f` does not give a single number.
 * @throws {ShapeError} when the vector does not have the shape of the argument.
 * @example
 * import { hvp, tensor } from "@chainrule/core";
 * import type { Tensor } from "@chainrule/core";
 * hvp((x: Tensor) => x.mul(x).mul(x).sum(), tensor([1, 2]), tensor([1, 10])); // → tensor([6, 120])
 */
export function hvp<Argument>(
  f: (x: Argument) => Tensor,
  at: LooseArguments<[Argument]>[0],
  vector: LooseArguments<[Argument]>[0],
): Tensors<Argument> {
  const { structure, variables, value, isNested, before } = trace(
    "hvp",
    f as (x: never) => Tensor,
    [at],
  );
  if (!(value instanceof Tensor) || value.numel() !== 1) {
    throw new GradError(
      `hvp: the function must return a single number, not ${quoted(value)}. Reduce it with sum or mean.`,
    );
  }
  const vectors = matching("hvp", "vector", vector, variables);
  const createGraph = isNested || vectors.some((v) => v.requiresGrad);
  const zeros = (): Tensor[] => variables.map((variable) => zerosLike(variable));
  const finish = (found: readonly Tensor[]): Tensors<Argument> =>
    rebuilt(structure, found) as Tensors<Argument>;
  if (!value.requiresGrad) return finish(zeros());
  const first = gradients([value], variables, { createGraph: true, allowUnused: true }, before);
  let product: Tensor | undefined;
  for (const [i, gradient] of first.entries()) {
    if (gradient === null || !gradient.requiresGrad) continue;
    const term = sum(gradient.mul(vectors[i]!));
    product = product === undefined ? term : add(product, term);
  }
  if (product === undefined) return finish(zeros());
  const second = gradients([product], variables, { createGraph, allowUnused: true }, before);
  return finish(second.map((gradient, i) => gradient ?? zerosLike(variables[i]!)));
}
