/**
 * What tensors are called.
 */
import { ArgumentError, quoted, Tensor } from "@chainrule/core";
import type { Trace, TraceRef, TraceTensor } from "./schema.ts";

/** Tensors with names: whatever has `namedParameters`, an object of tensors, or pairs. */
export type NamedTensors =
  | { namedParameters(): readonly (readonly [name: string, parameter: Tensor])[] }
  | Iterable<readonly [name: string, tensor: Tensor]>
  | Readonly<Record<string, Tensor>>;

/** The names by tensor. */
export function namesFrom(given: NamedTensors | undefined): ReadonlyMap<Tensor, string> {
  const names = new Map<Tensor, string>();
  for (const [name, tensor] of given === undefined ? [] : pairsIn(given)) {
    if (typeof name !== "string" || !(tensor instanceof Tensor)) {
      throw new ArgumentError(
        `capture: names must be a module, an object of tensors, or pairs of name and tensor; found ${quoted(name)}: ${quoted(tensor)}.`,
      );
    }
    names.set(tensor, name);
  }
  return names;
}

function pairsIn(given: NamedTensors): Iterable<readonly [unknown, unknown]> {
  if (typeof given !== "object" || given === null)
    throw new ArgumentError(`capture: names must be an object, not ${quoted(given)}.`);
  if (hasNamedParameters(given)) return given.namedParameters();
  if (Symbol.iterator in given) return given as Iterable<readonly [string, Tensor]>;
  return Object.entries(given);
}

function hasNamedParameters(
  given: object,
): given is { namedParameters(): readonly (readonly [string, Tensor])[] } {
  return typeof Reflect.get(given, "namedParameters") === "function";
}

/** The tensor that a reference points to; `undefined` for the result of a call that failed. */
export function tensorAt(trace: Trace, ref: TraceRef): TraceTensor | undefined {
  return trace.nodes[ref.node - 1]?.outputs[ref.output];
}

/** Whoever knows what tensors are called. */
export interface NameSource {
  of(ref: TraceRef): string;
}

/**
 * A short name for every tensor of a trace: its own, or `x1`, `x2`, … for leaves and `v1`, `v2`, … for results, counted in
 * the order of the nodes. Names that occur twice are told apart by their node: `w`, `w·7`.
 */
export class TensorNames implements NameSource {
  private readonly names = new Map<string, string>();

  constructor(trace: Trace) {
    const taken = new Set<string>();
    for (const { outputs } of trace.nodes)
      for (const { name } of outputs) if (name !== null) taken.add(name);
    const used = new Set<string>();
    const next = { x: 1, v: 1 };
    const numbered = (letter: "x" | "v"): string => {
      let name = `${letter}${next[letter]++}`;
      while (taken.has(name)) name = `${letter}${next[letter]++}`;
      return name;
    };
    for (const node of trace.nodes) {
      for (const [output, tensor] of node.outputs.entries()) {
        let name = tensor.name ?? numbered(node.kind === "leaf" ? "x" : "v");
        if (used.has(name)) name = `${name}·${node.id}`;
        used.add(name);
        this.names.set(`${node.id}.${output}`, name);
      }
    }
  }

  of(ref: TraceRef): string {
    return this.names.get(`${ref.node}.${ref.output}`) ?? `?${ref.node}`;
  }
}
