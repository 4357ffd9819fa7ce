/**
 * `vmap`: a function of one sample becomes a function of many.
 */
import { ArgumentError, checkOptions, quoted, ShapeError } from "../errors.ts";
import { setBatchDispatcher } from "../graph/batch.ts";
import type { BatchRule, NodeOp } from "../graph/node.ts";
import { at } from "../ops/at.ts";
import { reshape } from "../ops/reshape.ts";
import { stack } from "../ops/stack.ts";
import { permute } from "../ops/transpose.ts";
import { formatShape, normalizeDim } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { atNewLevel, hide, reveal } from "./batching.ts";
import { leavesOf, rebuilt } from "./structure.ts";

/** Options of {@link vmap}. */
export interface VmapOptions {
  /** The dimension of the samples in each argument, or in all of them; `null`: the argument is the same for every sample. */
  inDims?: number | null | readonly (number | null)[];
  /** The dimension of the samples in the result; 0 unless given. */
  outDims?: number;
}

/**
 * Maps a function over a dimension of its arguments: `f` is written for one sample, and `vmap(f)` applies it to all
 * samples at once, with the ops of the whole batch rather than a loop.
 *
 * Composes with the other transforms: `vmap(grad(f), { inDims: [null, 0, 0] })` gives the gradient for each sample. Inside
 * `f`, tensors have the shape of one sample, and their numbers cannot be read. Ops without a rule of their own are
 * applied sample by sample. Random tensors made inside are the same for every sample.
 *
 * @throws {ShapeError} when the numbers of samples differ, or there are none.
 * @throws {ArgumentError} when no argument has samples.
 * @example
 * import { tensor, vmap } from "@chainrule/core";
 * import type { Tensor } from "@chainrule/core";
 * const dot = (a: Tensor, b: Tensor) => a.mul(b).sum();
 * vmap(dot)(tensor([[1, 2], [3, 4]]), tensor([[1, 1], [10, 10]])); // → tensor([3, 70])
 * vmap(dot, { inDims: [0, null] })(tensor([[1, 2], [3, 4]]), tensor([1, 1])); // → tensor([3, 7])
 */
export function vmap<Args extends readonly never[] | readonly unknown[], Value>(
  f: (...args: Args) => Value,
  options: VmapOptions = {},
): (...args: Args) => Value {
  if (typeof f !== "function")
    throw new ArgumentError(`vmap: expected a function, not ${quoted(f)}.`);
  checkOptions("vmap", options, ["inDims", "outDims"]);
  const { inDims = 0, outDims = 0 } = options;
  return (...args) => {
    const dims = dimensionsOf(inDims, args.length);
    const size = sampleCount(args, dims);
    return atNewLevel(size, (level) => {
      const inner = args.map((arg, i) => {
        const dim = dims[i]!;
        if (dim === null) return arg;
        const leaves = leavesOf("vmap", arg) as Tensor[];
        return rebuilt(
          arg as unknown,
          leaves.map((leaf) => hide(movedFirst(leaf, dim), level)),
        );
      });
      const value = f(...(inner as unknown as Args));
      const outputs = leavesOf("vmap", value, "what the function returned");
      const whole = outputs.map((output) => {
        if (!(output instanceof Tensor)) {
          throw new ArgumentError(`vmap: the function must return tensors, not ${quoted(output)}.`);
        }
        return movedTo(reveal(output, level, size), outDims);
      });
      return rebuilt(value as unknown, whole) as Value;
    });
  };
}

function dimensionsOf(inDims: VmapOptions["inDims"], count: number): (number | null)[] {
  if (!Array.isArray(inDims)) return new Array<number | null>(count).fill(inDims as number | null);
  if (inDims.length !== count) {
    throw new ArgumentError(
      `vmap: inDims has ${inDims.length} entries for ${count} arguments. Give one for each.`,
      {
        inDims,
        arguments: count,
      },
    );
  }
  return inDims.slice();
}

function sampleCount(args: readonly unknown[], dims: readonly (number | null)[]): number {
  let size: number | undefined;
  for (const [i, arg] of args.entries()) {
    const dim = dims[i]!;
    if (dim === null) continue;
    for (const leaf of leavesOf("vmap", arg)) {
      if (!(leaf instanceof Tensor) || leaf.ndim === 0) {
        throw new ShapeError(
          `vmap: argument ${i} has no dimension of samples. Give null for it in inDims if it is the same for all.`,
          { argument: i },
        );
      }
      const length = leaf.size(normalizeDim("vmap", dim, leaf.ndim));
      if (size !== undefined && length !== size) {
        throw new ShapeError(
          `vmap: argument ${i} of shape ${formatShape(leaf.shape)} has ${length} samples, but another has ${size}. They must be equal.`,
          { argument: i, samples: length, expected: size },
        );
      }
      size = length;
    }
  }
  if (size === undefined)
    throw new ArgumentError(
      "vmap: no argument has samples; one entry of inDims must be a dimension.",
    );
  if (size === 0)
    throw new ShapeError("vmap: there are no samples, so the shape of the result cannot be known.");
  return size;
}

function movedFirst(x: Tensor, dim: number): Tensor {
  const from = normalizeDim("vmap", dim, x.ndim);
  if (from === 0) return x;
  return permute(x, [from, ...x.shape.flatMap((_, i) => (i === from ? [] : [i]))]);
}

function movedTo(x: Tensor, dim: number): Tensor {
  const to = normalizeDim("vmap", dim, x.ndim);
  if (to === 0) return x;
  const order = Array.from({ length: x.ndim - 1 }, (_, i) => i + 1);
  order.splice(to, 0, 0);
  return permute(x, order);
}

/** Applies an op to operands of which some are batched, at the innermost level; outer levels come round again. */
function dispatch(
  op: NodeOp,
  operands: readonly Tensor[],
  options: unknown,
  run: (operands: readonly Tensor[], options: unknown) => unknown,
): unknown {
  let level = 0;
  let size = 0;
  for (const { batch } of operands) {
    if (batch !== null && batch.level > level) {
      level = batch.level;
      size = batch.size;
    }
  }
  const batched = operands.map((x) => x.batch !== null && x.batch.level === level);
  const whole = operands.map((x, i) => (batched[i] ? reveal(x, level, size) : x));
  if (op.batch === "pointwise") return hide(run(aligned(whole, batched), options) as Tensor, level);
  if (op.batch !== null) {
    const found = (op.batch as BatchRule)(whole, batched, options);
    if (found instanceof Tensor) return hide(found, level);
    const leaves = leavesOf(op.name, found) as Tensor[];
    return rebuilt(
      found as unknown,
      leaves.map((leaf) => hide(leaf, level)),
    );
  }
  const results: unknown[] = [];
  for (let sample = 0; sample < size; sample++) {
    const one = whole.map((x, i) => (batched[i] ? at(x, sample) : x));
    results.push(run(one, options));
  }
  const samples = results.map((result) => leavesOf(op.name, result) as Tensor[]);
  const stacked = samples[0]!.map((_, k) =>
    hide(stack(samples.map((leaves) => leaves[k]!)), level),
  );
  return rebuilt(results[0], stacked);
}

/** Operands of different rank meet from the right: dimensions of length 1 go between the samples and the rest. */
function aligned(operands: readonly Tensor[], batched: readonly boolean[]): Tensor[] {
  const rank = operands.reduce((most, x, i) => Math.max(most, x.ndim - (batched[i] ? 1 : 0)), 0);
  return operands.map((x, i) => {
    const missing = rank + 1 - x.ndim;
    if (!batched[i] || missing === 0) return x;
    return reshape(x, [x.shape[0]!, ...new Array<number>(missing).fill(1), ...x.shape.slice(1)]);
  });
}

setBatchDispatcher(dispatch);
