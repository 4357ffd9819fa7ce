/**
 * Modules as functions of their parameters.
 */
import { ArgumentError, formatShape, ShapeError, sameShape, Tensor } from "@chainrule/core";
import type { Module } from "./module.ts";
import { isModule, membersOf, nameOf, withSubstitutes } from "./registry.ts";

/**
 * What a module computes with other tensors in place of some of its parameters and buffers, given by path; the module stays as
 * it is. A function of the parameters is what `grad`, `hessian`, `jvp` and `vmap` want.
 *
 * @throws {ArgumentError} for a path at which there is neither a parameter nor a buffer.
 * @throws {ShapeError} for a tensor of another shape.
 * @example
 * import { grad, ones, type Tensor } from "@chainrule/core";
 * import { functionalCall, Linear } from "@chainrule/nn";
 * const layer = new Linear(3, 1);
 * const loss = (weight: Tensor) => functionalCall(layer, { weight }, ones([2, 3])).sum();
 * grad(loss)(ones([1, 3])); // → tensor([[2, 2, 2]])
 */
export function functionalCall<M extends Module>(
  module: M,
  tensors: Readonly<Record<string, Tensor>>,
  ...inputs: Parameters<M["forward"]>
): ReturnType<M["forward"]> {
  const places = placesOf(module);
  const undo: (() => void)[] = [];
  for (const [path, tensor] of Object.entries(tensors)) {
    const place = places.get(path);
    if (place === undefined || !(tensor instanceof Tensor)) {
      throw new ArgumentError(
        place === undefined
          ? `functionalCall: ${nameOf(module)} has neither a parameter nor a buffer ${JSON.stringify(path)}. It has: ${[...places.keys()].join(", ")}.`
          : `functionalCall: what is given for ${path} is no tensor.`,
        { path },
      );
    }
    if (!sameShape(place[0]!.value.shape, tensor.shape)) {
      throw new ShapeError(
        `functionalCall: ${path} has shape ${formatShape(place[0]!.value.shape)}, but the tensor for it ${formatShape(tensor.shape)}.`,
        { path, shape: tensor.shape },
      );
    }
  }
  try {
    for (const [path, tensor] of Object.entries(tensors)) {
      for (const { holder, key, value } of places.get(path)!) {
        Reflect.set(holder, key, tensor);
        undo.push(() => Reflect.set(holder, key, value));
      }
    }
    return withSubstitutes(() => module.forward(...(inputs as never[]))) as ReturnType<
      M["forward"]
    >;
  } finally {
    for (const restore of undo) restore();
  }
}

/** A property that holds a parameter or a buffer. */
interface Place {
  readonly holder: object;
  readonly key: string;
  readonly value: Tensor;
}

/** The properties that hold each parameter and buffer, by each of its paths; one that is shared has several places. */
function placesOf(module: Module): Map<string, Place[]> {
  const byTensor = new Map<Tensor, Place[]>();
  const paths = new Map<string, Tensor>();
  for (const [path, owner] of module.namedModules()) {
    for (const member of membersOf(owner)) {
      if (member.kind === "module") continue;
      paths.set(path === "" ? member.path : `${path}.${member.path}`, member.value);
    }
    // The properties themselves, looked into as membersOf does.
    const seen = new Set<object>();
    const stack: object[] = [owner];
    for (let holder = stack.pop(); holder !== undefined; holder = stack.pop()) {
      if (seen.has(holder)) continue;
      seen.add(holder);
      for (const [key, value] of Object.entries(holder)) {
        if (value instanceof Tensor) {
          const places = byTensor.get(value) ?? [];
          places.push({ holder, key, value });
          byTensor.set(value, places);
        } else if (value !== null && typeof value === "object" && !isModule(value)) {
          if (!ArrayBuffer.isView(value)) stack.push(value);
        }
      }
    }
  }
  return new Map(Array.from(paths, ([path, tensor]) => [path, byTensor.get(tensor) ?? []]));
}
