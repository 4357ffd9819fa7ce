/**
 * Normalisation, dropout and losses.
 */
import type { Tensor } from "@chainrule/core";
import {
  add,
  batchNorm,
  crossEntropy,
  groupNorm,
  instanceNorm,
  layerNorm,
  localResponseNorm,
  logSoftmax,
  mul,
  nllLoss,
  ones,
  reshape,
  rmsNorm,
} from "@chainrule/core";
import type { Importer } from "./importer.ts";
import { dimOf, given } from "./importer.ts";

const importBatchNormalization: Importer = (node) => {
  node.expectInputs(5, 5);
  if (node.flag("training_mode", false))
    throw node.refuse("is in training mode. Export the model for inference");
  // Before version 14 further outputs are empty outside of training.
  if (node.outputs.slice(1).some((name) => name !== ""))
    throw node.refuse("gives statistics, as in training. Export the model for inference");
  const eps = node.float("epsilon", 1e-5);
  node.ignore("momentum", "spatial");
  return (x, scale, bias, mean, variance) =>
    batchNorm(given(x), given(mean), given(variance), given(scale), given(bias), { eps });
};

const importInstanceNormalization: Importer = (node) => {
  node.expectInputs(3, 3);
  node.expectOutputs(1);
  const eps = node.float("epsilon", 1e-5);
  return (x, scale, bias) => instanceNorm(given(x), null, null, given(scale), given(bias), { eps });
};

const importLayerNormalization: Importer = (node) => {
  node.expectInputs(2, 3);
  node.expectOutputs(1);
  const axis = node.int("axis", -1);
  const eps = node.float("epsilon", 1e-5);
  node.ignore("stash_type");
  return (input, scale, bias) => {
    const x = given(input);
    const normed = layerNorm(x, x.shape.slice(dimOf(axis, x.ndim)), null, null, { eps });
    const scaled = mul(normed, given(scale));
    return bias === undefined ? scaled : add(scaled, bias);
  };
};

const importRmsNormalization: Importer = (node) => {
  node.expectInputs(2, 2);
  node.expectOutputs(1);
  const axis = node.int("axis", -1);
  const eps = node.float("epsilon", 1e-5);
  node.ignore("stash_type");
  return (input, scale) => {
    const x = given(input);
    return mul(rmsNorm(x, x.shape.slice(dimOf(axis, x.ndim)), null, { eps }), given(scale));
  };
};

/** Scale and bias have one number for each group before version 21, for each channel since. */
const importGroupNormalization: Importer = (node) => {
  node.expectInputs(3, 3);
  node.expectOutputs(1);
  const groups = node.int("num_groups", 1);
  const eps = node.float("epsilon", 1e-5);
  node.ignore("stash_type");
  return (input, scale, bias) => {
    const x = given(input);
    const normed = groupNorm(x, groups, null, null, { eps });
    const channels = x.shape[1]!;
    const spread = (values: Tensor): Tensor => {
      const perChannel =
        node.opset >= 21
          ? values
          : mul(reshape(values, [groups, 1]), ones([1, channels / groups], { dtype: x.dtype }));
      return reshape(perChannel, [1, channels, ...x.shape.slice(2).map(() => 1)]);
    };
    return add(mul(normed, spread(given(scale))), spread(given(bias)));
  };
};

const importLocalResponse: Importer = (node) => {
  node.expectInputs(1, 1);
  node.expectOutputs(1);
  const size = node.int("size", 1);
  const options = {
    alpha: node.float("alpha", 1e-4),
    beta: node.float("beta", 0.75),
    k: node.float("bias", 1),
  };
  return (x) => localResponseNorm(given(x), size, options);
};

/** Nothing is dropped outside of training. */
const importDropout: Importer = (node) => {
  node.expectInputs(1, 3);
  node.expectOutputs(2);
  node.ignore("ratio", "seed", "is_test");
  return (input, _ratio, training) => {
    const x = given(input);
    if (training !== undefined && training.toTypedArray()[0] !== 0)
      throw node.refuse("is in training mode. Export the model for inference");
    return [x, ones(x.shape, { dtype: "bool" })];
  };
};

const reductions = ["mean", "sum", "none"] as const;

const importCrossEntropy: Importer = (node) => {
  node.expectInputs(2, 3);
  node.expectOutputs(2);
  const reduction = node.word("reduction", "mean", reductions);
  const ignoreIndex = node.int("ignore_index", -100);
  return (logits, target, weight) => {
    const options = { reduction, ignoreIndex, weight: weight ?? null };
    const loss = crossEntropy(given(logits), given(target), options);
    return [loss, logSoftmax(given(logits), 1)];
  };
};

const importNegativeLogLikelihood: Importer = (node) => {
  node.expectInputs(2, 3);
  node.expectOutputs(1);
  const reduction = node.word("reduction", "mean", reductions);
  const ignoreIndex = node.int("ignore_index", -100);
  return (logarithms, target, weight) =>
    nllLoss(given(logarithms), given(target), { reduction, ignoreIndex, weight: weight ?? null });
};

export const normImporters: Readonly<Record<string, Importer>> = {
  BatchNormalization: importBatchNormalization,
  Dropout: importDropout,
  GroupNormalization: importGroupNormalization,
  InstanceNormalization: importInstanceNormalization,
  LRN: importLocalResponse,
  LayerNormalization: importLayerNormalization,
  NegativeLogLikelihoodLoss: importNegativeLogLikelihood,
  RMSNormalization: importRmsNormalization,
  SoftmaxCrossEntropyLoss: importCrossEntropy,
};
