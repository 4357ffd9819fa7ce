/**
 * Which `vmap`s are running, and the tensors that stand for all of their samples.
 */
import type { BatchDimension } from "../graph/batch.ts";
import type { NodeOp } from "../graph/node.ts";
import { expand } from "../ops/expand.ts";
import { recordResult } from "../record.ts";
import type { Shape } from "../shape.ts";
import { Tensor } from "../tensor.ts";

/** The sizes of the running `vmap`s, the outermost first; the level of each is its place, from 1. */
const running: number[] = [];

/** Whether some `vmap` is under way: tensors may then be samples. */
export function isMapping(): boolean {
  return running.length > 0;
}

/** Runs the body of a `vmap` over `size` samples, at a level of its own. */
export function atNewLevel<T>(size: number, body: (level: number) => T): T {
  running.push(size);
  try {
    return body(running.length);
  } finally {
    running.pop();
  }
}

/** x with its first dimension hidden as the batch dimension of a level; recorded like an op. */
export function hide(x: Tensor, level: number): Tensor {
  const [size, ...shape] = x.shape;
  const [stride, ...strides] = x.strides;
  const batch: BatchDimension = { level, size: size!, stride: stride!, next: x.batch };
  const hidden = new Tensor(x.storage, x.dtype, shape, strides, x.offset, batch);
  recordResult(hideOp, [x], { level, size: size! }, undefined, hidden);
  return hidden;
}

/** x with the batch dimension of a level as its first dimension; stretched over it if x is the same for all samples. */
export function reveal(x: Tensor, level: number, size: number): Tensor {
  if (x.batch === null || x.batch.level !== level) return expand(x, [size, ...x.shape]);
  const { stride, next } = x.batch;
  const shape: Shape = [size, ...x.shape];
  const revealed = new Tensor(x.storage, x.dtype, shape, [stride, ...x.strides], x.offset, next);
  recordResult(revealOp, [x], { level, size }, undefined, revealed);
  return revealed;
}

// Hiding and revealing are inverse to each other, and so are their gradients. A cotangent that is the same for all
// samples is stretched; one that is batched where the operand is not cannot occur: reveal's operand always is.
const hideOp: NodeOp = {
  name: "hide",
  formula: "y_{b} = x_{b \\cdot}",
  broadcasts: false,
  batch: null,
  repeat: null,
  vjp: [
    (cotangent, node) => {
      const { level, size } = node.options as { level: number; size: number };
      return reveal(cotangent, level, size);
    },
  ],
};

const revealOp: NodeOp = {
  name: "reveal",
  formula: "y_{b \\cdot} = x_{b}",
  broadcasts: false,
  batch: null,
  repeat: null,
  vjp: [(cotangent, node) => hide(cotangent, (node.options as { level: number }).level)],
};

/**
 * x for use inside the running `vmap`s: with a batch dimension of stride 0 for each that x does not have yet, so that
 * every sample has an x of its own to differentiate by.
 */
export function batchedLikeBody(x: Tensor): Tensor {
  let result = x;
  const own = new Set<number>();
  for (let batch = x.batch; batch !== null; batch = batch.next) own.add(batch.level);
  for (const [i, size] of running.entries()) {
    const level = i + 1;
    if (own.has(level)) continue;
    // Levels nest from the inside out; one that is missing below a present one is put where it belongs.
    const above: { level: number; size: number }[] = [];
    while (result.batch !== null && result.batch.level > level) {
      const { level: outer, size: outerSize } = result.batch;
      above.push({ level: outer, size: outerSize });
      result = reveal(result, outer, outerSize);
    }
    const stretched = expand(result, [size, ...result.shape]);
    result = hide(stretched, level);
    for (const { level: outer } of above.reverse()) result = hide(result, outer);
  }
  return result;
}
