/**
 * Products of chains of matrices.
 */
import type { TensorLike } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { toOperands } from "../record.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { matmul } from "./matmul.ts";

/**
 * The product of two or more matrices, multiplied in the order that takes the fewest operations. The first may be a
 * vector, which counts as a row, and the last, which counts as a column.
 *
 * Source: T. H. Cormen et al., Introduction to Algorithms, section on matrix-chain multiplication.
 *
 * @throws {ShapeError} when there are fewer than two operands, or their shapes do not fit.
 * @example
 * import { multiDot, ones } from "@chainrule/core";
 * multiDot([ones([10, 100]), ones([100, 5]), ones([5, 50])]).shape; // → [ 10, 50 ]
 */
export function multiDot(tensors: readonly TensorLike[]): Tensor {
  if (!Array.isArray(tensors) || tensors.length < 2) {
    throw new ShapeError("multiDot: give an array of two or more matrices.", { tensors });
  }
  const operands = toOperands("multiDot", tensors);
  const last = operands.length - 1;
  for (const [i, operand] of operands.entries()) {
    const isEnd = i === 0 || i === last;
    if (operand.ndim !== 2 && !(isEnd && operand.ndim === 1)) {
      throw new ShapeError(
        `multiDot: operand ${i} must be a matrix${isEnd ? " or a vector" : ""}, but has shape ${formatShape(operand.shape)}.`,
        { operand: i, shape: operand.shape },
      );
    }
  }
  const lengths = operands.map(({ shape }, i) => (shape.length === 2 || i > 0 ? shape[0]! : 1));
  const end = operands[last]!;
  lengths.push(end.ndim === 2 ? end.shape[1]! : 1);
  const splits = cheapestSplits(lengths, operands.length);
  // Reduces the innermost brackets first, with a stack instead of recursion.
  const products = new Map<string, Tensor>();
  const key = (i: number, j: number): string => `${i} ${j}`;
  const todo: [number, number][] = [[0, last]];
  while (todo.length > 0) {
    const [i, j] = todo[todo.length - 1]!;
    if (i === j) {
      products.set(key(i, i), operands[i]!);
      todo.pop();
      continue;
    }
    const split = splits[i]![j]!;
    const left = products.get(key(i, split));
    const right = products.get(key(split + 1, j));
    if (left === undefined) todo.push([i, split]);
    if (right === undefined) todo.push([split + 1, j]);
    if (left === undefined || right === undefined) continue;
    products.set(key(i, j), matmul(left, right));
    todo.pop();
  }
  return products.get(key(0, last))!;
}

/** For each part of the chain, from i to j, after which matrix its last product is split. */
function cheapestSplits(lengths: readonly number[], count: number): number[][] {
  const costs = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  const splits = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  for (let span = 1; span < count; span++) {
    for (let i = 0; i + span < count; i++) {
      const j = i + span;
      let least = Number.POSITIVE_INFINITY;
      for (let split = i; split < j; split++) {
        const own = lengths[i]! * lengths[split + 1]! * lengths[j + 1]!;
        const cost = costs[i]![split]! + costs[split + 1]![j]! + own;
        if (cost < least) {
          least = cost;
          splits[i]![j] = split;
        }
      }
      costs[i]![j] = least;
    }
  }
  return splits;
}
