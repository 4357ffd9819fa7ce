/**
 * The engine in the page: the real one, with as many ops as there is room for.
 *
 * A trace names ops; what runs is the definition of that name. They are found by calling each function once and watching.
 */

import type { NodeOp } from "@chainrule/core";
import { observe, ones, zeros } from "@chainrule/core";
import { replay } from "../trace/replay.ts";
import type { PageEngine } from "./data.ts";
import * as core from "./ops.ts";

const known = new Map<string, NodeOp>();

function discover(): void {
  const x = ones([2, 2]);
  const image = ones([1, 1, 2, 2]);
  const state = ones([1, 1]);
  const index = zeros([1], { dtype: "int32" });
  const calls: (() => unknown)[] = [
    ...core.unary.map((op) => () => op(x)),
    ...core.binary.map((op) => () => op(x, x)),
    () => core.where(core.gt(x, x), x, x),
    () => core.clamp(x, { min: 0 }),
    () => core.clamp(x, { max: 0 }),
    () => core.clamp(x, { min: 0, max: 1 }),
    () => core.sum(x),
    () => core.mean(x),
    () => core.std(x),
    () => core.amax(x, 0),
    () => core.linear(x, x, ones([2])),
    () => core.addcmul(x, x, x),
    () => core.addmm(x, x, x),
    () => core.attention(x, x, x),
    () => core.gruGates(ones([1, 3]), ones([1, 3]), ones([1, 1])),
    () => core.lstmGates(ones([1, 4]), ones([1, 1])),
    () => core.gruSequence(ones([1, 1, 1]), state, ones([3, 1]), ones([3, 1])),
    () => core.rnnSequence(ones([1, 1, 1]), state, state, state),
    () => core.lstmSequence(ones([1, 1, 1]), state, state, ones([4, 1]), ones([4, 1])),
    () => core.unbind(x),
    () => core.reshape(x, [4]),
    () => core.transpose(x, 0, 1),
    () => core.permute(x, [1, 0]),
    () => core.expand(x, [2, 2, 2]),
    () => core.at(x, 0),
    () => core.cat([x, x]),
    () => core.stack([x, x]),
    () => core.chunk(x, 2),
    () => core.softmax(x, 0),
    () => core.logSoftmax(x, 0),
    () => core.logsumexp(x, 0),
    () => core.cumsum(x, 0),
    () => core.to(x, "float64"),
    () => core.crossEntropy(x, zeros([2], { dtype: "int32" })),
    () => core.binaryCrossEntropy(x, x),
    () => core.binaryCrossEntropyWithLogits(x, x),
    () => core.huberLoss(x, x),
    () => core.conv2d(image, image, ones([1])),
    () => core.maxPool2d(image, 2),
    () => core.avgPool2d(image, 2),
    () => core.layerNorm(x, [2]),
    () => core.batchNorm(image, zeros([1]), ones([1])),
    () => core.dropout(x),
    () => core.embedding(index, x),
    () => core.gather(x, 0, zeros([1, 1], { dtype: "int32" })),
  ];
  const computed = (op: NodeOp): void => {
    if (!known.has(op.name)) known.set(op.name, op);
  };
  observe({ computed }, () => {
    for (const call of calls) call();
  });
}

discover();

const engine: PageEngine = {
  ops: [...known.keys()],
  replay: (trace, leaves) => replay(trace, leaves, (name) => known.get(name)),
};
Reflect.set(globalThis, "chainruleEngine", engine);
